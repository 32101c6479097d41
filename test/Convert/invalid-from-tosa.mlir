// RUN: quant-opt %s --lowbit-convert-from-tosa -split-input-file -verify-diagnostics -o /dev/null

func.func @open_rounding(%a: tensor<4xi32>) -> tensor<4xi8> {
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<36> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-error @+1 {{'tosa.rescale' has INEXACT_ROUND, which leaves the result open; choose SINGLE_ROUND or DOUBLE_ROUND}}
  %0 = tosa.rescale %a, %m, %s, %z, %z8 {scale32 = true, rounding_mode = INEXACT_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<4xi8>
  return %0 : tensor<4xi8>
}

// -----

// Both offenders are named.
func.func @scales(%a: tensor<4xi32>, %run: tensor<1xi32>) -> (tensor<4xi8>, tensor<4xi8>) {
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<1> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-error @+1 {{'tosa.rescale' has the multiplier 1073741824 and the shift 1; TOSA needs 0 <= multiplier and 2 <= shift <= 62}}
  %0 = tosa.rescale %a, %m, %s, %z, %z8 {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<4xi8>
  // expected-error @+1 {{'tosa.rescale' has a multiplier or a shift that is not a constant}}
  %1 = tosa.rescale %a, %run, %s, %z, %z8 {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<4xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<4xi8>
  return %0, %1 : tensor<4xi8>, tensor<4xi8>
}

// -----

func.func @zero_point(%a: tensor<1x4x8xi8>, %b: tensor<1x8x6xi8>, %zp: tensor<1xi8>) -> tensor<1x4x6xi32> {
  // expected-error @+1 {{'tosa.matmul' has a first zero point that is not a constant; only constants convert}}
  %0 = tosa.matmul %a, %b, %zp, %zp : (tensor<1x4x8xi8>, tensor<1x8x6xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x6xi32>
  return %0 : tensor<1x4x6xi32>
}

// -----

func.func @image_of_unknown_size(%a: tensor<1x?x4x2xi8>, %w: tensor<3x1x1x2xi8>, %b: tensor<3xi32>) -> tensor<1x?x4x3xi32> {
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  // expected-error @+1 {{'tosa.conv2d' needs known sizes, of all but the batch; found an image of 'tensor<1x?x4x2xi8>' and weights of 'tensor<3x1x1x2xi8>'}}
  %0 = tosa.conv2d %a, %w, %b, %z8, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x?x4x2xi8>, tensor<3x1x1x2xi8>, tensor<3xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x?x4x3xi32>
  return %0 : tensor<1x?x4x3xi32>
}

// -----

func.func @not_covered(%a: tensor<1x4x2xi8>, %i: tensor<1x4xi32>) -> tensor<1x4x2xi8> {
  // expected-error @+1 {{'tosa.scatter' is not covered by lowbit-convert-from-tosa; rewrite it with other operators before}}
  %0 = tosa.scatter %a, %i, %a : (tensor<1x4x2xi8>, tensor<1x4xi32>, tensor<1x4x2xi8>) -> tensor<1x4x2xi8>
  return %0 : tensor<1x4x2xi8>
}

// -----

func.func @casts_among_operators(%x: tensor<4xf32>) -> tensor<4x!quant.uniform<i8:f32, 0.5>> {
  // expected-error @+1 {{'quant.qcast' is among TOSA operators on quantized types; put quant.scast between them, or rescale to integers}}
  %q = quant.qcast %x : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.5>>
  %r = tosa.reverse %q {axis = 0 : i32} : (tensor<4x!quant.uniform<i8:f32, 0.5>>) -> tensor<4x!quant.uniform<i8:f32, 0.5>>
  return %r : tensor<4x!quant.uniform<i8:f32, 0.5>>
}

// -----

func.func @resize(%a: tensor<1x4x4x2xi8>) -> tensor<1x8x8x2xi32> {
  %s = tosa.const_shape {values = dense<[4, 2, 4, 2]> : tensor<4xindex>} : () -> !tosa.shape<4>
  %o = tosa.const_shape {values = dense<-1> : tensor<2xindex>} : () -> !tosa.shape<2>
  %b = tosa.const_shape {values = dense<1> : tensor<2xindex>} : () -> !tosa.shape<2>
  // expected-error @+1 {{'tosa.resize' is BILINEAR with a negative offset, which is not covered; pad the image and make the offset positive}}
  %0 = tosa.resize %a, %s, %o, %b {mode = BILINEAR} : (tensor<1x4x4x2xi8>, !tosa.shape<4>, !tosa.shape<2>, !tosa.shape<2>) -> tensor<1x8x8x2xi32>
  return %0 : tensor<1x8x8x2xi32>
}
