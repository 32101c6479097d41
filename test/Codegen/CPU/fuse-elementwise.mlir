// RUN: quant-opt %s --lowbit-fuse-elementwise | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>

// The reshape stays between the contraction and its reader, and the weight
// stays an argument.
// CHECK-LABEL: func.func @contraction_keeps_its_operands
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<4x8xf32>, %[[W:[a-z0-9]+]]: tensor<8x6xf32>
// CHECK: linalg.matmul ins(%[[X]], %[[W]]
// CHECK: linalg.generic
// CHECK: arith.addf
// CHECK: math.exp
// CHECK-NOT: linalg.generic
// CHECK: tensor.expand_shape
func.func @contraction_keeps_its_operands(%x: tensor<4x8xf32>, %w: tensor<8x6xf32>, %b: tensor<6xf32>,
                                          %init: tensor<4x6xf32>) -> tensor<4x2x3xf32> {
  %0 = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x6xf32>) outs(%init : tensor<4x6xf32>) -> tensor<4x6xf32>
  %empty = tensor.empty() : tensor<4x6xf32>
  %1 = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0, %b : tensor<4x6xf32>, tensor<6xf32>) outs(%empty : tensor<4x6xf32>) {
  ^bb0(%a: f32, %c: f32, %out: f32):
    %s = arith.addf %a, %c : f32
    linalg.yield %s : f32
  } -> tensor<4x6xf32>
  %2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%1 : tensor<4x6xf32>) outs(%empty : tensor<4x6xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<4x6xf32>
  %3 = tensor.expand_shape %2 [[0], [1, 2]] output_shape [4, 2, 3] : tensor<4x6xf32> into tensor<4x2x3xf32>
  return %3 : tensor<4x2x3xf32>
}

// A value with two readers is computed once.
// CHECK-LABEL: func.func @two_readers
// CHECK-COUNT-2: linalg.generic
func.func @two_readers(%x: tensor<4x6xf32>) -> (tensor<4x6xf32>, tensor<4x6xf32>) {
  %empty = tensor.empty() : tensor<4x6xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x6xf32>) outs(%empty : tensor<4x6xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<4x6xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x6xf32>) outs(%empty : tensor<4x6xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = arith.negf %a : f32
    linalg.yield %e : f32
  } -> tensor<4x6xf32>
  return %0, %1 : tensor<4x6xf32>, tensor<4x6xf32>
}

// A producer that adds to its init would add once for each of the reader's
// columns.
// CHECK-LABEL: func.func @producer_reads_its_init
// CHECK-COUNT-2: linalg.generic
func.func @producer_reads_its_init(%x: tensor<4xi32>, %sums: tensor<4xi32>) -> tensor<4x6xi32> {
  %empty = tensor.empty() : tensor<4x6xi32>
  %0 = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<4xi32>) outs(%sums : tensor<4xi32>) {
  ^bb0(%a: i32, %out: i32):
    %e = arith.addi %out, %a : i32
    linalg.yield %e : i32
  } -> tensor<4xi32>
  %1 = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4xi32>) outs(%empty : tensor<4x6xi32>) {
  ^bb0(%a: i32, %out: i32):
    linalg.yield %a : i32
  } -> tensor<4x6xi32>
  return %1 : tensor<4x6xi32>
}
