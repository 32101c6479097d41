// The zero point is +0: padding with -0 is not padding with it.
// RUN: quant-opt %s --lowbit-fold-qdq | FileCheck %s

// CHECK: %[[D:.*]] = lowbit.dequantize
// CHECK: tensor.pad %[[D]]
// CHECK: tensor.yield %{{.*}} : f32
func.func @main(%q: tensor<4x!lowbit.affine<i8>>) -> tensor<5xf32> {
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>}
      : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
  %z = arith.constant -0.0 : f32
  %p = tensor.pad %d low[1] high[0] {
  ^bb0(%i: index):
    tensor.yield %z : f32
  } : tensor<4xf32> to tensor<5xf32>
  return %p : tensor<5xf32>
}
