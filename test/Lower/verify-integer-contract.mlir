// A contraction in float says why; nothing else of phases 2 to 5 is left.
// RUN: quant-opt %s --lowbit-verify-integer-contract | FileCheck %s

// CHECK-LABEL: @main
func.func @main(%x: tensor<2x2xf32>, %init: tensor<2x2xf32>) -> tensor<2x2xf32> {
  // CHECK: linalg.matmul {lowbit.float_reason = "it is small"}
  %y = linalg.matmul {lowbit.float_reason = "it is small"} ins(%x, %x : tensor<2x2xf32>, tensor<2x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
