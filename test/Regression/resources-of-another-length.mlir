// A blob of another length than its type's is one error wherever a module is
// read, with both lengths; a missing one is an error where it is needed.
// RUN: split-file %s %t
// RUN: not quant-opt %t/constant.mlir 2>&1 | FileCheck %t/constant.mlir
// RUN: not quant-opt %t/constant.mlir -o %t/none.mlir --canonicalize 2>&1 | FileCheck %t/constant.mlir
// RUN: not quant-run %t/constant.mlir --print 2>&1 | FileCheck %t/constant.mlir
// RUN: not quant-run %t/constant.mlir --print --interpret 2>&1 | FileCheck %t/constant.mlir
// RUN: not quant-opt %t/property.mlir --lowbit-lower-qdq 2>&1 | FileCheck %t/property.mlir
// RUN: not quant-opt %t/nested.mlir 2>&1 | FileCheck %t/nested.mlir
// RUN: quant-opt %t/sizes.mlir | FileCheck %t/sizes.mlir
// RUN: quant-opt %t/missing.mlir --canonicalize | FileCheck %t/missing.mlir --check-prefix=PASSED
// RUN: not quant-run %t/missing.mlir --print 2>&1 | FileCheck %t/missing.mlir
// RUN: not quant-run %t/missing.mlir --print --interpret 2>&1 | FileCheck %t/missing.mlir

//--- constant.mlir
// CHECK-NOT: error
// CHECK: constant.mlir:[[#@LINE+4]]:8: error: resource 'r' should hold 64 bytes for 'tensor<16xf32>', found 2
// CHECK-NOT: error
func.func @main() -> tensor<16xf32> {
  // The first four bytes are the alignment.
  %a = arith.constant dense_resource<r> : tensor<16xf32>
  return %a : tensor<16xf32>
}
{-# dialect_resources: { builtin: { r: "0x040000000000" } } #-}

//--- property.mlir
// CHECK: error: resource 'r' should hold 4 bytes for 'tensor<f32>', found 0
func.func @main(%a: tensor<16xf32>) -> tensor<16xf32> {
  %q = lowbit.fake_quant %a as !lowbit.float<f4E2M1FN, block = [16], scale = f8E4M3FN> {scale = dense<1.0> : tensor<1xf8E4M3FN>, tensor_scale = dense_resource<r> : tensor<f32>} : tensor<16xf32> -> tensor<16xf32>
  return %q : tensor<16xf32>
}
{-# dialect_resources: { builtin: { r: "0x04000000" } } #-}

//--- nested.mlir
// CHECK: error: resource 'r' should hold 3 bytes for 'tensor<3xi4>', found 2
module attributes {some.list = [1, {inside = dense_resource<r> : tensor<3xi4>}]} {
}
{-# dialect_resources: { builtin: { r: "0x040000000102" } } #-}

//--- sizes.mlir
// CHECK-COUNT-4: dense_resource
module attributes {
  some.a = dense_resource<two> : tensor<2xi1>, some.b = dense_resource<two> : tensor<bf16>, some.c = dense_resource<none> : tensor<0x4xf64>,
  some.d = dense_resource<eight> : tensor<1xcomplex<f32>>} {
}
{-# dialect_resources: { builtin: { two: "0x040000000101", none: "0x04000000", eight: "0x040000000102030405060708" } } #-}

//--- missing.mlir
// PASSED: dense_resource<r>
// CHECK-NOT: error
// CHECK: missing.mlir:[[#@LINE+4]]:8: error: resource 'r' of type 'tensor<16xf32>' is not in the module; was it written with elided resources?
// CHECK-NOT: error
func.func @main() -> tensor<16xf32> {
  // Elided.
  %a = arith.constant dense_resource<r> : tensor<16xf32>
  return %a : tensor<16xf32>
}
