// The ends of every sum over all inputs, worked out by hand.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-analyze-accumulators | FileCheck %s

// Columns [2, 4], [3, 4], [-4, 3]. Over [-128, 127]:
//   6 * -128 = -768 to 6 * 127 = 762; -896 to 889;
//   -4 * 127 - 3 * 128 = -892 to 4 * 128 + 3 * 127 = 893.
// Pairs over [0, 255]: 7 * 255 = 1785 and -4 * 255 fit.
// CHECK-LABEL: @columns
// CHECK: linalg.matmul {lowbit.accumulator = {max = 893 : i64, min = -896 : i64, pair_sums_fit_i16}}
func.func @columns(%x: tensor<?x2xi8>, %zeros: tensor<?x3xi32>) -> tensor<?x3xi32> {
  %w = arith.constant dense<[[2, 3, -4], [4, 4, 3]]> : tensor<2x3xi8>
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0 : i32
  %n = tensor.dim %x, %c0 : tensor<?x2xi8>
  %e = tensor.empty(%n) : tensor<?x3xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<?x3xi32>) -> tensor<?x3xi32>
  %y = linalg.matmul ins(%x, %w : tensor<?x2xi8>, tensor<2x3xi8>) outs(%f : tensor<?x3xi32>) -> tensor<?x3xi32>
  return %y : tensor<?x3xi32>
}

// -----

