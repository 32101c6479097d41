// Every operation once, with what became of it, and every observed value.
// RUN: quant-opt %s --quantize-ptq="mode=dynamic explain=%t.json" -o /dev/null
// RUN: FileCheck %s < %t.json

// CHECK: "constraints": [],
// CHECK-NEXT: "counts": {
// CHECK-NEXT: "float": 2,
// CHECK-NEXT: "fused": 0,
// CHECK-NEXT: "integer": 1,
// CHECK-NEXT: "moved": 3,
// CHECK-NEXT: "removed": 1,
// CHECK-NEXT: "table": 0
// CHECK-NEXT: },
// CHECK-NEXT: "operations": [
// CHECK: "format": "i8 x i8 -> i32"
// CHECK: "name": "matmul_0"
// CHECK-NEXT: "op": "linalg.matmul"
// CHECK-NEXT: "reads": [
// CHECK-NEXT: "arg0",
// CHECK-NEXT: "matmul_0.weight"
// CHECK-NEXT: ],
// CHECK-NEXT: "result": "integer"
// CHECK: "name": "add_0"
// CHECK: "reason": "no output of the model depends on it",
// CHECK-NEXT: "result": "removed"
// CHECK: "change": "--mode integer-only with --calibration-data
// CHECK: "name": "add_1"
// CHECK: "reason": "elementwise operation: mode=dynamic leaves it float"
// CHECK-NEXT: "result": "float"
// CHECK: "name": "transpose_0"
// CHECK: "result": "moved"
// CHECK: "change": "nothing in this version"
// CHECK: "name": "matmul_1"
// CHECK: "reason": "each sum has a single product"
// CHECK-NEXT: "result": "float"
// CHECK: "preparations": [],
// CHECK-NEXT: "values": [
// CHECK: "format": "!lowbit.affine<i8>"
// CHECK-NEXT: "granularity": "tensor"
// CHECK: "method": "minmax"
// CHECK-NEXT: "name": "arg0"
// CHECK: "parameters": "found at run time"
// CHECK: "role": "activation"
// CHECK: "candidates": [
// CHECK: "method": "minmax",
// CHECK: "method": "percentile:99.99",
// CHECK: "method": "mse",
// CHECK: "clipped": 0,
// CHECK: "format": "!lowbit.affine<i8, -127:127, axis = 1>"
// CHECK-NEXT: "granularity": "channel"
// CHECK: "name": "matmul_0.weight"
// CHECK: "scale": [
// CHECK: "range": [
// CHECK-NEXT: -6,
// CHECK-NEXT: 6
func.func @main(%x: tensor<4x2xf32>) -> (tensor<3x4xf32>, tensor<4x4xf32>) {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  %unread = linalg.add ins(%y, %y : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %a = linalg.add ins(%y, %y : tensor<4x3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %et = tensor.empty() : tensor<3x4xf32>
  %t = linalg.transpose ins(%a : tensor<4x3xf32>) outs(%et : tensor<3x4xf32>) permutation = [1, 0]
  %c = tensor.extract_slice %x[0, 0] [4, 1] [1, 1] : tensor<4x2xf32> to tensor<4x1xf32>
  %r = tensor.extract_slice %t[0, 0] [1, 4] [1, 1] : tensor<3x4xf32> to tensor<1x4xf32>
  %e2 = tensor.empty() : tensor<4x4xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %z = linalg.matmul ins(%c, %r : tensor<4x1xf32>, tensor<1x4xf32>) outs(%f2 : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %t, %z : tensor<3x4xf32>, tensor<4x4xf32>
}
