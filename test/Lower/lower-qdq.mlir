// Rules N7 and N8 in linalg, arith and math.
// RUN: quant-opt %s --split-input-file --lowbit-lower-qdq | FileCheck %s

// The bounds are -128 - 3 and 127 - 3.
// CHECK-LABEL: @quantize
// CHECK-SAME: (%[[X:.*]]: tensor<?xf32>)
// CHECK: linalg.generic {{.*}} ins(%[[X]] : tensor<?xf32>) outs(%{{.*}} : tensor<?xi8>)
// CHECK: ^bb0(%[[IN:.*]]: f32, %{{.*}}: i8)
// CHECK-DAG: %[[S:.*]] = arith.constant 5.000000e-01 : f32
// CHECK-DAG: %[[Z:.*]] = arith.constant 3 : i32
// CHECK: %[[D:.*]] = arith.divf %[[IN]], %[[S]]
// CHECK: %[[R:.*]] = math.roundeven %[[D]]
// CHECK: %[[NAN:.*]] = arith.cmpf uno, %[[R]], %[[R]]
// CHECK: %[[DEFINED:.*]] = arith.select %[[NAN]], %{{.*}}, %[[R]]
// CHECK: arith.constant -1.310000e+02 : f32
// CHECK: arith.maximumf %[[DEFINED]]
// CHECK: arith.constant 1.240000e+02 : f32
// CHECK: %[[C:.*]] = arith.minimumf
// CHECK: %[[I:.*]] = arith.fptosi %[[C]] : f32 to i32
// CHECK: %[[A:.*]] = arith.addi %[[I]], %[[Z]] : i32
// CHECK: arith.trunci %[[A]] : i32 to i8
func.func @quantize(%x: tensor<?xf32>) -> tensor<?xi8> {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<?xf32> -> tensor<?x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %q : tensor<?x!lowbit.affine<i8>> to tensor<?xi8>
  return %i : tensor<?xi8>
}

// -----

// Along an axis the scales are an operand; unsigned storage extends with zeros.
// CHECK-LABEL: @dequantize
// CHECK: %[[S:.*]] = arith.constant dense<[1.000000e+00, 2.000000e+00]> : tensor<2xf32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[S]] : tensor<3x2xi8>, tensor<2xf32>) outs(%{{.*}} : tensor<3x2xf32>)
// CHECK: %[[W:.*]] = arith.extui %{{.*}} : i8 to i32
// CHECK: %[[D:.*]] = arith.subi %[[W]], %{{.*}} : i32
// CHECK: %[[F:.*]] = arith.sitofp %[[D]] : i32 to f32
// CHECK: arith.mulf %[[F]], %{{.*}} : f32
func.func @dequantize(%i: tensor<3x2xi8>) -> tensor<3x2xf32> {
  %q = lowbit.storage_cast %i : tensor<3x2xi8> to tensor<3x2x!lowbit.affine<ui8, axis = 1>>
  %d = lowbit.dequantize %q {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<7> : tensor<2xi32>} : tensor<3x2x!lowbit.affine<ui8, axis = 1>> -> tensor<3x2xf32>
  return %d : tensor<3x2xf32>
}

// -----

// Parameters at run time are operands of rank 0, and the bounds follow them.
// CHECK-LABEL: @fake_quant
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %{{.*}} : tensor<4xf32>, tensor<f32>, tensor<i32>) outs(%{{.*}} : tensor<4xf32>)
// CHECK: ^bb0(%{{.*}}: f32, %[[S:.*]]: f32, %[[Z:.*]]: i32, %{{.*}}: f32)
// CHECK: %[[LOW:.*]] = arith.subi %{{.*}}, %[[Z]]
// CHECK: arith.sitofp %[[LOW]]
// CHECK: arith.fptosi
// CHECK: arith.sitofp
// CHECK: arith.mulf %{{.*}}, %[[S]]
// CHECK-NOT: lowbit.fake_quant
func.func @fake_quant(%x: tensor<4xf32>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<4xf32> {
  %f = lowbit.fake_quant %x as !lowbit.affine<i8> scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<4xf32> -> tensor<4xf32>
  return %f : tensor<4xf32>
}
