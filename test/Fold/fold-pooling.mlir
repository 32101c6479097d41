// The largest of dequantized values is that of the largest integer. Padding that
// the maximum ignores becomes the lowest integer of the format.
// RUN: quant-opt %s --split-input-file --lowbit-fold-qdq --canonicalize | FileCheck %s

!q = !lowbit.affine<i8, -127:127>

// CHECK-LABEL: @max
// CHECK-SAME: (%[[X:.*]]: tensor<1x?x4x2x!lowbit.affine<i8, -127:127>>, 
// CHECK-DAG: %[[LOWEST:.*]] = arith.constant -127 : i8
// CHECK-DAG: %[[I:.*]] = lowbit.storage_cast %[[X]]
// CHECK: %[[P:.*]] = tensor.pad %[[I]] low[0, 1, 1, 0] high[0, 2, 2, 0]
// CHECK: tensor.yield %[[LOWEST]] : i8
// CHECK: %[[M:.*]] = linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<1x?x7x2xi8>, tensor<3x3xi8>) outs({{.*}} : tensor<1x?x3x2xi8>) attrs = {lowbit.id = "y.i8"}
// CHECK: arith.maxsi
// CHECK: %[[Q:.*]] = lowbit.storage_cast %[[M]] : tensor<1x?x3x2xi8> to tensor<1x?x3x2x!lowbit.affine<i8, -127:127>>
// CHECK: %[[D:.*]] = lowbit.dequantize %[[Q]] {lowbit.id = "y", scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<-3> : tensor<i32>}
// CHECK: return %[[D]]
func.func @max(%x: tensor<1x?x4x2x!q>, %n: index) -> tensor<1x?x3x2xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-3> : tensor<i32>} : tensor<1x?x4x2x!q> -> tensor<1x?x4x2xf32>
  %p = tensor.pad %d low[0, 1, 1, 0] high[0, 2, 2, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %lowest : f32
  } : tensor<1x?x4x2xf32> to tensor<1x?x7x2xf32>
  %w = tensor.empty() : tensor<3x3xf32>
  %e = tensor.empty(%n) : tensor<1x?x3x2xf32>
  %f = linalg.fill ins(%lowest : f32) outs(%e : tensor<1x?x3x2xf32>) -> tensor<1x?x3x2xf32>
  %y = linalg.pooling_nhwc_max {strides = dense<2> : tensor<2xi64>, lowbit.id = "y"}
      ins(%p, %w : tensor<1x?x7x2xf32>, tensor<3x3xf32>) outs(%f : tensor<1x?x3x2xf32>) -> tensor<1x?x3x2xf32>
  return %y : tensor<1x?x3x2xf32>
}

// -----

!q = !lowbit.affine<ui8, axis = 1>

// A reduction along a dimension; each channel has a scale, and keeps it. The
// lowest float is as good a start as -inf.
// CHECK-LABEL: @reduction
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x2xi8>) outs(%{{.*}} : tensor<2xi8>)
// CHECK: arith.maxui
// CHECK: lowbit.dequantize %{{.*}} : tensor<2x!lowbit.affine<ui8, axis = 0>> -> tensor<2xf32>
// CHECK: arith.minui
func.func @reduction(%x: tensor<4x2x!q>) -> (tensor<2xf32>, tensor<2xf32>) {
  %lowest = arith.constant dense<-3.40282347E+38> : tensor<2xf32>
  %highest = arith.constant dense<0x7F800000> : tensor<2xf32>
  %d = lowbit.dequantize %x {scale = dense<[0.5, 2.0]> : tensor<2xf32>, zero_point = dense<[3, 4]> : tensor<2xi32>} : tensor<4x2x!q> -> tensor<4x2xf32>
  %y = linalg.reduce { arith.maximumf } ins(%d : tensor<4x2xf32>) outs(%lowest : tensor<2xf32>) dimensions = [0]
  %z = linalg.reduce { arith.minnumf } ins(%d : tensor<4x2xf32>) outs(%highest : tensor<2xf32>) dimensions = [0]
  return %y, %z : tensor<2xf32>, tensor<2xf32>
}

// -----

!q = !lowbit.affine<i8>

// A pixel, a window with gaps: of four elements of padding nothing is in it.
// CHECK-LABEL: @empty_window
// CHECK: lowbit.dequantize
// CHECK: linalg.pooling_nwc_max
func.func @empty_window(%x: tensor<1x1x2x!q>) -> tensor<1x1x2xf32> {
  %lowest = arith.constant 0xFF800000 : f32
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-3> : tensor<i32>} : tensor<1x1x2x!q> -> tensor<1x1x2xf32>
  %p = tensor.pad %d low[0, 1, 0] high[0, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index):
    tensor.yield %lowest : f32
  } : tensor<1x1x2xf32> to tensor<1x3x2xf32>
  %w = tensor.empty() : tensor<2xf32>
  %f = arith.constant dense<0xFF800000> : tensor<1x1x2xf32>
  %y = linalg.pooling_nwc_max {dilations = dense<2> : tensor<1xi64>} ins(%p, %w : tensor<1x3x2xf32>, tensor<2xf32>) outs(%f : tensor<1x1x2xf32>) -> tensor<1x1x2xf32>
  return %y : tensor<1x1x2xf32>
}
