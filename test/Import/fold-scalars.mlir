// Constants of f64 become f32 where they are used; data of f64 stays, for the
// contract to refuse.
// RUN: quant-opt %s --lowbit-fold-scalars | FileCheck %s

#map = affine_map<(d0) -> (d0)>

// CHECK-LABEL: @main
func.func @main(%x: tensor<4xf32>, %e: tensor<4xf32>, %wide: f64) -> (tensor<4xf32>, f32) {
  %eps = arith.constant 1.0e-05 : f64
  %two = arith.constant 2.0 : f64
  %0 = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %out: f32):
    // CHECK: ^bb0
    // CHECK-NOT: f64
    // CHECK: %[[EPS:.*]] = arith.constant 2.000000e-05 : f32
    // CHECK-NEXT: arith.addf %{{.*}}, %[[EPS]]
    %1 = arith.mulf %eps, %two : f64
    %2 = arith.truncf %1 : f64 to f32
    %3 = arith.addf %in, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4xf32>
  // CHECK: arith.truncf %arg2 : f64 to f32
  %4 = arith.truncf %wide : f64 to f32
  return %0, %4 : tensor<4xf32>, f32
}
