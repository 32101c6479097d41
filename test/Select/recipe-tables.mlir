// Rules for tables: look-ups read bytes, 16 bits, one scale, or the floats.
// RUN: quant-opt %s --quantize-ptq="mode=dynamic explain=%t.8.json" | FileCheck %s --check-prefix=I8
// RUN: quant-opt %s --quantize-ptq="mode=dynamic rule='op=look-up format=i4 granularity=tensor' explain=%t.4.json" | FileCheck %s --check-prefix=I4
// RUN: quant-opt %s --quantize-ptq="mode=dynamic rule='role=table format=i16' explain=%t.16.json" | FileCheck %s --check-prefix=I16
// RUN: quant-opt %s --quantize-ptq="mode=dynamic rule='name=^first$ keep=float' explain=%t.f.json" | FileCheck %s --check-prefix=FLOAT
// RUN: FileCheck %s --check-prefix=EXPLAIN-I8 < %t.8.json
// RUN: FileCheck %s --check-prefix=EXPLAIN-I16 < %t.16.json
// RUN: FileCheck %s --check-prefix=EXPLAIN-FLOAT < %t.f.json

// I8-DAG: arith.constant dense<{{.*}}> : tensor<4x2xi8>
// I8-DAG: arith.constant dense<[{{.*}}]> : tensor<4xf32>
// 4 / 7 for all rows
// I4-NOT: tensor<4xf32>
// I4: arith.constant 0.571428597 : f32
// I16-DAG: arith.constant dense<{{.*}}> : tensor<4x2xi16>
// One look-up reads the floats, the other the integers.
// FLOAT-DAG: arith.constant dense<{{.*}}> : tensor<4x2xi8>
// FLOAT-DAG: arith.constant dense<{{.*}}> : tensor<4x2xf32>
// FLOAT: linalg.generic {{.*}} attrs = {lowbit.float_reason = "kept float by rule: name=^first$ keep=float", lowbit.id = "first"}
// FLOAT: tensor.extract %{{.*}} : tensor<4x2xf32>
// FLOAT: lowbit.id = "second"
// FLOAT: tensor.extract %{{.*}} : tensor<4x2xi8>

// EXPLAIN-I8: "format": "i8 table",
// EXPLAIN-I8-NEXT: "location"
// EXPLAIN-I8-NEXT: "name": "first"
// EXPLAIN-I16: "format": "i16 table",
// EXPLAIN-I16: "name": "first"
// EXPLAIN-I16-NEXT: "op": "linalg.generic",
// EXPLAIN-I16-NEXT: "reads": [
// EXPLAIN-I16-NEXT: "second.table"
// EXPLAIN-I16-NEXT: ],
// EXPLAIN-I16-NEXT: "result": "integer"
// EXPLAIN-FLOAT: "name": "first"
// EXPLAIN-FLOAT: "reason": "kept float by rule: name=^first$ keep=float",
// EXPLAIN-FLOAT-NEXT: "result": "float"
// EXPLAIN-FLOAT: "format": "i8 table",
#rows = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @main(%ids: tensor<3xi64>, %others: tensor<3xi64>) -> (tensor<3x2xf32>, tensor<3x2xf32>) {
  %table = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [-1.5, 0.5], [0.25, -0.125]]> : tensor<4x2xf32>
  lowbit.check_range %ids in [0, 4) "token" : tensor<3xi64>
  lowbit.check_range %others in [0, 4) "token" : tensor<3xi64>
  %c0 = arith.constant 0 : index
  %c3 = arith.constant 3 : index
  %e = tensor.empty() : tensor<3x2xf32>
  %first = linalg.generic {indexing_maps = [#rows, #all], iterator_types = ["parallel", "parallel"]} ins(%ids : tensor<3xi64>) outs(%e : tensor<3x2xf32>) attrs = {lowbit.id = "first"} {
  ^bb0(%id: i64, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %atLeast = arith.maxsi %i, %c0 : index
    %row = arith.minsi %atLeast, %c3 : index
    %j = linalg.index 1 : index
    %x = tensor.extract %table[%row, %j] : tensor<4x2xf32>
    linalg.yield %x : f32
  } -> tensor<3x2xf32>
  %second = linalg.generic {indexing_maps = [#rows, #all], iterator_types = ["parallel", "parallel"]} ins(%others : tensor<3xi64>) outs(%e : tensor<3x2xf32>) attrs = {lowbit.id = "second"} {
  ^bb0(%id: i64, %o: f32):
    %i = arith.index_cast %id : i64 to index
    %atLeast = arith.maxsi %i, %c0 : index
    %row = arith.minsi %atLeast, %c3 : index
    %j = linalg.index 1 : index
    %x = tensor.extract %table[%row, %j] : tensor<4x2xf32>
    linalg.yield %x : f32
  } -> tensor<3x2xf32>
  return %first, %second : tensor<3x2xf32>, tensor<3x2xf32>
}
