// Biases leave the accumulators: broadcast ones by the map of the addition,
// others as they are. Zero and undefined inits stay.
// RUN: quant-opt %s --lowbit-split-inits --split-input-file | FileCheck %s

// CHECK-DAG: #[[ALL:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[COLUMN:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: @bias
// CHECK-SAME: %[[X:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<8x5xf32>, %[[B:.*]]: tensor<5xf32>
func.func @bias(%x: tensor<?x8xf32>, %w: tensor<8x5xf32>, %b: tensor<5xf32>) -> tensor<?x5xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x5xf32>
  // CHECK-NOT: linalg.broadcast
  %i = linalg.broadcast ins(%b : tensor<5xf32>) outs(%e : tensor<?x5xf32>) dimensions = [0]
  // CHECK: %[[Z:.*]] = linalg.fill ins(%{{.*}} : f32)
  // CHECK: %[[M:.*]] = linalg.matmul {lowbit.id = "fc/matmul"} ins(%[[X]], %[[W]] : {{.*}}) outs(%[[Z]] :
  // CHECK: %[[S:.*]] = linalg.generic {indexing_maps = [#[[ALL]], #[[COLUMN]], #[[ALL]]]{{.*}} ins(%[[M]], %[[B]] : {{.*}} attrs = {lowbit.id = "fc"}
  // CHECK: ^bb0(%[[P:.*]]: f32, %[[Q:.*]]: f32, %{{.*}}: f32):
  // CHECK: arith.addf %[[P]], %[[Q]]
  %0 = linalg.matmul {lowbit.id = "fc"} ins(%x, %w : tensor<?x8xf32>, tensor<8x5xf32>) outs(%i : tensor<?x5xf32>) -> tensor<?x5xf32>
  // CHECK: return %[[S]]
  return %0 : tensor<?x5xf32>
}

// -----

// CHECK-LABEL: @convolution
func.func @convolution(%x: tensor<1x6x6x3xf32>, %w: tensor<3x3x3x4xf32>, %b: tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32> {
  // CHECK: linalg.conv_2d_nhwc_hwcf {lowbit.id = "features/conv"}
  // CHECK: linalg.generic {{.*}} ins(%{{.*}}, %arg2 : {{.*}} attrs = {lowbit.id = "features"}
  %0 = linalg.conv_2d_nhwc_hwcf {lowbit.id = "features"} ins(%x, %w : tensor<1x6x6x3xf32>, tensor<3x3x3x4xf32>) outs(%b : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  return %0 : tensor<1x4x4x4xf32>
}

// -----

// CHECK-LABEL: @stays
func.func @stays(%x: tensor<4x4xf32>, %i: tensor<4x4xi8>, %acc: tensor<4x4xi32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xi32>) {
  %zero = arith.constant dense<0.0> : tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  // CHECK-NOT: linalg.generic
  %0 = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%zero : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul ins({{.*}}) outs(%arg2 : tensor<4x4xi32>)
  %2 = linalg.matmul ins(%i, %i : tensor<4x4xi8>, tensor<4x4xi8>) outs(%acc : tensor<4x4xi32>) -> tensor<4x4xi32>
  // CHECK-NOT: linalg.generic
  // CHECK: return
  return %0, %1, %2 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xi32>
}
