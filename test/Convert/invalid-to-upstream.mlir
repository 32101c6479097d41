// RUN: quant-opt %s --lowbit-convert-to-upstream -split-input-file -verify-diagnostics -o /dev/null

// expected-error @+1 {{the module does not keep the upstream contract: 2 offenders}}
module {
  // expected-note @+1 {{'func.func' has a lowbit type or attribute; quantized values end at function borders}}
  func.func @main(%q: tensor<4x!lowbit.affine<i8>>) -> tensor<4xf32> {
    // expected-note @+1 {{'lowbit.dequantize' is left over: run lowbit-lower-contract and lowbit-lower-qdq before}}
    %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
    return %d : tensor<4xf32>
  }
}

// -----

// expected-error @+1 {{cannot read the weights: cannot open}}
module attributes {lowbit.store = "none.safetensors"} {
  lowbit.parameter @w : tensor<4xf32>
  func.func @main() -> tensor<4xf32> {
    %w = lowbit.get_parameter @w : tensor<4xf32>
    return %w : tensor<4xf32>
  }
}
