// An observer with a format becomes a pair, one without becomes its operand.
// RUN: quant-opt %s --lowbit-insert-qdq | FileCheck %s

// CHECK-LABEL: @static
// CHECK-SAME: (%[[X:.*]]: tensor<4xf32>)
// CHECK: %[[Q:.*]] = lowbit.quantize %[[X]] {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
// CHECK: %[[D:.*]] = lowbit.dequantize %[[Q]] {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
// CHECK: return %[[D]], %[[X]]
func.func @static(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = lowbit.observe %x "activation" "x" {format = !lowbit.affine<i8>, scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<4xf32>
  %1 = lowbit.observe %x "activation" "y" : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: @dynamic
// CHECK-SAME: (%[[X:.*]]: tensor<?x4xf32>)
// CHECK: %[[ALL:.*]] = tensor.collapse_shape %[[X]] {{\[\[}}0, 1]]
// CHECK: %[[LOW:.*]] = linalg.generic {{.*}} ["reduction"]} ins(%[[ALL]]
// CHECK: arith.minnumf
// CHECK: %[[HIGH:.*]] = linalg.generic {{.*}} ["reduction"]} ins(%[[ALL]]
// CHECK: arith.maxnumf
// CHECK: %[[SCALE:.*]] = linalg.generic {{.*}} ins(%[[LOW]], %[[HIGH]]
// CHECK: arith.subf
// CHECK: arith.divf
// CHECK: arith.maxnumf
// CHECK: arith.minnumf
// CHECK: %[[ZERO:.*]] = linalg.generic {{.*}} ins(%[[LOW]], %[[SCALE]]
// CHECK: math.roundeven
// CHECK: arith.fptosi
// CHECK: %[[Q:.*]] = lowbit.quantize %[[X]] scale(%[[SCALE]] : tensor<f32>) zero_point(%[[ZERO]] : tensor<i32>)
// CHECK: lowbit.dequantize %[[Q]] scale(%[[SCALE]] : tensor<f32>) zero_point(%[[ZERO]] :
func.func @dynamic(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %0 = lowbit.observe %x "activation" "x" {format = !lowbit.affine<i8>} : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// A range for each token: the parameters have the shape that the format says.
// CHECK-LABEL: @rows
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x4xf32>)
// CHECK: %[[LOW:.*]] = linalg.generic {{.*}} ["parallel", "parallel", "reduction"]} ins(%[[X]] : tensor<?x?x4xf32>) outs(%{{.*}} : tensor<?x?xf32>)
// CHECK: arith.minnumf
// CHECK: %[[SCALE:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [{{.*}}, 1] : tensor<?x?xf32> into tensor<?x?x1xf32>
// CHECK: %[[ZERO:.*]] = tensor.expand_shape %{{.*}} : tensor<?x?xi32> into tensor<?x?x1xi32>
// CHECK: lowbit.quantize %[[X]] scale(%[[SCALE]] : tensor<?x?x1xf32>) zero_point(%[[ZERO]] : tensor<?x?x1xi32>)
func.func @rows(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %0 = lowbit.observe %x "activation" "x" {format = !lowbit.affine<i8, block = [1, 1, *]>} : tensor<?x?x4xf32>
  return %0 : tensor<?x?x4xf32>
}

// What is whole comes first or lies between: the dimensions of 1 stay in place.
// CHECK-LABEL: @columns
// CHECK: linalg.generic {{.*}} ["reduction", "parallel", "reduction"]}
// CHECK: tensor.expand_shape %{{.*}} {{\[\[}}0, 1, 2]] output_shape [1, 3, 1] : tensor<3xf32> into tensor<1x3x1xf32>
func.func @columns(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  %0 = lowbit.observe %x "activation" "x" {format = !lowbit.affine<i8, block = [*, 1, *]>} : tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}
