// Quantization that is refused, by the label of the constraint.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P1) operand and result must have the same shape, found 'tensor<4xf32>' and 'tensor<5x!lowbit.affine<i8>>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<5x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P1) operand and result must have the same shape, found 'tensor<4xf32>' and '!lowbit.affine<i8>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> !lowbit.affine<i8>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P2) needs one scale, an attribute or an operand, found none}}
  %q = lowbit.quantize %x {zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{(P2) needs one scale, an attribute or an operand, found both}}
  %q = lowbit.quantize %x scale(%s : tensor<f32>) {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P3) '!lowbit.affine<i8>' has a zero_point, found none}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %s: tensor<i32>) {
  // expected-error @+1 {{(P3) needs one zero_point, an attribute or an operand, found both}}
  %q = lowbit.quantize %x zero_point(%s : tensor<i32>) {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P3) '!lowbit.float<f8E5M2>' has no zero_point, found one}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.float<f8E5M2>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P4) a tensor_scale goes with scales of f8E4M3FN, those of '!lowbit.affine<i8>' are 'f32'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, tensor_scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{(P4) needs one tensor_scale, an attribute or an operand, found both}}
  %q = lowbit.quantize %x tensor_scale(%s : tensor<f32>) {scale = dense<1.0> : tensor<f8E4M3FN>, tensor_scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.float<f4E2M1FN, scale = f8E4M3FN>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P5) scale must have elements of 'f32', found 'tensor<f8E4M3FN>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f8E4M3FN>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P6) scale of '!lowbit.affine<i8, axis = 0>' over 'tensor<4x!lowbit.affine<i8, axis = 0>>' must be 'tensor<4xf32>', found 'tensor<3xf32>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, axis = 0>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P6) scale of '!lowbit.affine<i8>' over 'tensor<4x!lowbit.affine<i8>>' must be 'tensor<f32>', found 'tensor<4xf32>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<4xf32>, zero_point = dense<0> : tensor<4xi32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<5xf32>) {
  // expected-error @+1 {{(P6) scale of '!lowbit.affine<i8, block = [2]>' over 'tensor<5x!lowbit.affine<i8, block = [2]>>' must be 'tensor<3xf32>', found 'tensor<2xf32>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<5xf32> -> tensor<5x!lowbit.affine<i8, block = [2]>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %s: f32) {
  // expected-error @+1 {{(P6) scale of '!lowbit.affine<i8>' over 'tensor<4x!lowbit.affine<i8>>' must be 'tensor<f32>', found 'f32'}}
  %q = lowbit.quantize %x scale(%s : f32) {zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

// Over a scalar an operand is a scalar, and the message says so.
func.func @p6_scalar(%x: f32, %s: tensor<f8E8M0FNU>) {
  // expected-error @+1 {{(P6) scale of '!lowbit.float<f8E4M3FN, scale = f8E8M0FNU>' over '!lowbit.float<f8E4M3FN, scale = f8E8M0FNU>' must be 'f8E8M0FNU', found 'tensor<f8E8M0FNU>'}}
  %q = lowbit.quantize %x scale(%s : tensor<f8E8M0FNU>) : f32 -> !lowbit.float<f8E4M3FN, scale = f8E8M0FNU>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P7) scale must be finite, positive and at least 2^-63, found 0.000000e+00 at index 0}}
  %q = lowbit.quantize %x {scale = dense<0.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P7) scale must be finite, positive and at least 2^-63, found 1.000000e-30 at index 0}}
  %q = lowbit.quantize %x {scale = dense<1.0e-30> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P7) scale must be finite, positive and at least 2^-63, found nan at index 1}}
  %q = lowbit.quantize %x {scale = dense<[1.0, 0x7FC00000, 1.0, 1.0]> : tensor<4xf32>, zero_point = dense<0> : tensor<4xi32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, axis = 0>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P8) zero_point must be in -128:127, found 300 at index 0}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<300> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P9) axis 1 is out of range for a tensor of rank 1}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, axis = 1>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P9) a block of rank 2 does not fit a tensor of rank 1}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, block = [2, 2]>>
  return
}

// -----

func.func @f(%x: f32) {
  // expected-error @+1 {{(P10) a scalar has one scale and is not packed, found '!lowbit.affine<i8, axis = 0>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<1xf32>, zero_point = dense<0> : tensor<1xi32>} : f32 -> !lowbit.affine<i8, axis = 0>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P11) pack = 1 is out of range for a tensor of rank 1}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i4, pack = 1>>
  return
}

// -----

