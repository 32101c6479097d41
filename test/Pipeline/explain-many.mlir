// Of more than 1,024 scales the account has a summary; up to that it lists all.
// RUN: quant-opt %s --quantize-ptq="mode=dynamic weights=i4,group:2 explain=%t.json" -o /dev/null
// RUN: FileCheck %s < %t.json
// RUN: %python -c "import json, sys; values = json.load(open(sys.argv[1]))['values']; print(*(len(v['parameters']['scale']) for v in values if v['role'] == 'weight'))" %t.json | FileCheck %s --check-prefix=LENGTHS

// One group a column, of 14 as 7 times 2: 1026 scales, every third of which
// makes 342.
// CHECK: "name": "matmul_0.weight"
// CHECK: "parameters": {
// CHECK-NEXT: "scale": {
// CHECK-NEXT: "count": 1026,
// CHECK-NEXT: "first": [
// CHECK-COUNT-8: 2{{,?$}}
// CHECK-NEXT: ],
// CHECK-NEXT: "max": 2,
// CHECK-NEXT: "min": 2,
// CHECK-NEXT: "sampled": [
// CHECK-COUNT-342: 2{{,?$}}
// CHECK-NEXT: ],
// CHECK-NEXT: "step": 3
// CHECK-NEXT: },
// CHECK-NEXT: "zero_point": [
// CHECK-NEXT: 0
// CHECK-NEXT: ]
// LENGTHS: 6 1024
func.func @main(%x: tensor<4x2xf32>, %y: tensor<4x2xf32>) -> (tensor<4x1026xf32>, tensor<4x1024xf32>) {
  %w = arith.constant dense<14.0> : tensor<2x1026xf32>
  %v = arith.constant dense<7.0> : tensor<2x1024xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x1026xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x1026xf32>) -> tensor<4x1026xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x1026xf32>) outs(%f : tensor<4x1026xf32>) -> tensor<4x1026xf32>
  %e1 = tensor.empty() : tensor<4x1024xf32>
  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4x1024xf32>) -> tensor<4x1024xf32>
  %1 = linalg.matmul ins(%y, %v : tensor<4x2xf32>, tensor<2x1024xf32>) outs(%f1 : tensor<4x1024xf32>) -> tensor<4x1024xf32>
  return %0, %1 : tensor<4x1026xf32>, tensor<4x1024xf32>
}
