// Channel k of the first weight is divided by sqrt(r1 / r2), channel k of the
// second multiplied by it, and a bias between them is divided too.
// RUN: quant-opt %s --split-input-file --lowbit-insert-observers --lowbit-equalize-layers | FileCheck %s

// Ranges 16 and 1 of channel 0, 1 and 4 of channel 1: both become 4, and 2. The
// constant of the leaky relu is a factor and stays.
// CHECK-LABEL: @matmuls
// CHECK{LITERAL}: dense<[[4.000000e+00, 2.000000e+00], [2.000000e+00, -1.000000e+00]]>
// CHECK: lowbit.observe %{{.*}} "weight" "matmul.weight" {axis = 1
// CHECK{LITERAL}: dense<[[4.000000e+00, 0.000000e+00, 4.000000e+00], [0.000000e+00, 2.000000e+00, 2.000000e+00]]>
// CHECK: lowbit.observe %{{.*}} "weight" "matmul.weight#1"
// CHECK: %[[BIAS:.*]] = arith.constant dense<[2.000000e+00, 2.000000e+01]>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[BIAS]] :
#map = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>
func.func @matmuls(%x: tensor<3x2xf32>) -> tensor<3x3xf32> {
  %zero = arith.constant 0.0 : f32
  %slope = arith.constant 0.125 : f32
  %w1 = arith.constant dense<[[16.0, 1.0], [8.0, -0.5]]> : tensor<2x2xf32>
  %b = arith.constant dense<[8.0, 10.0]> : tensor<2xf32>
  %w2 = arith.constant dense<[[1.0, 0.0, 1.0], [0.0, 4.0, 4.0]]> : tensor<2x3xf32>
  %e = tensor.empty() : tensor<3x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x2xf32>) -> tensor<3x2xf32>
  %y = linalg.matmul ins(%x, %w1 : tensor<3x2xf32>, tensor<2x2xf32>) outs(%f : tensor<3x2xf32>) -> tensor<3x2xf32>
  %r = linalg.generic {indexing_maps = [#map, #col, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<3x2xf32>, tensor<2xf32>) outs(%e : tensor<3x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    %p = arith.cmpf ogt, %s, %zero : f32
    %m = arith.mulf %s, %slope : f32
    %l = arith.select %p, %s, %m : f32
    linalg.yield %l : f32
  } -> tensor<3x2xf32>
  %e2 = tensor.empty() : tensor<3x3xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<3x3xf32>) -> tensor<3x3xf32>
  %z = linalg.matmul ins(%r, %w2 : tensor<3x2xf32>, tensor<2x3xf32>) outs(%f2 : tensor<3x3xf32>) -> tensor<3x3xf32>
  return %z : tensor<3x3xf32>
}

// -----

