// RUN: quant-opt %s --lowbit-drop-unused-parameters | FileCheck %s

// An input stays, used or not; a parameter that nothing reads goes.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%{{.*}}: memref<4xf32>, %[[USED:.*]]: memref<4xf32> {lowbit.parameter = "used"}) -> memref<4xf32>
func.func @main(%x: memref<4xf32>, %unused: memref<4xf32> {lowbit.parameter = "unused"},
                %used: memref<4xf32> {lowbit.parameter = "used"}) -> memref<4xf32> {
  return %used : memref<4xf32>
}
