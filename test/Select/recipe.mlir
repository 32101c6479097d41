// Rules choose key by key, the later wins; a value takes what any of its readers
// matches, and an operation that is kept float reads no quantized value.
// RUN: split-file %s %t
// RUN: quant-opt %t/model.mlir --quantize-ptq="compile-to=select mode=dynamic recipe=%t/recipe.txt" | FileCheck %s
// RUN: quant-opt %t/model.mlir --quantize-ptq="compile-to=select mode=dynamic recipe=%t/recipe.txt" -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: quant-opt %t/model.mlir --quantize-ptq="compile-to=select mode=dynamic rule='keep=float name=^x$'" | FileCheck %s --check-prefix=WHOLE --implicit-check-not=format
// RUN: quant-opt %t/model.mlir --quantize-ptq="compile-to=select mode=dynamic rule='name=query|key|value keep=float' rule='keep=none op=contract'" | FileCheck %s --check-prefix=UNDONE
// RUN: quant-opt %t/model.mlir --quantize-ptq="compile-to=select mode=dynamic weights=i4,tensor activations=i6 rule={'name=^k[ez]{1,2}y,?$ format=i3','name=value format=i5'}" | FileCheck %s --check-prefix=OPTIONS
// RUN: quant-opt %t/model.mlir --quantize-ptq="mode=dynamic recipe=%t/recipe.txt explain=%t/explain.json" -o /dev/null
// RUN: FileCheck %s --check-prefix=EXPLAIN < %t/explain.json

// CHECK: "activation" "x" {format = !lowbit.affine<i8, -32:31>}
// CHECK: "weight" "query.weight" {axis = 1 : i64, format = !lowbit.affine<i8, -7:7, axis = 1>
// Groups of two along the dimension that is summed over.
// CHECK: "weight" "key.weight" {axis = 1 : i64, format = !lowbit.affine<i8, -127:127, block = [2, 1]>, scale = dense<{{\[\[}}
// The transpose and the contraction read the float values.
// CHECK-NOT: "value.weight" {{.*}}format
// CHECK: linalg.transpose ins(%arg0
// CHECK: linalg.contract {{.*}} {lowbit.float_reason = "kept float by {{.*}}recipe.txt:6: op=contract keep=float"

// REMARK: model.mlir:[[#]]:[[#]]: remark: stays float: kept float by {{.*}}recipe.txt:6: op=contract keep=float

// Nothing but x is named: all that reads it stays float, weights too.
// WHOLE-COUNT-3: lowbit.float_reason = "kept float by rule: keep=float name=^x$"

// UNDONE: linalg.matmul {lowbit.float_reason = "kept float by rule: name=query|key|value keep=float", lowbit.id = "query"}
// UNDONE-SAME: ins(%arg0, %
// UNDONE: lowbit.id = "key"
// UNDONE-NOT: float_reason
// UNDONE: lowbit.id = "value"

// x is read by key and by value: the last rule that matches either wins.
// OPTIONS: "activation" "x" {format = !lowbit.affine<i8, -16:15>}
// OPTIONS: "query.weight" {axis = 1 : i64, format = !lowbit.affine<i8, -7:7>, scale = dense<{{[^[]*}}> : tensor<f32>
// OPTIONS: "key.weight" {axis = 1 : i64, format = !lowbit.affine<i8, -3:3>
// OPTIONS: "value.weight" {axis = 1 : i64, format = !lowbit.affine<i8, -15:15>

// EXPLAIN: "name": "value"
// EXPLAIN: "reason": "kept float by {{.*}}recipe.txt:6: op=contract keep=float"
// EXPLAIN-NEXT: "result": "float"
// EXPLAIN: "name": "x"
// EXPLAIN: "rule": "{{.*}}recipe.txt:8: role=activation format=i6"
// EXPLAIN: "name": "value.weight"
// EXPLAIN: "reason": "kept float by {{.*}}recipe.txt:6: op=contract keep=float"

//--- recipe.txt
# Four bits are enough for all but one.
  role=weight  format=i4   # a comment

# Names are searched: this is key and key.weight.
name=key format=i8 role=weight granularity=group:2
op=contract keep=float

role=activation format=i6

//--- model.mlir
func.func @main(%x: tensor<?x4xf32> {lowbit.name = "x"}) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  %wq = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, -9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %wk = arith.constant dense<[[1.5, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, -9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %wv = arith.constant dense<[[2.5, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, -9.0], [0.5, 0.25, 0.125]]> : tensor<4x3xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x3xf32>) -> tensor<?x3xf32>
  %q = linalg.matmul {lowbit.id = "query"} ins(%x, %wq : tensor<?x4xf32>, tensor<4x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  %k = linalg.matmul {lowbit.id = "key"} ins(%x, %wk : tensor<?x4xf32>, tensor<4x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  %et = tensor.empty(%n) : tensor<4x?xf32>
  %t = linalg.transpose ins(%x : tensor<?x4xf32>) outs(%et : tensor<4x?xf32>) permutation = [1, 0] {lowbit.id = "turned"}
  %v = linalg.contract indexing_maps = [affine_map<(m, n, k) -> (k, m)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>] {lowbit.id = "value"} ins(%t, %wv : tensor<4x?xf32>, tensor<4x3xf32>) outs(%f : tensor<?x3xf32>) -> tensor<?x3xf32>
  return %q, %k, %v : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}
