// A loop without an iteration: sums are 0, windows over it too, whose last index
// linalg counts as -1. Epilogues are of 0.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s --lowbit-lower-contract -o %t.mlir
// RUN: quant-run %t.mlir --print --interpret | FileCheck %s

// CHECK: window: dense<7> : tensor<1xi32>
// CHECK: strided: dense<[-1, -2]> : tensor<2xi32>
// CHECK: matmul: dense<0> : tensor<2x2xi32>
// CHECK: rows: dense<> : tensor<0xi32>
// CHECK: dynamic: dense<0> : tensor<1xi32>
func.func @main() -> (tensor<1xi32> {lowbit.name = "window"}, tensor<2xi32> {lowbit.name = "strided"}, tensor<2x2xi32> {lowbit.name = "matmul"},
    tensor<0xi32> {lowbit.name = "rows"}, tensor<1xi32> {lowbit.name = "dynamic"}) {
  %a = arith.constant dense<[1, 2, 3, 4]> : tensor<4xi8>
  %none = arith.constant dense<> : tensor<0xi8>
  %i1 = tensor.empty() : tensor<1xi32>
  %window = lowbit.contract attributes {indexing_maps = [affine_map<(m, k) -> (m + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]} ins(%a, %none : tensor<4xi8>, tensor<0xi8>) outs(%i1 : tensor<1xi32>) {
  ^bb0(%acc: i32):
    %seven = arith.constant 7 : i32
    %s = arith.addi %acc, %seven : i32
    lowbit.yield %s : i32
  } -> tensor<1xi32>
  // The formats are unsigned and have zero points, so there are corrections.
  %u = lowbit.storage_cast %a : tensor<4xi8> to tensor<4x!lowbit.affine<ui8>>
  %v = lowbit.storage_cast %none : tensor<0xi8> to tensor<0x!lowbit.affine<ui8>>
  %bias = arith.constant dense<[-1, -2]> : tensor<2xi32>
  %i2 = tensor.empty() : tensor<2xi32>
  %strided = lowbit.contract attributes {indexing_maps = [affine_map<(m, k) -> (m * 2 + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"], lhs_zero_point = dense<5> : tensor<i32>, rhs_zero_point = dense<9> : tensor<i32>}
      ins(%u, %v : tensor<4x!lowbit.affine<ui8>>, tensor<0x!lowbit.affine<ui8>>) extra(%bias : tensor<2xi32>) outs(%i2 : tensor<2xi32>) {
  ^bb0(%acc: i32, %b: i32):
    %s = arith.addi %acc, %b : i32
    lowbit.yield %s : i32
  } -> tensor<2xi32>
  %l = arith.constant dense<> : tensor<2x0xi8>
  %r = arith.constant dense<> : tensor<0x2xi8>
  %i22 = tensor.empty() : tensor<2x2xi32>
  %matmul = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<5> : tensor<i32>}
      ins(%l, %r : tensor<2x0xi8>, tensor<0x2xi8>) outs(%i22 : tensor<2x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<2x2xi32>
  // No rows: the window may be longer than its operand.
  %one = arith.constant dense<[1, 2, 3]> : tensor<3xi8>
  %i0 = tensor.empty() : tensor<0xi32>
  %rows = lowbit.contract attributes {indexing_maps = [affine_map<(m, k) -> (m + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]} ins(%none, %one : tensor<0xi8>, tensor<3xi8>) outs(%i0 : tensor<0xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<0xi32>
  // A size of the run: 1 * 2 + 2 * -1.
  %p = arith.constant dense<[1, 2]> : tensor<2xi32>
  %q = arith.constant dense<[2, -1]> : tensor<2xi32>
  %c0 = arith.constant dense<0> : tensor<i32>
  %dot = linalg.dot ins(%p, %q : tensor<2xi32>, tensor<2xi32>) outs(%c0 : tensor<i32>) -> tensor<i32>
  %n = tensor.extract %dot[] : tensor<i32>
  %size = arith.index_cast %n : i32 to index
  %some = tensor.extract_slice %a[0] [%size] [1] : tensor<4xi8> to tensor<?xi8>
  %dynamic = lowbit.contract attributes {indexing_maps = [affine_map<(m, k) -> (m * 2 + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"], rhs_zero_point = dense<9> : tensor<i32>} ins(%a, %some : tensor<4xi8>, tensor<?xi8>) outs(%i1 : tensor<1xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<1xi32>
  return %window, %strided, %matmul, %rows, %dynamic : tensor<1xi32>, tensor<2xi32>, tensor<2x2xi32>, tensor<0xi32>, tensor<1xi32>
}
