// RUN: quant-opt %s --split-input-file --lowbit-lower-to-integers -verify-diagnostics

!q = !lowbit.affine<i8>

// Only the operation without an integer form is named, not those that read it.
// expected-error @+1 {{the module does not keep the integer-only contract: 1 offender}}
module {
func.func @power(%i: tensor<4x!q>, %j: tensor<4x!q>) -> tensor<4xf32> {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %y = lowbit.dequantize %j {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  // expected-note @+1 {{'linalg.generic' computes with floats: 'math.powf' of two values has no integer form; one of them has to be a constant}}
  %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = math.powf %a, %b : f32
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

!q = !lowbit.affine<i8>
// expected-error @+1 {{the module does not keep the integer-only contract: 4 offenders}}
module {
func.func @reductions(%i: tensor<4x!q>, %n: tensor<?x!q>) -> (tensor<f32>, tensor<f32>, tensor<4xf32>, tensor<4xf32>) {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %l = lowbit.dequantize %n {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<?x!q> -> tensor<?xf32>
  %e = tensor.empty() : tensor<f32>
  %e4 = tensor.empty() : tensor<4xf32>
  %one = arith.constant 1.0 : f32
  %f = linalg.fill ins(%one : f32) outs(%e : tensor<f32>) -> tensor<f32>
  // expected-note @+1 {{'linalg.generic' computes with floats: a product of a number of factors that the run decides has no integer form}}
  %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%l : tensor<?xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.mulf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<f32>
  // expected-note @+1 {{'linalg.generic' computes with floats: 'arith.divf' with what is accumulated has no integer form in this version}}
  %d = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%x : tensor<4xf32>) outs(%f : tensor<f32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.divf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<f32>
  // expected-note @+1 {{'linalg.generic' computes with floats: 'arith.remf' by what is not one constant has no integer form in this version}}
  %r = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x, %x : tensor<4xf32>, tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %u = arith.addf %a, %one : f32
    %v = arith.mulf %b, %b : f32
    %t = arith.remf %u, %v : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  // expected-note @+1 {{'scf.for' computes with floats: it has no integer form in this version}}
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c4 = arith.constant 4 : index
  %w = scf.for %k = %c0 to %c4 step %c1 iter_args(%acc = %x) -> tensor<4xf32> {
    scf.yield %acc : tensor<4xf32>
  }
  return %s, %d, %r, %w : tensor<f32>, tensor<f32>, tensor<4xf32>, tensor<4xf32>
}
}
