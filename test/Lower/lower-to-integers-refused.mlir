// RUN: quant-opt %s --split-input-file --lowbit-lower-to-integers -verify-diagnostics

!q = !lowbit.affine<i8>

// Only the operation without an integer form is named, not those that read it.
// expected-error @+1 {{the module does not keep the integer-only contract: 1 offender}}
module {
func.func @compare(%i: tensor<4x!q>) -> tensor<4xf32> {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %zero = arith.constant 0.0 : f32
  // expected-note @+1 {{'linalg.generic' computes with floats: 'arith.cmpf' has no integer form in this version}}
  %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf ogt, %a, %zero : f32
    %t = arith.select %c, %a, %zero : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%s : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.negf %a : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  return %r : tensor<4xf32>
}
}

// -----

// A product of all values has no integer form.
!q = !lowbit.affine<i8>
// expected-error @+1 {{the module does not keep the integer-only contract: 1 offender}}
module {
func.func @product(%i: tensor<4x!q>) -> tensor<f32> {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %e = tensor.empty() : tensor<f32>
  %one = arith.constant 1.0 : f32
  %f = linalg.fill ins(%one : f32) outs(%e : tensor<f32>) -> tensor<f32>
  // expected-note @+1 {{'linalg.generic' computes with floats: a reduction of this form has no integer form in this version}}
  %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.mulf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<f32>
  return %s : tensor<f32>
}
}
