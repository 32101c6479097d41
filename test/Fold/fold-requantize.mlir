// RUN: quant-opt %s --split-input-file --lowbit-fold-qdq | FileCheck %s

// Twice the scale: every integer is halved, ties to even, in both forms.
// CHECK-LABEL: @halves
// CHECK-SAME: %[[Q:.*]]: tensor<?x!lowbit.affine<i8>>
// CHECK-NEXT: %[[R:.*]] = lowbit.requantize %[[Q]] {input_zero_point = 3 : i32, scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<130> : tensor<i32>} : tensor<?x!lowbit.affine<i8>> -> tensor<?x!lowbit.affine<ui8>>
// CHECK-NEXT: return %[[R]]
func.func @halves(%q: tensor<?x!lowbit.affine<i8>>) -> tensor<?x!lowbit.affine<ui8>> {
  %d = lowbit.dequantize %q {scale = dense<0.25> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<?x!lowbit.affine<i8>> -> tensor<?xf32>
  %r = lowbit.quantize %d {scale = dense<0.5> : tensor<f32>, zero_point = dense<130> : tensor<i32>} : tensor<?xf32> -> tensor<?x!lowbit.affine<ui8>>
  return %r : tensor<?x!lowbit.affine<ui8>>
}

// -----

// The factor is one half, too, but the products q * 0.7 are rounded, and some quotients miss their tie: both stay.
// CHECK-LABEL: @rounds_differently
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
// CHECK-NOT: lowbit.requantize
func.func @rounds_differently(%q: tensor<?x!lowbit.affine<i8>>) -> tensor<?x!lowbit.affine<i8>> {
  %d = lowbit.dequantize %q {scale = dense<0.7> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<?x!lowbit.affine<i8>> -> tensor<?xf32>
  %r = lowbit.quantize %d {scale = dense<1.4> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<?xf32> -> tensor<?x!lowbit.affine<i8>>
  return %r : tensor<?x!lowbit.affine<i8>>
}

// -----

// Equal parameters cancel, behind movement of the integers too.
// CHECK-LABEL: @cancels
// CHECK-SAME: %[[Q:.*]]: tensor<2x4x!lowbit.affine<i8>>
// CHECK-NOT: quantize
// CHECK: tensor.collapse_shape
// CHECK-NOT: quantize
func.func @cancels(%q: tensor<2x4x!lowbit.affine<i8>>) -> tensor<8x!lowbit.affine<i8>> {
  %d = lowbit.dequantize %q {scale = dense<0.7> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<2x4x!lowbit.affine<i8>> -> tensor<2x4xf32>
  %c = tensor.collapse_shape %d [[0, 1]] : tensor<2x4xf32> into tensor<8xf32>
  %r = lowbit.quantize %c {scale = dense<0.7> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<8xf32> -> tensor<8x!lowbit.affine<i8>>
  return %r : tensor<8x!lowbit.affine<i8>>
}

// -----

// Scales along an axis, of the run, and wrapping stay.
// CHECK-LABEL: @stays
// CHECK-COUNT-3: lowbit.quantize
// CHECK-NOT: requantize
func.func @stays(%a: tensor<2x4x!lowbit.affine<i8, axis = 0>>, %b: tensor<4x!lowbit.affine<i8>>, %s: tensor<f32>)
    -> (tensor<2x4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i8>>) {
  %ad = lowbit.dequantize %a {scale = dense<0.25> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x4x!lowbit.affine<i8, axis = 0>> -> tensor<2x4xf32>
  %0 = lowbit.quantize %ad {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x4xf32> -> tensor<2x4x!lowbit.affine<i8>>
  %bd = lowbit.dequantize %b {scale = dense<0.25> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
  %1 = lowbit.quantize %bd scale(%s : tensor<f32>) {zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %2 = lowbit.quantize %bd {saturate = false, scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return %0, %1, %2 : tensor<2x4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i8>>
}
