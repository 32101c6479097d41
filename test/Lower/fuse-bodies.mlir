// What makes integers of integers is one operation.
// RUN: quant-opt %s --lowbit-fuse-bodies --split-input-file | FileCheck %s

#id = affine_map<(d0) -> (d0)>
// A residual addition: dequantize, add, quantize.
// CHECK-LABEL: @residual
// CHECK-SAME: %[[A:.*]]: tensor<4xi32>, %[[B:.*]]: tensor<4xi16>
// CHECK: linalg.generic
// CHECK-SAME: ins(%[[A]], %[[B]] : tensor<4xi32>, tensor<4xi16>)
// CHECK-SAME: lowbit.integers = ["a", "b", "sum"]
// CHECK: arith.sitofp
// CHECK: arith.addf
// CHECK: arith.fptosi
// CHECK-NOT: linalg.generic
// CHECK: return
func.func @residual(%a: tensor<4xi32>, %b: tensor<4xi16>) -> tensor<4xi8> {
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4xf32>
  %e8 = tensor.empty() : tensor<4xi8>
  %x = linalg.generic {lowbit.id = "a", indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xi32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i32, %o: f32):
    %0 = arith.sitofp %in : i32 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {lowbit.id = "b", indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%b : tensor<4xi16>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i16, %o: f32):
    %0 = arith.sitofp %in : i16 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %z = linalg.generic {lowbit.id = "sum", indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %in2: f32, %o: f32):
    %0 = arith.addf %in, %in2 : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%z : tensor<4xf32>) outs(%e8 : tensor<4xi8>) {
  ^bb0(%in: f32, %o: i8):
    %0 = math.roundeven %in : f32
    %1 = arith.fptosi %0 : f32 to i8
    linalg.yield %1 : i8
  } -> tensor<4xi8>
  return %q : tensor<4xi8>
}

// -----

#id = affine_map<(d0) -> (d0)>
// A float from the caller: not integer as a whole, so nothing changes.
// CHECK-LABEL: @float_operand
// CHECK-COUNT-2: linalg.generic
func.func @float_operand(%a: tensor<4xi32>, %b: tensor<4xf32>) -> tensor<4xi8> {
  %e = tensor.empty() : tensor<4xf32>
  %e8 = tensor.empty() : tensor<4xi8>
  %z = linalg.generic {lowbit.id = "sum", indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]} ins(%a, %b : tensor<4xi32>, tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i32, %in2: f32, %o: f32):
    %x = arith.sitofp %in : i32 to f32
    %0 = arith.addf %x, %in2 : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%z : tensor<4xf32>) outs(%e8 : tensor<4xi8>) {
  ^bb0(%in: f32, %o: i8):
    %0 = math.roundeven %in : f32
    %1 = arith.fptosi %0 : f32 to i8
    linalg.yield %1 : i8
  } -> tensor<4xi8>
  return %q : tensor<4xi8>
}

// -----

#id = affine_map<(d0) -> (d0)>
// Each reader dequantizes for itself; the float result keeps its own.
// CHECK-LABEL: @two_readers
// CHECK-SAME: %[[A:.*]]: tensor<4xi8>
// CHECK: %[[X:.*]] = linalg.generic {{.*}} ins(%[[A]] : tensor<4xi8>) outs(%{{.*}} : tensor<4xf32>)
// CHECK: %[[Q:.*]] = linalg.generic {{.*}} ins(%[[A]] : tensor<4xi8>) outs(%{{.*}} : tensor<4xi8>)
// CHECK: return %[[Q]], %[[X]]
func.func @two_readers(%a: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xf32>) {
  %half = arith.constant 0.5 : f32
  %e = tensor.empty() : tensor<4xf32>
  %e8 = tensor.empty() : tensor<4xi8>
  %x = linalg.generic {lowbit.id = "a", indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%a : tensor<4xi8>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: i8, %o: f32):
    %0 = arith.sitofp %in : i8 to f32
    %1 = arith.mulf %0, %half : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %q = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e8 : tensor<4xi8>) {
  ^bb0(%in: f32, %o: i8):
    %0 = math.roundeven %in : f32
    %1 = arith.fptosi %0 : f32 to i8
    linalg.yield %1 : i8
  } -> tensor<4xi8>
  return %q, %x : tensor<4xi8>, tensor<4xf32>
}
