// Clamps that saturation makes.
// RUN: quant-opt %s --lowbit-fold-qdq --split-input-file | FileCheck %s

#id = affine_map<(d0) -> (d0)>
// CHECK-LABEL: @relu
// CHECK-SAME: %[[X:.*]]: tensor<4xf32>
// CHECK-NOT: linalg.generic
// CHECK: lowbit.quantize %[[X]] {lowbit.integers = ["relu"]
func.func @relu(%x: tensor<4xf32>) -> tensor<4x!lowbit.affine<i8>> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {lowbit.id = "relu", indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.maximumf %in, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %q = lowbit.quantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return %q : tensor<4x!lowbit.affine<i8>>
}

// -----

#id = affine_map<(d0) -> (d0)>
// 255 steps from 0 end at 5.98, half a step below 6.
// CHECK-LABEL: @relu6
// CHECK-NOT: linalg.generic
// CHECK: lowbit.quantize
func.func @relu6(%x: tensor<4xf32>) -> tensor<4x!lowbit.affine<i8>> {
  %zero = arith.constant 0.0 : f32
  %six = arith.constant 6.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {lowbit.id = "relu6", indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.maximumf %in, %zero : f32
    %1 = arith.minimumf %0, %six : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %q = lowbit.quantize %y {scale = dense<0.0234375> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return %q : tensor<4x!lowbit.affine<i8>>
}

// -----

#id = affine_map<(d0) -> (d0)>
// The format goes beyond the clamp.
// CHECK-LABEL: @clamp_is_tighter
// CHECK: linalg.generic
func.func @clamp_is_tighter(%x: tensor<4xf32>) -> tensor<4x!lowbit.affine<i8>> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.maximumf %in, %zero : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %q = lowbit.quantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-127> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return %q : tensor<4x!lowbit.affine<i8>>
}

// -----

#id = affine_map<(d0) -> (d0)>
// maxnumf makes a number of NaN, which quantize makes the zero point of.
// CHECK-LABEL: @other_forms
// CHECK: linalg.generic
func.func @other_forms(%x: tensor<4xf32>) -> tensor<4x!lowbit.affine<i8>> {
  %one = arith.constant 1.0 : f32
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %0 = arith.maxnumf %in, %one : f32
    linalg.yield %0 : f32
  } -> tensor<4xf32>
  %q = lowbit.quantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
  return %q : tensor<4x!lowbit.affine<i8>>
}
