// RUN: quant-opt %s --split-input-file --lowbit-lower-to-integers --canonicalize | FileCheck %s

!q = !lowbit.affine<i8>

// A bias is counted in steps of the accumulator, relu is a maximum of integers, and the result is rescaled for each channel (N15).
// CHECK-LABEL: func.func @epilogue
// CHECK-DAG: %[[BIAS:.*]] = arith.constant dense<[1600, -6400]> : tensor<2xi32>
// CHECK-DAG: %[[MULTIPLIER:.*]] = arith.constant dense<[1374389504, 1717986944]> : tensor<2xi32>
// CHECK: %[[SUM:.*]] = linalg.generic {{.*}} ins(%arg0, %[[BIAS]] : tensor<4x2xi16>, tensor<2xi32>)
// CHECK: arith.shli
// CHECK: arith.addi
// CHECK: arith.maxsi %{{.*}}, %c0_i32
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[MULTIPLIER]]
// CHECK: arith.muli {{.*}} : i64
// CHECK: arith.shrsi {{.*}} : i64
// CHECK: arith.minsi
// CHECK: arith.trunci %{{.*}} : i32 to i8
// CHECK-NOT: f32
// CHECK: return
func.func @epilogue(%acc: tensor<4x2xi16>) -> tensor<4x2x!q> {
  %scale = arith.constant dense<[0.01, 0.0125]> : tensor<2xf32>
  %bias = arith.constant dense<[1.0, -5.0]> : tensor<2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x2xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]} ins(%acc, %scale, %bias : tensor<4x2xi16>, tensor<2xf32>, tensor<2xf32>) outs(%e : tensor<4x2xf32>) {
  ^bb0(%a: i16, %s: f32, %b: f32, %o: f32):
    %f = arith.sitofp %a : i16 to f32
    %y = arith.mulf %f, %s : f32
    %z = arith.addf %y, %b : f32
    %r = arith.maximumf %z, %zero : f32
    linalg.yield %r : f32
  } -> tensor<4x2xf32>
  %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xf32> -> tensor<4x2x!q>
  return %q : tensor<4x2x!q>
}

// -----

!q = !lowbit.affine<i8>

// A function of 8-bit integers is a table of 256 codes, each rounded as the float would be.
// CHECK-LABEL: func.func @table
// CHECK: %[[TABLE:.*]] = lowbit.get_parameter @{{.*}}.codes : tensor<256xi8>
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<?xi8>)
// CHECK-SAME: lowbit.tables = ["tanh"]
// CHECK: tensor.extract %[[TABLE]]
// CHECK-NOT: math.tanh
// CHECK: return
module {
func.func @table(%i: tensor<?x!q>) -> tensor<?x!q> {
  %c0 = arith.constant 0 : index
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<?x!q> -> tensor<?xf32>
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) attrs = {lowbit.id = "tanh"} {
  ^bb0(%a: f32, %o: f32):
    %t = math.tanh %a : f32
    linalg.yield %t : f32
  } -> tensor<?xf32>
  %q = lowbit.quantize %y {scale = dense<0.008> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<?xf32> -> tensor<?x!q>
  return %q : tensor<?x!q>
}
}

// -----

!q = !lowbit.affine<i16>

// Sums are exact: 300 values of 16 bits fit 32, squares need 64; a length of the run is checked.
// CHECK-LABEL: func.func @sums
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2xi32>)
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<2xi64>)
// CHECK: arith.muli
// CHECK: arith.addi %{{.*}} : i64
// CHECK-LABEL: func.func @long_sum
// CHECK: lowbit.check_range %{{.*}} in [0, {{[0-9]+}}) "'sum': more than the {{[0-9]+}} products that a 32-bit sum can hold"
module {
func.func @sums(%i: tensor<2x300x!q>) -> (tensor<2xf32>, tensor<2xf32>) {
  %x = lowbit.dequantize %i {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x300x!q> -> tensor<2x300xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x300xf32>) outs(%f : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<2xf32>
  %sq = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x300xf32>) outs(%f : tensor<2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = arith.mulf %a, %a : f32
    %t = arith.addf %o, %p : f32
    linalg.yield %t : f32
  } -> tensor<2xf32>
  return %s, %sq : tensor<2xf32>, tensor<2xf32>
}
func.func @long_sum(%i: tensor<2x?x!q>) -> tensor<2xf32> {
  %x = lowbit.dequantize %i {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x?x!q> -> tensor<2x?xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2xf32>) -> tensor<2xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<2x?xf32>) outs(%f : tensor<2xf32>) attrs = {lowbit.id = "sum"} {
  ^bb0(%a: f32, %o: f32):
    %t = arith.addf %o, %a : f32
    linalg.yield %t : f32
  } -> tensor<2xf32>
  return %s : tensor<2xf32>
}
}

// -----

!q = !lowbit.affine<i8>

// What is between integers of two scales is rescaled before a sum; movement and concatenation move integers.
// CHECK-LABEL: func.func @residual
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<4xi8>, tensor<4xi8>)
// CHECK: arith.shrsi
// CHECK: tensor.expand_shape %{{.*}} : tensor<4xi32> into tensor<2x2xi32>
// CHECK: tensor.concat dim(0) %{{.*}} : (tensor<2x2xi32>, tensor<2x2xi32>) -> tensor<4x2xi32>
// CHECK-NOT: arith.addf
// CHECK: return
func.func @residual(%i: tensor<4x!q>, %j: tensor<4x!q>) -> tensor<4x2x!q> {
  %x = lowbit.dequantize %i {scale = dense<0.03> : tensor<f32>, zero_point = dense<5> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %y = lowbit.dequantize %j {scale = dense<0.7> : tensor<f32>, zero_point = dense<-9> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %s = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %t = arith.addf %a, %b : f32
    linalg.yield %t : f32
  } -> tensor<4xf32>
  %m = tensor.expand_shape %s [[0, 1]] output_shape [2, 2] : tensor<4xf32> into tensor<2x2xf32>
  %c = tensor.concat dim(0) %m, %m : (tensor<2x2xf32>, tensor<2x2xf32>) -> tensor<4x2xf32>
  %q = lowbit.quantize %c {scale = dense<0.8> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x2xf32> -> tensor<4x2x!q>
  return %q : tensor<4x2x!q>
}
