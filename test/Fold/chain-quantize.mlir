// A value in two widths: the narrow integers are made of the wide ones.
// RUN: quant-opt %s --lowbit-fold-qdq --split-input-file | FileCheck %s

// CHECK-LABEL: @two_widths
// CHECK: %[[Y:.*]] = linalg.exp
// CHECK: %[[WIDE:.*]] = lowbit.quantize %[[Y]] {{.*}} -> tensor<4x!lowbit.affine<i16>>
// CHECK: %[[NARROW:.*]] = lowbit.requantize %[[WIDE]] {{.*}} -> tensor<4x!lowbit.affine<i8>>
// CHECK: return %[[NARROW]], %[[WIDE]]
func.func @two_widths(%x: tensor<4xf32>) -> (tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = lowbit.quantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %w = lowbit.quantize %y {scale = dense<0.0078125> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i16>>
  return %n, %w : tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>
}

// -----

// The wide one ends at 127.9, the narrow one at 254 steps of 1.
// CHECK-LABEL: @range_is_smaller
// CHECK: %[[Y:.*]] = linalg.exp
// CHECK-DAG: lowbit.quantize %[[Y]] {{.*}} -> tensor<4x!lowbit.affine<i8>>
// CHECK-DAG: lowbit.quantize %[[Y]] {{.*}} -> tensor<4x!lowbit.affine<i16>>
func.func @range_is_smaller(%x: tensor<4xf32>) -> (tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = lowbit.quantize %y {scale = dense<1.0> : tensor<f32>, zero_point = dense<-127> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %w = lowbit.quantize %y {scale = dense<0.00390625> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i16>>
  return %n, %w : tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>
}

// -----

// Too coarse: a step of the narrow one is 16 of the wide one.
// CHECK-LABEL: @too_coarse
// CHECK: %[[Y:.*]] = linalg.exp
// CHECK-DAG: lowbit.quantize %[[Y]] {{.*}} -> tensor<4x!lowbit.affine<i8>>
// CHECK-DAG: lowbit.quantize %[[Y]] {{.*}} -> tensor<4x!lowbit.affine<i16>>
func.func @too_coarse(%x: tensor<4xf32>) -> (tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = lowbit.quantize %y {scale = dense<0.125> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %w = lowbit.quantize %y {scale = dense<0.0078125> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i16>>
  return %n, %w : tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>
}

// -----

// A float reader needs the value all the same.
// CHECK-LABEL: @read_as_float
// CHECK: %[[Y:.*]] = linalg.exp
// CHECK: lowbit.quantize %[[Y]] {{.*}} -> tensor<4x!lowbit.affine<i8>>
func.func @read_as_float(%x: tensor<4xf32>) -> (tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %n = lowbit.quantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %w = lowbit.quantize %y {scale = dense<0.0078125> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i16>>
  return %n, %w, %y : tensor<4x!lowbit.affine<i8>>, tensor<4x!lowbit.affine<i16>>, tensor<4xf32>
}
