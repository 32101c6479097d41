// Quantized contractions: zero points, an epilogue, a window, a packed
// right-hand side, small floats.
// RUN: quant-run %s --interpret --print | FileCheck %s

// a - 1 = [[0, 1], [2, -3]], w = [[1, 2], [3, -4]]: [[3, -4], [-7, 16]], plus
// the bias [10, -100], times 1/2, ties to even, plus 1.
// CHECK: matmul: dense<{{\[}}[7, -51], [3, -41]]> : tensor<2x2xi8>
// One zero point a column: w - [1, 2].
// CHECK: columns: dense<{{\[}}[2, -6], [-6, 18]]> : tensor<2x2xi32>
// Strides of 2 over 5 inputs: 1 + 2 + 3, 3 + 4 + 5.
// CHECK: window: dense<{{\[}}{{\[}}[6]], {{\[}}[12]]]> : tensor<2x1x1xi32>
// CHECK: packed: dense<{{\[}}[7, 10, 13]]> : tensor<1x3xi32>
// CHECK: floats: dense<5.500000e+00> : tensor<1x1xf32>
!a = !lowbit.affine<i8>
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#n = affine_map<(m, n, k) -> (n)>
#mn = affine_map<(m, n, k) -> (m, n)>
func.func @main()
    -> (tensor<2x2xi8> {lowbit.name = "matmul"}, tensor<2x2xi32> {lowbit.name = "columns"}, tensor<2x1x1xi32> {lowbit.name = "window"},
        tensor<1x3xi32> {lowbit.name = "packed"}, tensor<1x1xf32> {lowbit.name = "floats"}) {
  %a = arith.constant dense<[[1, 2], [3, -2]]> : tensor<2x2xi8>
  %aq = lowbit.storage_cast %a : tensor<2x2xi8> to tensor<2x2x!a>
  %w = arith.constant dense<[[1, 2], [3, -4]]> : tensor<2x2xi8>
  %wq = lowbit.storage_cast %w : tensor<2x2xi8> to tensor<2x2x!lowbit.affine<i8, -127:127, axis = 1>>
  %bias = arith.constant dense<[10, -100]> : tensor<2xi32>
  %i0 = tensor.empty() : tensor<2x2x!a>
  %m = lowbit.contract attributes {indexing_maps = [#mk, #kn, #n, #mn], iterator_types = ["parallel", "parallel", "reduction"],
      lhs_zero_point = dense<1> : tensor<i32>}
      ins(%aq, %wq : tensor<2x2x!a>, tensor<2x2x!lowbit.affine<i8, -127:127, axis = 1>>) extra(%bias : tensor<2xi32>) outs(%i0 : tensor<2x2x!a>) {
  ^bb0(%acc: i32, %b: i32):
    %sum = arith.addi %acc, %b : i32
    %q = lowbit.requantize %sum {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : i32 -> !a
    lowbit.yield %q : !a
  } -> tensor<2x2x!a>
  %matmul = lowbit.storage_cast %m : tensor<2x2x!a> to tensor<2x2xi8>
  %i1 = tensor.empty() : tensor<2x2xi32>
  %z = arith.constant dense<[1, 2]> : tensor<2xi32>
  %columns = lowbit.contract attributes {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"],
      lhs_zero_point = dense<1> : tensor<i32>}
      ins(%aq, %wq : tensor<2x2x!a>, tensor<2x2x!lowbit.affine<i8, -127:127, axis = 1>>) rhs_zero_point(%z : tensor<2xi32>) outs(%i1 : tensor<2x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<2x2xi32>
  %x = arith.constant dense<[[1], [2], [3], [4], [5]]> : tensor<5x1xi8>
  %f = arith.constant dense<1> : tensor<3x1x1xi8>
  %i2 = tensor.empty() : tensor<2x1x1xi32>
  %window = lowbit.contract attributes {
      indexing_maps = [affine_map<(o, c, d, i, k) -> (o * 2 + i, k)>, affine_map<(o, c, d, i, k) -> (i, k, c)>, affine_map<(o, c, d, i, k) -> (o, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"]}
      ins(%x, %f : tensor<5x1xi8>, tensor<3x1x1xi8>) outs(%i2 : tensor<2x1x1xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<2x1x1xi32>
  // [[1, 2, 3], [3, 4, 5]] in panels of two columns and groups of two.
  %p = arith.constant dense<[[[[1, 3], [2, 4]]], [[[3, 5], [0, 0]]]]> : tensor<2x1x2x2xi8>
  %l = arith.constant dense<[[1, 2]]> : tensor<1x2xi8>
  %i3 = tensor.empty() : tensor<1x3xi32>
  %packed = lowbit.packed_contract attributes {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"],
      layout = #lowbit.panels<columns = 2, group = 2>, rhs_type = tensor<2x3xi8>}
      ins(%l, %p : tensor<1x2xi8>, tensor<2x1x2x2xi8>) outs(%i3 : tensor<1x3xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<1x3xi32>
  // f8E4M3FN: 1 is 0x38, 1.5 is 0x3C; f8E5M2: 1 is 0x3C, 3 is 0x42.
  %e = arith.constant dense<[[56, 60]]> : tensor<1x2xi8>
  %g = arith.constant dense<[[60], [66]]> : tensor<2x1xi8>
  %eq = lowbit.storage_cast %e : tensor<1x2xi8> to tensor<1x2x!lowbit.float<f8E4M3FN>>
  %gq = lowbit.storage_cast %g : tensor<2x1xi8> to tensor<2x1x!lowbit.float<f8E5M2>>
  %i4 = tensor.empty() : tensor<1x1xf32>
  %floats = lowbit.contract attributes {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%eq, %gq : tensor<1x2x!lowbit.float<f8E4M3FN>>, tensor<2x1x!lowbit.float<f8E5M2>>) outs(%i4 : tensor<1x1xf32>) {
  ^bb0(%acc: f32):
    lowbit.yield %acc : f32
  } -> tensor<1x1xf32>
  return %matmul, %columns, %window, %packed, %floats : tensor<2x2xi8>, tensor<2x2xi32>, tensor<2x1x1xi32>, tensor<1x3xi32>, tensor<1x1xf32>
}
