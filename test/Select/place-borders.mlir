// What operations between contractions read as integers.
// RUN: quant-opt %s --pass-pipeline="builtin.module(lowbit-insert-observers{borders=operations})" | FileCheck %s --check-prefix=OBSERVE
// RUN: quant-opt %s --quantize-ptq="compile-to=calibrate calibration-data=random threads=1" | quant-opt --lowbit-place-borders | FileCheck %s
// RUN: quant-opt %s --quantize-ptq="calibration-data=random threads=1 explain=%t.json" -o %t.mlir
// RUN: FileCheck %s --check-prefix=EXPLAIN < %t.json
// RUN: not quant-opt %s --pass-pipeline="builtin.module(lowbit-insert-observers{borders=all})" 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: error: borders must be none, inputs or operations, found 'all'

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// The activation function reads what is in memory: 8 bits, and becomes a table.
// The residual sum joins two values: 16 bits.
// OBSERVE-LABEL: @main
// OBSERVE-DAG: "activation" "x"
// OBSERVE-DAG: "value" "first"
// OBSERVE-DAG: "value" "sum"
// OBSERVE-NOT: "value"

// CHECK-LABEL: @main
// CHECK-DAG: %[[X:.*]] = lowbit.observe %{{.*}} "activation" "x"
// CHECK-DAG: %[[WIDE:.*]] = lowbit.observe %{{.*}} "border" "x#1" {{{.*}}wide}
// CHECK: %[[FIRST:.*]] = linalg.matmul {{.*}}"first"
// CHECK: %[[BORDER:.*]] = lowbit.observe %[[FIRST]] "border" "first"
// CHECK-NOT: wide
// CHECK: linalg.generic {{.*}} ins(%[[BORDER]] : tensor<4x4xf32>) {{.*}}"gelu"
// CHECK: %[[SECOND:.*]] = linalg.matmul {{.*}}"second"
// The product is computed in registers of the sum.
// CHECK: linalg.generic {{.*}} ins(%[[SECOND]], %[[WIDE]] {{.*}}lowbit.id = "sum"
// CHECK: lowbit.observe %{{.*}} "border" "sum" {{{.*}}wide}
// CHECK: linalg.generic {{.*}}lowbit.float_reason = "it works with what a reduction finds in each run{{.*}}lowbit.id = "mean"
// CHECK: linalg.generic {{.*}}lowbit.float_reason = "it works with what a reduction finds{{.*}}lowbit.id = "centred"

// EXPLAIN-DAG: "name": "sum",
// EXPLAIN-DAG: "result": "table"
func.func @main(%x: tensor<4x4xf32> {lowbit.name = "x"}) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[1.0, 2.0, 0.5, 0.25], [0.0, 1.0, 3.0, -1.0], [-0.5, 0.5, 1.5, 2.0], [1.0, -1.0, 0.0, 0.75]]> : tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %first = linalg.matmul {lowbit.id = "first"} ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  %gelu = linalg.generic {lowbit.id = "gelu", indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%first : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = math.erf %in : f32
    %1 = arith.mulf %0, %in : f32
    linalg.yield %1 : f32
  } -> tensor<4x4xf32>
  %second = linalg.matmul {lowbit.id = "second"} ins(%gelu, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  %sum = linalg.add {lowbit.id = "sum"} ins(%second, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %er = tensor.empty() : tensor<4xf32>
  %zr = linalg.fill ins(%zero : f32) outs(%er : tensor<4xf32>) -> tensor<4xf32>
  %mean = linalg.generic {lowbit.id = "mean", indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]} ins(%sum : tensor<4x4xf32>) outs(%zr : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.addf %o, %in : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %centred = linalg.generic {lowbit.id = "centred", indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%sum, %mean : tensor<4x4xf32>, tensor<4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%in: f32, %m: f32, %o: f32):
    %0 = arith.subf %in, %m : f32
    linalg.yield %0 : f32
  } -> tensor<4x4xf32>
  return %centred : tensor<4x4xf32>
}
