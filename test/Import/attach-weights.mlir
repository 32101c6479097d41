// A store is found beside the module; every mismatch is in one error.
// RUN: rm -rf %t && split-file %s %t
// RUN: quant-opt %t/good.mlir --lowbit-write-store="path=%t/good.safetensors" -o %t/stored.mlir
// RUN: quant-opt %t/stored.mlir --lowbit-attach-weights | FileCheck %s
// RUN: cp %t/good.safetensors %t/bad.safetensors
// RUN: not quant-opt %t/bad.mlir --lowbit-attach-weights 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: not quant-opt %t/missing.mlir --lowbit-attach-weights 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not quant-opt %t/nostore.mlir --lowbit-attach-weights 2>&1 | FileCheck %s --check-prefix=NOSTORE

// CHECK: lowbit.parameter @weight : tensor<2xf32>

// BAD: error: 3 of 3 parameters do not match the store '{{.*}}bad.safetensors'
// BAD: note: 'weight' is float32 [3] in the module and float32 [2] in the store
// BAD: note: 'bias' is int8 [2] in the module and float32 [2] in the store
// BAD: note: 'wieght' is not in the store; did you mean 'weight'

// MISSING: error: cannot read the weights: {{.*}}nowhere.safetensors

// NOSTORE: error: has no value, and the module names no store
// NOSTORE: note: the module attribute 'lowbit.store' is the safetensors file with the weights

//--- good.mlir
lowbit.parameter @weight : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
lowbit.parameter @bias : tensor<2xf32> = dense<0.0> : tensor<2xf32>
func.func @main() -> (tensor<2xf32>, tensor<2xf32>) {
  %w = lowbit.get_parameter @weight : tensor<2xf32>
  %b = lowbit.get_parameter @bias : tensor<2xf32>
  return %w, %b : tensor<2xf32>, tensor<2xf32>
}

//--- bad.mlir
module attributes {lowbit.store = "bad.safetensors"} {
  lowbit.parameter @weight : tensor<3xf32>
  lowbit.parameter @bias : tensor<2xi8>
  lowbit.parameter @wieght : tensor<2xf32>
}

//--- missing.mlir
module attributes {lowbit.store = "nowhere.safetensors"} {
  lowbit.parameter @weight : tensor<3xf32>
}

//--- nostore.mlir
lowbit.parameter @weight : tensor<3xf32>
