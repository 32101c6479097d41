// Values that the model quantizes itself get no observer; those beside them do.
// RUN: quant-opt %s --split-input-file --lowbit-insert-observers --verify-diagnostics | FileCheck %s

// Behind a transpose, too. The weight has no parameters yet.
// CHECK-LABEL: @main
// CHECK: %[[X:.*]] = lowbit.dequantize
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[X]]
// CHECK: %[[W:.*]] = lowbit.observe %{{.*}} "weight" "w"
// CHECK: linalg.matmul ins(%[[T]], %[[W]]
func.func @main(%x: tensor<16x4xf32>) -> tensor<4x8xf32> {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<16x4xf32> -> tensor<16x4x!lowbit.affine<ui8>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<16x4x!lowbit.affine<ui8>> -> tensor<16x4xf32>
  %e = tensor.empty() : tensor<4x16xf32>
  %t = linalg.transpose ins(%d : tensor<16x4xf32>) outs(%e : tensor<4x16xf32>) permutation = [1, 0]
  %w = arith.constant dense<0.25> : tensor<16x8xf32> loc("w")
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.matmul ins(%t, %w : tensor<4x16xf32>, tensor<16x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}

// -----

// Unsigned integers of 16 bits and small floats have no contraction, which then stays float with both operands.
// CHECK-LABEL: @main
// CHECK-NOT: lowbit.observe
func.func @main(%x: tensor<4x16xf32>, %v: tensor<16x8xi8>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<4x16xf32> -> tensor<4x16x!lowbit.affine<ui16>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<4x16x!lowbit.affine<ui16>> -> tensor<4x16xf32>
  %w = arith.constant dense<0.25> : tensor<16x8xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  // expected-remark @+1 {{stays float: the model quantizes an operand to !lowbit.affine<ui16>, which has no integer form in this version}}
  %y = linalg.matmul ins(%d, %w : tensor<4x16xf32>, tensor<16x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  %vq = lowbit.storage_cast %v : tensor<16x8xi8> to tensor<16x8x!lowbit.float<f8E4M3FN, axis = 1>>
  %vd = lowbit.dequantize %vq {scale = dense<0.5> : tensor<8xf32>} : tensor<16x8x!lowbit.float<f8E4M3FN, axis = 1>> -> tensor<16x8xf32>
  // expected-remark @+1 {{stays float: the model quantizes an operand to !lowbit.float<f8E4M3FN, axis = 1>, which has no integer form in this version}}
  %z = linalg.matmul ins(%x, %vd : tensor<4x16xf32>, tensor<16x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y, %z : tensor<4x8xf32>, tensor<4x8xf32>
}
