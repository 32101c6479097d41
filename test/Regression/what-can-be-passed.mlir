// Arguments of other types are refused with the types that can be passed.
// RUN: split-file %s %t
// RUN: not quant-run %t/scalar.mlir --signature 2>&1 | FileCheck %t/scalar.mlir
// RUN: not quant-run %t/narrow.mlir --signature 2>&1 | FileCheck %t/narrow.mlir

//--- scalar.mlir
// CHECK: error: argument 1 has type f32; what can be passed are ranked tensors of i1, i8, i16, i32, i64 (also si and ui), f16, bf16, f32 and f64
func.func @main(%a: tensor<f32>, %b: f32) -> tensor<f32> {
  return %a : tensor<f32>
}

//--- narrow.mlir
// CHECK: error: argument 0 has type tensor<3xi4>; what can be passed are ranked tensors of i1
func.func @main(%a: tensor<3xi4>) -> tensor<f32> {
  %c = arith.constant dense<1.0> : tensor<f32>
  return %c : tensor<f32>
}
