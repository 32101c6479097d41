// RUN: quant-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{storage must be an integer of 2 to 16 bits, found 'i32'}}
func.func private @width(tensor<4x!lowbit.affine<i32>>)

// -----

// expected-error @+1 {{range -200:127 does not fit storage 'i8' (-128:127)}}
func.func private @range(tensor<4x!lowbit.affine<i8, -200:127>>)

// -----

// expected-error @+1 {{range must not be empty, found 5:5}}
func.func private @empty(tensor<4x!lowbit.affine<i8, 5:5>>)

// -----

func.func @scale(%x: tensor<4xf32>) {
  // expected-error @+1 {{scale must be finite and positive, found 0.000000e+00 at index 0}}
  %q = lowbit.quantize %x {scale = dense<0.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @zero_point(%x: tensor<4xf32>) {
  // expected-error @+1 {{zero_point must be in -128:127, found 300 at index 0}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<300> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @missing(%x: tensor<4xf32>) {
  // expected-error @+1 {{needs scale and zero_point, both as attributes or both as dynamic operands}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @axis(%x: tensor<4xf32>) {
  // expected-error @+1 {{scale along axis 0 must have 4 elements, found 'tensor<3xf32>'}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8, axis = 0>>
  return
}

// -----

func.func @shape(%x: tensor<4xf32>) {
  // expected-error @+1 {{operand and result must have the same shape}}
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<5x!lowbit.affine<i8>>
  return
}

// -----

func.func @storage(%x: tensor<4x!lowbit.affine<i8>>) {
  // expected-error @+1 {{storage of '!lowbit.affine<i8>' is 'i8', found 'i16'}}
  %i = lowbit.storage_cast %x : tensor<4x!lowbit.affine<i8>> to tensor<4xi16>
  return
}

// -----

func.func @role(%x: tensor<4xf32>) {
  // expected-error @+1 {{role must be "activation", "weight" or "table", found "bias"}}
  %o = lowbit.observe %x "bias" "x" : tensor<4xf32>
  return
}

// -----

func.func @parameter() {
  // expected-error @+1 {{no lowbit.parameter is named @w}}
  %w = lowbit.get_parameter @w : tensor<4xf32>
  return
}

// -----

lowbit.parameter @w : tensor<5xf32>
func.func @parameter_type() {
  // expected-error @+1 {{parameter @w has type 'tensor<5xf32>', found 'tensor<4xf32>'}}
  %w = lowbit.get_parameter @w : tensor<4xf32>
  return
}

// -----

func.func @interval(%x: tensor<4xi64>) {
  // expected-error @+1 {{interval must not be empty, found [5, 5)}}
  lowbit.check_range %x in [5, 5) "index" : tensor<4xi64>
  return
}
