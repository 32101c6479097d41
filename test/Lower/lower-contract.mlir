// lowbit.contract is an integer contraction and one generic.
// RUN: quant-opt %s --split-input-file --lowbit-lower-contract --lowbit-lower-qdq --canonicalize --cse --lowbit-verify-integer-contract | FileCheck %s

// u8 moves to i8 and takes its zero point along; 3 - 128 = -125.
// CHECK-LABEL: @epilogue
// CHECK: arith.xori %{{.*}}, %c-128_i8 : i8
// CHECK: linalg.generic {{.*}}"reduction"]} ins(%{{.*}} : tensor<4x16xi8>, tensor<16x8xi8>) outs(%{{.*}} : tensor<4x8xi32>) attrs = {lowbit.id = "y.i32"}
// CHECK: arith.extsi %{{.*}} : i8 to i32
// CHECK: arith.extsi %{{.*}} : i8 to i32
// CHECK-NEXT: arith.muli
// CHECK-NEXT: arith.addi
// CHECK-NEXT: linalg.yield
// The sums of the right-hand side, times the zero point.
// CHECK: linalg.generic {{.*}}["parallel", "reduction"]} ins(%{{.*}} : tensor<16x8xi8>) outs(%{{.*}} : tensor<8xi32>)
// CHECK: arith.muli %{{.*}}, %c-125_i32
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<4x8xi8>) attrs = {lowbit.id = "y"}
// CHECK: arith.sitofp
// CHECK: math.roundeven
// CHECK-NOT: lowbit.
#lhs = affine_map<(m, n, k) -> (m, k)>
#rhs = affine_map<(m, n, k) -> (k, n)>
#n = affine_map<(m, n, k) -> (n)>
#out = affine_map<(m, n, k) -> (m, n)>
!a = !lowbit.affine<ui8>
!y = !lowbit.affine<i8>
func.func @epilogue(%a: tensor<4x16xi8>, %w: tensor<16x8xi8>, %bias: tensor<8xi32>) -> tensor<4x8xi8> {
  %qa = lowbit.storage_cast %a : tensor<4x16xi8> to tensor<4x16x!a>
  %init = tensor.empty() : tensor<4x8x!y>
  %y = lowbit.contract attributes {lowbit.id = "y", indexing_maps = [#lhs, #rhs, #n, #out], iterator_types = ["parallel", "parallel", "reduction"],
      lhs_zero_point = dense<3> : tensor<i32>} ins(%qa, %w : tensor<4x16x!a>, tensor<16x8xi8>) extra(%bias : tensor<8xi32>) outs(%init : tensor<4x8x!y>) {
  ^bb0(%acc: i32, %b: i32):
    %sum = arith.addi %acc, %b : i32
    %q = lowbit.requantize %sum {scale = dense<0.01> : tensor<f32>, zero_point = dense<-5> : tensor<i32>} : i32 -> !y
    lowbit.yield %q : !y
  } -> tensor<4x8x!y>
  %r = lowbit.storage_cast %y : tensor<4x8x!y> to tensor<4x8xi8>
  return %r : tensor<4x8xi8>
}

// -----

// Windows: a tensor without elements that are read gives their sizes, and no
// more loops than those of the window. The region does nothing, and no zero point is on the left.
// CHECK-LABEL: @window
// CHECK: %[[SIZES:.*]] = tensor.empty() : tensor<3xi8>
// CHECK: linalg.generic {{.*}}["parallel", "parallel", "reduction", "reduction"]} ins(%{{.*}}, %[[SIZES]] : tensor<2x11x3xi8>, tensor<3xi8>) outs(%{{.*}} : tensor<2x5xi32>)
func.func @window(%a: tensor<2x11x3xi8>, %w: tensor<3x3x4xi8>) -> tensor<2x5x4xi32> {
  %init = tensor.empty() : tensor<2x5x4xi32>
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(n, o, f, h, c) -> (n, o * 2 + h, c)>, affine_map<(n, o, f, h, c) -> (h, c, f)>,
      affine_map<(n, o, f, h, c) -> (n, o, f)>], iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"],
      rhs_zero_point = dense<3> : tensor<i32>} ins(%a, %w : tensor<2x11x3xi8>, tensor<3x3x4xi8>) outs(%init : tensor<2x5x4xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<2x5x4xi32>
  return %y : tensor<2x5x4xi32>
}

// -----

// Wider integers subtract their zero points in the body.
// CHECK-LABEL: @words
// CHECK: arith.extsi %{{.*}} : i16 to i64
// CHECK: arith.subi %{{.*}}, %{{.*}} : i64
func.func @words(%a: tensor<6xi16>, %b: tensor<6x3xi16>) -> tensor<3xi64> {
  %init = tensor.empty() : tensor<3xi64>
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (k, n)>, affine_map<(n, k) -> (n)>],
      iterator_types = ["parallel", "reduction"], lhs_zero_point = dense<-4> : tensor<i32>} ins(%a, %b : tensor<6xi16>, tensor<6x3xi16>) outs(%init : tensor<3xi64>) {
  ^bb0(%acc: i64):
    lowbit.yield %acc : i64
  } -> tensor<3xi64>
  return %y : tensor<3xi64>
}

// -----

// Small floats are decoded; the contraction says why it is float.
// CHECK-LABEL: @floats
// CHECK: linalg.generic {{.*}} ins(%{{.*}} : tensor<4x5xf32>, tensor<5x6xf32>) outs(%{{.*}} : tensor<4x6xf32>) attrs = {lowbit.float_reason = "its operands are small floats"}
func.func @floats(%a: tensor<4x5xi8>, %b: tensor<5x6xi8>) -> tensor<4x6xf32> {
  %x = lowbit.storage_cast %a : tensor<4x5xi8> to tensor<4x5x!lowbit.float<f8E4M3FN>>
  %y = lowbit.storage_cast %b : tensor<5x6xi8> to tensor<5x6x!lowbit.float<f8E5M2>>
  %init = tensor.empty() : tensor<4x6xf32>
  %r = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %y : tensor<4x5x!lowbit.float<f8E4M3FN>>, tensor<5x6x!lowbit.float<f8E5M2>>) outs(%init : tensor<4x6xf32>) {
  ^bb0(%acc: f32):
    lowbit.yield %acc : f32
  } -> tensor<4x6xf32>
  return %r : tensor<4x6xf32>
}
