// RUN: quant-opt %s --lowbit-privatize-results | FileCheck %s

#id = affine_map<(i) -> (i)>

// Only the first return of a computed value needs no copy.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<6xf32>
// CHECK: %[[Y:.*]] = linalg.generic
// CHECK: %[[VIEW:.*]] = tensor.expand_shape %[[Y]]
// CHECK-DAG: %[[A:.*]] = bufferization.alloc_tensor() copy(%[[X]])
// CHECK-DAG: %[[B:.*]] = bufferization.alloc_tensor() copy(%[[VIEW]])
// CHECK-DAG: %[[C:.*]] = bufferization.alloc_tensor() copy(%[[Y]])
// CHECK: return %[[Y]], %[[A]], %[[B]], %[[C]]
func.func @main(%x: tensor<6xf32>, %init: tensor<6xf32>)
    -> (tensor<6xf32>, tensor<6xf32>, tensor<2x3xf32>, tensor<6xf32>) {
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
      ins(%x : tensor<6xf32>) outs(%init : tensor<6xf32>) {
  ^bb0(%a: f32, %out: f32):
    %e = math.exp %a : f32
    linalg.yield %e : f32
  } -> tensor<6xf32>
  %view = tensor.expand_shape %y [[0, 1]] output_shape [2, 3] : tensor<6xf32> into tensor<2x3xf32>
  return %y, %x, %view, %y : tensor<6xf32>, tensor<6xf32>, tensor<2x3xf32>, tensor<6xf32>
}
