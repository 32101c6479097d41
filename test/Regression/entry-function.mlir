// A model is one function: calls crashed the JIT, and a second public function
// was taken or left silently.
// RUN: split-file %s %t
// RUN: not quant-run %t/recursion.mlir --inputs random -o %t.npz 2>&1 | FileCheck %s --check-prefix=CALL
// RUN: not quant-run %t/two.mlir --inputs random -o %t.npz 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not quant-opt %t/two.mlir --quantize-ptq -o %t.mlir 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: quant-run %t/unused.mlir --inputs random -o %t.npz
// CALL: error: calls @loop, which is being called already; recursion has no integer form
// TWO: error: the module has 2 public functions, and a model is one

//--- recursion.mlir
func.func private @loop(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = call @loop(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = call @loop(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}

//--- two.mlir
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @other(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}

//--- unused.mlir
func.func private @unused(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}
