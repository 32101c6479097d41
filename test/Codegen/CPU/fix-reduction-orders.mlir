// RUN: quant-opt %s --lowbit-fix-reduction-orders | FileCheck %s
// RUN: quant-opt %s --lowbit-fix-reduction-orders --lowbit-fuse-elementwise \
// RUN:   | FileCheck %s --check-prefix=FUSED

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#column = affine_map<(i, j) -> (j)>
#window = affine_map<(i, j) -> (i + j)>

// A sum of products of two inputs is a contraction: fused multiply-adds.
// CHECK-LABEL: @contraction
// CHECK:         ^bb0(%[[X:.*]]: f16, %[[Y:.*]]: f32, %[[S:.*]]: f32):
// CHECK:         %[[W:.*]] = arith.extf %[[X]]
// CHECK:         %[[R:.*]] = math.fma %[[W]], %[[Y]], %[[S]]
// CHECK-NOT:     arith.addf
// CHECK:         linalg.yield %[[R]]
// FUSED-LABEL: @contraction
func.func @contraction(%a: tensor<4x8xf16>, %b: tensor<4x8xf32>, %o: tensor<4xf32>) -> tensor<4xf32> {
  %0 = linalg.generic {indexing_maps = [#id, #id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a, %b : tensor<4x8xf16>, tensor<4x8xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%x: f16, %y: f32, %s: f32):
    %w = arith.extf %x : f16 to f32
    %p = arith.mulf %w, %y : f32
    %r = arith.addf %p, %s : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// The producer's product does not make a contraction of the sum.
// CHECK-LABEL: @sum_of_products
// CHECK:         linalg.generic
// CHECK:         lowbit.reduction_order = "lanes"
// FUSED-LABEL: @sum_of_products
// FUSED:         linalg.generic
// FUSED-SAME:    lowbit.reduction_order = "lanes"
// FUSED-NEXT:    ^bb0
// FUSED-NEXT:    arith.mulf
// FUSED-NEXT:    arith.addf
// FUSED-NOT:     linalg.generic
// FUSED:         return
func.func @sum_of_products(%a: tensor<4x8xf32>, %b: tensor<4x8xf32>, %o: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4x8xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<4x8xf32>, tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %p = arith.mulf %x, %y : f32
    linalg.yield %p : f32
  } -> tensor<4x8xf32>
  %1 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%0 : tensor<4x8xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%x: f32, %s: f32):
    %r = arith.addf %s, %x : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %1 : tensor<4xf32>
}

// A window has no lane tree, and has none either when its values turn out to be
// one constant; columns are summed up one after the other.
// CHECK-LABEL: @sequential
// CHECK:         lowbit.reduction_order = "sequential"
// CHECK:         lowbit.reduction_order = "sequential"
// FUSED-LABEL: @sequential
// FUSED:         linalg.generic
// FUSED-NOT:     affine_map<(d0, d1) -> (d0 + d1)>
// FUSED-SAME:    lowbit.reduction_order = "sequential"
// FUSED:         lowbit.reduction_order = "sequential"
func.func @sequential(%a: tensor<4x8xf32>, %o: tensor<4xf32>, %p: tensor<8xf32>) -> (tensor<4xf32>, tensor<8xf32>) {
  %c = arith.constant dense<0.1> : tensor<11xf32>
  %0 = linalg.generic {indexing_maps = [#window, #id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%c, %a : tensor<11xf32>, tensor<4x8xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%x: f32, %y: f32, %s: f32):
    %d = arith.subf %x, %y : f32
    %r = arith.addf %s, %d : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #column], iterator_types = ["reduction", "parallel"]}
      ins(%a : tensor<4x8xf32>) outs(%p : tensor<8xf32>) {
  ^bb0(%x: f32, %s: f32):
    %r = arith.addf %s, %x : f32
    linalg.yield %r : f32
  } -> tensor<8xf32>
  return %0, %1 : tensor<4xf32>, tensor<8xf32>
}

// Nothing is written where the order makes no difference.
// CHECK-LABEL: @free
// CHECK-NOT:     reduction_order
// CHECK:         arith.maximumf
// CHECK:         arith.maxnumf
// FUSED-LABEL: @free
func.func @free(%a: tensor<4x8xf32>, %o: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %0 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : tensor<4x8xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%x: f32, %s: f32):
    %r = arith.maximumf %s, %x : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%a : tensor<4x8xf32>) outs(%o : tensor<4xf32>) {
  ^bb0(%x: f32, %s: f32):
    %r = arith.maxnumf %x, %s : f32
    linalg.yield %r : f32
  } -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}
