// F3: the order of float sums shows in their bits. x is 1e8 and then 79 ones;
// the floats around 1e8 are multiples of 8.
// RUN: quant-run %s --interpret --print | FileCheck %s
// RUN: quant-run %s --print | FileCheck %s

// The lane tree gives 1e8, +5, +10, +20 and +40 with one rounding each:
// 100000072.
// CHECK: lanes: dense<0x4CBEBC29> : tensor<1xf32>
// In order, each one is lost.
// CHECK: rows: dense<1.000000e+08> : tensor<2xf32>
// CHECK: pool: dense<1.000000e+08> : tensor<1x1x1x2xf32>
// Squares of 1 are no contraction: the lane tree again.
// CHECK: squares: dense<8.000000e+01> : tensor<f32>
// CHECK: both: dense<1.000000e+00> : tensor<f32>
// CHECK: both2: dense<1.000000e+08> : tensor<f32>
// NaN is passed over by maxnumf and kept by maximumf.
// CHECK: maxnum: dense<2.000000e+00> : tensor<f32>
// CHECK: maximum: dense<0x7FC00000> : tensor<f32>
// CHECK: product: dense<-4.000000e+00> : tensor<f32>
// CHECK: ints: dense<[2, -1]> : tensor<2xi32>
// CHECK: maxpool: dense<4.000000e+00> : tensor<1x1x1x1xf32>
// CHECK: softmax: dense<{{\[}}[5.000000e-01, 5.000000e-01], [1.000000e+00, 0.000000e+00]]> : tensor<2x2xf32>
#vector = affine_map<(d) -> (d)>
#scalar = affine_map<(d) -> ()>
func.func @main()
    -> (tensor<1xf32> {lowbit.name = "lanes"}, tensor<2xf32> {lowbit.name = "rows"},
        tensor<1x1x1x2xf32> {lowbit.name = "pool"}, tensor<f32> {lowbit.name = "squares"},
        tensor<f32> {lowbit.name = "both"}, tensor<f32> {lowbit.name = "both2"},
        tensor<f32> {lowbit.name = "maxnum"}, tensor<f32> {lowbit.name = "maximum"},
        tensor<f32> {lowbit.name = "product"}, tensor<2xi32> {lowbit.name = "ints"},
        tensor<1x1x1x1xf32> {lowbit.name = "maxpool"}, tensor<2x2xf32> {lowbit.name = "softmax"}) {
  %ones = arith.constant dense<1.0> : tensor<80xf32>
  %large = arith.constant 1.0e8 : f32
  %c0 = arith.constant 0 : index
  %x = tensor.insert %large into %ones[%c0] : tensor<80xf32>
  %zero = arith.constant dense<0.0> : tensor<1xf32>
  %row = tensor.expand_shape %x [[0, 1]] output_shape [1, 80] : tensor<80xf32> into tensor<1x80xf32>
  %lanes = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>],
      iterator_types = ["parallel", "reduction"]} ins(%row : tensor<1x80xf32>) outs(%zero : tensor<1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<1xf32>
  %column = tensor.expand_shape %x [[0, 1]] output_shape [80, 1] : tensor<80xf32> into tensor<80x1xf32>
  %columns = tensor.concat dim(1) %column, %column : (tensor<80x1xf32>, tensor<80x1xf32>) -> tensor<80x2xf32>
  %zero2 = arith.constant dense<0.0> : tensor<2xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
      iterator_types = ["reduction", "parallel"]} ins(%columns : tensor<80x2xf32>) outs(%zero2 : tensor<2xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<2xf32>
  %image = tensor.expand_shape %columns [[0, 1, 2], [3]] output_shape [1, 1, 80, 2]
      : tensor<80x2xf32> into tensor<1x1x80x2xf32>
  %window = tensor.empty() : tensor<1x80xf32>
  %zero4 = arith.constant dense<0.0> : tensor<1x1x1x1xf32>
  %zero5 = arith.constant dense<0.0> : tensor<1x1x1x2xf32>
  %pool = linalg.pooling_nhwc_sum {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%image, %window : tensor<1x1x80x2xf32>, tensor<1x80xf32>) outs(%zero5 : tensor<1x1x1x2xf32>)
      -> tensor<1x1x1x2xf32>
  %zero0 = arith.constant dense<0.0> : tensor<f32>
  %squares = linalg.generic {indexing_maps = [#vector, #scalar], iterator_types = ["reduction"]}
      ins(%ones : tensor<80xf32>) outs(%zero0 : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %in, %in : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<f32>
  %inf = arith.constant dense<0x7F800000> : tensor<f32>
  %ninf = arith.constant dense<0xFF800000> : tensor<f32>
  %both:2 = linalg.generic {indexing_maps = [#vector, #scalar, #scalar], iterator_types = ["reduction"]}
      ins(%x : tensor<80xf32>) outs(%inf, %ninf : tensor<f32>, tensor<f32>) {
  ^bb0(%in: f32, %low: f32, %high: f32):
    %0 = arith.minimumf %in, %low : f32
    %1 = arith.maximumf %in, %high : f32
    linalg.yield %0, %1 : f32, f32
  } -> (tensor<f32>, tensor<f32>)
  %n = arith.constant dense<[-2.0, 0x7FC00000, 2.0]> : tensor<3xf32>
  %maxnum = linalg.generic {indexing_maps = [#vector, #scalar], iterator_types = ["reduction"]}
      ins(%n : tensor<3xf32>) outs(%ninf : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maxnumf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %maximum = linalg.generic {indexing_maps = [#vector, #scalar], iterator_types = ["reduction"]}
      ins(%n : tensor<3xf32>) outs(%ninf : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.maximumf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  %f = arith.constant dense<[-2.0, 0.5, 4.0]> : tensor<3xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %product = linalg.generic {indexing_maps = [#vector, #scalar], iterator_types = ["reduction"]}
      ins(%f : tensor<3xf32>) outs(%one : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.mulf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  // A sum that leaves 32 bits on the way and comes back.
  %i = arith.constant dense<[[2147483647, 2, -2147483647], [-1, -2, 2]]> : tensor<2x3xi32>
  %izero = arith.constant dense<0> : tensor<2xi32>
  %ints = linalg.reduce {arith.addi} ins(%i : tensor<2x3xi32>) outs(%izero : tensor<2xi32>) dimensions = [1]
  %square = arith.constant dense<[[[[1.0], [4.0]], [[-3.0], [2.0]]]]> : tensor<1x2x2x1xf32>
  %window2 = tensor.empty() : tensor<2x2xf32>
  %maxpool = linalg.pooling_nhwc_max {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%square, %window2 : tensor<1x2x2x1xf32>, tensor<2x2xf32>) outs(%zero4 : tensor<1x1x1x1xf32>)
      -> tensor<1x1x1x1xf32>
  %logits = arith.constant dense<[[3.0, 3.0], [500.0, -500.0]]> : tensor<2x2xf32>
  %e22 = tensor.empty() : tensor<2x2xf32>
  %softmax = linalg.softmax dimension(1) ins(%logits : tensor<2x2xf32>) outs(%e22 : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %lanes, %rows, %pool, %squares, %both#0, %both#1, %maxnum, %maximum, %product, %ints, %maxpool, %softmax
      : tensor<1xf32>, tensor<2xf32>, tensor<1x1x1x2xf32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>,
        tensor<f32>, tensor<f32>, tensor<2xi32>, tensor<1x1x1x1xf32>, tensor<2x2xf32>
}
