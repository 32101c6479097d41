// Parts of tensors copied.
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: rows: dense<{{\[}}[4, 6], [12, 14]]> : tensor<2x2xi32>
// CHECK: row: dense<[8, 9, 10, 11]> : tensor<4xi32>
// CHECK: none: dense<> : tensor<0x4xi32>
// CHECK: written: dense<{{\[}}[0, 1, 2, 3], [4, -1, 6, -2], [8, -3, 10, -4], [12, 13, 14, 15]]> : tensor<4x4xi32>
// CHECK: column: dense<{{\[}}[0, -1, 2, 3], [4, -2, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]> : tensor<4x4xi32>
// CHECK: padded: dense<{{\[}}[9, 9, 9, 9], [9, -1, -2, 9], [9, -3, -4, 9]]> : tensor<3x4xi32>
// CHECK: numbered: dense<{{\[}}[-1, -2, 2], [-3, -4, 12]]> : tensor<2x3xi32>
// CHECK: joined: dense<{{\[}}[-1, -2, 5, -1, -2], [-3, -4, 6, -3, -4]]> : tensor<2x5xi32>
func.func @main()
    -> (tensor<2x2xi32> {lowbit.name = "rows"}, tensor<?xi32> {lowbit.name = "row"},
        tensor<?x4xi32> {lowbit.name = "none"}, tensor<4x4xi32> {lowbit.name = "written"},
        tensor<4x4xi32> {lowbit.name = "column"}, tensor<3x?xi32> {lowbit.name = "padded"},
        tensor<2x3xi32> {lowbit.name = "numbered"}, tensor<2x?xi32> {lowbit.name = "joined"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %a = arith.constant dense<[[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]> : tensor<4x4xi32>
  %b = arith.constant dense<[[-1, -2], [-3, -4]]> : tensor<2x2xi32>
  %rows = tensor.extract_slice %a[%c1, 0] [2, 2] [2, %c2] : tensor<4x4xi32> to tensor<2x2xi32>
  %row = tensor.extract_slice %a[%c2, 0] [1, %c4] [1, 1] : tensor<4x4xi32> to tensor<?xi32>
  %none = tensor.extract_slice %a[%c4, 0] [%c0, 4] [1, 1] : tensor<4x4xi32> to tensor<?x4xi32>
  %written = tensor.insert_slice %b into %a[1, %c1] [2, 2] [1, 2] : tensor<2x2xi32> into tensor<4x4xi32>
  %two = arith.constant dense<[-1, -2]> : tensor<2xi32>
  %column = tensor.insert_slice %two into %a[0, 1] [2, 1] [1, 1] : tensor<2xi32> into tensor<4x4xi32>
  %nine = arith.constant 9 : i32
  %padded = tensor.pad %b low[1, %c1] high[0, %c1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %nine : i32
  } : tensor<2x2xi32> to tensor<3x?xi32>
  %ten = arith.constant 10 : index
  %numbered = tensor.pad %b low[0, 0] high[0, 1] {
  ^bb0(%i: index, %j: index):
    %0 = arith.muli %i, %ten : index
    %1 = arith.addi %0, %j : index
    %2 = arith.index_cast %1 : index to i32
    tensor.yield %2 : i32
  } : tensor<2x2xi32> to tensor<2x3xi32>
  %five = arith.constant dense<[[5], [6]]> : tensor<2x1xi32>
  %dynamic = tensor.cast %b : tensor<2x2xi32> to tensor<2x?xi32>
  %joined = tensor.concat dim(1) %b, %five, %dynamic
      : (tensor<2x2xi32>, tensor<2x1xi32>, tensor<2x?xi32>) -> tensor<2x?xi32>
  return %rows, %row, %none, %written, %column, %padded, %numbered, %joined
      : tensor<2x2xi32>, tensor<?xi32>, tensor<?x4xi32>, tensor<4x4xi32>, tensor<4x4xi32>, tensor<3x?xi32>,
        tensor<2x3xi32>, tensor<2x?xi32>
}
