// Each operand of a contraction is observed once, at its source; other readers
// keep the value.
// RUN: quant-opt %s --split-input-file --lowbit-insert-observers | FileCheck %s

// The weight has the output channels as axis; the addition reads %x itself.
// CHECK-LABEL: @matmul
// CHECK-SAME: (%[[X:.*]]: tensor<4x4xf32>
// CHECK: %[[XO:.*]] = lowbit.observe %[[X]] "activation" "x" : tensor<4x4xf32>
// CHECK: %[[W:.*]] = lowbit.get_parameter @w
// CHECK: %[[WO:.*]] = lowbit.observe %[[W]] "weight" "w" {axis = 1 : i64}
// CHECK: %[[Y:.*]] = linalg.matmul ins(%[[XO]], %[[WO]] :
// CHECK: linalg.add ins(%[[X]], %[[Y]] :
lowbit.parameter @w : tensor<4x4xf32>
func.func @matmul(%x: tensor<4x4xf32> {lowbit.name = "x"}) -> tensor<4x4xf32> {
  %w = lowbit.get_parameter @w : tensor<4x4xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %r = linalg.add ins(%x, %y : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %r : tensor<4x4xf32>
}

// -----

// Through pad and transpose; the weight's axis goes back through its reshape.
// A constant on the left has its rows as channels.
// CHECK-LABEL: @movement
// CHECK-SAME: (%[[X:.*]]: tensor<3x7xf32>)
// CHECK: %[[XO:.*]] = lowbit.observe %[[X]] "activation" "arg0"
// CHECK: %[[WO:.*]] = lowbit.observe %{{.*}} "weight" "matmul.weight" {axis = 0 : i64} : tensor<5x8xf32>
// CHECK: %[[LO:.*]] = lowbit.observe %{{.*}} "weight" "matmul.weight#1" {axis = 0 : i64} : tensor<2x8xf32>
// CHECK: %[[WT:.*]] = linalg.transpose ins(%[[WO]] :
// CHECK: %[[P:.*]] = tensor.pad %[[XO]]
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[P]] :
// CHECK: linalg.matmul ins(%[[P]], %[[WT]] :
// CHECK: linalg.matmul ins(%[[LO]], %[[T]] :
func.func @movement(%x: tensor<3x7xf32>) -> (tensor<4x5xf32>, tensor<2x4xf32>) {
  %w = arith.constant dense<1.0> : tensor<5x8xf32>
  %l = arith.constant dense<2.0> : tensor<2x8xf32>
  %zero = arith.constant 0.0 : f32
  %e1 = tensor.empty() : tensor<8x5xf32>
  %wt = linalg.transpose ins(%w : tensor<5x8xf32>) outs(%e1 : tensor<8x5xf32>) permutation = [1, 0]
  %p = tensor.pad %x low[0, 0] high[1, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<3x7xf32> to tensor<4x8xf32>
  %e2 = tensor.empty() : tensor<8x4xf32>
  %t = linalg.transpose ins(%p : tensor<4x8xf32>) outs(%e2 : tensor<8x4xf32>) permutation = [1, 0]
  %e3 = tensor.empty() : tensor<4x5xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<4x5xf32>) -> tensor<4x5xf32>
  %y = linalg.matmul ins(%p, %wt : tensor<4x8xf32>, tensor<8x5xf32>) outs(%f3 : tensor<4x5xf32>) -> tensor<4x5xf32>
  %e4 = tensor.empty() : tensor<2x4xf32>
  %f4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<2x4xf32>) -> tensor<2x4xf32>
  %z = linalg.matmul ins(%l, %t : tensor<2x8xf32>, tensor<8x4xf32>) outs(%f4 : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y, %z : tensor<4x5xf32>, tensor<2x4xf32>
}

// -----

// One constant for look-ups and for a contraction: an observer for each.
// CHECK-LABEL: @tied
// CHECK: %[[W:.*]] = lowbit.get_parameter @table
// CHECK-DAG: %[[TABLE:.*]] = lowbit.observe %[[W]] "table" {{.*}} {axis = 0 : i64}
// CHECK-DAG: lowbit.observe %[[W]] "weight" {{.*}} {axis = 0 : i64}
// CHECK: tensor.extract %[[TABLE]]
lowbit.parameter @table : tensor<9x4xf32>
func.func @tied(%ids: tensor<?xi64>) -> tensor<?x9xf32> {
  %t = lowbit.get_parameter @table : tensor<9x4xf32>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %ids, %c0 : tensor<?xi64>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %x = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi64>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%id: i64, %o: f32):
    %row = arith.index_cast %id : i64 to index
    %column = linalg.index 1 : index
    %v = tensor.extract %t[%row, %column] : tensor<9x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  %e2 = tensor.empty(%n) : tensor<?x9xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x9xf32>) -> tensor<?x9xf32>
  %y = linalg.contract
      indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>]
      ins(%x, %t : tensor<?x4xf32>, tensor<9x4xf32>) outs(%f2 : tensor<?x9xf32>) -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

// -----

// A generic that multiplies and adds is a contraction; a sum of products
// without rows or columns is not.
// CHECK-LABEL: @generic
// CHECK-COUNT-2: lowbit.observe
// CHECK-NOT: lowbit.observe
func.func @generic(%x: tensor<2x3xf32>, %y: tensor<3x5xf32>) -> (tensor<2x5xf32>, tensor<2xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x5xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x5xf32>) -> tensor<2x5xf32>
  %a = linalg.generic {
      indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (k, j)>, affine_map<(i, j, k) -> (i, j)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<2x3xf32>, tensor<3x5xf32>) outs(%f : tensor<2x5xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %q, %p : f32
    %s = arith.addf %m, %o : f32
    linalg.yield %s : f32
  } -> tensor<2x5xf32>
  %e1 = tensor.empty() : tensor<2xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<2xf32>) -> tensor<2xf32>
  %b = linalg.generic {
      indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> (i)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %x : tensor<2x3xf32>, tensor<2x3xf32>) outs(%f1 : tensor<2xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<2xf32>
  return %a, %b : tensor<2x5xf32>, tensor<2xf32>
}
