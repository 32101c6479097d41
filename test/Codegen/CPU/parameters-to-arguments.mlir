// RUN: quant-opt %s --lowbit-parameters-to-arguments | FileCheck %s

lowbit.parameter @w : tensor<4x3xf32>
lowbit.parameter @b : tensor<3xf32>

// The same parameter read twice is one argument; inputs keep their places.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>,
// CHECK-SAME: %[[W:.*]]: tensor<4x3xf32> {bufferization.writable = false, lowbit.parameter = "w"},
// CHECK-SAME: %[[B:.*]]: tensor<3xf32> {bufferization.writable = false, lowbit.parameter = "b"})
// CHECK-NOT: get_parameter
// CHECK: return %[[W]], %[[B]], %[[W]]
func.func @main(%x: tensor<?x4xf32>) -> (tensor<4x3xf32>, tensor<3xf32>, tensor<4x3xf32>) {
  %w = lowbit.get_parameter @w : tensor<4x3xf32>
  %b = lowbit.get_parameter @b : tensor<3xf32>
  %again = lowbit.get_parameter @w : tensor<4x3xf32>
  return %w, %b, %again : tensor<4x3xf32>, tensor<3xf32>, tensor<4x3xf32>
}