// Through relu, max pooling from -inf, padding with zero and an average: the
// image's channels are the last dimension, and a reshape keeps them.
// CHECK-LABEL: @convolutions
// CHECK{LITERAL}: dense<[[[[4.000000e+00, 2.000000e+00], [4.000000e+00, 2.000000e+00]]]]>
// CHECK{LITERAL}: dense<[[[[4.000000e+00], [2.000000e+00]]]]>
// CHECK: linalg.pooling_nhwc_max
#image = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2, d3)>
func.func @convolutions(%x: tensor<1x4x4x2xf32>) -> tensor<1x4x4x1xf32> {
  %zero = arith.constant 0.0 : f32
  %inf = arith.constant 0xFF800000 : f32
  %w1 = arith.constant dense<[[[[16.0, 1.0], [16.0, 1.0]]]]> : tensor<1x1x2x2xf32>
  %w2 = arith.constant dense<[[[[1.0], [4.0]]]]> : tensor<1x1x2x1xf32>
  %e = tensor.empty() : tensor<1x4x4x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %w1 : tensor<1x4x4x2xf32>, tensor<1x1x2x2xf32>) outs(%f : tensor<1x4x4x2xf32>) -> tensor<1x4x4x2xf32>
  %r = linalg.generic {indexing_maps = [#image, #image], iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%y : tensor<1x4x4x2xf32>) outs(%e : tensor<1x4x4x2xf32>) {
  ^bb0(%i: f32, %o: f32):
    %m = arith.maximumf %i, %zero : f32
    linalg.yield %m : f32
  } -> tensor<1x4x4x2xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %e2 = tensor.empty() : tensor<1x2x2x2xf32>
  %f2 = linalg.fill ins(%inf : f32) outs(%e2 : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %p = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>}
      ins(%r, %window : tensor<1x4x4x2xf32>, tensor<2x2xf32>) outs(%f2 : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %q = tensor.pad %p low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x2x2x2xf32> to tensor<1x4x4x2xf32>
  %e3 = tensor.empty() : tensor<1x4x4x1xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32>
  %z = linalg.conv_2d_nhwc_hwcf ins(%q, %w2 : tensor<1x4x4x2xf32>, tensor<1x1x2x1xf32>) outs(%f3 : tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32>
  return %z : tensor<1x4x4x1xf32>
}

// -----

// A channel that the second layer does not read stays as it is, and so does one
// that the first never writes.
// CHECK-LABEL: @dead
// CHECK{LITERAL}: dense<[[4.000000e+00, 3.000000e+00, 0.000000e+00], [2.000000e+00, 1.000000e+00, 0.000000e+00]]> : tensor<2x3xf32>
// CHECK{LITERAL}: dense<[[4.000000e+00, 4.000000e+00], [0.000000e+00, 0.000000e+00], [1.000000e+00, 5.000000e+00]]> : tensor<3x2xf32>
func.func @dead(%x: tensor<3x2xf32>) -> tensor<3x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w1 = arith.constant dense<[[16.0, 3.0, 0.0], [8.0, 1.0, 0.0]]> : tensor<2x3xf32>
  %w2 = arith.constant dense<[[1.0, 1.0], [0.0, 0.0], [1.0, 5.0]]> : tensor<3x2xf32>
  %e = tensor.empty() : tensor<3x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<3x3xf32>) -> tensor<3x3xf32>
  %y = linalg.matmul ins(%x, %w1 : tensor<3x2xf32>, tensor<2x3xf32>) outs(%f : tensor<3x3xf32>) -> tensor<3x3xf32>
  %e2 = tensor.empty() : tensor<3x2xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %z = linalg.matmul ins(%y, %w2 : tensor<3x3xf32>, tensor<3x2xf32>) outs(%f2 : tensor<3x2xf32>) -> tensor<3x2xf32>
  return %z : tensor<3x2xf32>
}

// -----

// The batch is dynamic: reading its size of what lies between reads no value.
// CHECK-LABEL: @sizes
// CHECK{LITERAL}: dense<[[4.000000e+00, 2.000000e+00], [2.000000e+00, -1.000000e+00]]>
// CHECK{LITERAL}: dense<[[4.000000e+00, 0.000000e+00, 4.000000e+00], [0.000000e+00, 2.000000e+00, 2.000000e+00]]>
#rows = affine_map<(d0, d1) -> (d0, d1)>
func.func @sizes(%x: tensor<?x2xf32>) -> tensor<?x3xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %w1 = arith.constant dense<[[16.0, 1.0], [8.0, -0.5]]> : tensor<2x2xf32>
  %w2 = arith.constant dense<[[1.0, 0.0, 1.0], [0.0, 4.0, 4.0]]> : tensor<2x3xf32>
  %d = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%d) : tensor<?x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.matmul ins(%x, %w1 : tensor<?x2xf32>, tensor<2x2xf32>) outs(%f : tensor<?x2xf32>) -> tensor<?x2xf32>
  %dy = tensor.dim %y, %c0 : tensor<?x2xf32>
  %ey = tensor.empty(%dy) : tensor<?x2xf32>
  %r = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x2xf32>) outs(%ey : tensor<?x2xf32>) {
  ^bb0(%i: f32, %o: f32):
    %m = arith.maximumf %i, %zero : f32
    linalg.yield %m : f32
  } -> tensor<?x2xf32>
  %dr = tensor.dim %r, %c0 : tensor<?x2xf32>
  %e2 = tensor.empty(%dr) : tensor<?x3xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x3xf32>) -> tensor<?x3xf32>
  %z = linalg.matmul ins(%r, %w2 : tensor<?x2xf32>, tensor<2x3xf32>) outs(%f2 : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %z : tensor<?x3xf32>
}
