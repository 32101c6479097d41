// Parameters in use go to the store, the others go away; the new module reads
// back from it.
// RUN: rm -rf %t && mkdir %t
// RUN: quant-opt %s --lowbit-write-store="path=%t/a.safetensors" -o %t/a.mlir
// RUN: FileCheck %s < %t/a.mlir
// RUN: quant-opt %t/a.mlir --lowbit-attach-weights | FileCheck %s
// Writing over the store that is read is safe.
// RUN: quant-opt %t/a.mlir --lowbit-write-store="path=%t/a.safetensors" -o %t/b.mlir
// RUN: quant-opt %t/b.mlir --lowbit-attach-weights | FileCheck %s

// CHECK: module attributes {lowbit.store = "a.safetensors"}
// CHECK: lowbit.parameter @w : tensor<2x2xi8>{{$}}
// CHECK: lowbit.parameter @splat : tensor<3xf32>{{$}}
// CHECK-NOT: lowbit.parameter
lowbit.parameter @w : tensor<2x2xi8> = dense<[[1, 2], [3, 4]]> : tensor<2x2xi8>
lowbit.parameter @splat : tensor<3xf32> = dense<1.5> : tensor<3xf32>
lowbit.parameter @dead : tensor<2xf32> = dense<0.0> : tensor<2xf32>

func.func @main() -> (tensor<2x2xi8>, tensor<3xf32>) {
  %w = lowbit.get_parameter @w : tensor<2x2xi8>
  %s = lowbit.get_parameter @splat : tensor<3xf32>
  return %w, %s : tensor<2x2xi8>, tensor<3xf32>
}
