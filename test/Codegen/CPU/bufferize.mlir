// RUN: quant-opt %s --lowbit-bufferize | FileCheck %s

// Taps and range checks read the buffer of their operand; a copy is an
// operation that is vectorized, not a call.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%[[X:.*]]: memref<?xf32>, %[[I:.*]]: memref<?xi64>)
// CHECK: lowbit.check_range %[[I]] in [0, 4) "index" : memref<?xi64>
// CHECK: lowbit.tap %[[X]] "x" : memref<?xf32>
// CHECK-NOT: memref.copy
// CHECK: linalg.copy
func.func @main(%x: tensor<?xf32>, %i: tensor<?xi64>) -> tensor<8xf32> {
  lowbit.check_range %i in [0, 4) "index" : tensor<?xi64>
  lowbit.tap %x "x" : tensor<?xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<8xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%empty : tensor<8xf32>) -> tensor<8xf32>
  %four = tensor.extract_slice %x[0] [4] [1] : tensor<?xf32> to tensor<4xf32>
  %0 = tensor.insert_slice %four into %filled[2] [4] [1] : tensor<4xf32> into tensor<8xf32>
  return %0 : tensor<8xf32>
}

// What was proved of an accumulator stays on the operation.
// CHECK-LABEL: @accumulator
// CHECK: linalg.matmul {lowbit.accumulator = {max = 254 : i64, min = -256 : i64}} ins({{.*}} : memref<2x1xi8{{.*}}) outs({{.*}} : memref<2x1xi32>)
func.func @accumulator(%a: tensor<2x1xi8>, %b: tensor<1x1xi8>) -> tensor<2x1xi32> {
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x1xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<2x1xi32>) -> tensor<2x1xi32>
  %y = linalg.matmul {lowbit.accumulator = {max = 254 : i64, min = -256 : i64}} ins(%a, %b : tensor<2x1xi8>, tensor<1x1xi8>) outs(%f : tensor<2x1xi32>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}
