// A quantized network of TOSA: convolution and rescale to i8, a clamp, a matrix product and a rescale. Phase 1 converts it,
// and it passes the other phases with the integers that it has.
// RUN: quant-opt %s --quantize-ptq 2>&1 | FileCheck %s
// RUN: quant-opt %s --quantize-ptq -o %t.mlir && quant-run %t.mlir --inputs random -o %t.npz
// RUN: quant-opt %s --lowbit-convert-from-tosa -o %t.direct.mlir && quant-run %t.direct.mlir --inputs random --interpret -o %t2.npz && cmp %t.npz %t2.npz

// CHECK-NOT: remark
// CHECK-LABEL: func.func @main
// CHECK-NOT: tosa.
// CHECK-NOT: f32
// CHECK: linalg.generic {{.*}} : tensor<1x8x8x3xi8>, tensor<4x3x3x3xi8>) outs(%{{.*}} : tensor<1x6x6x4xi32>)
// CHECK-NOT: tosa.
func.func @main(%x: tensor<1x8x8x3xi8>) -> tensor<1x36x5xi8> {
  %w = "tosa.const"() <{values = dense<[[[[1, -2, 3], [4, -5, 6], [7, -8, 9]], [[1, 1, 1], [2, 2, 2], [3, 3, 3]], [[0, 0, 1], [0, 1, 0], [1, 0, 0]]],
                                       [[[-1, -2, -3], [4, 5, 6], [-7, 8, -9]], [[9, 8, 7], [6, 5, 4], [3, 2, 1]], [[0, 0, 1], [0, 1, 0], [1, 0, 0]]],
                                       [[[127, -128, 3], [4, -5, 6], [7, -8, 9]], [[1, 1, 1], [2, 2, 2], [3, 3, 3]], [[0, 0, 1], [0, 1, 0], [1, 0, 0]]],
                                       [[[1, -2, 3], [4, -5, 6], [7, -8, 9]], [[-1, 1, -1], [2, -2, 2], [-3, 3, 3]], [[5, 0, 1], [0, 1, 0], [1, 0, 5]]]]> : tensor<4x3x3x3xi8>}> : () -> tensor<4x3x3x3xi8>
  %b = "tosa.const"() <{values = dense<[100, -200, 300, 7]> : tensor<4xi32>}> : () -> tensor<4xi32>
  %xzp = "tosa.const"() <{values = dense<-3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zp = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<36> : tensor<1xi8>}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %xzp, %zp {acc_type = i32, dilation = array<i64: 1, 1>, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>}
      : (tensor<1x8x8x3xi8>, tensor<4x3x3x3xi8>, tensor<4xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x6x6x4xi32>
  %h = tosa.rescale %acc, %m, %s, %z, %zp {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
      : (tensor<1x6x6x4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x6x6x4xi8>
  %r = tosa.clamp %h {min_val = 0 : i8, max_val = 100 : i8} : (tensor<1x6x6x4xi8>) -> tensor<1x6x6x4xi8>
  %shape = tosa.const_shape {values = dense<[1, 36, 4]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %flat = tosa.reshape %r, %shape : (tensor<1x6x6x4xi8>, !tosa.shape<3>) -> tensor<1x36x4xi8>
  %v = "tosa.const"() <{values = dense<[[[1, 2, 3, 4, 5], [-6, 7, -8, 9, -10], [11, 12, 13, 14, 15], [100, -100, 50, -50, 127]]]> : tensor<1x4x5xi8>}> : () -> tensor<1x4x5xi8>
  %p = tosa.matmul %flat, %v, %zp, %zp : (tensor<1x36x4xi8>, tensor<1x4x5xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x36x5xi32>
  %y = tosa.rescale %p, %m, %s, %z, %xzp {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false}
      : (tensor<1x36x5xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x36x5xi8>
  return %y : tensor<1x36x5xi8>
}
