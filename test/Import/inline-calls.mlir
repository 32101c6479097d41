// Helper functions come into the model, also those that helpers call; what
// nothing calls is left to --symbol-dce.
// RUN: quant-opt %s --lowbit-inline-calls --symbol-dce | FileCheck %s

// CHECK-NOT: @relu
// CHECK-NOT: @twice
func.func private @relu(%x: tensor<4xf32>) -> tensor<4xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %0 = arith.maximumf %x, %zero : tensor<4xf32>
  return %0 : tensor<4xf32>
}
func.func private @twice(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = call @relu(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %1 = arith.addf %0, %0 : tensor<4xf32>
  return %1, %0 : tensor<4xf32>, tensor<4xf32>
}
// CHECK-LABEL: @forward
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
func.func @forward(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NOT: call
  // CHECK: %[[M:.*]] = arith.maximumf %[[X]]
  // CHECK: %[[A:.*]] = arith.addf %[[M]], %[[M]]
  %0:2 = call @twice(%x) : (tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>)
  // CHECK: %[[R:.*]] = arith.maximumf %[[A]]
  %1 = call @relu(%0#0) : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: %[[S:.*]] = arith.subf %[[R]], %[[M]]
  %2 = arith.subf %1, %0#1 : tensor<4xf32>
  // CHECK: return %[[S]]
  return %2 : tensor<4xf32>
}
