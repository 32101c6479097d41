// Scales of 8 bits: the factor of the tensor belongs to a contraction's scale,
// moving a dequantize keeps the type of its scales, and E8M0's 255 is NaN, not
// infinity. Each was got wrong once.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s --lowbit-fold-qdq --lowbit-lower-contractions --lowbit-lower-qdq -o %t.mlir
// RUN: quant-run %t.mlir --print | FileCheck %s
// RUN: quant-run %t.mlir --print --interpret | FileCheck %s

// 2 steps of 0.5 by 3 steps of 0.5 * 3.
// CHECK: product: dense<4.500000e+00> : tensor<1x1xf32>
// CHECK: moved: dense<{{\[}}[1.000000e+00, 3.000000e+00], [1.000000e+00, 4.000000e+00]]> : tensor<2x2xf32>
// CHECK: nan: dense<[1.000000e+00, 0x7FC00000]> : tensor<2xf32>
!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, scale = f8E4M3FN>
!e = !lowbit.affine<i8, axis = 1, scale = f8E8M0FNU>
!n = !lowbit.affine<i8, axis = 0, scale = f8E8M0FNU>
func.func @main() -> (tensor<1x1xf32> {lowbit.name = "product"}, tensor<2x2xf32> {lowbit.name = "moved"}, tensor<2xf32> {lowbit.name = "nan"}) {
  %two = arith.constant dense<2> : tensor<1x1xi8>
  %a = lowbit.storage_cast %two : tensor<1x1xi8> to tensor<1x1x!a>
  %ad = lowbit.dequantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<1x1x!a> -> tensor<1x1xf32>
  %three = arith.constant dense<3> : tensor<1x1xi8>
  %w = lowbit.storage_cast %three : tensor<1x1xi8> to tensor<1x1x!w>
  %wd = lowbit.dequantize %w {scale = dense<0.5> : tensor<f8E4M3FN>, tensor_scale = dense<3.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<1x1x!w> -> tensor<1x1xf32>
  %zero = arith.constant 0.0 : f32
  %o = tensor.empty() : tensor<1x1xf32>
  %f = linalg.fill ins(%zero : f32) outs(%o : tensor<1x1xf32>) -> tensor<1x1xf32>
  %product = linalg.matmul ins(%ad, %wd : tensor<1x1xf32>, tensor<1x1xf32>) outs(%f : tensor<1x1xf32>) -> tensor<1x1xf32>

  %i = arith.constant dense<[[1, 2], [3, 8]]> : tensor<2x2xi8>
  %e = lowbit.storage_cast %i : tensor<2x2xi8> to tensor<2x2x!e>
  %ed = lowbit.dequantize %e {scale = dense<[1.0, 0.5]> : tensor<2xf8E8M0FNU>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x2x!e> -> tensor<2x2xf32>
  %empty = tensor.empty() : tensor<2x2xf32>
  %moved = linalg.transpose ins(%ed : tensor<2x2xf32>) outs(%empty : tensor<2x2xf32>) permutation = [1, 0]

  %j = arith.constant dense<1> : tensor<2xi8>
  %n = lowbit.storage_cast %j : tensor<2xi8> to tensor<2x!n>
  %nan = lowbit.dequantize %n {scale = dense<[0x7F, 0xFF]> : tensor<2xf8E8M0FNU>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x!n> -> tensor<2xf32>
  return %product, %moved, %nan : tensor<1x1xf32>, tensor<2x2xf32>, tensor<2xf32>
}
