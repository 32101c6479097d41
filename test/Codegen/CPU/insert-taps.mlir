// RUN: quant-opt %s --lowbit-insert-taps | FileCheck %s --check-prefix=NONE
// RUN: quant-opt %s --lowbit-insert-taps=what=observers | FileCheck %s --check-prefix=OBSERVERS
// RUN: quant-opt %s --lowbit-insert-taps=what=values | FileCheck %s --check-prefix=VALUES
// RUN: quant-opt %s --lowbit-insert-taps=what=contractions | FileCheck %s --check-prefix=CONTRACTIONS
// RUN: not quant-opt %s --lowbit-insert-taps=what=everything 2>&1 | FileCheck %s --check-prefix=ERROR
// ERROR: what must be none, observers, values or contractions, found everything

// Observers are gone in every case; the observer of a weight taps nothing.
// NONE-LABEL: func.func @main
// NONE-NOT: lowbit.observe
// NONE-NOT: lowbit.tap
// OBSERVERS-LABEL: func.func @main
// OBSERVERS-SAME: %[[X:[a-z0-9]+]]: tensor<2x4xf32>
// OBSERVERS-NOT: lowbit.observe
// OBSERVERS: lowbit.tap %[[X]] "x" : tensor<2x4xf32>
// OBSERVERS-NOT: lowbit.tap
// VALUES: %[[M:.*]] = linalg.matmul
// VALUES-NEXT: lowbit.tap %[[M]] "product" : tensor<2x3xf32>
// VALUES-NOT: lowbit.tap
func.func @main(%x: tensor<2x4xf32>, %w: tensor<4x3xf32>, %init: tensor<2x3xf32>) -> tensor<2x3xf32> {
  %0 = lowbit.observe %x "activation" "x" : tensor<2x4xf32>
  %1 = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<4x3xf32>
  %2 = linalg.matmul {lowbit.id = "product"} ins(%0, %1 : tensor<2x4xf32>, tensor<4x3xf32>)
      outs(%init : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %2 : tensor<2x3xf32>
}

// CONTRACTIONS-LABEL: func.func private @integers
// CONTRACTIONS-SAME: %[[A:[a-z0-9]+]]: tensor<2x4xi8>, %[[B:[a-z0-9]+]]: tensor<4x3xi8>
// CONTRACTIONS: lowbit.tap %[[A]] "0.lhs" : tensor<2x4xi8>
// CONTRACTIONS: lowbit.tap %[[B]] "0.rhs" : tensor<4x3xi8>
// CONTRACTIONS: %[[C:.*]] = linalg.matmul
// CONTRACTIONS: lowbit.tap %[[C]] "0.acc" : tensor<2x3xi32>
// VALUES-LABEL: func.func private @integers
// VALUES-NOT: lowbit.tap
func.func private @integers(%a: tensor<2x4xi8>, %b: tensor<4x3xi8>, %init: tensor<2x3xi32>) -> tensor<2x3xi32> {
  %0 = linalg.matmul {lowbit.id = "integers"} ins(%a, %b : tensor<2x4xi8>, tensor<4x3xi8>)
      outs(%init : tensor<2x3xi32>) -> tensor<2x3xi32>
  return %0 : tensor<2x3xi32>
}
