// Everything with an id is observed; a softmax has rows; an axis is what all
// readers sum over.
// RUN: quant-opt %s --split-input-file --lowbit-assign-ids --lowbit-insert-observers="observe=all channels=true" | FileCheck %s
// Nothing removes what only the table needs.
// RUN: quant-opt %s --split-input-file --lowbit-assign-ids --lowbit-insert-observers="observe=all" --canonicalize --cse | FileCheck %s --check-prefix=KEPT

// The reshape of the constant is none; fills have no id; the last reshape reads
// what the function returns, so its source is logits too.
// CHECK-LABEL: @softmax
// CHECK: lowbit.observe %{{.*}} "value" "bias" : tensor<4x6xf32>
// CHECK: lowbit.observe %arg0 "activation" "x" {axis = 1 : i64} : tensor<4x8xf32>
// CHECK: lowbit.observe %{{.*}} "weight" "matmul_0.weight" : tensor<48xf32>
// CHECK-NOT: "value"
// CHECK: %[[Y:.*]] = linalg.matmul
// CHECK-NEXT: lowbit.observe %[[Y]] "value" "matmul_0" {rows = "logits"} : tensor<4x6xf32>
// CHECK: "value" "top" : tensor<4xf32>
// CHECK: "value" "powers" : tensor<4x6xf32>
// CHECK: "value" "total" : tensor<4xf32>
// CHECK: "value" "softmax" {rows = "probabilities"} : tensor<4x6xf32>
// CHECK: "value" "shifted" {rows = "logits"} : tensor<4x6xf32>
// CHECK: "value" "out" {rows = "logits"} : tensor<2x2x6xf32>
// KEPT-LABEL: @softmax
// KEPT-COUNT-8: lowbit.observe %{{.*}} "value"
#rows = affine_map<(i, j) -> (i)>
#all = affine_map<(i, j) -> (i, j)>
func.func @softmax(%x: tensor<4x8xf32> {lowbit.name = "x"}, %bias: tensor<4x6xf32> {lowbit.name = "bias"}) -> (tensor<4x6xf32>, tensor<2x2x6xf32>) {
  %flat = arith.constant dense<0.5> : tensor<48xf32>
  %w = tensor.expand_shape %flat [[0, 1]] output_shape [8, 6] : tensor<48xf32> into tensor<8x6xf32>
  %zero = arith.constant 0.0 : f32
  %low = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<4x6xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x8xf32>, tensor<8x6xf32>) outs(%f : tensor<4x6xf32>) -> tensor<4x6xf32>
  %e1 = tensor.empty() : tensor<4xf32>
  %f1 = linalg.fill ins(%low : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %top = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%y : tensor<4x6xf32>) outs(%f1 : tensor<4xf32>) attrs = {lowbit.id = "top"} {
  ^bb0(%a: f32, %o: f32):
    %m = arith.maximumf %a, %o : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %p = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel"]}
      ins(%y, %top : tensor<4x6xf32>, tensor<4xf32>) outs(%e : tensor<4x6xf32>) attrs = {lowbit.id = "powers"} {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.subf %a, %b : f32
    %r = math.exp %d : f32
    linalg.yield %r : f32
  } -> tensor<4x6xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<4xf32>) -> tensor<4xf32>
  %total = linalg.generic {indexing_maps = [#all, #rows], iterator_types = ["parallel", "reduction"]}
      ins(%p : tensor<4x6xf32>) outs(%f2 : tensor<4xf32>) attrs = {lowbit.id = "total"} {
  ^bb0(%a: f32, %o: f32):
    %m = arith.addf %o, %a : f32
    linalg.yield %m : f32
  } -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#all, #rows, #all], iterator_types = ["parallel", "parallel"]}
      ins(%p, %total : tensor<4x6xf32>, tensor<4xf32>) outs(%e : tensor<4x6xf32>) attrs = {lowbit.id = "softmax"} {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %d = arith.divf %a, %b : f32
    linalg.yield %d : f32
  } -> tensor<4x6xf32>
  %t = linalg.add {lowbit.id = "shifted"} ins(%s, %bias : tensor<4x6xf32>, tensor<4x6xf32>) outs(%e : tensor<4x6xf32>) -> tensor<4x6xf32>
  %out = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 2, 6] {lowbit.id = "out"} : tensor<4x6xf32> into tensor<2x2x6xf32>
  return %s, %out : tensor<4x6xf32>, tensor<2x2x6xf32>
}

// -----

// Readers that sum over different dimensions leave none; a sum over a dimension
// of unknown size has none; the channels of an image are.
// CHECK-LABEL: @channels
// CHECK-DAG: "activation" "both" : tensor<4x4xf32>
// CHECK-DAG: "activation" "open" : tensor<4x?xf32>
// CHECK-DAG: "activation" "image" {axis = 3 : i64} : tensor<1x4x4x3xf32>
func.func @channels(%both: tensor<4x4xf32> {lowbit.name = "both"}, %open: tensor<4x?xf32> {lowbit.name = "open"}, %image: tensor<1x4x4x3xf32> {lowbit.name = "image"}) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x5x5x2xf32>) {
  %w = arith.constant dense<0.5> : tensor<4x4xf32>
  %k = arith.constant dense<0.5> : tensor<2x2x3x2xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %0 = linalg.matmul ins(%both, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = linalg.matmul ins(%w, %both : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = linalg.contract
      indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>]
      ins(%open, %open : tensor<4x?xf32>, tensor<4x?xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  // Padding and a window do not change the channels.
  %p = tensor.pad %image low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %l: index, %m: index):
    tensor.yield %zero : f32
  } : tensor<1x4x4x3xf32> to tensor<1x6x6x3xf32>
  %e3 = tensor.empty() : tensor<1x5x5x2xf32>
  %f3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<1x5x5x2xf32>) -> tensor<1x5x5x2xf32>
  %3 = linalg.conv_2d_nhwc_hwcf ins(%p, %k : tensor<1x6x6x3xf32>, tensor<2x2x3x2xf32>) outs(%f3 : tensor<1x5x5x2xf32>) -> tensor<1x5x5x2xf32>
  return %0, %1, %2, %3 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<1x5x5x2xf32>
}
