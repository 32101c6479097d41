// Tensors made, asked, and viewed in other shapes; dynamic and empty ones too.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: splat: dense<7> : tensor<2x3xi16>
// CHECK: generate: dense<{{\[}}[0, 10, 20], [1, 11, 21]]> : tensor<2x3xi64>
// CHECK: insert: dense<[1, 9, 3]> : tensor<3xi64>
// CHECK: sizes: dense<[2, 3, 2, 3]> : tensor<4xi64>
// CHECK: expand: dense<{{\[\[}}[0, 10, 20]], {{\[}}[1, 11, 21]]]> : tensor<2x1x3xi64>
// CHECK: collapse: dense<[0, 10, 20, 1, 11, 21]> : tensor<6xi64>
// CHECK: reshape: dense<{{\[}}[0, 10], [20, 1], [11, 21]]> : tensor<3x2xi64>
// CHECK: bitcast: dense<[1065353216, 0]> : tensor<2xi32>
// CHECK: empty: dense<> : tensor<0x3xf32>
// CHECK: nibbles: dense<[-8, 7, -1]> : tensor<3xi8>
// CHECK: unsigned: dense<[8, 7, 15]> : tensor<3xi8>
func.func @main()
    -> (tensor<2x3xi16> {lowbit.name = "splat"}, tensor<?x3xi64> {lowbit.name = "generate"},
        tensor<3xi64> {lowbit.name = "insert"}, tensor<4xi64> {lowbit.name = "sizes"},
        tensor<?x1x3xi64> {lowbit.name = "expand"}, tensor<?xi64> {lowbit.name = "collapse"},
        tensor<?x?xi64> {lowbit.name = "reshape"}, tensor<2xi32> {lowbit.name = "bitcast"},
        tensor<?x3xf32> {lowbit.name = "empty"}, tensor<3xi8> {lowbit.name = "nibbles"},
        tensor<3xi8> {lowbit.name = "unsigned"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c10 = arith.constant 10 : index
  %seven = arith.constant 7 : i16
  %splat = tensor.splat %seven : tensor<2x3xi16>
  %generate = tensor.generate %c2 {
  ^bb0(%i: index, %j: index):
    %0 = arith.muli %j, %c10 : index
    %1 = arith.addi %0, %i : index
    %2 = arith.index_cast %1 : index to i64
    tensor.yield %2 : i64
  } : tensor<?x3xi64>
  %v = arith.constant dense<[1, 2, 3]> : tensor<3xi64>
  %nine = arith.constant 9 : i64
  %insert = tensor.insert %nine into %v[%c1] : tensor<3xi64>
  %d0 = tensor.dim %generate, %c0 : tensor<?x3xi64>
  %d1 = tensor.dim %generate, %c1 : tensor<?x3xi64>
  %rank = tensor.rank %generate : tensor<?x3xi64>
  %three = tensor.extract %insert[%c2] : tensor<3xi64>
  %s0 = arith.index_cast %d0 : index to i64
  %s1 = arith.index_cast %d1 : index to i64
  %s2 = arith.index_cast %rank : index to i64
  %sizes = tensor.from_elements %s0, %s1, %s2, %three : tensor<4xi64>
  %expand = tensor.expand_shape %generate [[0, 1], [2]] output_shape [%d0, 1, 3]
      : tensor<?x3xi64> into tensor<?x1x3xi64>
  %collapse = tensor.collapse_shape %expand [[0, 1, 2]] : tensor<?x1x3xi64> into tensor<?xi64>
  %shape = arith.constant dense<[3, 2]> : tensor<2xindex>
  %reshape = tensor.reshape %collapse(%shape) : (tensor<?xi64>, tensor<2xindex>) -> tensor<?x?xi64>
  %ones = arith.constant dense<[1.0, 0.0]> : tensor<2xf32>
  %bitcast = tensor.bitcast %ones : tensor<2xf32> to tensor<2xi32>
  %none = tensor.empty(%c0) : tensor<?x3xf32>
  %narrow = arith.constant dense<[-8, 7, -1]> : tensor<3xi4>
  %nibbles = arith.extsi %narrow : tensor<3xi4> to tensor<3xi8>
  %unsigned = arith.extui %narrow : tensor<3xi4> to tensor<3xi8>
  return %splat, %generate, %insert, %sizes, %expand, %collapse, %reshape, %bitcast, %none, %nibbles, %unsigned
      : tensor<2x3xi16>, tensor<?x3xi64>, tensor<3xi64>, tensor<4xi64>, tensor<?x1x3xi64>, tensor<?xi64>,
        tensor<?x?xi64>, tensor<2xi32>, tensor<?x3xf32>, tensor<3xi8>, tensor<3xi8>
}
