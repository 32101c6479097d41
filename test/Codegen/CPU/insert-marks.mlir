// RUN: quant-opt %s --lowbit-insert-marks | FileCheck %s

// CHECK-LABEL: func.func @main
// CHECK: lowbit.mark "linalg.exp y"
// CHECK-NEXT: linalg.exp
// CHECK: lowbit.mark "linalg.abs node"
// CHECK-NEXT: linalg.abs
// CHECK: lowbit.mark "return"
// CHECK-NEXT: return
func.func @main(%x: memref<4xf32>, %y: memref<4xf32>) {
  linalg.exp {lowbit.id = "y"} ins(%x : memref<4xf32>) outs(%y : memref<4xf32>)
  linalg.abs ins(%y : memref<4xf32>) outs(%y : memref<4xf32>) loc("node")
  return
}
