// A store that lies where the output's would be, without that output, belongs
// to something else.
// RUN: rm -rf %t && mkdir -p %t && touch %t/model.safetensors
// RUN: not quant-opt %s -o %t/model.mlir 2>&1 | FileCheck %s
// RUN: not ls %t/model.mlir
// RUN: rm %t/model.safetensors
// RUN: quant-opt %s -o %t/model.mlir
// RUN: quant-opt %s -o %t/model.mlir
// CHECK: error: the weights of '{{.*}}model.mlir' would replace '{{.*}}model.safetensors'

lowbit.parameter @w : tensor<4xf32> = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
func.func @main() -> tensor<4xf32> {
  %w = lowbit.get_parameter @w : tensor<4xf32>
  return %w : tensor<4xf32>
}
