// Requantization that is refused, by the label of the constraint.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R1) operand and result must have the same shape, found 'tensor<4x2xi32>' and 'tensor<4x3x!lowbit.affine<i8>>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x3x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R2) needs either a scale, as an attribute or an operand, or a multiplier and a shift}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, multiplier = dense<5> : tensor<i32>, shift = dense<20> : tensor<i8>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R2) needs either a scale, as an attribute or an operand, or a multiplier and a shift}}
  %q = lowbit.requantize %x {zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R2) needs either a scale, as an attribute or an operand, or a multiplier and a shift}}
  %q = lowbit.requantize %x {multiplier = dense<5> : tensor<i32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>, %s: tensor<f32>) {
  // expected-error @+1 {{(R2) needs either a scale, as an attribute or an operand, or a multiplier and a shift}}
  %q = lowbit.requantize %x scale(%s : tensor<f32>) {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R3) scale without an axis must have rank 0, found 'tensor<2xf32>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<2xf32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R3) scale along axis 1 must have 2 elements, found 'tensor<3xf32>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<3xf32>, axis = 1, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R3) shift along axis 1 must have 2 elements, found 'tensor<i8>'}}
  %q = lowbit.requantize %x {multiplier = dense<5> : tensor<2xi32>, shift = dense<20> : tensor<i8>, axis = 1, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R4) scale must be positive, normal and finite, found -1.000000e+00 at index 0}}
  %q = lowbit.requantize %x {scale = dense<-1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R4) scale must be positive, normal and finite, found 9.999946e-41 at index 0}}
  %q = lowbit.requantize %x {scale = dense<1.0e-40> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R4) scale must be f32, found 'f64'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f64>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R5) multiplier must not be negative, found -5 at index 0}}
  %q = lowbit.requantize %x {multiplier = dense<-5> : tensor<i32>, shift = dense<20> : tensor<i8>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R5) shift must be in 2:62, found 1 at index 0}}
  %q = lowbit.requantize %x {multiplier = dense<5> : tensor<i32>, shift = dense<1> : tensor<i8>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R5) multiplier must be i32 and shift i8, found 'i32' and 'i32'}}
  %q = lowbit.requantize %x {multiplier = dense<5> : tensor<i32>, shift = dense<20> : tensor<i32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R6) axis 2 is out of range for a value of rank 2}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, axis = 2} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R7) needs one zero_point, an attribute or an operand, found none}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R7) zero_point must be in -128:127, found 200}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<200> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R7) zero_point must have rank 0, found 'tensor<2xi32>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<2xi32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R7) zero_point must be i32, found 'i8'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i8>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R8) the result must be affine and per tensor, found 'tensor<4x2x!lowbit.affine<i8, axis = 1>>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8, axis = 1>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R8) the result must be affine and per tensor, found 'tensor<4x2x!lowbit.float<f8E5M2>>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.float<f8E5M2>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R9) fixed_rounding goes with a multiplier and a shift}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, fixed_rounding = #lowbit.fixed_rounding<single_round>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R9) rounding goes with a scale; fixed point has fixed_rounding}}
  %q = lowbit.requantize %x {multiplier = dense<5> : tensor<i32>, shift = dense<20> : tensor<i8>, zero_point = dense<0> : tensor<i32>, rounding = #lowbit.rounding<floor>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi8>) {
  // expected-error @+1 {{(R10) input_zero_point must be in -128:127, found 200}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, input_zero_point = 200 : i32} : tensor<4x2xi8> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R11) input_zero_point of i32 must be 0, found 2; an accumulator has no zero point}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, input_zero_point = 2 : i32} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i8>>
  return
}

// -----

func.func @f(%x: tensor<4x2xi32>) {
  // expected-error @+1 {{(R12) integers must be affine and not packed, found 'tensor<4x2x!lowbit.affine<i4, pack = 1>>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xi32> -> tensor<4x2x!lowbit.affine<i4, pack = 1>>
  return
}

// -----

func.func @f(%x: tensor<4x2x!lowbit.float<f8E5M2>>) {
  // expected-error @+1 {{(R12) integers must be affine and not packed, found 'tensor<4x2x!lowbit.float<f8E5M2>>'}}
  %q = lowbit.requantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2x!lowbit.float<f8E5M2>> -> tensor<4x2x!lowbit.affine<i8>>
  return
}
