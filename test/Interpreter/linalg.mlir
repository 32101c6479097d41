// Operations of linalg that neither contract nor reduce floats: broadcasts,
// transposes, look-ups, indices, several results, dynamic and empty shapes, and
// bodies whose order shows (F4).
// RUN: quant-run %s --interpret --print | FileCheck %s
// RUN: quant-run %s --print | FileCheck %s

// CHECK: sum: dense<{{\[}}[11, 12, 13], [21, 22, 23]]> : tensor<2x3xi32>
// CHECK: transposed: dense<{{\[}}[11, 21], [12, 22], [13, 23]]> : tensor<3x2xi32>
// CHECK: broadcast: dense<{{\[}}[1, 2, 3], [1, 2, 3]]> : tensor<2x3xi32>
// CHECK: table: dense<{{\[}}[20, 21], [10, 11], [20, 21]]> : tensor<3x2xi32>
// CHECK: index: dense<{{\[}}[0, 1, 2], [10, 11, 12]]> : tensor<2x3xi64>
// CHECK: low: dense<[-1, 0, -3]> : tensor<3xi8>
// CHECK: high: dense<[0, 2, 0]> : tensor<3xi8>
// CHECK: order: dense<1234> : tensor<i32>
// CHECK: dynamic: dense<{{\[}}[2, 4, 6], [2, 4, 6]]> : tensor<2x3xi32>
// CHECK: empty: dense<> : tensor<0xi32>
func.func @main()
    -> (tensor<2x3xi32> {lowbit.name = "sum"}, tensor<3x2xi32> {lowbit.name = "transposed"},
        tensor<2x3xi32> {lowbit.name = "broadcast"}, tensor<3x2xi32> {lowbit.name = "table"},
        tensor<2x3xi64> {lowbit.name = "index"}, tensor<3xi8> {lowbit.name = "low"}, tensor<3xi8> {lowbit.name = "high"},
        tensor<i32> {lowbit.name = "order"}, tensor<?x3xi32> {lowbit.name = "dynamic"},
        tensor<?xi32> {lowbit.name = "empty"}) {
  %column = arith.constant dense<[[10], [20]]> : tensor<2x1xi32>
  %row = arith.constant dense<[1, 2, 3]> : tensor<3xi32>
  %e23 = tensor.empty() : tensor<2x3xi32>
  %sum = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, 0)>, affine_map<(i, j) -> (j)>,
      affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      ins(%column, %row : tensor<2x1xi32>, tensor<3xi32>) outs(%e23 : tensor<2x3xi32>) {
  ^bb0(%a: i32, %b: i32, %out: i32):
    %0 = arith.addi %a, %b : i32
    linalg.yield %0 : i32
  } -> tensor<2x3xi32>
  %e32 = tensor.empty() : tensor<3x2xi32>
  %transposed = linalg.transpose ins(%sum : tensor<2x3xi32>) outs(%e32 : tensor<3x2xi32>) permutation = [1, 0]
  %broadcast = linalg.broadcast ins(%row : tensor<3xi32>) outs(%e23 : tensor<2x3xi32>) dimensions = [0]

  %entries = arith.constant dense<[[10, 11], [20, 21]]> : tensor<2x2xi32>
  %ids = arith.constant dense<[1, 0, 1]> : tensor<3xi64>
  %table = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<3xi64>) outs(%e32 : tensor<3x2xi32>) {
  ^bb0(%id: i64, %out: i32):
    %0 = arith.index_cast %id : i64 to index
    %1 = linalg.index 1 : index
    %2 = tensor.extract %entries[%0, %1] : tensor<2x2xi32>
    linalg.yield %2 : i32
  } -> tensor<3x2xi32>
  %e23l = tensor.empty() : tensor<2x3xi64>
  %ten = arith.constant 10 : index
  %index = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
      outs(%e23l : tensor<2x3xi64>) {
  ^bb0(%out: i64):
    %0 = linalg.index 0 : index
    %1 = linalg.index 1 : index
    %2 = arith.muli %0, %ten : index
    %3 = arith.addi %2, %1 : index
    %4 = arith.index_cast %3 : index to i64
    linalg.yield %4 : i64
  } -> tensor<2x3xi64>
  %v = arith.constant dense<[-1, 2, -3]> : tensor<3xi8>
  %e3 = tensor.empty() : tensor<3xi8>
  %zero = arith.constant 0 : i8
  %split:2 = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>, affine_map<(d) -> (d)>, affine_map<(d) -> (d)>],
      iterator_types = ["parallel"]} ins(%v : tensor<3xi8>) outs(%e3, %e3 : tensor<3xi8>, tensor<3xi8>) {
  ^bb0(%in: i8, %low: i8, %high: i8):
    %0 = arith.minsi %in, %zero : i8
    %1 = arith.maxsi %in, %zero : i8
    linalg.yield %0, %1 : i8, i8
  } -> (tensor<3xi8>, tensor<3xi8>)

  // out = 10 out + x: the last loop is the fastest.
  %digits = arith.constant dense<[[1, 2], [3, 4]]> : tensor<2x2xi32>
  %start = arith.constant dense<0> : tensor<i32>
  %base = arith.constant 10 : i32
  %order = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>],
      iterator_types = ["reduction", "reduction"]} ins(%digits : tensor<2x2xi32>) outs(%start : tensor<i32>) {
  ^bb0(%in: i32, %out: i32):
    %0 = arith.muli %out, %base : i32
    %1 = arith.addi %0, %in : i32
    linalg.yield %1 : i32
  } -> tensor<i32>
  %any = tensor.cast %broadcast : tensor<2x3xi32> to tensor<?x3xi32>
  %c0 = arith.constant 0 : index
  %size = tensor.dim %any, %c0 : tensor<?x3xi32>
  %ed = tensor.empty(%size) : tensor<?x3xi32>
  %dynamic = linalg.add ins(%any, %any : tensor<?x3xi32>, tensor<?x3xi32>) outs(%ed : tensor<?x3xi32>) -> tensor<?x3xi32>
  %ee = tensor.empty(%c0) : tensor<?xi32>
  %one = arith.constant 1 : i32
  %empty = linalg.fill ins(%one : i32) outs(%ee : tensor<?xi32>) -> tensor<?xi32>
  return %sum, %transposed, %broadcast, %table, %index, %split#0, %split#1, %order, %dynamic, %empty
      : tensor<2x3xi32>, tensor<3x2xi32>, tensor<2x3xi32>, tensor<3x2xi32>, tensor<2x3xi64>, tensor<3xi8>,
        tensor<3xi8>, tensor<i32>, tensor<?x3xi32>, tensor<?xi32>
}
