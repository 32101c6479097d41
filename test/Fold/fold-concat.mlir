// Concatenation of integers.
// RUN: quant-opt %s --lowbit-fold-qdq --split-input-file | FileCheck %s

// CHECK-LABEL: @same_parameters
// CHECK: tensor.concat dim(0) {{.*}} : (tensor<2xi8>, tensor<3xi8>) -> tensor<5xi8>
// CHECK: lowbit.dequantize {{.*}}lowbit.id = "joined"
func.func @same_parameters(%a: tensor<2x!lowbit.affine<i8>>, %b: tensor<3x!lowbit.affine<i8>>) -> tensor<5xf32> {
  %x = lowbit.dequantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<2x!lowbit.affine<i8>> -> tensor<2xf32>
  %y = lowbit.dequantize %b {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<3x!lowbit.affine<i8>> -> tensor<3xf32>
  %c = tensor.concat dim(0) %x, %y {lowbit.id = "joined"} : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  return %c : tensor<5xf32>
}

// -----

// CHECK-LABEL: @other_parameters
// CHECK: tensor.concat {{.*}} -> tensor<5xf32>
func.func @other_parameters(%a: tensor<2x!lowbit.affine<i8>>, %b: tensor<3x!lowbit.affine<i8>>) -> tensor<5xf32> {
  %x = lowbit.dequantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<2x!lowbit.affine<i8>> -> tensor<2xf32>
  %y = lowbit.dequantize %b {scale = dense<0.25> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<3x!lowbit.affine<i8>> -> tensor<3xf32>
  %c = tensor.concat dim(0) %x, %y : (tensor<2xf32>, tensor<3xf32>) -> tensor<5xf32>
  return %c : tensor<5xf32>
}

// -----

// Each part is quantized as the whole is, before it is reshaped.
// CHECK-LABEL: @quantized_whole
// CHECK-SAME: %[[A:.*]]: tensor<2x2xf32>, %[[B:.*]]: tensor<3xf32>
// CHECK-DAG: lowbit.quantize %[[A]] {{.*}}tensor<2x2xf32> -> tensor<2x2x!lowbit.affine<i8>>
// CHECK-DAG: lowbit.quantize %[[B]] {{.*}}tensor<3xf32> -> tensor<3x!lowbit.affine<i8>>
// CHECK-DAG: tensor.collapse_shape {{.*}} : tensor<2x2xi8> into tensor<4xi8>
// CHECK: tensor.concat dim(0) {{.*}} -> tensor<7xi8>
// CHECK-NOT: f32>
// CHECK: return
func.func @quantized_whole(%a: tensor<2x2xf32>, %b: tensor<3xf32>) -> tensor<7x!lowbit.affine<i8>> {
  %x = tensor.collapse_shape %a [[0, 1]] : tensor<2x2xf32> into tensor<4xf32>
  %c = tensor.concat dim(0) %x, %b : (tensor<4xf32>, tensor<3xf32>) -> tensor<7xf32>
  %q = lowbit.quantize %c {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<7xf32> -> tensor<7x!lowbit.affine<i8>>
  return %q : tensor<7x!lowbit.affine<i8>>
}
