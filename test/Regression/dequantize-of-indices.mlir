// A tensor of indices that two operations read is no narrow integer; asking for its width crashed.
// RUN: quant-opt %s --lowbit-fuse-bodies --lowbit-fuse-elementwise | FileCheck %s

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @main
// CHECK: arith.index_cast
func.func @main(%x: tensor<4xindex>) -> (tensor<4xi32>, tensor<4xi32>) {
  %e = tensor.empty() : tensor<4xf32>
  %i = tensor.empty() : tensor<4xi32>
  %f = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xindex>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: index, %o: f32):
    %0 = arith.index_cast %in : index to i32
    %1 = arith.sitofp %0 : i32 to f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%f : tensor<4xf32>) outs(%i : tensor<4xi32>) {
  ^bb0(%in: f32, %o: i32):
    %0 = arith.fptosi %in : f32 to i32
    linalg.yield %0 : i32
  } -> tensor<4xi32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%f : tensor<4xf32>) outs(%i : tensor<4xi32>) {
  ^bb0(%in: f32, %o: i32):
    %0 = arith.negf %in : f32
    %1 = arith.fptosi %0 : f32 to i32
    linalg.yield %1 : i32
  } -> tensor<4xi32>
  return %a, %b : tensor<4xi32>, tensor<4xi32>
}
