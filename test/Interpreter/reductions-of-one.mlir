// F3 where loops have one iteration: they count like any other. x is 1e8 and
// then 79 ones, as in reductions.mlir.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: rows: dense<1.000000e+08> : tensor<1xf32>
// CHECK: pool: dense<1.000000e+08> : tensor<1x1x1x1xf32>
// The lanes run along the last reduction, of size 1: in order, again.
// CHECK: last: dense<1.000000e+08> : tensor<f32>
func.func @main()
    -> (tensor<1xf32> {lowbit.name = "rows"}, tensor<1x1x1x1xf32> {lowbit.name = "pool"},
        tensor<f32> {lowbit.name = "last"}) {
  %ones = arith.constant dense<1.0> : tensor<80xf32>
  %large = arith.constant 1.0e8 : f32
  %c0 = arith.constant 0 : index
  %x = tensor.insert %large into %ones[%c0] : tensor<80xf32>
  %column = tensor.expand_shape %x [[0, 1]] output_shape [80, 1] : tensor<80xf32> into tensor<80x1xf32>
  %zero = arith.constant dense<0.0> : tensor<1xf32>
  %rows = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>],
      iterator_types = ["reduction", "parallel"]} ins(%column : tensor<80x1xf32>) outs(%zero : tensor<1xf32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %out, %in : f32
    linalg.yield %0 : f32
  } -> tensor<1xf32>
  %image = tensor.expand_shape %x [[0, 1, 2, 3]] output_shape [1, 1, 80, 1] : tensor<80xf32> into tensor<1x1x80x1xf32>
  %window = tensor.empty() : tensor<1x80xf32>
  %zero4 = arith.constant dense<0.0> : tensor<1x1x1x1xf32>
  %pool = linalg.pooling_nhwc_sum {strides = dense<1> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}
      ins(%image, %window : tensor<1x1x80x1xf32>, tensor<1x80xf32>) outs(%zero4 : tensor<1x1x1x1xf32>)
      -> tensor<1x1x1x1xf32>
  %zero0 = arith.constant dense<0.0> : tensor<f32>
  %last = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]} ins(%column : tensor<80x1xf32>) outs(%zero0 : tensor<f32>) {
  ^bb0(%in: f32, %out: f32):
    %0 = arith.addf %in, %out : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  return %rows, %pool, %last : tensor<1xf32>, tensor<1x1x1x1xf32>, tensor<f32>
}
