// What cannot be prepared says why, in the explanation.
// RUN: quant-opt %s --quantize-ptq="calibration-data=random prepare=equalize,smooth-quant,bias-correction compile-to=select explain=%t.json" -o %t.mlir 2>&1 | FileCheck %s --check-prefix=DIAG --allow-empty
// RUN: FileCheck %s < %t.json
// DIAG-NOT: error

// CHECK: "preparations":

// Both operands of the scores are computed.
// CHECK: "kept": false
// CHECK-NEXT: "name": "equalize"
// CHECK-NEXT: "reason": "'clamped' joins it with a value that is not scaled (arith.minimumf)"
// CHECK-NEXT: "target": "first"
// CHECK: "reason": "'summed' joins it with a value that is not scaled (arith.addf)"
// CHECK-NEXT: "target": "second"
// CHECK: "reason": "'grown' does not keep a factor (math.tanh)"
// CHECK-NEXT: "target": "third"
// CHECK: "reason": "'func.return' reads it"
// CHECK-NEXT: "target": "fourth"
// CHECK: "reason": "it has no constant weight with one dimension of output channels"
// CHECK-NEXT: "target": "scores"

// The input is read by the matrix of scores too; the others are smoothed.
// CHECK: "kept": true,
// CHECK-NEXT: "name": "smooth-quant",
// CHECK-NEXT: "reason": "strength 0.60: the widest channel was
// CHECK-NEXT: "target": "clamped"
// CHECK: "kept": false,
// CHECK-NEXT: "name": "smooth-quant",
// CHECK-NEXT: "reason": "no single dimension of it is summed over by all its readers"
// CHECK-NEXT: "target": "x"

// CHECK: "kept": true,
// CHECK-NEXT: "name": "bias-correction",
// CHECK-NEXT: "reason": "means shifted by up to {{.*}}, taken out by an addition"
// CHECK-NEXT: "target": "second"
// CHECK: "kept": false,
// CHECK-NEXT: "name": "bias-correction",
// CHECK-NEXT: "reason": "no single dimension of what it reads is its channels"
// CHECK-NEXT: "target": "first"
// CHECK: "reason": "it has no constant weight with one dimension of output channels"
// CHECK-NEXT: "target": "scores"
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<4x4xf32> {lowbit.name = "x"}) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 6.0 : f32
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [0.5, 0.25, 0.1, 1.0], [0.3, 0.2, 0.1, 0.7], [3.0, 1.0, 1.0, 1.0]]> : tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %first = linalg.matmul {lowbit.id = "first"} ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %clamped = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%first : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) attrs = {lowbit.id = "clamped"} {
  ^bb0(%i: f32, %o: f32):
    %m = arith.maximumf %i, %zero : f32
    %n = arith.minimumf %m, %six : f32
    linalg.yield %n : f32
  } -> tensor<4x4xf32>
  %second = linalg.matmul {lowbit.id = "second"} ins(%clamped, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %summed = linalg.add {lowbit.id = "summed"} ins(%second, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %third = linalg.matmul {lowbit.id = "third"} ins(%summed, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %grown = linalg.tanh {lowbit.id = "grown"} ins(%third : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %fourth = linalg.matmul {lowbit.id = "fourth"} ins(%grown, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %scores = linalg.matmul {lowbit.id = "scores"} ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %fourth, %scores : tensor<4x4xf32>, tensor<4x4xf32>
}
