// An operation without an id takes the name of its location, or its kind and
// ordinal; ids that are there stay, and fills have none.
// RUN: quant-opt %s --lowbit-assign-ids | FileCheck %s

// CHECK-LABEL: @main
func.func @main(%a: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  // CHECK: linalg.fill ins
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul {lowbit.id = "dense"}
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32> loc("dense")
  // CHECK: linalg.matmul {lowbit.id = "matmul_1"}
  %1 = linalg.matmul ins(%0, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul {lowbit.id = "mine"}
  %2 = linalg.matmul {lowbit.id = "mine"} ins(%1, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul {lowbit.id = "dense#1"}
  %3 = linalg.matmul ins(%2, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32> loc("dense")
  // CHECK: linalg.transpose {{.*}} {lowbit.id = "transpose_0"}
  %4 = linalg.transpose ins(%3 : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [1, 0]
  return %4 : tensor<4x4xf32>
}
