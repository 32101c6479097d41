// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-specialize-shapes="shape=batch=2" --lowbit-verify-float-contract

// expected-error @+1 {{the module has no public function with a body}}
module {
}

// -----

// expected-error @+1 {{the module has 2 public functions, and a model is one}}
module {
  // expected-note @+1 {{@a is public}}
  func.func @a() { return }
  // expected-note @+1 {{@b is public}}
  func.func @b() { return }
}

// -----

// expected-error @+1 {{no dynamic dimension is named 'batch'; the model has 'rows', 'seq'}}
func.func @main(%x: tensor<?x?xf32> {lowbit.dims = ["rows", "seq"]}) { return }

// -----

// expected-error @+1 {{the module does not keep the float contract: 4 offenders}}
module {
  // expected-note @+2 {{result 1 is quantized (tensor<?x!lowbit.affine<i8>>), where only lowbit and tensor operations may be; dequantize it first}}
  // expected-note @+1 {{argument 1 has type tensor<4xf16>; models come in f32: export it in f32}}
  func.func @main(%x: tensor<?xf32> {lowbit.dims = ["batch"]}, %y: tensor<4xf16>)
      -> (tensor<4xf64>, tensor<?x!lowbit.affine<i8>>) {
    // expected-note @+1 {{'arith.extf' has type tensor<4xf64>; models come in f32: export it in f32}}
    %0 = arith.extf %y : tensor<4xf16> to tensor<4xf64>
    // expected-note @+1 {{'func.call' must be converted first: quant-opt --lowbit-import-module}}
    func.call @helper() : () -> ()
    %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<?xf32> -> tensor<?x!lowbit.affine<i8>>
    return %0, %q : tensor<4xf64>, tensor<?x!lowbit.affine<i8>>
  }
  func.func private @helper()
}

// -----

// expected-error @+1 {{the module does not keep the float contract: 1 offender}}
module {
  // expected-note @+1 {{result 1 is named 'y' like another}}
  func.func @main(%x: tensor<?xf32> {lowbit.dims = ["batch"]}) -> (tensor<2xf32> {lowbit.name = "y"}, tensor<2xf32> {lowbit.name = "y"}) {
    %0 = tensor.cast %x : tensor<?xf32> to tensor<2xf32>
    return %0, %0 : tensor<2xf32>, tensor<2xf32>
  }
}
