// A cast of shape between quantized tensors is one between the integers that
// store them; it stayed behind and was found by bufferization.
// RUN: quant-opt %s --lowbit-lower-qdq | FileCheck %s

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
