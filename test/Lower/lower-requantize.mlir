// Rules N14 and N15 in linalg, arith and math.
// RUN: quant-opt %s --split-input-file --lowbit-lower-qdq | FileCheck %s

// CHECK-LABEL: @float
// CHECK: %[[S:.*]] = arith.constant dense<[2.500000e-01, 5.000000e-01]> : tensor<2xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[S]] : tensor<4x2xi32>, tensor<2xf32>) outs(%{{.*}} : tensor<4x2xi8>)
// CHECK: %[[F:.*]] = arith.sitofp %{{.*}} : i32 to f32
// CHECK: %[[P:.*]] = arith.mulf %[[F]]
// CHECK: math.roundeven %[[P]]
// CHECK: arith.constant -1.310000e+02 : f32
// CHECK: arith.constant 1.240000e+02 : f32
// CHECK: arith.trunci %{{.*}} : i32 to i8
func.func @float(%acc: tensor<4x2xi32>) -> tensor<4x2xi8> {
  %q = lowbit.requantize %acc {axis = 1, scale = dense<[0.25, 0.5]> : tensor<2xf32>, zero_point = dense<3> : tensor<i32>}
      : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %q : tensor<4x2x!lowbit.affine<i8>> to tensor<4x2xi8>
  return %i : tensor<4x2xi8>
}

// -----

// All in 64 bits; double rounding adds +-2^30 where the shift is beyond 31.
// CHECK-LABEL: @fixed
// CHECK: %[[W:.*]] = arith.extui %{{.*}} : i8 to i64
// CHECK: %[[ZIN:.*]] = arith.constant 7 : i64
// CHECK: %[[V:.*]] = arith.subi %[[W]], %[[ZIN]] : i64
// CHECK: arith.cmpi sgt, %{{.*}}, %{{.*}} : i64
// CHECK: arith.cmpi sge, %[[V]], %{{.*}} : i64
// CHECK: arith.constant 1073741824 : i64
// CHECK: arith.constant -1073741824 : i64
// CHECK: arith.muli %[[V]], %{{.*}} : i64
// CHECK: arith.shrsi
// CHECK: arith.maxsi
// CHECK: arith.minsi
func.func @fixed(%x: tensor<9xi8>) -> tensor<9xi8> {
  %u = lowbit.storage_cast %x : tensor<9xi8> to tensor<9x!lowbit.affine<ui8>>
  %q = lowbit.requantize %u {multiplier = dense<1073741824> : tensor<i32>, shift = dense<36> : tensor<i8>, input_zero_point = 7 : i32,
      fixed_rounding = #lowbit.fixed_rounding<double_round>, zero_point = dense<0> : tensor<i32>} : tensor<9x!lowbit.affine<ui8>> -> tensor<9x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %q : tensor<9x!lowbit.affine<i8>> to tensor<9xi8>
  return %i : tensor<9xi8>
}

// -----

// Scalars become scalar arithmetic; the scale of the run may be a rank-0 tensor.
// CHECK-LABEL: @scalar
// CHECK-NOT: linalg
// CHECK: tensor.extract %{{.*}}[] : tensor<f32>
// CHECK: arith.sitofp
// CHECK-NOT: lowbit
func.func @scalar(%x: i32, %s: tensor<f32>) -> i8 {
  %q = lowbit.requantize %x scale(%s : tensor<f32>) {zero_point = dense<3> : tensor<i32>} : i32 -> !lowbit.affine<i8>
  %i = lowbit.storage_cast %q : !lowbit.affine<i8> to i8
  return %i : i8
}
