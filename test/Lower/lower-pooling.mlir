// Sums of dequantized values are sums of integers, and the zero point comes off
// afterwards: 4 * 3 = 12.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-lower-pooling | FileCheck %s

!q = !lowbit.affine<i8>

// CHECK-LABEL: @sum
// CHECK: %[[S:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<1x4x4x2xi8>, tensor<2x2xi8>) outs(%{{.*}} : tensor<1x3x3x2xi32>) attrs = {lowbit.id = "y.i32"}
// CHECK: %[[E:.*]] = arith.extsi
// CHECK: arith.addi %{{.*}}, %[[E]]
// CHECK: linalg.generic {{.*}} ins(%[[S]] : tensor<1x3x3x2xi32>) {{.*}} attrs = {lowbit.id = "y"}
// CHECK: arith.constant 12 : i32
// CHECK: arith.subi
// CHECK: arith.sitofp
// CHECK: arith.mulf
func.func @sum(%x: tensor<1x4x4x2x!q>) -> tensor<1x3x3x2xf32> {
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<1x4x4x2x!q> -> tensor<1x4x4x2xf32>
  %w = tensor.empty() : tensor<2x2xf32>
  %f = arith.constant dense<0.0> : tensor<1x3x3x2xf32>
  %y = linalg.pooling_nhwc_sum {lowbit.id = "y"} ins(%d, %w : tensor<1x4x4x2xf32>, tensor<2x2xf32>) outs(%f : tensor<1x3x3x2xf32>) -> tensor<1x3x3x2xf32>
  return %y : tensor<1x3x3x2xf32>
}

// -----

!q = !lowbit.affine<i8>

// What the run finds: the zero point comes off each element, and the length is
// checked.
// CHECK-LABEL: @dynamic
// CHECK: lowbit.check_range %{{.*}} in [0, 8421505) {{.*}}: more than the 8421504 elements that a 32-bit sum can hold
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %[[Z:.*]] : tensor<?x2xi8>, tensor<i32>) outs(%{{.*}} : tensor<2xi32>)
// CHECK: arith.extsi
// CHECK: arith.subi
// CHECK: arith.addi
// CHECK: linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<2xi32>, tensor<f32>)
// CHECK-NOT: arith.subi
func.func @dynamic(%x: tensor<?x2x!q>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<2xf32> {
  %d = lowbit.dequantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<?x2x!q> -> tensor<?x2xf32>
  %f = arith.constant dense<0.0> : tensor<2xf32>
  %y = linalg.reduce { arith.addf } ins(%d : tensor<?x2xf32>) outs(%f : tensor<2xf32>) dimensions = [0]
  return %y : tensor<2xf32>
}

// -----

!q = !lowbit.affine<i8>
!c = !lowbit.affine<i8, axis = 1>
!w = !lowbit.affine<i16>

// CHECK-LABEL: @refused
// CHECK-NOT: xi32>)
func.func @refused(%x: tensor<4x2x!q>, %c: tensor<4x2x!c>, %l: tensor<70000x2x!w>, %init: tensor<2xf32>, %v: f32) -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
  %zero = arith.constant dense<0.0> : tensor<2xf32>
  %lowest = arith.constant dense<0xFF800000> : tensor<2xf32>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<4x2x!q> -> tensor<4x2xf32>
  %cd = lowbit.dequantize %c {scale = dense<[0.5, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<4x2x!c> -> tensor<4x2xf32>
  %ld = lowbit.dequantize %l {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<70000x2x!w> -> tensor<70000x2xf32>
  %p = tensor.pad %xd low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %v : f32
  } : tensor<4x2xf32> to tensor<5x2xf32>
  // expected-remark @+1 {{stays float: its init is not 0}}
  %0 = linalg.reduce { arith.addf } ins(%xd : tensor<4x2xf32>) outs(%init : tensor<2xf32>) dimensions = [0]
  // expected-remark @+1 {{stays float: its operand has a scale for each channel}}
  %1 = linalg.reduce { arith.addf } ins(%cd : tensor<4x2xf32>) outs(%zero : tensor<2xf32>) dimensions = [0]
  // expected-remark @+1 {{stays float: a sum of 70000 elements may not fit 32 bits}}
  %2 = linalg.reduce { arith.addf } ins(%ld : tensor<70000x2xf32>) outs(%zero : tensor<2xf32>) dimensions = [0]
  // expected-remark @+1 {{stays float: its operand is padded with other values than it ignores}}
  %3 = linalg.reduce { arith.addf } ins(%p : tensor<5x2xf32>) outs(%zero : tensor<2xf32>) dimensions = [0]
  // expected-remark @+1 {{stays float: its init is not -inf}}
  %4 = linalg.reduce { arith.maximumf } ins(%xd : tensor<4x2xf32>) outs(%zero : tensor<2xf32>) dimensions = [0]
  return %0, %1, %2, %3, %4 : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
}

// -----

!q = !lowbit.affine<i8>

// CHECK-LABEL: @windows_of_padding
func.func @windows_of_padding(%x: tensor<1x1x2x!q>, %y: tensor<1x?x2x!q>, %n: index) -> (tensor<1x1x2xf32>, tensor<1x?x2xf32>) {
  %lowest = arith.constant 0xFF800000 : f32
  %f = arith.constant dense<0xFF800000> : tensor<1x1x2xf32>
  %w = tensor.empty() : tensor<2xf32>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-3> : tensor<i32>} : tensor<1x1x2x!q> -> tensor<1x1x2xf32>
  %p = tensor.pad %xd low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %lowest : f32
  } : tensor<1x1x2xf32> to tensor<1x3x2xf32>
  // expected-remark @+1 {{stays float: a window may lie wholly in the padding}}
  %0 = linalg.pooling_nwc_max {dilations = dense<2> : tensor<1xi64>} ins(%p, %w : tensor<1x3x2xf32>, tensor<2xf32>) outs(%f : tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  %yd = lowbit.dequantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-3> : tensor<i32>} : tensor<1x?x2x!q> -> tensor<1x?x2xf32>
  %py = tensor.pad %yd low[0, %n, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %lowest : f32
  } : tensor<1x?x2xf32> to tensor<1x?x2xf32>
  %e = tensor.empty(%n) : tensor<1x?x2xf32>
  %fy = linalg.fill ins(%lowest : f32) outs(%e : tensor<1x?x2xf32>) -> tensor<1x?x2xf32>
  // expected-remark @+1 {{stays float: how much of a window is padding is found at run time}}
  %1 = linalg.pooling_nwc_max ins(%py, %w : tensor<1x?x2xf32>, tensor<2xf32>) outs(%fy : tensor<1x?x2xf32>) -> tensor<1x?x2xf32>
  return %0, %1 : tensor<1x1x2xf32>, tensor<1x?x2xf32>
}
