// Quantize of dequantize folds where the parameters are equal; dequantize of
// quantize, where the error is, never does.
// RUN: quant-opt %s --canonicalize | FileCheck %s

!q = !lowbit.affine<i8>

// CHECK-LABEL: @quantize_of_dequantize
// CHECK-SAME: (%[[X:.*]]: tensor<4x!lowbit.affine<i8>>)
// CHECK-NEXT: return %[[X]]
func.func @quantize_of_dequantize(%x: tensor<4x!q>) -> tensor<4x!q> {
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %q = lowbit.quantize %d {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  return %q : tensor<4x!q>
}

// CHECK-LABEL: @other_scale
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
func.func @other_scale(%x: tensor<4x!q>) -> tensor<4x!q> {
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %q = lowbit.quantize %d {scale = dense<0.25> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  return %q : tensor<4x!q>
}

// CHECK-LABEL: @dequantize_of_quantize
// CHECK: lowbit.quantize
// CHECK: lowbit.dequantize
func.func @dequantize_of_quantize(%x: tensor<4xf32>) -> tensor<4xf32> {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// CHECK-LABEL: @casts
// CHECK-SAME: (%[[X:.*]]: tensor<4xi8>)
// CHECK-NEXT: return %[[X]]
func.func @casts(%x: tensor<4xi8>) -> tensor<4xi8> {
  %a = lowbit.storage_cast %x : tensor<4xi8> to tensor<4x!q>
  %b = lowbit.storage_cast %a : tensor<4x!q> to tensor<4xi8>
  return %b : tensor<4xi8>
}
