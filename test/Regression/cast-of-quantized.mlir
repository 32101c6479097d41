// A cast of shape between quantized tensors, or another movement, is one of the
// integers that store them; it stayed behind and was found by bufferization.
// RUN: quant-opt %s --lowbit-lower-qdq --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: %[[Q:.*]] = linalg.generic
// CHECK-SAME: outs(%{{.*}} : tensor<?x4xi8>)
// CHECK: %[[S:.*]] = tensor.cast %[[Q]] : tensor<?x4xi8> to tensor<2x4xi8>
// CHECK-NOT: lowbit
// CHECK: return %[[S]] : tensor<2x4xi8>
func.func @main(%x: tensor<?x4xf32>) -> tensor<2x4xi8> {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>}
      : tensor<?x4xf32> -> tensor<?x4x!lowbit.affine<i8>>
  %s = tensor.cast %q : tensor<?x4x!lowbit.affine<i8>> to tensor<2x4x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %s : tensor<2x4x!lowbit.affine<i8>> to tensor<2x4xi8>
  return %i : tensor<2x4xi8>
}

// -----

!q = !lowbit.affine<i8, axis = 1>

// CHECK-LABEL: func.func @move
// CHECK: tensor.extract_slice %{{.*}} : tensor<2x4xi8> to tensor<2x2xi8>
// CHECK: tensor.insert_slice %{{.*}} : tensor<2x2xi8> into tensor<4x2xi8>
// CHECK: tensor.concat dim(0) %{{.*}} : (tensor<2x2xi8>, tensor<4x2xi8>) -> tensor<6x2xi8>
// CHECK: tensor.expand_shape %{{.*}} : tensor<6x2xi8> into tensor<2x3x2xi8>
// CHECK: tensor.collapse_shape %{{.*}} : tensor<2x3x2xi8> into tensor<6x2xi8>
// CHECK-NOT: lowbit.affine
func.func @move(%x: tensor<2x4xf32>) -> tensor<6x2xi8> {
  %q = lowbit.quantize %x {scale = dense<[0.5, 0.25, 1.0, 2.0]> : tensor<4xf32>, zero_point = dense<1> : tensor<4xi32>}
      : tensor<2x4xf32> -> tensor<2x4x!q>
  %s = tensor.extract_slice %q[0, 1] [2, 2] [1, 1] : tensor<2x4x!q> to tensor<2x2x!q>
  %e = tensor.empty() : tensor<4x2x!q>
  %t = tensor.insert_slice %s into %e[2, 0] [2, 2] [1, 1] : tensor<2x2x!q> into tensor<4x2x!q>
  %u = tensor.concat dim(0) %s, %t : (tensor<2x2x!q>, tensor<4x2x!q>) -> tensor<6x2x!q>
  %v = tensor.expand_shape %u [[0, 1], [2]] output_shape [2, 3, 2] : tensor<6x2x!q> into tensor<2x3x2x!q>
  %w = tensor.collapse_shape %v [[0, 1], [2]] : tensor<2x3x2x!q> into tensor<6x2x!q>
  %i = lowbit.storage_cast %w : tensor<6x2x!q> to tensor<6x2xi8>
  return %i : tensor<6x2xi8>
}

// -----

!p = !lowbit.affine<i4, pack = 0>

// CHECK-NOT: @packed
func.func @packed(%x: tensor<4xf32>) -> tensor<1xi8> {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4xf32> -> tensor<4x!p>
  // expected-error @+1 {{moves elements of '!lowbit.affine<i4, pack = 0>', which share bytes}}
  %s = tensor.extract_slice %q[1] [2] [1] : tensor<4x!p> to tensor<2x!p>
  %i = lowbit.storage_cast %s : tensor<2x!p> to tensor<1xi8>
  return %i : tensor<1xi8>
}
