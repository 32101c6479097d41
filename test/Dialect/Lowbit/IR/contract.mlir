// Contractions with their regions, in text, in generic form and in bytecode.
// RUN: quant-opt %s | quant-opt | FileCheck %s
// RUN: quant-opt %s --emit-bytecode | quant-opt | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 1>

// CHECK-LABEL: @matmul
func.func @matmul(%a: tensor<?x16x!a>, %w: tensor<16x8x!w>, %bias: tensor<8xi32>, %z: tensor<i32>, %init: tensor<?x8x!a>) -> tensor<?x8x!a> {
  // CHECK: lowbit.contract attributes {indexing_maps = [#{{.*}}], iterator_types = ["parallel", "parallel", "reduction"]}
  // CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<?x16x!lowbit.affine<i8>>, tensor<16x8x!lowbit.affine<i8, -127:127, axis = 1>>)
  // CHECK-SAME: lhs_zero_point(%{{.*}} : tensor<i32>)
  // CHECK-SAME: extra(%{{.*}} : tensor<8xi32>) outs(%{{.*}} : tensor<?x8x!lowbit.affine<i8>>)
  %y = lowbit.contract attributes {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                       affine_map<(m, n, k) -> (n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : tensor<?x16x!a>, tensor<16x8x!w>) lhs_zero_point(%z : tensor<i32>)
      extra(%bias : tensor<8xi32>) outs(%init : tensor<?x8x!a>) {
  // CHECK: ^bb0(%{{.*}}: i32, %{{.*}}: i32):
  ^bb0(%acc: i32, %b: i32):
    %sum = arith.addi %acc, %b : i32
    %q = lowbit.requantize %sum {scale = dense<0.01> : tensor<f32>, zero_point = dense<-5> : tensor<i32>} : i32 -> !a
    // CHECK: lowbit.yield %{{.*}} : !lowbit.affine<i8>
    lowbit.yield %q : !a
  // CHECK: } -> tensor<?x8x!lowbit.affine<i8>>
  } -> tensor<?x8x!a>
  return %y : tensor<?x8x!a>
}

// CHECK-LABEL: @convolution
func.func @convolution(%x: tensor<1x9x9x3xi8>, %w: tensor<3x3x3x8xi8>, %init: tensor<1x4x4x8xi32>) -> tensor<1x4x4x8xi32> {
  // CHECK: lowbit.contract attributes {{.*}}lhs_zero_point = dense<7> : tensor<i32>
  %y = lowbit.contract attributes {
      indexing_maps = [affine_map<(n, h, w, c, i, j, k) -> (n, h * 2 + i, w * 2 + j, k)>,
                       affine_map<(n, h, w, c, i, j, k) -> (i, j, k, c)>,
                       affine_map<(n, h, w, c, i, j, k) -> (n, h, w, c)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"],
      lhs_zero_point = dense<7> : tensor<i32>}
      ins(%x, %w : tensor<1x9x9x3xi8>, tensor<3x3x3x8xi8>) outs(%init : tensor<1x4x4x8xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<1x4x4x8xi32>
  return %y : tensor<1x4x4x8xi32>
}

// CHECK-LABEL: @packed
func.func @packed(%a: tensor<?x18xi8>, %w: tensor<3x5x4x4xi8>, %init: tensor<?x10xf32>) -> tensor<?x10xf32> {
  // CHECK: lowbit.packed_contract attributes {{.*}}layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<18x10xi8>}
  %y = lowbit.packed_contract attributes {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"],
      layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<18x10xi8>}
      ins(%a, %w : tensor<?x18xi8>, tensor<3x5x4x4xi8>) outs(%init : tensor<?x10xf32>) {
  ^bb0(%acc: i32):
    %f = arith.sitofp %acc : i32 to f32
    lowbit.yield %f : f32
  } -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}

// CHECK-LABEL: @floats
func.func @floats(%a: tensor<4x8x!lowbit.float<f8E4M3FN>>, %b: tensor<8x2x!lowbit.float<f8E5M2>>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %y = lowbit.contract attributes {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x8x!lowbit.float<f8E4M3FN>>, tensor<8x2x!lowbit.float<f8E5M2>>) outs(%init : tensor<4x2xf32>) {
  ^bb0(%acc: f32):
    // CHECK: lowbit.yield %{{.*}} : f32
    lowbit.yield %acc : f32
  } -> tensor<4x2xf32>
  return %y : tensor<4x2xf32>
}
