// F2 and N9, as compiled code has them too.
// RUN: quant-run %s --interpret --print | FileCheck %s
// RUN: quant-run %s --print | FileCheck %s

// With e = 2^-23: fma(1 + e, 1 + e, -(1 + 2e)) = e^2. In the other order, or
// with a rounded product, the sum is 0.
// CHECK: fused: dense<{{\[}}[1.42108547E-14, 0.000000e+00]]> : tensor<1x2xf32>
// CHECK: init: dense<{{\[}}[1.100000e+01, 2.200000e+01], [1.300000e+01, 2.400000e+01]]> : tensor<2x2xf32>
// CHECK: batches: dense<{{\[\[}}[7], [10]], {{\[}}[-1], [1]]]> : tensor<2x2x1xi32>
// CHECK: unsigned: dense<65025> : tensor<1x1xi32>
// Transposed through the maps, the batch last.
// CHECK: maps: dense<{{\[}}[7, -1], [10, 1]]> : tensor<2x2xi32>
// CHECK: conv: dense<{{\[\[\[}}[6], [8]], {{\[}}[12], [14]]]]> : tensor<1x2x2x1xi32>
// CHECK: strided: dense<10> : tensor<1x1x1x1xi32>
// CHECK: depthwise: dense<{{\[\[\[}}[4, 40]]]]> : tensor<1x1x1x2xi32>
// No terms: the init stays.
// CHECK: none: dense<3> : tensor<1x2xi32>
// A body that is acc + a * b without a reduction is no contraction: the product
// is rounded, so 0 is left.
// CHECK: elementwise: dense<0.000000e+00> : tensor<1xf32>
#batch_in = affine_map<(i, j, k, b) -> (b, i, k)>
#batch_w = affine_map<(i, j, k, b) -> (b, k, j)>
#batch_out = affine_map<(i, j, k, b) -> (i, b)>
func.func @main()
    -> (tensor<1x2xf32> {lowbit.name = "fused"}, tensor<2x2xf32> {lowbit.name = "init"},
        tensor<2x2x1xi32> {lowbit.name = "batches"}, tensor<1x1xi32> {lowbit.name = "unsigned"},
        tensor<2x2xi32> {lowbit.name = "maps"}, tensor<1x2x2x1xi32> {lowbit.name = "conv"},
        tensor<1x1x1x1xi32> {lowbit.name = "strided"}, tensor<1x1x1x2xi32> {lowbit.name = "depthwise"},
        tensor<1x2xi32> {lowbit.name = "none"}, tensor<1xf32> {lowbit.name = "elementwise"}) {
  %zero = arith.constant 0.0 : f32
  %izero = arith.constant 0 : i32
  %a = arith.constant dense<[[-1.0, 1.00000012]]> : tensor<1x2xf32>
  %b = arith.constant dense<[[1.00000024, 0.0], [1.00000012, 0.0]]> : tensor<2x2xf32>
  %e12 = tensor.empty() : tensor<1x2xf32>
  %z12 = linalg.fill ins(%zero : f32) outs(%e12 : tensor<1x2xf32>) -> tensor<1x2xf32>
  %fused = linalg.matmul ins(%a, %b : tensor<1x2xf32>, tensor<2x2xf32>) outs(%z12 : tensor<1x2xf32>) -> tensor<1x2xf32>

  %m = arith.constant dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
  %eye = arith.constant dense<[[1.0, 0.0], [0.0, 1.0]]> : tensor<2x2xf32>
  %bias = arith.constant dense<[[10.0, 20.0], [10.0, 20.0]]> : tensor<2x2xf32>
  %init = linalg.matmul ins(%m, %eye : tensor<2x2xf32>, tensor<2x2xf32>) outs(%bias : tensor<2x2xf32>)
      -> tensor<2x2xf32>

  %x = arith.constant dense<[[[1, 2], [3, 1]], [[1, -1], [2, 0]]]> : tensor<2x2x2xi8>
  %w = arith.constant dense<[[[3], [2]], [[1], [2]]]> : tensor<2x2x1xi8>
  %e221 = tensor.empty() : tensor<2x2x1xi32>
  %z221 = linalg.fill ins(%izero : i32) outs(%e221 : tensor<2x2x1xi32>) -> tensor<2x2x1xi32>
  %sum = linalg.batch_matmul ins(%x, %w : tensor<2x2x2xi8>, tensor<2x2x1xi8>) outs(%z221 : tensor<2x2x1xi32>)
      -> tensor<2x2x1xi32>
  %t = arith.constant dense<[[[0], [-1]], [[0], [-1]]]> : tensor<2x2x1xi32>
  %e = tensor.empty() : tensor<2x2x1xi32>
  %batches = linalg.add ins(%sum, %t : tensor<2x2x1xi32>, tensor<2x2x1xi32>) outs(%e : tensor<2x2x1xi32>)
      -> tensor<2x2x1xi32>

  %u = arith.constant dense<[[255]]> : tensor<1x1xi8>
  %z11 = arith.constant dense<0> : tensor<1x1xi32>
  %unsigned = linalg.matmul {cast = #linalg.type_fn<cast_unsigned>} ins(%u, %u : tensor<1x1xi8>, tensor<1x1xi8>)
      outs(%z11 : tensor<1x1xi32>) -> tensor<1x1xi32>

  %corrections = arith.constant dense<[[0, 0], [-1, -1]]> : tensor<2x2xi32>
  %maps = linalg.generic {indexing_maps = [#batch_in, #batch_w, #batch_out],
      iterator_types = ["parallel", "reduction", "reduction", "parallel"]}
      ins(%x, %w : tensor<2x2x2xi8>, tensor<2x2x1xi8>) outs(%corrections : tensor<2x2xi32>) {
  ^bb0(%l: i8, %r: i8, %acc: i32):
    %0 = arith.extsi %r : i8 to i32
    %1 = arith.extsi %l : i8 to i32
    %2 = arith.muli %0, %1 : i32
    %3 = arith.addi %2, %acc : i32
    linalg.yield %3 : i32
  } -> tensor<2x2xi32>

  %image = arith.constant dense<[[[[0], [1], [2]], [[3], [4], [5]], [[6], [7], [8]]]]> : tensor<1x3x3x1xi8>
  %kernel = arith.constant dense<[[[[1]], [[1]]], [[[0]], [[1]]]]> : tensor<2x2x1x1xi8>
  %z1221 = arith.constant dense<[[[[1], [0]], [[-2], [-3]]]]> : tensor<1x2x2x1xi32>
  %conv = linalg.conv_2d_nhwc_hwcf {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%image, %kernel : tensor<1x3x3x1xi8>, tensor<2x2x1x1xi8>) outs(%z1221 : tensor<1x2x2x1xi32>)
      -> tensor<1x2x2x1xi32>
  %z1111 = arith.constant dense<0> : tensor<1x1x1x1xi32>
  %strided = linalg.conv_2d_nhwc_hwcf {strides = dense<2> : tensor<2xi64>, dilations = dense<2> : tensor<2xi64>}
      ins(%image, %kernel : tensor<1x3x3x1xi8>, tensor<2x2x1x1xi8>) outs(%z1111 : tensor<1x1x1x1xi32>)
      -> tensor<1x1x1x1xi32>
  %pixels = arith.constant dense<[[[[1, 10], [3, 30]]]]> : tensor<1x1x2x2xi8>
  %ones = arith.constant dense<1> : tensor<1x2x2xi8>
  %z1112 = arith.constant dense<0> : tensor<1x1x1x2xi32>
  %depthwise = linalg.depthwise_conv_2d_nhwc_hwc {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%pixels, %ones : tensor<1x1x2x2xi8>, tensor<1x2x2xi8>) outs(%z1112 : tensor<1x1x1x2xi32>)
      -> tensor<1x1x1x2xi32>

  %l0 = arith.constant dense<> : tensor<1x0xi8>
  %r0 = arith.constant dense<> : tensor<0x2xi8>
  %threes = arith.constant dense<3> : tensor<1x2xi32>
  %none = linalg.matmul ins(%l0, %r0 : tensor<1x0xi8>, tensor<0x2xi8>) outs(%threes : tensor<1x2xi32>)
      -> tensor<1x2xi32>

  %p = arith.constant dense<1.00000012> : tensor<1xf32>
  %minus = arith.constant dense<-1.00000024> : tensor<1xf32>
  %q = tensor.empty() : tensor<1xf32>
  %elementwise = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>, affine_map<(d) -> (d)>,
      affine_map<(d) -> (d)>], iterator_types = ["parallel"]}
      ins(%p, %p, %minus : tensor<1xf32>, tensor<1xf32>, tensor<1xf32>) outs(%q : tensor<1xf32>) {
  ^bb0(%l: f32, %r: f32, %c: f32, %out: f32):
    %0 = arith.mulf %l, %r : f32
    %1 = arith.addf %c, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<1xf32>
  return %fused, %init, %batches, %unsigned, %maps, %conv, %strided, %depthwise, %none, %elementwise
      : tensor<1x2xf32>, tensor<2x2xf32>, tensor<2x2x1xi32>, tensor<1x1xi32>, tensor<2x2xi32>, tensor<1x2x2x1xi32>,
        tensor<1x1x1x1xi32>, tensor<1x1x1x2xi32>, tensor<1x2xi32>, tensor<1xf32>
}
