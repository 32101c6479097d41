// Observers, weights and checks that are refused, by the label of the constraint.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(O1) role must be "activation", "weight", "table", "border" or "value", found "bias"}}
  %o = lowbit.observe %x "bias" "x" : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(O2) axis 1 is out of range for a tensor of rank 1}}
  %o = lowbit.observe %x "weight" "x" {axis = 1} : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(O3) min and max come together}}
  %o = lowbit.observe %x "weight" "x" {min = 1.0 : f32} : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(O4) min must not be above max, found 1.000000e+00 and 0.000000e+00}}
  %o = lowbit.observe %x "weight" "x" {min = 1.0 : f32, max = 0.0 : f32} : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(O5) scale and zero_point come with a format}}
  %o = lowbit.observe %x "weight" "x" {scale = dense<1.0> : tensor<f32>} : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(O6) format must be a quantized type, found 'i8'}}
  %o = lowbit.observe %x "weight" "x" {format = i8} : tensor<4xf32>
  return
}

// -----

// expected-error @+1 {{(W1) value must have type 'tensor<5xf32>', found 'tensor<4xf32>'}}
lowbit.parameter @w : tensor<5xf32> = dense<1.0> : tensor<4xf32>

// -----

func.func @f() {
  // expected-error @+1 {{(W2) no lowbit.parameter is named @w}}
  %w = lowbit.get_parameter @w : tensor<4xf32>
  return
}

// -----

lowbit.parameter @w : tensor<5xf32>
func.func @f() {
  // expected-error @+1 {{(W3) parameter @w has type 'tensor<5xf32>', found 'tensor<4xf32>'}}
  %w = lowbit.get_parameter @w : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{(O7) rows must be "logits" or "probabilities", found "columns"}}
  %0 = lowbit.observe %x "activation" "x" {rows = "columns"} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{(O8) rows are of a value that is no constant and has a last dimension, found role "weight" and rank 1}}
  %0 = lowbit.observe %x "weight" "x" {rows = "logits"} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<f32>) -> tensor<f32> {
  // expected-error @+1 {{(O8) rows are of a value that is no constant and has a last dimension, found role "value" and rank 0}}
  %0 = lowbit.observe %x "value" "x" {rows = "logits"} : tensor<f32>
  return %0 : tensor<f32>
}

// -----

func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{(O9) role "value" has no format, found '!lowbit.affine<i8>'}}
  %0 = lowbit.observe %x "value" "x" {format = !lowbit.affine<i8>} : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

func.func @f(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{(O10) axis 0 must have a known size in 'tensor<?x4xf32>'}}
  %0 = lowbit.observe %x "activation" "x" {axis = 0 : i64} : tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

func.func @f(%x: tensor<4xf32>) {
  // expected-error @+1 {{(I1) indices must be integers, found 'tensor<4xf32>'}}
  lowbit.check_range %x in [0, 5) "index" : tensor<4xf32>
  return
}

// -----

func.func @f(%x: tensor<4xi64>) {
  // expected-error @+1 {{(I2) interval must not be empty, found [5, 5)}}
  lowbit.check_range %x in [5, 5) "index" : tensor<4xi64>
  return
}

// -----

func.func @wide_activation(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{(O11) only a border is wide, found role "activation"}}
  %0 = lowbit.observe %x "activation" "x" {wide} : tensor<4xf32>
  return %0 : tensor<4xf32>
}
