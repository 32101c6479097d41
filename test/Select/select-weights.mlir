// Formats and granularities of weights, with the numbers. Up to 7 bits are held
// in bytes of a smaller range, more than 8 in 16 bits.
// RUN: quant-opt %s --lowbit-select-ranges="weights=i4" | FileCheck %s --check-prefix=I4
// RUN: quant-opt %s --lowbit-select-ranges="weights=i4,symmetric,tensor" | FileCheck %s --check-prefix=FULL
// RUN: quant-opt %s --lowbit-select-ranges="weights=u4,asymmetric,tensor" | FileCheck %s --check-prefix=U4
// RUN: quant-opt %s --lowbit-select-ranges="weights=u8,asymmetric,tensor" | FileCheck %s --check-prefix=U8
// RUN: quant-opt %s --lowbit-select-ranges="weights=i12" | FileCheck %s --check-prefix=I12
// RUN: quant-opt %s --lowbit-select-ranges="weights=i4,group:3" | FileCheck %s --check-prefix=GROUP
// RUN: quant-opt %s --lowbit-select-ranges="weights=i2,tensor,percentile:75" | FileCheck %s --check-prefix=PERCENTILE
// RUN: quant-opt %s --lowbit-select-ranges="weights=i2,tensor,mse" | FileCheck %s --check-prefix=MSE

// 7 / 7, 14 / 7
// I4: "weight" "w" {axis = 1 : i64, format = !lowbit.affine<i8, -7:7, axis = 1>, scale = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>}
// FULL: "weight" "w" {{.*}}format = !lowbit.affine<i8, -8:7>, scale = dense<2.000000e+00> : tensor<f32>, zero_point = dense<0> : tensor<i32>}
// (7 + 14) / 15 = 1.4; 0 - -14 / 1.4
// U4: "weight" "w" {{.*}}format = !lowbit.affine<i8, 0:15>, scale = dense<1.400000e+00> : tensor<f32>, zero_point = dense<10> : tensor<i32>}
// U8: "weight" "w" {{.*}}format = !lowbit.affine<ui8>, scale = dense<0.0823529437> : tensor<f32>, zero_point = dense<170> : tensor<i32>}
// 7 / 2047
// I12: "weight" "w" {{.*}}format = !lowbit.affine<i16, -2047:2047, axis = 1>, scale = dense<[0.00341963861, 0.00683927722]>
// Rows 0 to 2, then row 3 by itself: 7 and 1.75, 0.875 and 14.
// GROUP: "weight" "w" {{.*}}format = !lowbit.affine<i8, -7:7, block = [3, 1]>, scale = dense<{{\[}}[1.000000e+00, 2.500000e-01], [1.250000e-01, 2.000000e+00]]> : tensor<2x2xf32>, zero_point = dense<0> : tensor<2x2xi32>}
// Of the magnitudes, a quarter of the way from 3 to 7.
// PERCENTILE: "weight" "w" {{.*}}format = !lowbit.affine<i8, -1:1>, scale = dense<4.000000e+00> : tensor<f32>
// At 10.5, the errors of 7 and -14 are 3.5 each, and all others are 0.
// MSE: "weight" "w" {{.*}}format = !lowbit.affine<i8, -1:1>, scale = dense<1.050000e+01> : tensor<f32>
func.func @main(%x: tensor<2x4xf32>) -> tensor<2x2xf32> {
  %w = arith.constant dense<[[7.0, 1.0], [-3.0, 0.5], [2.0, 1.75], [0.875, -14.0]]> : tensor<4x2xf32>
  %0 = lowbit.observe %x "activation" "x" : tensor<2x4xf32>
  %1 = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%0, %1 : tensor<2x4xf32>, tensor<4x2xf32>) outs(%f : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
