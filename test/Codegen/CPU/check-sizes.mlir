// RUN: quant-opt %s --pass-pipeline='builtin.module(func.func(lowbit-check-sizes))' --split-input-file | FileCheck %s

// One check, of the arguments; the sum has their size by then.
// CHECK-LABEL: @add
// CHECK-SAME: %[[A:[a-z0-9]*]]: tensor<?xf32>, %[[B:[a-z0-9]*]]: tensor<?xf32>
// CHECK-DAG: %[[N:.*]] = tensor.dim %[[A]]
// CHECK-DAG: %[[M:.*]] = tensor.dim %[[B]]
// CHECK: lowbit.check_size %[[M]], %[[N]] "'linalg.add' op: dimension 0 of operand 1"
// CHECK-NOT: check_size
func.func @add(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0 : index
  %n = tensor.dim %a, %zero : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %c = linalg.add ins(%a, %b : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %m = tensor.dim %c, %zero : tensor<?xf32>
  %f = tensor.empty(%m) : tensor<?xf32>
  %d = linalg.mul ins(%c, %b : tensor<?xf32>, tensor<?xf32>) outs(%f : tensor<?xf32>) -> tensor<?xf32>
  return %d : tensor<?xf32>
}

// -----

// Static sizes are the verifier's.
// CHECK-LABEL: @static
// CHECK-NOT: check_size
func.func @static(%a: tensor<4xf32>, %b: tensor<4xf32>) -> tensor<4xf32> {
  %c = linalg.add ins(%a, %b : tensor<4xf32>, tensor<4xf32>) outs(%a : tensor<4xf32>) -> tensor<4xf32>
  return %c : tensor<4xf32>
}

// -----

// A window: the input holds (outputs - 1) * 2 + taps, unless there are none.
// CHECK: #[[ENDS:.*]] = affine_map<()[s0, s1] -> (s0 * 2 + s1 - 2)>
// CHECK-LABEL: @window
// CHECK: affine.apply #[[ENDS]]
// CHECK: arith.select
// CHECK: lowbit.check_size {{.*}} "'linalg.generic' op: dimension 0 of operand 0"
func.func @window(%x: tensor<?xf32>, %k: tensor<?xf32>, %o: tensor<?xf32>) -> tensor<?xf32> {
  %y = linalg.generic {
      indexing_maps = [affine_map<(m, k) -> (m * 2 + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %k : tensor<?xf32>, tensor<?xf32>) outs(%o : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
}
