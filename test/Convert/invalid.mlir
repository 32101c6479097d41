// RUN: quant-opt %s --lowbit-convert-from-quant -split-input-file -verify-diagnostics -o /dev/null

// expected-error @+1 {{'func.func' has type '!quant.uniform<i8:f32, 5.000000e-01:300>': zero point 300 is not in the range -128:127; real 0 would have no integer}}
func.func @zero_point(%q: tensor<4x!quant.uniform<i8:f32, 0.5:300>>) {
  return
}

// -----

// expected-error @+1 {{zero point 1 is not in the range 2:9; real 0 would have no integer (index 1)}}
func.func @zero_point_of_axis(%q: tensor<2x!quant.uniform<u8<2:9>:f32:0, {0.5:2, 0.5:1}>>) {
  return
}

// -----

// expected-error @+1 {{it stands for 'f16'; lowbit's quantized values stand for f32}}
func.func @expressed(%q: tensor<4x!quant.uniform<i8:f16, 0.5>>) {
  return
}

// -----

// expected-error @+1 {{its storage has 32 bits, lowbit's has 2 to 16; an i32 accumulator or bias is a plain tensor of i32}}
func.func @storage(%q: tensor<4x!quant.uniform<i32:f32, 0.5>>) {
  return
}

// -----

// expected-error @+1 {{is not a finite f32 of at least 2^-63}}
func.func @scale(%q: tensor<4x!quant.uniform<i8:f32, 1.0e-30>>) {
  return
}

// -----

// expected-error @+1 {{it has no scale; choose one and write !quant.uniform}}
func.func @any(%q: tensor<4x!quant.any<i8:f32>>) {
  return
}

// -----

// expected-error @+1 {{it has no scale; choose one and write !quant.uniform}}
func.func @calibrated(%q: tensor<4x!quant.calibrated<f32<-1.0:1.0>>>) {
  return
}

// -----

// expected-error @+1 {{has type 'tensor<*x!quant.uniform<i8:f32, 5.000000e-01>>'; quantized tensors must be ranked}}
func.func @unranked(%q: tensor<*x!quant.uniform<i8:f32, 0.5>>) {
  return
}

// -----

// All offenders are reported, not the first alone.
func.func @computes(%q: tensor<1x4x!quant.uniform<i8:f32, 0.5>>, %x: tensor<4xf32>) {
  // expected-error @+1 {{'tosa.abs' has operands or results of a quantized type, and what it computes from them is not known; put quant.dcast before it and quant.qcast after it}}
  %0 = tosa.abs %q : (tensor<1x4x!quant.uniform<i8:f32, 0.5>>) -> tensor<1x4x!quant.uniform<i8:f32, 0.5>>
  // expected-error @+1 {{zero point -129 is not in the range}}
  %1 = quant.qcast %x : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 0.5:-129>>
  return
}
