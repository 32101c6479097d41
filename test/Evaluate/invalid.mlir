// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-insert-probes

func.func @twins(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = lowbit.observe %x "activation" "x" : tensor<4xf32>
  // expected-error @+1 {{another observer has the id 'x' too; each needs its own}}
  %1 = lowbit.observe %x "activation" "x" : tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// -----

func.func @no_constant(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{the weight 'w' is not a constant}}
  %0 = lowbit.observe %x "weight" "w" : tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

// expected-error @+1 {{the module has probes already}}
func.func @again(%x: tensor<4xf32>, %p: tensor<1x3xf32> {lowbit.probes = ["y"]}) -> tensor<4xf32> {
  %0 = lowbit.observe %x "activation" "x" : tensor<4xf32>
  return %0 : tensor<4xf32>
}
