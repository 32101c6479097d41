// What TOSA cannot say stays, with a remark.
// RUN: quant-opt %s --lowbit-convert-to-tosa -verify-diagnostics | FileCheck %s
// RUN: quant-opt %s --lowbit-convert-to-tosa=assume-defined=true 2>/dev/null | FileCheck %s --check-prefix=ASSUME

// CHECK-LABEL: @requantize
// CHECK-NOT: tosa.rescale
// CHECK-COUNT-6: lowbit.requantize
// ASSUME-LABEL: @requantize
// ASSUME-COUNT-1: tosa.rescale
// ASSUME-COUNT-5: lowbit.requantize
func.func @requantize(%a: tensor<2x3xi32>, %i: tensor<2x3xi16>) {
  // expected-remark @+1 {{'lowbit.requantize' stays: with a shift of 30 TOSA defines results for values below 2^29 only; assume-defined trusts that they are}}
  %0 = lowbit.requantize %a {multiplier = dense<5> : tensor<i32>, shift = dense<30> : tensor<i8>, zero_point = dense<3> : tensor<i32>} : tensor<2x3xi32> -> tensor<2x3x!lowbit.affine<i8>>
  // expected-remark @+1 {{its scale is a float; tosa.rescale has a multiplier and a shift}}
  %1 = lowbit.requantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<2x3xi32> -> tensor<2x3x!lowbit.affine<i8>>
  // expected-remark @+1 {{its scales run along dimension 0; those of tosa.rescale run along the last}}
  %2 = lowbit.requantize %a {axis = 0 : i64, multiplier = dense<5> : tensor<2xi32>, shift = dense<40> : tensor<2xi8>, zero_point = dense<3> : tensor<i32>} : tensor<2x3xi32> -> tensor<2x3x!lowbit.affine<i8>>
  // expected-remark @+1 {{the range of its result is -127:127; tosa.rescale clamps to the whole storage}}
  %3 = lowbit.requantize %a {multiplier = dense<5> : tensor<i32>, shift = dense<40> : tensor<i8>, zero_point = dense<3> : tensor<i32>} : tensor<2x3xi32> -> tensor<2x3x!lowbit.affine<i8, -127:127>>
  // expected-remark @+1 {{TOSA has zero points for 8-bit integers only}}
  %4 = lowbit.requantize %i {multiplier = dense<5> : tensor<i32>, shift = dense<40> : tensor<i8>, zero_point = dense<3> : tensor<i32>} : tensor<2x3xi16> -> tensor<2x3x!lowbit.affine<i16>>
  // expected-remark @+1 {{tosa.rescale is not from i32 to unsigned}}
  %5 = lowbit.requantize %a {multiplier = dense<5> : tensor<i32>, shift = dense<40> : tensor<i8>, zero_point = dense<3> : tensor<i32>} : tensor<2x3xi32> -> tensor<2x3x!lowbit.affine<ui8>>
  return
}

// CHECK-LABEL: @contract
// CHECK-NOT: tosa.
// CHECK-COUNT-3: lowbit.contract
func.func @contract(%a: tensor<4x16xi8>, %w: tensor<8x16xi8>, %u: tensor<4x16x!lowbit.affine<ui8>>, %s: tensor<8x16x4xi8>) {
  %init = tensor.empty() : tensor<4x8xi32>
  // expected-remark @+1 {{'lowbit.contract' stays: its operands are not signed integers of 8 bits}}
  %0 = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%u, %w : tensor<4x16x!lowbit.affine<ui8>>, tensor<8x16xi8>) outs(%init : tensor<4x8xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x8xi32>
  // expected-remark @+1 {{its region does more than to add a bias and to requantize}}
  %1 = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %w : tensor<4x16xi8>, tensor<8x16xi8>) outs(%init : tensor<4x8xi32>) {
  ^bb0(%acc: i32):
    %twice = arith.addi %acc, %acc : i32
    lowbit.yield %twice : i32
  } -> tensor<4x8xi32>
  // expected-remark @+1 {{its loops are those of no matmul with one batch and no NHWC convolution}}
  %2 = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k, l) -> (m, k)>, affine_map<(m, n, k, l) -> (n, k, l)>, affine_map<(m, n, k, l) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%a, %s : tensor<4x16xi8>, tensor<8x16x4xi8>) outs(%init : tensor<4x8xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x8xi32>
  return
}
