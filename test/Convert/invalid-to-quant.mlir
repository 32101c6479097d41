// RUN: quant-opt %s --lowbit-convert-to-quant -split-input-file -verify-diagnostics -o /dev/null

func.func @rounding(%x: tensor<4xf32>) {
  // expected-error @+1 {{rounding is floor, and upstream's quant.qcast does not say how it rounds; only half_even converts}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>, rounding = #lowbit.rounding<floor>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  // expected-error @+1 {{quantize without saturation has no upstream form}}
  %w = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>, saturate = false} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @parameters_of_the_run(%x: tensor<4xf32>, %s: tensor<f32>) {
  // expected-error @+1 {{'lowbit.quantize' has parameters of the run; upstream's are in the type, so they must be attributes}}
  %q = lowbit.quantize %x scale(%s : tensor<f32>) {zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return
}

// -----

func.func @packed(%x: tensor<4xf32>) {
  // expected-error @+1 {{type 'tensor<4x!lowbit.affine<i4, pack = 0>>' has no upstream form: it is packed, and upstream has no packed types; unpack it before}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i4, pack = 0>>
  return
}

// -----

func.func @small_float(%x: tensor<4xf32>) {
  // expected-error @+1 {{only affine integers have an upstream type}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.float<f8E4M3FN>>
  return
}

// -----

func.func @codebook(%x: tensor<4xf32>) {
  // expected-error @+1 {{only affine integers have an upstream type}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>} : tensor<4xf32> -> tensor<4x!lowbit.codebook<nf4>>
  return
}

// -----

func.func @power_of_two_scales(%i: tensor<4xi8>) {
  %q = lowbit.storage_cast %i : tensor<4xi8> to tensor<4x!lowbit.affine<i8, block = [4], scale = f8E8M0FNU>>
  // expected-error @-1 {{its scales are 'f8E8M0FNU', and upstream's are those of f32}}
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<1xf8E8M0FNU>, zero_point = dense<0> : tensor<1xi32>} : tensor<4x!lowbit.affine<i8, block = [4], scale = f8E8M0FNU>> -> tensor<4xf32>
  return
}

// -----

func.func @blocks_that_do_not_divide(%x: tensor<7xf32>) {
  // expected-error @+1 {{dimension 0 has 7 elements, which blocks of 4 do not divide, and upstream's must}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<7xf32> -> tensor<7x!lowbit.affine<i8, block = [4]>>
  return
}

// -----

func.func @one_block(%x: tensor<7xf32>) {
  // expected-error @+1 {{its one block is the whole tensor; leave `block` out}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<1xf32>, zero_point = dense<0> : tensor<1xi32>} : tensor<7xf32> -> tensor<7x!lowbit.affine<i8, block = [*]>>
  return
}

// -----

func.func @two_sets(%x: tensor<4xf32>) {
  // expected-note @+1 {{the other set is here}}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  // expected-error @+1 {{a quantized value has two sets of parameters, and an upstream type holds one}}
  %d = lowbit.dequantize %q {scale = dense<0.25> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
  return
}

// -----

func.func @no_set(%i: tensor<4xi8>) -> tensor<4xi8> {
  // expected-error @+1 {{no operation says the scale of a value of type 'tensor<4x!lowbit.affine<i8>>'; give the function argument or result that it comes from or goes to 'lowbit.scale' and 'lowbit.zero_point'}}
  %q = lowbit.storage_cast %i : tensor<4xi8> to tensor<4x!lowbit.affine<i8>>
  %j = lowbit.storage_cast %q : tensor<4x!lowbit.affine<i8>> to tensor<4xi8>
  return %j : tensor<4xi8>
}

// -----

// expected-error @+1 {{it has 4 scales, and 2 are given}}
func.func @scales_of_an_argument(%q: tensor<4x!lowbit.affine<i8, axis = 0>> {lowbit.scale = dense<0.5> : tensor<2xf32>, lowbit.zero_point = dense<0> : tensor<2xi32>}) {
  return
}

// -----

// expected-error @+1 {{'lowbit.scale' and 'lowbit.zero_point' of a function must both be elements attributes}}
func.func @half_of_the_parameters(%q: tensor<4x!lowbit.affine<i8>> {lowbit.scale = dense<0.5> : tensor<f32>}) {
  return
}

// -----

func.func @other_operations(%x: tensor<4xf32>, %i: tensor<4xi32>) {
  // expected-error @+1 {{'lowbit.fake_quant' has no upstream form; lower it before, or use quantize and dequantize around float operations}}
  %0 = lowbit.fake_quant %x as !lowbit.affine<i8> {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4xf32>
  // expected-error @+1 {{'lowbit.requantize' has no upstream form}}
  %1 = lowbit.requantize %i {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xi32> -> tensor<4x!lowbit.affine<i8>>
  return
}
