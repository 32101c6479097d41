// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-lower-runtime-calls | FileCheck %s

// CHECK: module attributes {lowbit.sites = ["x", "{{.*}}calls.mlir:[[#@LINE+15]]:3: token id", "{{.*}}rows", "fused"]}
// CHECK-DAG: func.func private @lowbit_tap_f32(i64, memref<*xf32>) attributes {llvm.emit_c_interface}
// CHECK-DAG: func.func private @lowbit_check_range_i64(i64, memref<*xi64>, i64, i64) attributes {llvm.emit_c_interface}
// CHECK-LABEL: func.func @main
// CHECK-DAG: %[[SITE0:.*]] = arith.constant 0 : i64
// CHECK-DAG: %[[X:.*]] = memref.cast %{{.*}} : memref<?x4xf32> to memref<*xf32>
// CHECK: call @lowbit_tap_f32(%[[SITE0]], %[[X]])
// CHECK: %[[SITE1:.*]] = arith.constant 1 : i64
// CHECK: %[[LOW:.*]] = arith.constant -2 : i64
// CHECK: %[[HIGH:.*]] = arith.constant 10 : i64
// CHECK: call @lowbit_check_range_i64(%[[SITE1]], %{{.*}}, %[[LOW]], %[[HIGH]])
// CHECK: call @lowbit_check_size(%{{.*}}, %{{.*}}, %{{.*}}) : (i64, i64, i64) -> ()
// CHECK: call @lowbit_mark(
func.func @main(%x: memref<?x4xf32>, %i: memref<3xi64>, %n: index, %m: index) {
  lowbit.tap %x "x" : memref<?x4xf32>
  lowbit.check_range %i in [-2, 10) "token id" : memref<3xi64>
  lowbit.check_size %n, %m "rows"
  lowbit.mark "fused"
  return
}

// -----

func.func @main(%x: memref<4xf64>) {
  // expected-error @below {{has no runtime function for 'f64'}}
  lowbit.tap %x "x" : memref<4xf64>
  return
}
