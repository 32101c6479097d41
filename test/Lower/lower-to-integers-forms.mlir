// RUN: quant-opt %s --split-input-file --lowbit-lower-to-integers --canonicalize --cse | FileCheck %s

!q = !lowbit.affine<i8>
#id = affine_map<(i) -> (i)>

// The function of 8-bit integers is a table, whatever its body; equal tables are one.
// CHECK-LABEL: lowbit.parameter @{{.*}}.codes : tensor<256xi8>
// CHECK-NOT: lowbit.parameter
// CHECK-LABEL: func.func @leaky_twice
// CHECK: linalg.generic
// CHECK-SAME: lowbit.tables = ["leaky"]
// CHECK: linalg.generic
// CHECK-NOT: cmpf
// CHECK: return
module {
func.func @leaky_twice(%i: tensor<4x!q>, %j: tensor<4x!q>) -> (tensor<4x!q>, tensor<4x!q>) {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %y = lowbit.dequantize %j {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %zero = arith.constant 0.0 : f32
  %slope = arith.constant 0.1 : f32
  %e = tensor.empty() : tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) attrs = {lowbit.id = "leaky"} {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf olt, %a, %zero : f32
    %l = arith.mulf %a, %slope : f32
    %t = arith.select %c, %l, %a : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %u = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%y : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %c = arith.cmpf olt, %a, %zero : f32
    %l = arith.mulf %a, %slope : f32
    %t = arith.select %c, %l, %a : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %q = lowbit.quantize %s {scale = dense<0.02> : tensor<f32>, zero_point = dense<-9> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  %r = lowbit.quantize %u {scale = dense<0.02> : tensor<f32>, zero_point = dense<-9> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  return %q, %r : tensor<4x!q>, tensor<4x!q>
}
}

// -----

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>

// The integers are compared, and the index is picked with the largest; what starts from -inf starts one below all.
// CHECK-LABEL: func.func @argmax
// CHECK-DAG: %[[START:.*]] = arith.constant -129 : i32
// CHECK: linalg.fill ins(%[[START]] : i32)
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x8xi32>) outs(%{{.*}}, %{{.*}} : tensor<4xi32>, tensor<4xi64>)
// CHECK: linalg.index 1
// CHECK: arith.cmpi sgt, %{{.*}} : i32
// CHECK: arith.select %{{.*}} : i32
// CHECK: arith.select %{{.*}} : i64
// CHECK-NOT: f32
// CHECK: return
module {
func.func @argmax(%i: tensor<4x8xi8>) -> tensor<4xi64> {
  %scale = arith.constant 0.5 : f32
  %low = arith.constant 0xFF800000 : f32
  %none = arith.constant 0 : i64
  %e = tensor.empty() : tensor<4x8xf32>
  %ev = tensor.empty() : tensor<4xf32>
  %ei = tensor.empty() : tensor<4xi64>
  %f = linalg.fill ins(%low : f32) outs(%ev : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%none : i64) outs(%ei : tensor<4xi64>) -> tensor<4xi64>
  %x = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%i : tensor<4x8xi8>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: i8, %o: f32):
    %1 = arith.sitofp %a : i8 to f32
    %2 = arith.mulf %1, %scale : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  %y:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<4x8xf32>) outs(%f, %g : tensor<4xf32>, tensor<4xi64>) {
  ^bb0(%a: f32, %v: f32, %k: i64):
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %b = arith.cmpf ogt, %a, %v : f32
    %1 = arith.select %b, %a, %v : f32
    %2 = arith.select %b, %jj, %k : i64
    linalg.yield %1, %2 : f32, i64
  } -> (tensor<4xf32>, tensor<4xi64>)
  return %y#1 : tensor<4xi64>
}
}

// -----

!p = !lowbit.affine<i8, axis = 1>
!q = !lowbit.affine<i8>
#id = affine_map<(i, j) -> (i, j)>

