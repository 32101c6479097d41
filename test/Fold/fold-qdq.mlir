// Integers move; dequantize comes last. Padding is with the zero point.
// RUN: quant-opt %s --split-input-file --lowbit-fold-qdq | FileCheck %s

!q = !lowbit.affine<i8>

// CHECK-LABEL: @pad
// CHECK-SAME: (%[[X:.*]]: tensor<4x!lowbit.affine<i8>>)
// CHECK-DAG: %[[ZERO:.*]] = arith.constant -3 : i8
// CHECK-DAG: %[[I:.*]] = lowbit.storage_cast %[[X]]
// CHECK: %[[P:.*]] = tensor.pad %[[I]] low[1] high[2]
// CHECK: tensor.yield %[[ZERO]] : i8
// CHECK: %[[Q:.*]] = lowbit.storage_cast %[[P]] : tensor<7xi8> to tensor<7x!lowbit.affine<i8>>
// CHECK: %[[D:.*]] = lowbit.dequantize %[[Q]] {{.*}}lowbit.id = "padded"
// CHECK: return %[[D]]
func.func @pad(%x: tensor<4x!q>) -> tensor<7xf32> {
  %zero = arith.constant 0.0 : f32
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-3> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  %p = tensor.pad %d low[1] high[2] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } {lowbit.id = "padded"} : tensor<4xf32> to tensor<7xf32>
  return %p : tensor<7xf32>
}

// -----

!q = !lowbit.affine<i8>

// CHECK-LABEL: @pad_dynamic
// CHECK-SAME: %[[Z:[a-z0-9]*]]: tensor<i32>)
// CHECK: %[[WIDE:.*]] = tensor.extract %[[Z]][]
// CHECK: %[[ZERO:.*]] = arith.trunci %[[WIDE]] : i32 to i8
// CHECK: tensor.yield %[[ZERO]] : i8
func.func @pad_dynamic(%x: tensor<4x!q>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<5xf32> {
  %zero = arith.constant 0.0 : f32
  %d = lowbit.dequantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<4x!q> -> tensor<4xf32>
  %p = tensor.pad %d low[0] high[1] {
  ^bb0(%i: index):
    tensor.yield %zero : f32
  } : tensor<4xf32> to tensor<5xf32>
  return %p : tensor<5xf32>
}

// -----

// Padding with something else is not moving.
// CHECK-LABEL: @pad_one
// CHECK: lowbit.dequantize
// CHECK-NEXT: tensor.pad
func.func @pad_one(%x: tensor<4x!lowbit.affine<i8>>) -> tensor<5xf32> {
  %one = arith.constant 1.0 : f32
  %d = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
  %p = tensor.pad %d low[0] high[1] {
  ^bb0(%i: index):
    tensor.yield %one : f32
  } : tensor<4xf32> to tensor<5xf32>
  return %p : tensor<5xf32>
}

// -----

// The axis goes along: 0 to 1 by the transpose, 1 to 2 by the reshape.
// CHECK-LABEL: @axis
// CHECK: linalg.transpose ins(%{{.*}} : tensor<3x4xi8>) outs(%{{.*}} : tensor<4x3xi8>) permutation = [1, 0]
// CHECK: tensor.expand_shape {{.*}} : tensor<4x3xi8> into tensor<2x2x3xi8>
// CHECK: lowbit.dequantize {{.*}} : tensor<2x2x3x!lowbit.affine<i8, -127:127, axis = 2>> -> tensor<2x2x3xf32>
func.func @axis(%x: tensor<3x4x!lowbit.affine<i8, -127:127, axis = 0>>) -> tensor<2x2x3xf32> {
  %d = lowbit.dequantize %x {scale = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi32>} : tensor<3x4x!lowbit.affine<i8, -127:127, axis = 0>> -> tensor<3x4xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %t = linalg.transpose ins(%d : tensor<3x4xf32>) outs(%e : tensor<4x3xf32>) permutation = [1, 0]
  %r = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 2, 3] : tensor<4x3xf32> into tensor<2x2x3xf32>
  return %r : tensor<2x2x3xf32>
}

// -----

// An axis that is split stays where it is.
// CHECK-LABEL: @axis_split
// CHECK: lowbit.dequantize
// CHECK-NEXT: tensor.expand_shape {{.*}} : tensor<4x3xf32>
func.func @axis_split(%x: tensor<4x3x!lowbit.affine<i8, axis = 0>>) -> tensor<2x2x3xf32> {
  %d = lowbit.dequantize %x {scale = dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>, zero_point = dense<0> : tensor<4xi32>} : tensor<4x3x!lowbit.affine<i8, axis = 0>> -> tensor<4x3xf32>
  %r = tensor.expand_shape %d [[0, 1], [2]] output_shape [2, 2, 3] : tensor<4x3xf32> into tensor<2x2x3xf32>
  return %r : tensor<2x2x3xf32>
}

// -----