func.func @f(%x: tensor<5xf32>) {
  // expected-error @+1 {{(P11) 5 elements of 4 bits along dimension 0 do not fill whole bytes}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<5xf32> -> tensor<5x!lowbit.affine<i4, pack = 0>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(Q1) '!lowbit.float<f8E5M2>' rounds half to even, found floor}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, rounding = #lowbit.rounding<floor>} : tensor<4xf32> -> tensor<4x!lowbit.float<f8E5M2>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(Q2) a codebook saturates}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, saturate = false} : tensor<4xf32> -> tensor<4x!lowbit.codebook<nf4>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(Q3) what does not saturate wraps, in a range of 2^n values; -127:127 has 255}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, saturate = false} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, -127:127>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P0) format must be a quantized type}}
  %q = lowbit.fake_quant %x as i8 {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P3) '!lowbit.affine<i8>' has a zero_point, found none}}
  %q = lowbit.fake_quant %x as !lowbit.affine<i8> {scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(A1) has no attribute 'roundingg'; it has format, rounding, saturate, scale, tensor_scale, zero_point}}
  %q = lowbit.fake_quant %x as !lowbit.affine<i8> {roundingg = #lowbit.rounding<floor>, scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x!lowbit.affine<i8>>) {
  // expected-error @+1 {{(A1) has no attribute 'saturate'; it has none of its own}}
  %i = lowbit.storage_cast %x {saturate = false} : tensor<4x!lowbit.affine<i8>> to tensor<4xi8>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %g: tensor<4xf32>) {
  // expected-error @+1 {{(F1) format must be affine, found '!lowbit.float<f8E5M2>'}}
  %a, %b, %c = lowbit.fake_quant_grad %x, %g as !lowbit.float<f8E5M2> {scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<f32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>, %g: tensor<4xf32>) {
  // expected-error @+1 {{(F2) the gradients of the parameters must be 'tensor<f32>', found 'tensor<4xf32>'}}
  %a, %b, %c = lowbit.fake_quant_grad %x, %g as !lowbit.affine<i8> {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4x!lowbit.affine<i8>>) {
  // expected-error @+1 {{(S2) storage of '!lowbit.affine<i8>' is 'i8', found 'i16'}}
  %i = lowbit.storage_cast %x : tensor<4x!lowbit.affine<i8>> to tensor<4xi16>
  return
}

// -----

func.func @f(%x: tensor<4xi8>) {
  // expected-error @+1 {{(S1) needs a quantized type on one side and integers on the other, found 'tensor<4xi8>' and 'tensor<4xi8>'}}
  %i = lowbit.storage_cast %x : tensor<4xi8> to tensor<4xi8>
  return
}

// -----

func.func @f(%x: tensor<4x!lowbit.affine<i8>>) {
  // expected-error @+1 {{(S3) 'tensor<4x!lowbit.affine<i8>>' is stored in 'tensor<4xi8>', found 'tensor<5xi8>'}}
  %i = lowbit.storage_cast %x : tensor<4x!lowbit.affine<i8>> to tensor<5xi8>
  return
}

// -----

func.func @f(%x: tensor<4x!lowbit.affine<i4, pack = 0>>) {
  // expected-error @+1 {{(S3) 'tensor<4x!lowbit.affine<i4, pack = 0>>' is stored in 'tensor<2xi8>', found 'tensor<4xi8>'}}
  %i = lowbit.storage_cast %x : tensor<4x!lowbit.affine<i4, pack = 0>> to tensor<4xi8>
  return
}

// -----

func.func @f(%x: !lowbit.affine<i4, pack = 0>) {
  // expected-error @+1 {{(S3) a scalar is not packed, found '!lowbit.affine<i4, pack = 0>'}}
  %i = lowbit.storage_cast %x : !lowbit.affine<i4, pack = 0> to i8
  return
}

// -----

func.func @f(%x: tensor<4x!lowbit.affine<i8>>) {
  // expected-error @+1 {{(S3) needs two scalars or two ranked tensors, found 'tensor<4x!lowbit.affine<i8>>' and 'i8'}}
  %i = lowbit.storage_cast %x : tensor<4x!lowbit.affine<i8>> to i8
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P7) scale 1.000000e+38 at index 0 is so large that 137 steps of it are infinite}}
  %q = lowbit.quantize %x {scale = dense<1.0e38> : tensor<f32>, zero_point = dense<-10> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P7) scale must be positive or NaN, found 0.000000e+00 at index 1}}
  %q = lowbit.quantize %x {scale = dense<[1.0, 0.0]> : tensor<2xf8E4M3FN>} : tensor<4xf32> -> tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E4M3FN>>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(P7) scale must be positive or NaN, found -1.000000e+00 at index 0}}
  %q = lowbit.quantize %x {scale = dense<[-1.0, 1.0]> : tensor<2xf8E4M3FN>} : tensor<4xf32> -> tensor<4x!lowbit.float<f4E2M1FN, block = [2], scale = f8E4M3FN>>
  return
}
