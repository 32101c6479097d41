// RUN: quant-opt %s --lowbit-reuse-inputs | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#transposed = affine_map<(i, j) -> (j, i)>

// CHECK-LABEL: func.func @chain
// CHECK: %[[A:.*]] = linalg.matmul
// CHECK: linalg.generic {{.*}} ins(%[[A]] : tensor<4x4xf32>) outs(%[[A]] : tensor<4x4xf32>)
func.func @chain(%x: tensor<4x4xf32>, %init: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %empty = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%init : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x4xf32>) outs(%empty : tensor<4x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}

// Not in place: an argument, and a value that is read transposed.
// CHECK-LABEL: func.func @refused
// CHECK: %[[E:.*]] = tensor.empty
// CHECK: %[[A:.*]] = linalg.generic {{.*}} outs(%[[E]]
// CHECK: linalg.generic {{.*}} ins(%[[A]] : tensor<4x4xf32>) outs(%[[E]]
func.func @refused(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %empty = tensor.empty() : tensor<4x4xf32>
  %0 = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x4xf32>) outs(%empty : tensor<4x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<4x4xf32>
  %1 = linalg.generic {indexing_maps = [#transposed, #id], iterator_types = ["parallel", "parallel"]}
      ins(%0 : tensor<4x4xf32>) outs(%empty : tensor<4x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<4x4xf32>
  return %1 : tensor<4x4xf32>
}
