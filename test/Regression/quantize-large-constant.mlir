// The integers of a large constant are a resource, not an attribute that is
// hashed as a whole. What is short or all equal stays in the text.
// RUN: quant-opt %s --canonicalize -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: quant-run %t.mlir --print > %t.compiled
// RUN: quant-run %t.mlir --print --interpret > %t.interpreted
// RUN: diff %t.compiled %t.interpreted
// RUN: quant-run %s --print --interpret > %t.before
// RUN: diff %t.before %t.interpreted

// CHECK-LABEL: @main
// CHECK: arith.constant dense_resource<quantized> : tensor<100xi8>
// CHECK-NOT: lowbit.quantize
func.func @main() -> tensor<100xf32> {
  %x = arith.constant dense<[-25.0, -24.5, -24.0, -23.5, -23.0, -22.5, -22.0, -21.5, -21.0, -20.5, -20.0, -19.5, -19.0, -18.5, -18.0, -17.5, -17.0, -16.5, -16.0, -15.5, -15.0, -14.5, -14.0, -13.5, -13.0, -12.5, -12.0, -11.5, -11.0, -10.5, -10.0, -9.5, -9.0, -8.5, -8.0, -7.5, -7.0, -6.5, -6.0, -5.5, -5.0, -4.5, -4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0, 10.5, 11.0, 11.5, 12.0, 12.5, 13.0, 13.5, 14.0, 14.5, 15.0, 15.5, 16.0, 16.5, 17.0, 17.5, 18.0, 18.5, 19.0, 19.5, 20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5, 24.0, 24.5]> : tensor<100xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<100xf32> -> tensor<100x!lowbit.affine<i8>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<100x!lowbit.affine<i8>> -> tensor<100xf32>
  return %d : tensor<100xf32>
}

// CHECK-LABEL: @wide
// CHECK: arith.constant dense_resource<quantized_1> : tensor<100xi16>
func.func private @wide() -> tensor<100xf32> {
  %x = arith.constant dense<[-25.0, -24.5, -24.0, -23.5, -23.0, -22.5, -22.0, -21.5, -21.0, -20.5, -20.0, -19.5, -19.0, -18.5, -18.0, -17.5, -17.0, -16.5, -16.0, -15.5, -15.0, -14.5, -14.0, -13.5, -13.0, -12.5, -12.0, -11.5, -11.0, -10.5, -10.0, -9.5, -9.0, -8.5, -8.0, -7.5, -7.0, -6.5, -6.0, -5.5, -5.0, -4.5, -4.0, -3.5, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0, 6.5, 7.0, 7.5, 8.0, 8.5, 9.0, 9.5, 10.0, 10.5, 11.0, 11.5, 12.0, 12.5, 13.0, 13.5, 14.0, 14.5, 15.0, 15.5, 16.0, 16.5, 17.0, 17.5, 18.0, 18.5, 19.0, 19.5, 20.0, 20.5, 21.0, 21.5, 22.0, 22.5, 23.0, 23.5, 24.0, 24.5]> : tensor<100xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<100xf32> -> tensor<100x!lowbit.affine<i16>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<100x!lowbit.affine<i16>> -> tensor<100xf32>
  return %d : tensor<100xf32>
}

// CHECK-LABEL: @few
// CHECK: arith.constant dense<[-1, 0, 1, 2]> : tensor<4xi8>
func.func private @few() -> tensor<4xf32> {
  %x = arith.constant dense<[-1.0, -0.5, 0.0, 0.5]> : tensor<4xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
  return %d : tensor<4xf32>
}

// CHECK-LABEL: @equal
// CHECK: arith.constant dense<3> : tensor<100000xi16>
func.func private @equal() -> tensor<100000xf32> {
  %x = arith.constant dense<1.0> : tensor<100000xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<100000xf32> -> tensor<100000x!lowbit.affine<i16>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<100000x!lowbit.affine<i16>> -> tensor<100000xf32>
  return %d : tensor<100000xf32>
}

// CHECK-LABEL: @none
// CHECK: arith.constant dense<> : tensor<0xi8>
func.func private @none() -> tensor<0xf32> {
  %x = arith.constant dense<> : tensor<0xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<0xf32> -> tensor<0x!lowbit.affine<i8>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<0x!lowbit.affine<i8>> -> tensor<0xf32>
  return %d : tensor<0xf32>
}

// Elements that are not whole bytes have no resource.
// CHECK-LABEL: @nibbles
// CHECK: arith.constant dense<3> : tensor<65536xi4>
// CHECK-NOT: lowbit.quantize
func.func private @nibbles() -> tensor<65536xf32> {
  %x = arith.constant dense<1.0> : tensor<65536xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<65536xf32> -> tensor<65536x!lowbit.affine<i4>>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<65536x!lowbit.affine<i4>> -> tensor<65536xf32>
  return %d : tensor<65536xf32>
}

// CHECK-LABEL: @too_many
// CHECK: lowbit.quantize
func.func private @too_many() -> tensor<2x32769xf32> {
  %x = arith.constant dense<1.0> : tensor<2x32769xf32>
  %q = lowbit.quantize %x {scale = dense<[0.5, 0.25]> : tensor<2xf32>, zero_point = dense<1> : tensor<2xi32>} : tensor<2x32769xf32> -> tensor<2x32769x!lowbit.affine<i4, axis = 0>>
  %d = lowbit.dequantize %q {scale = dense<[0.5, 0.25]> : tensor<2xf32>, zero_point = dense<1> : tensor<2xi32>} : tensor<2x32769x!lowbit.affine<i4, axis = 0>> -> tensor<2x32769xf32>
  return %d : tensor<2x32769xf32>
}

// CHECK: quantized: "0x40000000
