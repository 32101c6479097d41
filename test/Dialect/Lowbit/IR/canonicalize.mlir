// Quantize of dequantize folds where the parameters have equal content;
// dequantize of quantize, where the error is, never does. Quantize of a constant
// is its integers.
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

// Attribute, constant operand, dense list and resource: the content counts.
// CHECK-LABEL: @equal_content
// CHECK-SAME: (%[[X:.*]]: tensor<2x!lowbit.affine<i8, axis = 0>>)
// CHECK-NEXT: return %[[X]]
func.func @equal_content(%x: tensor<2x!lowbit.affine<i8, axis = 0>>) -> tensor<2x!lowbit.affine<i8, axis = 0>> {
  %s = arith.constant dense<[0.5, 0.25]> : tensor<2xf32>
  %d = lowbit.dequantize %x {scale = dense_resource<scales> : tensor<2xf32>, zero_point = dense<[1, 1]> : tensor<2xi32>} : tensor<2x!lowbit.affine<i8, axis = 0>> -> tensor<2xf32>
  %q = lowbit.quantize %d scale(%s : tensor<2xf32>) {zero_point = dense<1> : tensor<2xi32>} : tensor<2xf32> -> tensor<2x!lowbit.affine<i8, axis = 0>>
  return %q : tensor<2x!lowbit.affine<i8, axis = 0>>
}