// A look-up reads the integer and the scale of its row.
// CHECK-LABEL: @lookup
// CHECK: linalg.generic
// CHECK: ^bb0(%[[ID:.*]]: index
// CHECK: %[[V:.*]] = tensor.extract %{{.*}}[%[[ID]], %{{.*}}] : tensor<3x4xi8>
// CHECK: %[[W:.*]] = arith.extsi %[[V]] : i8 to i32
// CHECK: %[[S:.*]] = tensor.extract %{{.*}}[%[[ID]]] : tensor<3xf32>
// CHECK: %[[F:.*]] = arith.sitofp %[[W]] : i32 to f32
// CHECK: arith.mulf %[[F]], %[[S]]
func.func @lookup(%t: tensor<3x4x!lowbit.affine<i8, -127:127, axis = 0>>, %ids: tensor<5xindex>) -> tensor<5x4xf32> {
  %d = lowbit.dequantize %t {scale = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>, zero_point = dense<0> : tensor<3xi32>} : tensor<3x4x!lowbit.affine<i8, -127:127, axis = 0>> -> tensor<3x4xf32>
  %e = tensor.empty() : tensor<5x4xf32>
  %x = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<5xindex>) outs(%e : tensor<5x4xf32>) {
  ^bb0(%id: index, %o: f32):
    %j = linalg.index 1 : index
    %v = tensor.extract %d[%id, %j] : tensor<3x4xf32>
    linalg.yield %v : f32
  } -> tensor<5x4xf32>
  return %x : tensor<5x4xf32>
}

// The parameters of rows move like the rows; where a dimension is whole, they
// have one index.
// CHECK-LABEL: @rows
// CHECK-SAME: (%[[X:[a-z0-9]+]]: tensor<2x5x12x!lowbit.affine<i8, block = [1, 1, *]>>, %[[S:[a-z0-9]+]]: tensor<2x5x1xf32>, %[[Z:[a-z0-9]+]]: tensor<2x5x1xi32>)
// CHECK-DAG: tensor.expand_shape {{.*}} output_shape [2, 5, 3, 4] : tensor<2x5x12xi8> into tensor<2x5x3x4xi8>
// CHECK-DAG: tensor.expand_shape %[[S]] {{.*}} output_shape [2, 5, 1, 1] : tensor<2x5x1xf32> into tensor<2x5x1x1xf32>
// CHECK-DAG: linalg.transpose ins(%{{.*}} : tensor<2x5x3x4xi8>) outs(%{{.*}} : tensor<2x3x5x4xi8>)
// CHECK-DAG: %[[SCALE:.*]] = linalg.transpose ins(%{{.*}} : tensor<2x5x1x1xf32>) outs(%{{.*}} : tensor<2x1x5x1xf32>)
// CHECK-DAG: linalg.transpose ins(%{{.*}} : tensor<2x5x1x1xi32>) outs(%{{.*}} : tensor<2x1x5x1xi32>)
// CHECK: lowbit.dequantize {{.*}} : tensor<2x3x5x4x!lowbit.affine<i8, block = [1, *, 1, *]>> -> tensor<2x3x5x4xf32>
func.func @rows(%x: tensor<2x5x12x!lowbit.affine<i8, block = [1, 1, *]>>, %s: tensor<2x5x1xf32>, %z: tensor<2x5x1xi32>) -> tensor<2x3x5x4xf32> {
  %0 = lowbit.dequantize %x scale(%s : tensor<2x5x1xf32>) zero_point(%z : tensor<2x5x1xi32>) : tensor<2x5x12x!lowbit.affine<i8, block = [1, 1, *]>> -> tensor<2x5x12xf32>
  %1 = tensor.expand_shape %0 [[0], [1], [2, 3]] output_shape [2, 5, 3, 4] : tensor<2x5x12xf32> into tensor<2x5x3x4xf32>
  %e = tensor.empty() : tensor<2x3x5x4xf32>
  %2 = linalg.transpose ins(%1 : tensor<2x5x3x4xf32>) outs(%e : tensor<2x3x5x4xf32>) permutation = [0, 2, 1, 3]
  return %2 : tensor<2x3x5x4xf32>
}

// Padding comes before quantization: 0.0 is each row's zero point.
// CHECK-LABEL: @padded_rows
// CHECK: %[[P:.*]] = tensor.pad %arg0
// CHECK: %[[Q:.*]] = lowbit.quantize %[[P]] scale(%arg1 : tensor<2x1xf32>)
// CHECK: %[[D:.*]] = lowbit.dequantize %[[Q]]
// CHECK: return %[[D]]
func.func @padded_rows(%x: tensor<2x4xf32>, %s: tensor<2x1xf32>, %z: tensor<2x1xi32>) -> tensor<2x6xf32> {
  %q = lowbit.quantize %x scale(%s : tensor<2x1xf32>) zero_point(%z : tensor<2x1xi32>) : tensor<2x4xf32> -> tensor<2x4x!lowbit.affine<i8, block = [1, *]>>
  %d = lowbit.dequantize %q scale(%s : tensor<2x1xf32>) zero_point(%z : tensor<2x1xi32>) : tensor<2x4x!lowbit.affine<i8, block = [1, *]>> -> tensor<2x4xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %d low[0, 1] high[0, 1] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<2x4xf32> to tensor<2x6xf32>
  return %p : tensor<2x6xf32>
}

// Rows that are joined with what they are whole in stay as they are.
// CHECK-LABEL: @joined
// CHECK: %[[D:.*]] = lowbit.dequantize %arg0
// CHECK: tensor.collapse_shape %[[D]]
func.func @joined(%x: tensor<2x4x!lowbit.affine<i8, block = [1, *]>>, %s: tensor<2x1xf32>, %z: tensor<2x1xi32>) -> tensor<8xf32> {
  %d = lowbit.dequantize %x scale(%s : tensor<2x1xf32>) zero_point(%z : tensor<2x1xi32>) : tensor<2x4x!lowbit.affine<i8, block = [1, *]>> -> tensor<2x4xf32>
  %c = tensor.collapse_shape %d [[0, 1]] : tensor<2x4xf32> into tensor<8xf32>
  return %c : tensor<8xf32>
}