// Zero points of each channel are taken out first; the relu is the lower end of the format, and no operation.
// CHECK-LABEL: func.func @zero_points
// CHECK-DAG: %[[ZEROS:.*]] = arith.constant dense<[3, -7]> : tensor<2xi32>
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[ZEROS]] : tensor<4x2xi8>, tensor<2xi32>)
// CHECK: arith.subi %{{.*}} : i32
// CHECK: linalg.generic
// CHECK-SAME: lowbit.integers = ["relu"]
// CHECK: arith.shrsi
// CHECK-COUNT-1: arith.maxsi
// CHECK-NOT: arith.maxsi
// CHECK: return
module {
func.func @zero_points(%i: tensor<4x2x!p>) -> tensor<4x2x!q> {
  %x = lowbit.dequantize %i {scale = dense<[0.03, 0.05]> : tensor<2xf32>, zero_point = dense<[3, -7]> : tensor<2xi32>} : tensor<4x2x!p> -> tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %s = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%x : tensor<4x2xf32>) outs(%e : tensor<4x2xf32>) attrs = {lowbit.id = "relu"} {
  ^bb0(%a: f32, %o: f32):
    %t = arith.maximumf %a, %zero : f32
    linalg.yield %t : f32
  } -> tensor<4x2xf32>
  %q = lowbit.quantize %s {scale = dense<0.02> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<4x2xf32> -> tensor<4x2x!q>
  return %q : tensor<4x2x!q>
}
}

// -----

!q = !lowbit.affine<i8>
#id = affine_map<(i) -> (i)>

// A condition between two operations is a tensor of i1; halves go to even.
// CHECK-LABEL: func.func @conditions
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4xi1>)
// CHECK: arith.cmpi sgt
// CHECK: linalg.generic
// CHECK-LABEL: func.func @whole
// CHECK-DAG: %[[BITS:.*]] = arith.constant 12 : i32
// CHECK: %[[BELOW:.*]] = arith.shrsi %[[V:.*]], %[[BITS]] : i32
// CHECK: %[[ODD:.*]] = arith.andi %[[BELOW]], %c1_i32 : i32
// CHECK: %[[OFFSET:.*]] = arith.addi %[[ODD]], %c2047_i32 : i32
// CHECK: %[[SUM:.*]] = arith.addi %[[V]], %[[OFFSET]] : i32
// CHECK: arith.shrsi %[[SUM]], %[[BITS]] : i32
module {
func.func @conditions(%i: tensor<4x!q>, %j: tensor<4x!q>) -> tensor<4xi32> {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %y = lowbit.dequantize %j {scale = dense<0.07> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %e = tensor.empty() : tensor<4xi1>
  %n = tensor.empty() : tensor<4xi32>
  %s = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xi1>) {
  ^bb0(%a: f32, %b: f32, %o: i1):
    %t = arith.cmpf ogt, %a, %b : f32
    linalg.yield %t : i1
  } -> tensor<4xi1>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%s : tensor<4xi1>) outs(%n : tensor<4xi32>) {
  ^bb0(%a: i1, %o: i32):
    %t = arith.extui %a : i1 to i32
    linalg.yield %t : i32
  } -> tensor<4xi32>
  return %r : tensor<4xi32>
}
func.func @whole(%i: tensor<4xi16>) -> tensor<4xi32> {
  %scale = arith.constant 0.1 : f32
  %n = tensor.empty() : tensor<4xi32>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%i : tensor<4xi16>) outs(%n : tensor<4xi32>) {
  ^bb0(%a: i16, %o: i32):
    %f = arith.sitofp %a : i16 to f32
    %x = arith.mulf %f, %scale : f32
    %y = math.roundeven %x : f32
    %t = arith.fptosi %y : f32 to i32
    linalg.yield %t : i32
  } -> tensor<4xi32>
  return %r : tensor<4xi32>
}
}
