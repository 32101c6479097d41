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
