// What keeps the contract passes unchanged.
// RUN: quant-opt %s --lowbit-verify-float-contract | FileCheck %s

// CHECK-LABEL: @model
func.func @model(%x: tensor<?x4xf32>, %mask: tensor<?xi1>, %ids: tensor<?xi64>, %n: tensor<i32>) -> tensor<?x2x2xf32> {
  lowbit.check_range %ids in [0, 9) "token id" : tensor<?xi64>
  %c0 = arith.constant 0 : index
  %d = tensor.dim %x, %c0 : tensor<?x4xf32>
  // CHECK: tensor.expand_shape
  %y = tensor.expand_shape %x [[0], [1, 2]] output_shape [%d, 2, 2] : tensor<?x4xf32> into tensor<?x2x2xf32>
  return %y : tensor<?x2x2xf32>
}
func.func private @helper(tensor<4xf32>)
