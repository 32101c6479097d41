// Weights: symmetric and narrow along the axis. Activations: asymmetric when
// static; a format without parameters when dynamic.
// RUN: quant-opt %s --lowbit-select-ranges="mode=static" | FileCheck %s --check-prefixes=CHECK,STATIC
// RUN: quant-opt %s --lowbit-select-ranges | FileCheck %s --check-prefixes=CHECK,DYNAMIC

// (1.55 + 1) / 255 = 0.01; -128 - -1 / 0.01 = -28
// STATIC: lowbit.observe %{{.*}} "activation" "x" {{.*}}format = !lowbit.affine<i8>, max = 1.550000e+00 : f32, min = -1.000000e+00 : f32, scale = dense<0.00999999977> : tensor<f32>, zero_point = dense<-28> : tensor<i32>}
// DYNAMIC: lowbit.observe %{{.*}} "activation" "x" {{.*}}format = !lowbit.affine<i8>
// DYNAMIC-NOT: scale
// 127 / 127, 254 / 127
// CHECK: lowbit.observe %{{.*}} "weight" "w" {axis = 1 : i64, format = !lowbit.affine<i8, -127:127, axis = 1>, scale = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>}
// CHECK: lowbit.observe %{{.*}} "weight" "tensor" {format = !lowbit.affine<i8, -127:127>, scale = dense<2.000000e+00> : tensor<f32>, zero_point = dense<0> : tensor<i32>}
// CHECK: lowbit.observe %{{.*}} "table" "t" {axis = 0 : i64, format = !lowbit.affine<i8, -127:127, axis = 0>, scale = dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
func.func @main(%x: tensor<4x2xf32>) {
  %w = arith.constant dense<[[127.0, 1.0], [-3.0, -254.0]]> : tensor<2x2xf32>
  %0 = lowbit.observe %x "activation" "x" {count = 8 : i64, min = -1.0 : f32, max = 1.55 : f32} : tensor<4x2xf32>
  %1 = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<2x2xf32>
  %2 = lowbit.observe %w "weight" "tensor" : tensor<2x2xf32>
  %3 = lowbit.observe %w "table" "t" {axis = 0 : i64} : tensor<2x2xf32>
  return
}