// A scale of the run may be 0 or NaN, from which no code comes back.
// CHECK-LABEL: @equal_operands
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
func.func @equal_operands(%x: tensor<4x!q>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<4x!q> {
  %d = lowbit.dequantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<4x!q> -> tensor<4xf32>
  %q = lowbit.quantize %d scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<4xf32> -> tensor<4x!q>
  return %q : tensor<4x!q>
}

// 0.034280803 * 83 / 0.034280803 is just below 83.
// CHECK-LABEL: @floor
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
func.func @floor(%x: tensor<4x!q>) -> tensor<4x!q> {
  %d = lowbit.dequantize %x {scale = dense<0.034280803> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %q = lowbit.quantize %d {scale = dense<0.034280803> : tensor<f32>, zero_point = dense<1> : tensor<i32>, rounding = #lowbit.rounding<floor>} : tensor<4xf32> -> tensor<4x!q>
  return %q : tensor<4x!q>
}

// 2^127 times more than 1 is infinite.
!exponents = !lowbit.affine<i8, axis = 0, scale = f8E8M0FNU>
// CHECK-LABEL: @large_exponent
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
func.func @large_exponent(%x: tensor<2x!exponents>) -> tensor<2x!exponents> {
  %d = lowbit.dequantize %x {scale = dense<[1.0, 0xfe]> : tensor<2xf8E8M0FNU>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x!exponents> -> tensor<2xf32>
  %q = lowbit.quantize %d {scale = dense<[1.0, 0xfe]> : tensor<2xf8E8M0FNU>, zero_point = dense<0> : tensor<2xi32>} : tensor<2xf32> -> tensor<2x!exponents>
  return %q : tensor<2x!exponents>
}

// The smallest, 2^-127, is no normal float, but exact.
// CHECK-LABEL: @small_exponent
// CHECK-SAME: (%[[X:.*]]: tensor
// CHECK-NEXT: return %[[X]]
func.func @small_exponent(%x: tensor<2x!exponents>) -> tensor<2x!exponents> {
  %d = lowbit.dequantize %x {scale = dense<[0x00, 0x7f]> : tensor<2xf8E8M0FNU>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x!exponents> -> tensor<2xf32>
  %q = lowbit.quantize %d {scale = dense<[0x00, 0x7f]> : tensor<2xf8E8M0FNU>, zero_point = dense<0> : tensor<2xi32>} : tensor<2xf32> -> tensor<2x!exponents>
  return %q : tensor<2x!exponents>
}

// CHECK-LABEL: @other_operand
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
func.func @other_operand(%x: tensor<4x!q>, %s: tensor<f32>, %t: tensor<f32>, %z: tensor<i32>) -> tensor<4x!q> {
  %d = lowbit.dequantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<4x!q> -> tensor<4xf32>
  %q = lowbit.quantize %d scale(%t : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<4xf32> -> tensor<4x!q>
  return %q : tensor<4x!q>
}

// An infinity code of f8E5M2 saturates on the way back.
// CHECK-LABEL: @small_float
// CHECK: lowbit.dequantize
// CHECK: lowbit.quantize
func.func @small_float(%x: tensor<4x!lowbit.float<f8E5M2>>) -> tensor<4x!lowbit.float<f8E5M2>> {
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>} : tensor<4x!lowbit.float<f8E5M2>> -> tensor<4xf32>
  %q = lowbit.quantize %d {scale = dense<0.5> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.float<f8E5M2>>
  return %q : tensor<4x!lowbit.float<f8E5M2>>
}

// 0.75 / 0.5 is a tie, which goes to the even 2; 100 saturates.
// CHECK-LABEL: @constant
// CHECK: %[[I:.*]] = arith.constant dense<[3, 1, -7, 127]> : tensor<4xi8>
// CHECK: %[[Q:.*]] = lowbit.storage_cast %[[I]] : tensor<4xi8> to tensor<4x!lowbit.affine<i8>>
// CHECK: return %[[Q]]
func.func @constant() -> tensor<4x!q> {
  %c = arith.constant dense<[0.75, 0.25, -4.0, 100.0]> : tensor<4xf32>
  %q = lowbit.quantize %c {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  return %q : tensor<4x!q>
}

// One scale a row; -128 is not in the range.
// CHECK-LABEL: @constant_per_axis
// CHECK: arith.constant dense<{{\[}}[1, 2], [1, -127]]> : tensor<2x2xi8>
func.func @constant_per_axis() -> tensor<2x2x!lowbit.affine<i8, -127:127, axis = 0>> {
  %c = arith.constant dense<[[1.0, 2.0], [2.0, -1000.0]]> : tensor<2x2xf32>
  %q = lowbit.quantize %c {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x2xf32> -> tensor<2x2x!lowbit.affine<i8, -127:127, axis = 0>>
  return %q : tensor<2x2x!lowbit.affine<i8, -127:127, axis = 0>>
}

// The last block is shorter; two int4 a byte, the first in the low half.
// CHECK-LABEL: @constant_packed
// CHECK: arith.constant dense<[-15, 2, -31]> : tensor<3xi8>
func.func @constant_packed() -> tensor<6x!lowbit.affine<i4, block = [4], pack = 0>> {
  %c = arith.constant dense<[1.0, -1.0, 2.0, 0.0, 0.5, -1.0]> : tensor<6xf32>
  %q = lowbit.quantize %c {scale = dense<[1.0, 0.5]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<6xf32> -> tensor<6x!lowbit.affine<i4, block = [4], pack = 0>>
  return %q : tensor<6x!lowbit.affine<i4, block = [4], pack = 0>>
}

// E2M1 codes: 1 is 0010, -1.5 is 1011, 6 is 0111; scales of 2 and 1/2.
// CHECK-LABEL: @constant_mx
// CHECK: arith.constant dense<[2, -5, 7, 0]> : tensor<4xi4>
func.func @constant_mx() -> tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E8M0FNU>> {
  %c = arith.constant dense<[2.0, -3.0, 100.0, 0.0]> : tensor<4xf32>
  %q = lowbit.quantize %c {scale = dense<[2.0, 0.5]> : tensor<2xf8E8M0FNU>} : tensor<4xf32> -> tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E8M0FNU>>
  return %q : tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E8M0FNU>>
}

// CHECK-LABEL: @constant_nf4
// CHECK: arith.constant dense<[0, 7, -1]> : tensor<3xi4>
func.func @constant_nf4() -> tensor<3x!lowbit.codebook<nf4>> {
  %c = arith.constant dense<[-2.0, 0.0, 1.9]> : tensor<3xf32>
  %q = lowbit.quantize %c {scale = dense<2.0> : tensor<f32>} : tensor<3xf32> -> tensor<3x!lowbit.codebook<nf4>>
  return %q : tensor<3x!lowbit.codebook<nf4>>
}

// With a scale for each row there is a splat no more; it stays as it is.
// CHECK-LABEL: @huge_with_axis
// CHECK: lowbit.quantize
func.func @huge_with_axis() -> tensor<2x1099511627776x!lowbit.affine<i8, axis = 0>> {
  %x = arith.constant dense<1.0> : tensor<2x1099511627776xf32>
  %q = lowbit.quantize %x {scale = dense<[0.5, 0.25]> : tensor<2xf32>, zero_point = dense<1> : tensor<2xi32>} : tensor<2x1099511627776xf32> -> tensor<2x1099511627776x!lowbit.affine<i8, axis = 0>>
  return %q : tensor<2x1099511627776x!lowbit.affine<i8, axis = 0>>
}

// Sizes that are equal need no check.
// CHECK-LABEL: @sizes
// CHECK-NOT: "same"
// CHECK: lowbit.check_size {{.*}} "constants"
// CHECK-NEXT: lowbit.check_size {{.*}} "of the run"
// CHECK-NOT: check_size
func.func @sizes(%n: index, %m: index) {
  %two = arith.constant 2 : index
  %three = arith.constant 3 : index
  lowbit.check_size %n, %n "same"
  lowbit.check_size %two, %three "constants"
  lowbit.check_size %two, %two "same"
  lowbit.check_size %n, %m "of the run"
  return
}

{-#
  dialect_resources: {
    builtin: {
      scales: "0x040000000000003F0000803E"
    }
  }
#-}
