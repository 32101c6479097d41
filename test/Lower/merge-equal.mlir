// What is computed twice, under two names, is computed once.
// RUN: quant-opt %s --lowbit-merge-equal --split-input-file | FileCheck %s

// The second of what reads equal values is equal, too.
// CHECK-LABEL: @twins
// CHECK: %[[A:.*]] = linalg.matmul {lowbit.id = "a", lowbit.same = ["b"]}
// CHECK: %[[E:.*]] = linalg.exp {lowbit.id = "ea", lowbit.integers = ["x", "y"], lowbit.same = ["eb"]}
// CHECK-NOT: linalg
// CHECK: return %[[E]], %[[E]]
func.func @twins(%x: tensor<4x4xf32>, %z: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %a = linalg.matmul {lowbit.id = "a"} ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = linalg.matmul {lowbit.id = "b"} ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  %ea = linalg.exp {lowbit.id = "ea", lowbit.integers = ["x"]} ins(%a : tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  %eb = linalg.exp {lowbit.id = "eb", lowbit.integers = ["y", "x"]} ins(%b : tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %ea, %eb : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// Other numbers in the body.
// CHECK-LABEL: @bodies
// CHECK-COUNT-2: linalg.generic
#id = affine_map<(d0) -> (d0)>
func.func @bodies(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %c = arith.constant 1.0 : f32
    %0 = arith.addf %in, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%x : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %c = arith.constant 2.0 : f32
    %0 = arith.addf %in, %c : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}
