// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-fold-weights

// expected-error @+2 {{has no value, and the module names no store}}
// expected-note @+1 {{the module attribute 'lowbit.store' is the safetensors file with the weights}}
lowbit.parameter @w : tensor<2xf32>
func.func @main() -> tensor<2x!lowbit.affine<i8>> {
  %w = lowbit.get_parameter @w : tensor<2xf32>
  %q = lowbit.quantize %w {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2xf32> -> tensor<2x!lowbit.affine<i8>>
  return %q : tensor<2x!lowbit.affine<i8>>
}

// -----

func.func @axis() -> tensor<2x1099511627776x!lowbit.affine<i8, axis = 0>> {
  %x = arith.constant dense<1.0> : tensor<2x1099511627776xf32>
  // expected-error @+1 {{would make 2199023255552 elements of one; at most 67108864 are written out, unless an arith.constant has one scale and elements that do not straddle bytes}}
  %q = lowbit.quantize %x {scale = dense<[0.5, 0.25]> : tensor<2xf32>, zero_point = dense<1> : tensor<2xi32>} : tensor<2x1099511627776xf32> -> tensor<2x1099511627776x!lowbit.affine<i8, axis = 0>>
  return %q : tensor<2x1099511627776x!lowbit.affine<i8, axis = 0>>
}

// -----

func.func @moved() -> tensor<1099511627776x2xi8> {
  %x = arith.constant dense<1> : tensor<2x1099511627776xi8>
  %o = tensor.empty() : tensor<1099511627776x2xi8>
  // expected-error @+1 {{would make 2199023255552 elements of one; at most 67108864 are written out}}
  %t = linalg.transpose ins(%x : tensor<2x1099511627776xi8>) outs(%o : tensor<1099511627776x2xi8>) permutation = [1, 0]
  return %t : tensor<1099511627776x2xi8>
}
