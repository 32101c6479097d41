// What does not fit the machine's memory is one error, wherever it is asked
// for: LLVM's handler of operator new would end the process.
// RUN: split-file %s %t
// RUN: not quant-run %t/input.mlir --interpret --inputs random --print 2>&1 | FileCheck %t/input.mlir
// RUN: not quant-run %t/input.mlir --inputs random --print 2>&1 | FileCheck %t/input.mlir
// RUN: not quant-run %t/value.mlir --interpret --print 2>&1 | FileCheck %t/value.mlir

//--- input.mlir
// CHECK-NOT: LLVM ERROR
// CHECK: error: input 'arg0' is float32[1099511627776]: no memory for 4398046511104 bytes
// CHECK-NOT: {{.}}
func.func @main(%a: tensor<1099511627776xf32>) -> tensor<f32> {
  %c = arith.constant dense<0.0> : tensor<f32>
  return %c : tensor<f32>
}

//--- value.mlir
// CHECK-NOT: LLVM ERROR
// CHECK: error: 'tensor.empty' op needs more memory than there is for shape [1073741824, 1048576]
func.func @main() -> tensor<1073741824x1048576xf32> {
  %e = tensor.empty() : tensor<1073741824x1048576xf32>
  return %e : tensor<1073741824x1048576xf32>
}
