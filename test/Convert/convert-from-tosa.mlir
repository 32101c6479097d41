// RUN: quant-opt %s --lowbit-convert-from-tosa --canonicalize | FileCheck %s

// CHECK-DAG: #[[A:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d3)>
// CHECK-DAG: #[[B:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3, d2)>
// CHECK-DAG: #[[C:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-DAG: #[[IMAGE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 * 2 + d4, d2 * 2 + d5 * 3, d6)>
// CHECK-DAG: #[[WEIGHT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3, d4, d5, d6)>
// CHECK-DAG: #[[BIAS:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d3)>
// CHECK-DAG: #[[SCALAR:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> ()>
// CHECK-DAG: #[[DIMAGE:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d0, d1 + d5, d2 + d6, d3)>
// CHECK-DAG: #[[DWEIGHT:.*]] = affine_map<(d0, d1, d2, d3, d4, d5, d6) -> (d5, d6, d3, d4)>

// CHECK-LABEL: @matmul
// CHECK: %[[ACC:.*]] = lowbit.contract attributes {indexing_maps = [#[[A]], #[[B]], #[[C]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"], lhs_zero_point = dense<3> : tensor<i32>, rhs_zero_point = dense<-2> : tensor<i32>}
// CHECK-SAME: ins(%{{.*}}, %{{.*}} : tensor<?x4x8xi8>, tensor<?x8x6xi8>)
// CHECK: ^bb0(%[[S:.*]]: i32):
// CHECK-NEXT: lowbit.yield %[[S]] : i32
// CHECK: lowbit.requantize %[[ACC]] {fixed_rounding = #lowbit.fixed_rounding<double_round>, multiplier = dense<1073741824> : tensor<i32>, shift = dense<36> : tensor<i8>, zero_point = dense<3> : tensor<i32>} : tensor<?x4x6xi32> -> tensor<?x4x6x!lowbit.affine<i8>>
func.func @matmul(%a: tensor<?x4x8xi8>, %b: tensor<?x8x6xi8>) -> tensor<?x4x6xi8> {
  %azp = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %bzp = "tosa.const"() <{values = dense<-2> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<36> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.matmul %a, %b, %azp, %bzp : (tensor<?x4x8xi8>, tensor<?x8x6xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<?x4x6xi32>
  %1 = tosa.rescale %0, %m, %s, %z, %azp {scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<?x4x6xi32>, tensor<1xi32>, tensor<1xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<?x4x6xi8>
  return %1 : tensor<?x4x6xi8>
}

// The borders are zero points (N21), strides and dilations are in the map, and
// the scales of a rescale per channel run along the last dimension.
// CHECK-LABEL: @conv2d
// CHECK: tensor.pad %{{.*}} low[0, 1, 3, 0] high[0, 1, 4, 0]
// CHECK: tensor.yield %c-7_i8
// CHECK: lowbit.contract attributes {indexing_maps = [#[[IMAGE]], #[[WEIGHT]], #[[BIAS]], {{.*}}], {{.*}} lhs_zero_point = dense<-7> : tensor<i32>}
// CHECK-SAME: extra(%{{.*}} : tensor<2xi32>)
// CHECK: ^bb0(%[[S:.*]]: i32, %[[BIASED:.*]]: i32):
// CHECK-NEXT: arith.addi %[[S]], %[[BIASED]]
// CHECK: lowbit.requantize {{.*}} {axis = 3 : i64, fixed_rounding = #lowbit.fixed_rounding<single_round>, multiplier = dense<[1073741824, 1500000000]> : tensor<2xi32>, shift = dense<[38, 40]> : tensor<2xi8>, zero_point = dense<-7> : tensor<i32>}
func.func @conv2d(%a: tensor<1x5x6x4xi8>, %w: tensor<2x3x3x4xi8>, %b: tensor<2xi32>) -> tensor<1x3x4x2xi8> {
  %azp = "tosa.const"() <{values = dense<-7> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{values = dense<[1073741824, 1500000000]> : tensor<2xi32>}> : () -> tensor<2xi32>
  %s = "tosa.const"() <{values = dense<[38, 40]> : tensor<2xi8>}> : () -> tensor<2xi8>
  %0 = tosa.conv2d %a, %w, %b, %azp, %z8 {acc_type = i32, pad = array<i64: 1, 1, 3, 4>, stride = array<i64: 2, 2>, dilation = array<i64: 1, 3>} : (tensor<1x5x6x4xi8>, tensor<2x3x3x4xi8>, tensor<2xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x4x2xi32>
  %1 = tosa.rescale %0, %m, %s, %z, %azp {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = true, input_unsigned = false, output_unsigned = false} : (tensor<1x3x4x2xi32>, tensor<2xi32>, tensor<2xi8>, tensor<1xi32>, tensor<1xi8>) -> tensor<1x3x4x2xi8>
  return %1 : tensor<1x3x4x2xi8>
}

// A bias of one element is for all channels; one of zeros is none.
// CHECK-LABEL: @bias
// CHECK: tensor.collapse_shape %{{.*}} [] : tensor<1xi32> into tensor<i32>
// CHECK: lowbit.contract attributes {indexing_maps = [{{.*}}, {{.*}}, #[[SCALAR]], {{.*}}]
// CHECK: lowbit.contract
// CHECK-NOT: extra
func.func @bias(%a: tensor<1x4x4x2xi8>, %w: tensor<3x1x1x2xi8>, %b: tensor<1xi32>) -> (tensor<1x4x4x3xi32>, tensor<1x4x4x3xi32>) {
  %z8 = "tosa.const"() <{values = dense<0> : tensor<1xi8>}> : () -> tensor<1xi8>
  %zeros = "tosa.const"() <{values = dense<0> : tensor<3xi32>}> : () -> tensor<3xi32>
  %0 = tosa.conv2d %a, %w, %b, %z8, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x2xi8>, tensor<3x1x1x2xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x3xi32>
  %1 = tosa.conv2d %a, %w, %zeros, %z8, %z8 {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<1x4x4x2xi8>, tensor<3x1x1x2xi8>, tensor<3xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x4x4x3xi32>
  return %0, %1 : tensor<1x4x4x3xi32>, tensor<1x4x4x3xi32>
}

// CHECK-LABEL: @depthwise
// CHECK: lowbit.contract attributes {indexing_maps = [#[[DIMAGE]], #[[DWEIGHT]], {{.*}}, {{.*}}]
// CHECK-SAME: extra(%{{.*}} : tensor<4x2xi32>)
// CHECK: tensor.collapse_shape %{{.*}} {{\[\[}}0], [1], [2], [3, 4]] : tensor<?x3x4x4x2xi32> into tensor<?x3x4x8xi32>
func.func @depthwise(%a: tensor<?x5x6x4xi8>, %w: tensor<3x3x4x2xi8>, %b: tensor<8xi32>) -> tensor<?x3x4x8xi32> {
  %azp = "tosa.const"() <{values = dense<4> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.depthwise_conv2d %a, %w, %b, %azp, %azp {acc_type = i32, pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 1, 1>, dilation = array<i64: 1, 1>} : (tensor<?x5x6x4xi8>, tensor<3x3x4x2xi8>, tensor<8xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<?x3x4x8xi32>
  return %0 : tensor<?x3x4x8xi32>
}

// CHECK-LABEL: @transpose_conv2d
// CHECK: lowbit.contract {{.*}}lhs_zero_point = dense<3> : tensor<i32>, rhs_zero_point = dense<2> : tensor<i32>
// CHECK-SAME: tensor<1x6x6x2xi8>, tensor<12x2x2x2xi8>
// CHECK-NOT: tosa.
func.func @transpose_conv2d(%a: tensor<1x4x4x2xi8>, %w: tensor<3x3x3x2xi8>, %b: tensor<3xi32>) -> tensor<1x9x9x3xi32> {
  %azp = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %wzp = "tosa.const"() <{values = dense<2> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.transpose_conv2d %a, %w, %b, %azp, %wzp {acc_type = i32, out_pad = array<i64: 0, 0, 0, 0>, stride = array<i64: 2, 2>} : (tensor<1x4x4x2xi8>, tensor<3x3x3x2xi8>, tensor<3xi32>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x9x9x3xi32>
  return %0 : tensor<1x9x9x3xi32>
}

// Unsigned integers are a format; 16-bit multipliers are the same arithmetic.
// CHECK-LABEL: @rescale_unsigned
// CHECK: %[[U:.*]] = lowbit.storage_cast %{{.*}} : tensor<4xi8> to tensor<4x!lowbit.affine<ui8>>
// CHECK: lowbit.requantize %[[U]] {fixed_rounding = #lowbit.fixed_rounding<single_round>, input_zero_point = 200 : i32, multiplier = dense<20000> : tensor<i32>, shift = dense<15> : tensor<i8>, zero_point = dense<-3> : tensor<i32>}
// CHECK: lowbit.requantize %{{.*}} {{{.*}}zero_point = dense<32768> : tensor<i32>} : tensor<4xi8> -> tensor<4x!lowbit.affine<ui16>>
func.func @rescale_unsigned(%a: tensor<4xi8>) -> (tensor<4xi8>, tensor<4xi16>) {
  %u = "tosa.const"() <{values = dense<-56> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<-3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %u16 = "tosa.const"() <{values = dense<-32768> : tensor<1xi16>}> : () -> tensor<1xi16>
  %m = "tosa.const"() <{values = dense<20000> : tensor<1xi16>}> : () -> tensor<1xi16>
  %s = "tosa.const"() <{values = dense<15> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.rescale %a, %m, %s, %u, %z {scale32 = false, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = true, output_unsigned = false} : (tensor<4xi8>, tensor<1xi16>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<4xi8>
  %1 = tosa.rescale %a, %m, %s, %z, %u16 {scale32 = false, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = true} : (tensor<4xi8>, tensor<1xi16>, tensor<1xi8>, tensor<1xi8>, tensor<1xi16>) -> tensor<4xi16>
  return %0, %1 : tensor<4xi8>, tensor<4xi16>
}

// Wider than any format: the arithmetic is spelled out.
// CHECK-LABEL: @rescale_wide
// CHECK-NOT: tosa.
// CHECK: arith.extsi %{{.*}} : i48 to i64
// CHECK: arith.shrsi
// CHECK: arith.shrsi
// CHECK: return
func.func @rescale_wide(%a: tensor<4xi48>, %b: tensor<4xi8>) -> (tensor<4xi16>, tensor<4xi32>) {
  %z48 = "tosa.const"() <{values = dense<0> : tensor<1xi48>}> : () -> tensor<1xi48>
  %z32 = "tosa.const"() <{values = dense<0> : tensor<1xi32>}> : () -> tensor<1xi32>
  %z16 = "tosa.const"() <{values = dense<0> : tensor<1xi16>}> : () -> tensor<1xi16>
  %z8 = "tosa.const"() <{values = dense<5> : tensor<1xi8>}> : () -> tensor<1xi8>
  %m16 = "tosa.const"() <{values = dense<[20000, 20001, 20002, 20003]> : tensor<4xi16>}> : () -> tensor<4xi16>
  %s16 = "tosa.const"() <{values = dense<[40, 41, 42, 43]> : tensor<4xi8>}> : () -> tensor<4xi8>
  %m = "tosa.const"() <{values = dense<1073741824> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<11> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.rescale %a, %m16, %s16, %z48, %z16 {scale32 = false, rounding_mode = SINGLE_ROUND, per_channel = true, input_unsigned = false, output_unsigned = false} : (tensor<4xi48>, tensor<4xi16>, tensor<4xi8>, tensor<1xi48>, tensor<1xi16>) -> tensor<4xi16>
  %1 = tosa.rescale %b, %m, %s, %z8, %z32 {scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false, input_unsigned = false, output_unsigned = false} : (tensor<4xi8>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi32>) -> tensor<4xi32>
  return %0, %1 : tensor<4xi16>, tensor<4xi32>
}

// CHECK-LABEL: @others
// CHECK-NOT: tosa.
// CHECK: linalg.pooling_nhwc_sum
// CHECK-NOT: tosa.
// CHECK: return
func.func @others(%a: tensor<1x5x5x4xi8>, %t: tensor<256xi8>, %x: tensor<1x36xi32>) -> (tensor<1x36xi8>, tensor<36x1xi32>) {
  %azp = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %ozp = "tosa.const"() <{values = dense<-4> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.avg_pool2d %a, %azp, %ozp {acc_type = i32, kernel = array<i64: 3, 3>, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 2, 2>} : (tensor<1x5x5x4xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x3x4xi8>
  %1 = tosa.negate %0, %azp, %ozp : (tensor<1x3x3x4xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<1x3x3x4xi8>
  %2 = tosa.clamp %1 {min_val = -5 : i8, max_val = 7 : i8} : (tensor<1x3x3x4xi8>) -> tensor<1x3x3x4xi8>
  %3 = tosa.table %2, %t : (tensor<1x3x3x4xi8>, tensor<256xi8>) -> tensor<1x3x3x4xi8>
  %shape = tosa.const_shape {values = dense<[1, 36]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %4 = tosa.reshape %3, %shape : (tensor<1x3x3x4xi8>, !tosa.shape<2>) -> tensor<1x36xi8>
  %5 = tosa.cast %4 : (tensor<1x36xi8>) -> tensor<1x36xi32>
  %6 = tosa.add %5, %x : (tensor<1x36xi32>, tensor<1x36xi32>) -> tensor<1x36xi32>
  %shift = "tosa.const"() <{values = dense<3> : tensor<1xi8>}> : () -> tensor<1xi8>
  %7 = tosa.mul %6, %x, %shift : (tensor<1x36xi32>, tensor<1x36xi32>, tensor<1xi8>) -> tensor<1x36xi32>
  %8 = tosa.transpose %7 {perms = array<i32: 1, 0>} : (tensor<1x36xi32>) -> tensor<36x1xi32>
  %9 = tosa.reverse %8 {axis = 0 : i32} : (tensor<36x1xi32>) -> tensor<36x1xi32>
  return %4, %9 : tensor<1x36xi8>, tensor<36x1xi32>
}

// Operators on quantized types see the integers that store them.
// CHECK-LABEL: @quantized_types(%arg0: tensor<2x2xi8>) -> tensor<2x2xi8>
// CHECK: %[[Q:.*]] = lowbit.requantize %arg0 {{.*}}input_zero_point = -1 : i32
// CHECK: %[[I:.*]] = lowbit.storage_cast %[[Q]]
// CHECK: return %[[I]] : tensor<2x2xi8>
func.func @quantized_types(%a: tensor<2x2x!quant.uniform<i8:f32, 0.025:-1>>) -> tensor<2x2xi8> {
  %m = "tosa.const"() <{values = dense<1431655765> : tensor<1xi32>}> : () -> tensor<1xi32>
  %s = "tosa.const"() <{values = dense<33> : tensor<1xi8>}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{values = dense<-1> : tensor<1xi8>}> : () -> tensor<1xi8>
  %0 = tosa.rescale %a, %m, %s, %z, %z {input_unsigned = false, output_unsigned = false, per_channel = false, rounding_mode = SINGLE_ROUND, scale32 = true} : (tensor<2x2x!quant.uniform<i8:f32, 0.025:-1>>, tensor<1xi32>, tensor<1xi8>, tensor<1xi8>, tensor<1xi8>) -> tensor<2x2x!quant.uniform<i8:f32, 0.15:-1>>
  %1 = quant.scast %0 : tensor<2x2x!quant.uniform<i8:f32, 0.15:-1>> to tensor<2x2xi8>
  return %1 : tensor<2x2xi8>
}
