// A float contraction reads its weight as integers where the kernel can.
// RUN: quant-opt %s --split-input-file --lowbit-fuse-weights | FileCheck %s

#id = affine_map<(k, n) -> (k, n)>
#n = affine_map<(k, n) -> (n)>

// CHECK-DAG: #[[$A:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$B:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[$S:.*]] = affine_map<(d0, d1, d2) -> (d1)>
// CHECK-DAG: #[[$C:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-LABEL: @channels
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[Q:[a-z0-9]+]]: tensor<8x6xi8> {{.*}}, %[[SCALE:[a-z0-9]+]]: tensor<6xf32>
// CHECK-NOT: outs(%{{.*}} : tensor<8x6xf32>)
// CHECK: linalg.generic {indexing_maps = [#[[$A]], #[[$B]], #[[$S]], #[[$C]]], iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-SAME: ins(%[[X]], %[[Q]], %[[SCALE]] :
// CHECK: ^bb0(%[[XE:.*]]: f32, %[[QE:.*]]: i8, %[[SE:.*]]: f32, %[[ACC:.*]]: f32):
// CHECK: %[[F:.*]] = arith.sitofp %[[QE]] : i8 to f32
// CHECK: %[[W:.*]] = arith.mulf %[[F]], %[[SE]] : f32
// CHECK: %[[SUM:.*]] = math.fma %[[XE]], %[[W]], %[[ACC]] : f32
// CHECK: linalg.yield %[[SUM]]
func.func @channels(%x: tensor<?x8xf32>, %q: tensor<8x6xi8> {lowbit.parameter = "w"}, %s: tensor<6xf32>,
                    %init: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %e = tensor.empty() : tensor<8x6xf32>
  %w = linalg.generic {indexing_maps = [#id, #n, #id], iterator_types = ["parallel", "parallel"]}
      ins(%q, %s : tensor<8x6xi8>, tensor<6xf32>) outs(%e : tensor<8x6xf32>) {
  ^bb0(%i: i8, %scale: f32, %out: f32):
    %f = arith.sitofp %i : i8 to f32
    %p = arith.mulf %f, %scale : f32
    linalg.yield %p : f32
  } -> tensor<8x6xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x6xf32>) outs(%init : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

#id = affine_map<(k, n) -> (k, n)>

// A scale for each 4 elements of the reduction: that loop becomes two.
// CHECK-DAG: #[[$A:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d2, d3)>
// CHECK-DAG: #[[$B:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d3, d1)>
// CHECK-DAG: #[[$S:.*]] = affine_map<(d0, d1, d2, d3) -> (d2, d1)>
// CHECK-LABEL: @groups
// CHECK-DAG: %[[XS:.*]] = tensor.expand_shape %{{.*}} : tensor<?x8xf32> into tensor<?x2x4xf32>
// CHECK-DAG: %[[QS:.*]] = tensor.expand_shape %{{.*}} : tensor<8x6xi8> into tensor<2x4x6xi8>
// CHECK: linalg.generic {indexing_maps = [#[[$A]], #[[$B]], #[[$S]], #{{.*}}], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
// CHECK-SAME: ins(%[[XS]], %[[QS]], %{{.*}} : tensor<?x2x4xf32>, tensor<2x4x6xi8>, tensor<2x6xf32>)
// CHECK-NOT: tensor.extract
func.func @groups(%x: tensor<?x8xf32>, %q: tensor<8x6xi8> {lowbit.parameter = "w"}, %s: tensor<2x6xf32>,
                  %init: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %e = tensor.empty() : tensor<8x6xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%q : tensor<8x6xi8>) outs(%e : tensor<8x6xf32>) {
  ^bb0(%i: i8, %out: f32):
    %c4 = arith.constant 4 : index
    %k = linalg.index 0 : index
    %g = arith.divui %k, %c4 : index
    %n = linalg.index 1 : index
    %scale = tensor.extract %s[%g, %n] : tensor<2x6xf32>
    %f = arith.sitofp %i : i8 to f32
    %p = arith.mulf %f, %scale : f32
    linalg.yield %p : f32
  } -> tensor<8x6xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x8xf32>, tensor<8x6xf32>) outs(%init : tensor<?x6xf32>) -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

#id = affine_map<(k, n) -> (k, n)>

// The result is contiguous along a loop of the other operand, and a value that
// is no parameter is quantized in the run: both stay.
// CHECK-LABEL: @left_alone
// CHECK-COUNT-2: linalg.matmul ins(%{{.*}}, %{{.*}} : tensor<6x8xf32>, tensor<8x4xf32>)
func.func @left_alone(%x: tensor<8x4xf32>, %q: tensor<6x8xi8> {lowbit.parameter = "w"}, %r: tensor<8x4xi8>,
                      %v: tensor<6x8xf32>, %init: tensor<6x4xf32>) -> (tensor<6x4xf32>, tensor<6x4xf32>) {
  %e = tensor.empty() : tensor<6x8xf32>
  %w = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%q : tensor<6x8xi8>) outs(%e : tensor<6x8xf32>) {
  ^bb0(%i: i8, %out: f32):
    %f = arith.sitofp %i : i8 to f32
    linalg.yield %f : f32
  } -> tensor<6x8xf32>
  %y = linalg.matmul ins(%w, %x : tensor<6x8xf32>, tensor<8x4xf32>) outs(%init : tensor<6x4xf32>) -> tensor<6x4xf32>
  %e2 = tensor.empty() : tensor<8x4xf32>
  %w2 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%r : tensor<8x4xi8>) outs(%e2 : tensor<8x4xf32>) {
  ^bb0(%i: i8, %out: f32):
    %f = arith.sitofp %i : i8 to f32
    linalg.yield %f : f32
  } -> tensor<8x4xf32>
  %z = linalg.matmul ins(%v, %w2 : tensor<6x8xf32>, tensor<8x4xf32>) outs(%init : tensor<6x4xf32>) -> tensor<6x4xf32>
  return %y, %z : tensor<6x4xf32>, tensor<6x4xf32>
}
