// Indices from data are checked once and clamped; those that cannot be outside
// stay as they are.
// RUN: quant-opt %s --lowbit-guard-lookups --split-input-file | FileCheck %s

#ids = affine_map<(d0, d1) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>

// torch-mlir asserts in the body what the check says.
// CHECK-LABEL: @embedding
// CHECK-SAME: %[[TABLE:.*]]: tensor<10x4xf32>, %[[IDS:.*]]: tensor<?xi64>
func.func @embedding(%table: tensor<10x4xf32>, %ids: tensor<?xi64>, %e: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c10_i64 = arith.constant 10 : i64
  %c0_i64 = arith.constant 0 : i64
  // CHECK: lowbit.check_range %[[IDS]] in [0, 10) "words: index outside the 10 entries of arg0" : tensor<?xi64>
  // CHECK-NEXT: linalg.generic
  %0 = linalg.generic {indexing_maps = [#ids, #all], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi64>) outs(%e : tensor<?x4xf32>) attrs = {lowbit.id = "words"} {
  ^bb0(%in: i64, %out: f32):
    // CHECK: %[[I:.*]] = arith.index_cast
    %1 = arith.index_cast %in : i64 to index
    // CHECK: %[[J:.*]] = linalg.index 1
    %2 = linalg.index 1 : index
    %3 = arith.cmpi slt, %in, %c10_i64 : i64
    // CHECK-NOT: cf.assert
    cf.assert %3, "index must be smaller than dim size"
    %4 = arith.cmpi sge, %in, %c0_i64 : i64
    cf.assert %4, "index must be larger or equal to 0"
    // CHECK: %[[L:.*]] = arith.maxsi %[[I]], %c0
    // CHECK: %[[C:.*]] = arith.minsi %[[L]], %c9
    // CHECK: tensor.extract %[[TABLE]][%[[C]], %[[J]]]
    %v = tensor.extract %table[%1, %2] : tensor<10x4xf32>
    linalg.yield %v : f32
  } -> tensor<?x4xf32>
  return %0 : tensor<?x4xf32>
}

// -----

#map = affine_map<(d0) -> (d0)>

// A computed index is computed before, and checked.
// CHECK-LABEL: @computed
func.func @computed(%table: tensor<10xf32>, %ids: tensor<4xi32>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %c3 = arith.constant 3 : i32
  // CHECK: %[[AT:.*]] = linalg.generic {{.*}} ins(%arg1 : tensor<4xi32>) outs(%{{.*}} : tensor<4xi64>)
  // CHECK: arith.muli
  // CHECK: arith.index_cast %{{.*}} : index to i64
  // CHECK: lowbit.check_range %[[AT]] in [0, 10)
  // CHECK: linalg.generic
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%ids : tensor<4xi32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i32, %out: f32):
    %1 = arith.muli %in, %c3 : i32
    %2 = arith.index_cast %1 : i32 to index
    // CHECK: arith.maxsi
    // CHECK: arith.minsi
    %v = tensor.extract %table[%2] : tensor<10xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// -----

#map = affine_map<(d0) -> (d0)>

// An index that was read before the loop.
// CHECK-LABEL: @outside
func.func @outside(%table: tensor<10xf32>, %at: tensor<i64>, %e: tensor<4xf32>) -> tensor<4xf32> {
  %0 = tensor.extract %at[] : tensor<i64>
  // CHECK: %[[I:.*]] = arith.index_cast
  %1 = arith.index_cast %0 : i64 to index
  // CHECK: %[[AT:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<4xi64>)
  // CHECK: arith.index_cast %[[I]] : index to i64
  // CHECK: lowbit.check_range %[[AT]] in [0, 10)
  %2 = linalg.generic {indexing_maps = [#map], iterator_types = ["parallel"]} outs(%e : tensor<4xf32>) {
  ^bb0(%out: f32):
    // CHECK: arith.maxsi %[[I]]
    %v = tensor.extract %table[%1] : tensor<10xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %2 : tensor<4xf32>
}

// -----

#map = affine_map<(d0) -> (d0)>

// CHECK-LABEL: @inside
// CHECK-NOT: lowbit.check_range
// CHECK-NOT: arith.minsi %{{.*}} : index
func.func @inside(%bytes: tensor<256xi8>, %table: tensor<10xf32>, %i: tensor<4xi8>, %ids: tensor<4xi64>, %e: tensor<4xf32>)
    -> (tensor<4xf32>, tensor<4xf32>) {
  %c128 = arith.constant 128 : i32
  %c9 = arith.constant 9 : i64
  %c10 = arith.constant 10 : i64
  %c0 = arith.constant 0 : i64
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%i : tensor<4xi8>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i8, %out: f32):
    %1 = arith.extsi %in : i8 to i32
    %2 = arith.addi %1, %c128 : i32
    %3 = arith.index_cast %2 : i32 to index
    %v = tensor.extract %bytes[%3] : tensor<256xi8>
    %f = arith.sitofp %v : i8 to f32
    linalg.yield %f : f32
  } -> tensor<4xf32>
  %4 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%ids : tensor<4xi64>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i64, %out: f32):
    %1 = arith.maxsi %in, %c0 : i64
    %2 = arith.minsi %1, %c9 : i64
    %3 = arith.index_cast %2 : i64 to index
    %v = tensor.extract %table[%3] : tensor<10xf32>
    linalg.yield %v : f32
  } -> tensor<4xf32>
  return %0, %4 : tensor<4xf32>, tensor<4xf32>
}