// The format says that -128 does not occur, nor, here, anything below 0:
//   columns 64 + 64 and 64 + 65 over [0, 10]; pairs over [128, 138]:
//   138 * 128 = 17664 fits, 138 * 129 = 17802 fits.
// CHECK-LABEL: @format
// CHECK: linalg.matmul {lowbit.accumulator = {max = 1290 : i64, min = 0 : i64, pair_sums_fit_i16}}
// 255 * 128 = 32640 fits 16 bits, 255 * 129 = 32895 does not. -128 * 129 = -16512, 127 * 129 = 16383.
// CHECK: linalg.matmul {lowbit.accumulator = {max = 16383 : i64, min = -16512 : i64}}
func.func @format(%q: tensor<4x2x!lowbit.affine<i8, 0:10>>, %x: tensor<4x2xi8>) -> (tensor<4x2xi32>, tensor<4x2xi32>) {
  %w = arith.constant dense<64> : tensor<2x2xi8>
  %v = arith.constant dense<[[64, 64], [64, 65]]> : tensor<2x2xi8>
  %zeros = arith.constant dense<0> : tensor<4x2xi32>
  %i = lowbit.storage_cast %q : tensor<4x2x!lowbit.affine<i8, 0:10>> to tensor<4x2xi8>
  %y = linalg.matmul ins(%i, %v : tensor<4x2xi8>, tensor<2x2xi8>) outs(%zeros : tensor<4x2xi32>) -> tensor<4x2xi32>
  %z = linalg.matmul ins(%x, %v : tensor<4x2xi8>, tensor<2x2xi8>) outs(%zeros : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y, %z : tensor<4x2xi32>, tensor<4x2xi32>
}

// -----

// A clamp in a body, then padding with -7, then a slice: [-7, 5]. The filter's
// 2x2x1 window of 1, 2, -3, 4: -7 * 7 - 3 * 5 = -64 to 7 * 5 + 3 * 7 = 56.
// CHECK-LABEL: @clamped
// CHECK: linalg.conv_2d_nhwc_hwcf {{{.*}}lowbit.accumulator = {max = 56 : i64, min = -64 : i64, pair_sums_fit_i16}
func.func @clamped(%x: tensor<1x4x4x1xi8>) -> tensor<1x4x3x1xi32> {
  %w = arith.constant dense<[[[[1]], [[2]]], [[[-3]], [[4]]]]> : tensor<2x2x1x1xi8>
  %low = arith.constant -3 : i8
  %high = arith.constant 5 : i8
  %pad = arith.constant -7 : i8
  %zeros = arith.constant dense<0> : tensor<1x4x3x1xi32>
  %e = tensor.empty() : tensor<1x4x4x1xi8>
  %clamped = linalg.generic {
      indexing_maps = [affine_map<(a, b, c, d) -> (a, b, c, d)>, affine_map<(a, b, c, d) -> (a, b, c, d)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
      ins(%x : tensor<1x4x4x1xi8>) outs(%e : tensor<1x4x4x1xi8>) {
  ^bb0(%p: i8, %o: i8):
    %0 = arith.maxsi %p, %low : i8
    %1 = arith.minsi %0, %high : i8
    linalg.yield %1 : i8
  } -> tensor<1x4x4x1xi8>
  %padded = tensor.pad %clamped low[0, 1, 1, 0] high[0, 0, 0, 0] {
  ^bb0(%a: index, %b: index, %c: index, %d: index):
    tensor.yield %pad : i8
  } : tensor<1x4x4x1xi8> to tensor<1x5x5x1xi8>
  %slice = tensor.extract_slice %padded[0, 0, 0, 0] [1, 5, 4, 1] [1, 1, 1, 1] : tensor<1x5x5x1xi8> to tensor<1x5x4x1xi8>
  %y = linalg.conv_2d_nhwc_hwcf ins(%slice, %w : tensor<1x5x4x1xi8>, tensor<2x2x1x1xi8>) outs(%zeros : tensor<1x4x3x1xi32>) -> tensor<1x4x3x1xi32>
  return %y : tensor<1x4x3x1xi32>
}

// -----

// A quantize as phase 6 spells it: [-100, 100] + 3 is [-97, 103] in i32 and, as
// that fits, in i8. 2 * 103 and 2 * -97.
// CHECK-LABEL: @quantized
// CHECK: linalg.matvec {lowbit.accumulator = {max = 206 : i64, min = -194 : i64, pair_sums_fit_i16}}
func.func @quantized(%x: tensor<4x1xf32>) -> tensor<4xi32> {
  %w = arith.constant dense<2> : tensor<1xi8>
  %low = arith.constant -100.0 : f32
  %high = arith.constant 100.0 : f32
  %z = arith.constant 3 : i32
  %zeros = arith.constant dense<0> : tensor<4xi32>
  %e = tensor.empty() : tensor<4x1xi8>
  %q = linalg.generic {
      indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<4x1xf32>) outs(%e : tensor<4x1xi8>) {
  ^bb0(%p: f32, %o: i8):
    %0 = arith.maximumf %p, %low : f32
    %1 = arith.minimumf %0, %high : f32
    %2 = arith.fptosi %1 : f32 to i32
    %3 = arith.addi %2, %z : i32
    %4 = arith.trunci %3 : i32 to i8
    linalg.yield %4 : i8
  } -> tensor<4x1xi8>
  %y = linalg.matvec ins(%q, %w : tensor<4x1xi8>, tensor<1xi8>) outs(%zeros : tensor<4xi32>) -> tensor<4xi32>
  return %y : tensor<4xi32>
}

// -----

// A look-up in a table of [-2, 9], in a body; two operands that are no
// constants, 3 products: 3 * -2 * 127 = -762 (the least is 9 * -128 * 3 = -3456)
// to 3 * 9 * 127 = 3429. Pairs: 2 * 137 * 127 = 34798 does not fit.
// CHECK-LABEL: @table
// CHECK: linalg.matmul {lowbit.accumulator = {max = 3429 : i64, min = -3456 : i64}}
func.func @table(%i: tensor<4x3xi32>, %x: tensor<3x2xi8>) -> tensor<4x2xi32> {
  %t = arith.constant dense<[5, -2, 9]> : tensor<3xi8>
  %zeros = arith.constant dense<0> : tensor<4x2xi32>
  %e = tensor.empty() : tensor<4x3xi8>
  %a = linalg.generic {
      indexing_maps = [affine_map<(a, b) -> (a, b)>, affine_map<(a, b) -> (a, b)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%i : tensor<4x3xi32>) outs(%e : tensor<4x3xi8>) {
  ^bb0(%p: i32, %o: i8):
    %0 = arith.index_cast %p : i32 to index
    %1 = tensor.extract %t[%0] : tensor<3xi8>
    linalg.yield %1 : i8
  } -> tensor<4x3xi8>
  %y = linalg.matmul ins(%a, %x : tensor<4x3xi8>, tensor<3x2xi8>) outs(%zeros : tensor<4x2xi32>) -> tensor<4x2xi32>
  return %y : tensor<4x2xi32>
}

// -----

// The constant on the left, and an init of [7, 7]: -2 * 128 - 3 * 127 + 7 and
// 2 * 127 + 3 * 128 + 7. Shifted, the left is 130 and 125: 255 * 127 = 32385
// and 255 * -128 = -32640 fit.
// CHECK-LABEL: @left
// CHECK: linalg.matmul {lowbit.accumulator = {max = 645 : i64, min = -630 : i64, pair_sums_fit_i16}}
func.func @left(%x: tensor<2x4xi8>) -> tensor<1x4xi32> {
  %w = arith.constant dense<[[2, -3]]> : tensor<1x2xi8>
  %init = arith.constant dense<7> : tensor<1x4xi32>
  %y = linalg.matmul ins(%w, %x : tensor<1x2xi8>, tensor<2x4xi8>) outs(%init : tensor<1x4xi32>) -> tensor<1x4xi32>
  return %y : tensor<1x4xi32>
}

// -----

// 2^31 = 131072 * 128 * 128 leaves 32 bits; with the input at least -127 it does
// not: 131072 * 128 * 127 = 2130706432, and 131072 * -128 * 127 the other way.
// An attribute that was there goes, when it is not proved.
// CHECK-LABEL: @border
// CHECK: linalg.matmul ins
// CHECK: linalg.matmul {lowbit.accumulator = {max = 2130706432 : i64, min = -2130706432 : i64}}
func.func @border(%x: tensor<1x131072xi8>, %q: tensor<1x131072x!lowbit.affine<i8, -127:127>>) -> (tensor<1x1xi32>, tensor<1x1xi32>) {
  %w = arith.constant dense<-128> : tensor<131072x1xi8>
  %zeros = arith.constant dense<0> : tensor<1x1xi32>
  // expected-warning @+1 {{sums from -2130706432 to 2147483648 may not fit the 32 bits that they are accumulated in}}
  %y = linalg.matmul {lowbit.accumulator = {max = 1 : i64, min = 0 : i64}} ins(%x, %w : tensor<1x131072xi8>, tensor<131072x1xi8>) outs(%zeros : tensor<1x1xi32>) -> tensor<1x1xi32>
  %i = lowbit.storage_cast %q : tensor<1x131072x!lowbit.affine<i8, -127:127>> to tensor<1x131072xi8>
  %z = linalg.matmul ins(%i, %w : tensor<1x131072xi8>, tensor<131072x1xi8>) outs(%zeros : tensor<1x1xi32>) -> tensor<1x1xi32>
  return %y, %z : tensor<1x1xi32>, tensor<1x1xi32>
}

// -----

// Nothing is known: a dynamic length of two inputs, an unsigned product.
// CHECK-LABEL: @unknown
// CHECK-NOT: lowbit.accumulator
func.func @unknown(%x: tensor<2x?xi8>, %y: tensor<?x2xi8>, %a: tensor<2x2xi8>) -> (tensor<2x2xi32>, tensor<2x2xi32>) {
  %w = arith.constant dense<1> : tensor<2x2xi8>
  %zeros = arith.constant dense<0> : tensor<2x2xi32>
  %0 = linalg.matmul ins(%x, %y : tensor<2x?xi8>, tensor<?x2xi8>) outs(%zeros : tensor<2x2xi32>) -> tensor<2x2xi32>
  %1 = linalg.matmul {cast = #linalg.type_fn<cast_unsigned>} ins(%a, %w : tensor<2x2xi8>, tensor<2x2xi8>) outs(%zeros : tensor<2x2xi32>) -> tensor<2x2xi32>
  return %0, %1 : tensor<2x2xi32>, tensor<2x2xi32>
}

// -----

// A reduction is not what its init is: 9 i8 added up wrap.
// CHECK-LABEL: @reduction
// CHECK: linalg.matmul {lowbit.accumulator = {max = 254 : i64, min = -256 : i64, pair_sums_fit_i16}}
func.func @reduction(%x: tensor<2x1x9xi8>) -> tensor<2x1xi32> {
  %w = arith.constant dense<2> : tensor<1x1xi8>
  %init = arith.constant dense<0> : tensor<2x1xi8>
  %zeros = arith.constant dense<0> : tensor<2x1xi32>
  %s = linalg.reduce ins(%x : tensor<2x1x9xi8>) outs(%init : tensor<2x1xi8>) dimensions = [2]
    (%in: i8, %acc: i8) {
      %t = arith.addi %acc, %in : i8
      linalg.yield %t : i8
    }
  %y = linalg.matmul ins(%s, %w : tensor<2x1xi8>, tensor<1x1xi8>) outs(%zeros : tensor<2x1xi32>) -> tensor<2x1xi32>
  return %y : tensor<2x1xi32>
}

// -----

// The accumulator is in [-768, 762]. With the first bias it fits, with the
// second, which goes to 2^31 - 700, it may not.
// CHECK-LABEL: @bias
// CHECK: linalg.matmul {lowbit.accumulator = {max = 762 : i64, min = -768 : i64, pair_sums_fit_i16}}
// CHECK: arith.addi %{{.*}}, %{{.*}} overflow<nsw> : i32
// CHECK: arith.addi %{{.*}}, %{{.*}} : i32
func.func @bias(%x: tensor<4x2xi8>) -> (tensor<4x2xi32>, tensor<4x2xi32>) {
  %w = arith.constant dense<[[2, 2], [4, 4]]> : tensor<2x2xi8>
  %zeros = arith.constant dense<0> : tensor<4x2xi32>
  %fits = arith.constant dense<[-2147482880, 2147482885]> : tensor<2xi32>
  %large = arith.constant dense<[5, 2147482948]> : tensor<2xi32>
  %e = tensor.empty() : tensor<4x2xi32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xi8>, tensor<2x2xi8>) outs(%zeros : tensor<4x2xi32>) -> tensor<4x2xi32>
  %a = linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%y, %fits : tensor<4x2xi32>, tensor<2xi32>) outs(%e : tensor<4x2xi32>) {
  ^bb0(%p: i32, %q: i32, %o: i32):
    %0 = arith.addi %p, %q : i32
    linalg.yield %0 : i32
  } -> tensor<4x2xi32>
  %b = linalg.generic {
      indexing_maps = [affine_map<(m, n) -> (m, n)>, affine_map<(m, n) -> (n)>, affine_map<(m, n) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%y, %large : tensor<4x2xi32>, tensor<2xi32>) outs(%e : tensor<4x2xi32>) {
  ^bb0(%p: i32, %q: i32, %o: i32):
    %0 = arith.addi %p, %q : i32
    linalg.yield %0 : i32
  } -> tensor<4x2xi32>
  return %a, %b : tensor<4x2xi32>, tensor<4x2xi32>
}
