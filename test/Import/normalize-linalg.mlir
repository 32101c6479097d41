// Named elementwise operations become generic and keep their ids; what
// multiplies, slides a window or moves keeps its name.
// RUN: quant-opt %s --lowbit-normalize-linalg --split-input-file | FileCheck %s

// CHECK-LABEL: @elementwise
func.func @elementwise(%x: tensor<4x5xf32>, %c: tensor<4x5xi1>) -> tensor<4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x5xf32>
  // CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "exp_0"}
  // CHECK: math.exp
  %0 = linalg.exp {lowbit.id = "exp_0"} ins(%x : tensor<4x5xf32>) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  // CHECK: linalg.generic
  // CHECK: arith.addf
  %1 = linalg.add ins(%0, %x : tensor<4x5xf32>, tensor<4x5xf32>) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  // CHECK: linalg.generic
  // CHECK: arith.select
  %2 = linalg.select ins(%c, %0, %1 : tensor<4x5xi1>, tensor<4x5xf32>, tensor<4x5xf32>) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  // CHECK: linalg.generic
  // CHECK: math.tanh
  %3 = linalg.elementwise kind=#linalg.elementwise_kind<tanh> ins(%2 : tensor<4x5xf32>) outs(%e : tensor<4x5xf32>) -> tensor<4x5xf32>
  // CHECK: linalg.generic
  // CHECK: arith.negf
  %4 = linalg.map { arith.negf } ins(%3 : tensor<4x5xf32>) outs(%e : tensor<4x5xf32>)
  %v = tensor.empty() : tensor<4xf32>
  // CHECK: linalg.fill
  %f = linalg.fill ins(%zero : f32) outs(%v : tensor<4xf32>) -> tensor<4xf32>
  // CHECK: linalg.generic {{.*}}["parallel", "reduction"]
  %5 = linalg.reduce { arith.addf } ins(%4 : tensor<4x5xf32>) outs(%f : tensor<4xf32>) dimensions = [1]
  return %5 : tensor<4xf32>
}

// -----

// CHECK-LABEL: @kept
func.func @kept(%x: tensor<4x5xf32>, %w: tensor<5x6xf32>, %image: tensor<1x4x4x2xf32>, %window: tensor<2x2xf32>)
    -> (tensor<6x4xf32>, tensor<1x3x3x2xf32>) {
  %e = tensor.empty() : tensor<4x6xf32>
  %zero = arith.constant 0.0 : f32
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  // CHECK: linalg.matmul
  %0 = linalg.matmul ins(%x, %w : tensor<4x5xf32>, tensor<5x6xf32>) outs(%f : tensor<4x6xf32>) -> tensor<4x6xf32>
  %t = tensor.empty() : tensor<6x4xf32>
  // CHECK: linalg.transpose
  %1 = linalg.transpose ins(%0 : tensor<4x6xf32>) outs(%t : tensor<6x4xf32>) permutation = [1, 0]
  %p = tensor.empty() : tensor<1x3x3x2xf32>
  // CHECK: linalg.pooling_nhwc_max
  %2 = linalg.pooling_nhwc_max ins(%image, %window : tensor<1x4x4x2xf32>, tensor<2x2xf32>) outs(%p : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %1, %2 : tensor<6x4xf32>, tensor<1x3x3x2xf32>
}

// -----

// The value keeps the id, and its parts are called after it.
// CHECK-LABEL: @composed
func.func @composed(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<2x2x2x3xf32>) {
  %e = tensor.empty() : tensor<4x6xf32>
  // CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "probabilities/generic"}
  // CHECK: arith.maxnumf
  // CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "probabilities/generic#1"}
  // CHECK: math.exp
  // CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "probabilities"}
  // CHECK: arith.divf
  %0 = linalg.softmax {lowbit.id = "probabilities"} dimension(1) ins(%x : tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %p = tensor.empty() : tensor<2x2x2x3xf32>
  // CHECK-NOT: linalg.pack
  // CHECK: tensor.expand_shape
  // CHECK: linalg.transpose {{.*}} {lowbit.id = "tiles"}
  %1 = linalg.pack %x inner_dims_pos = [0, 1] inner_tiles = [2, 3] into %p {lowbit.id = "tiles"} : tensor<4x6xf32> -> tensor<2x2x2x3xf32>
  return %0, %1 : tensor<4x6xf32>, tensor<2x2x2x3xf32>
}
