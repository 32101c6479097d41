// RUN: quant-opt %s --verify-diagnostics --lowbit-fold-weights

// expected-error @+2 {{has no value, and the module names no store}}
// expected-note @+1 {{the module attribute 'lowbit.store' is the safetensors file with the weights}}
lowbit.parameter @w : tensor<2xf32>
func.func @main() -> tensor<2x!lowbit.affine<i8>> {
  %w = lowbit.get_parameter @w : tensor<2xf32>
  %q = lowbit.quantize %w {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2xf32> -> tensor<2x!lowbit.affine<i8>>
  return %q : tensor<2x!lowbit.affine<i8>>
}
