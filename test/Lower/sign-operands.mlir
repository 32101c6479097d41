// RUN: quant-opt %s --split-input-file --lowbit-sign-operands | FileCheck %s

// The quantize makes signed bytes; 200 of padding is 72. The other reader keeps what it had.
// CHECK-LABEL: func.func @main
func.func @main(%x: tensor<4x16xf32>, %w: tensor<18x8xi8>) -> (tensor<4x8xf32>, tensor<4x16xi8>) {
  // CHECK: %[[FLIP:.*]] = linalg.generic
  // CHECK: arith.xori %{{.*}}, %c-128_i8 : i8
  // CHECK: %[[OLD:.*]] = lowbit.quantize %{{.*}} zero_point = dense<200> : tensor<i32>} : tensor<4x16xf32> -> tensor<4x16x!lowbit.affine<ui8>>
  // CHECK: %[[NEW:.*]] = lowbit.quantize %{{.*}} zero_point = dense<72> : tensor<i32>} : tensor<4x16xf32> -> tensor<4x16x!lowbit.affine<i8>>
  // CHECK: %[[INTS:.*]] = lowbit.storage_cast %[[NEW]]
  // CHECK: lowbit.storage_cast %[[OLD]]
  // CHECK: %[[PAD:.*]] = tensor.pad %[[INTS]]
  // CHECK: tensor.yield %c72_i8
  // CHECK: %[[CAST:.*]] = lowbit.storage_cast %[[PAD]] : tensor<4x18xi8> to tensor<4x18x!lowbit.affine<i8>>
  // CHECK: %[[X:.*]] = lowbit.dequantize %[[CAST]] {lowbit.id = "x", scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<72> : tensor<i32>}
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<200> : tensor<i32>} : tensor<4x16xf32> -> tensor<4x16x!lowbit.affine<ui8>>
  %i = lowbit.storage_cast %q : tensor<4x16x!lowbit.affine<ui8>> to tensor<4x16xi8>
  %c200 = arith.constant -56 : i8
  %p = tensor.pad %i low[0, 1] high[0, 1] {
  ^bb0(%a: index, %b: index):
    tensor.yield %c200 : i8
  } : tensor<4x16xi8> to tensor<4x18xi8>
  %back = lowbit.storage_cast %p : tensor<4x18xi8> to tensor<4x18x!lowbit.affine<ui8>>
  %xd = lowbit.dequantize %back {lowbit.id = "x", scale = dense<0.5> : tensor<f32>, zero_point = dense<200> : tensor<i32>} : tensor<4x18x!lowbit.affine<ui8>> -> tensor<4x18xf32>
  // Neither a quantize nor a constant is at the source: each element changes.
  // CHECK: %[[WCAST:.*]] = lowbit.storage_cast %[[FLIP]] : tensor<18x8xi8> to tensor<18x8x!lowbit.affine<i8, axis = 1>>
  // CHECK: %[[W:.*]] = lowbit.dequantize %[[WCAST]] {{.*}}zero_point = dense<[-128, 0, 127, 0, 0, 0, 0, 0]> : tensor<8xi32>}
  %wq = lowbit.storage_cast %w : tensor<18x8xi8> to tensor<18x8x!lowbit.affine<ui8, axis = 1>>
  %wd = lowbit.dequantize %wq {scale = dense<0.25> : tensor<8xf32>, zero_point = dense<[0, 128, 255, 128, 128, 128, 128, 128]> : tensor<8xi32>}
      : tensor<18x8x!lowbit.affine<ui8, axis = 1>> -> tensor<18x8xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x8xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x8xf32>) -> tensor<4x8xf32>
  // CHECK: linalg.matmul ins(%[[X]], %[[W]]
  %y = linalg.matmul ins(%xd, %wd : tensor<4x18xf32>, tensor<18x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y, %i : tensor<4x8xf32>, tensor<4x16xi8>
}

// -----

// What fits signed bytes keeps its integers; constants are computed; 4 bits are widened.
// CHECK-LABEL: func.func @constants
func.func @constants(%x: tensor<2x4xi4>) -> tensor<2x2xf32> {
  // CHECK: linalg.generic
  // CHECK: arith.extui %{{.*}} : i4 to i8
  // CHECK-NOT: xori
  // CHECK: : tensor<2x4xi8> to tensor<2x4x!lowbit.affine<i8, 0:15>>
  // CHECK: zero_point = dense<7> : tensor<i32>}
  // CHECK: arith.constant dense<{{\[\[}}-128, 127], [0, 1], [-127, 2], [72, 3]]> : tensor<4x2xi8>
  %xq = lowbit.storage_cast %x : tensor<2x4xi4> to tensor<2x4x!lowbit.affine<ui4>>
  %xd = lowbit.dequantize %xq {scale = dense<0.5> : tensor<f32>, zero_point = dense<7> : tensor<i32>} : tensor<2x4x!lowbit.affine<ui4>> -> tensor<2x4xf32>
  %w = arith.constant dense<[[0, -1], [-128, -127], [1, -126], [-56, -125]]> : tensor<4x2xi8>
  %wq = lowbit.storage_cast %w : tensor<4x2xi8> to tensor<4x2x!lowbit.affine<ui8>>
  %wd = lowbit.dequantize %wq {scale = dense<0.25> : tensor<f32>, zero_point = dense<128> : tensor<i32>} : tensor<4x2x!lowbit.affine<ui8>> -> tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%xd, %wd : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// A zero point of the run is 128 less, too. What no contraction reads, and what is signed, stays.
// CHECK-LABEL: func.func @dynamic
func.func @dynamic(%x: tensor<2x4xf32>, %s: tensor<f32>, %z: tensor<i32>) -> (tensor<2x2xf32>, tensor<2x4xf32>) {
  // CHECK: arith.subi %{{.*}}, %c128_i32 : i32
  // CHECK: lowbit.quantize %{{.*}} scale(%{{.*}} : tensor<f32>) zero_point(%{{.*}} : tensor<i32>) : tensor<2x4xf32> -> tensor<2x4x!lowbit.affine<i8>>
  // CHECK: lowbit.quantize {{.*}} -> tensor<2x4x!lowbit.affine<ui8>>
  %q = lowbit.quantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<2x4xf32> -> tensor<2x4x!lowbit.affine<ui8>>
  %d = lowbit.dequantize %q scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<2x4x!lowbit.affine<ui8>> -> tensor<2x4xf32>
  %w = arith.constant dense<1.0> : tensor<4x2xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<2x2xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%d, %w : tensor<2x4xf32>, tensor<4x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  %q2 = lowbit.quantize %x {scale = dense<2.0> : tensor<f32>, zero_point = dense<9> : tensor<i32>} : tensor<2x4xf32> -> tensor<2x4x!lowbit.affine<ui8>>
  %d2 = lowbit.dequantize %q2 {scale = dense<2.0> : tensor<f32>, zero_point = dense<9> : tensor<i32>} : tensor<2x4x!lowbit.affine<ui8>> -> tensor<2x4xf32>
  return %y, %d2 : tensor<2x2xf32>, tensor<2x4xf32>
}
