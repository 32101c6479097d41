// RUN: quant-opt %s --lowbit-convert-to-tosa --canonicalize 2>/dev/null | FileCheck %s
// The way back gives the same operations, and both ways again the same text.
// RUN: quant-opt %s --lowbit-convert-to-tosa --lowbit-convert-from-tosa --canonicalize --cse 2>/dev/null | FileCheck %s --check-prefix=BACK
// RUN: quant-opt %s --lowbit-convert-to-tosa --lowbit-convert-from-tosa --canonicalize --cse -o %t.once.mlir 2>/dev/null
// RUN: quant-opt %t.once.mlir --lowbit-convert-to-tosa --lowbit-convert-from-tosa --canonicalize --cse -o %t.twice.mlir 2>/dev/null
// RUN: diff %t.once.mlir %t.twice.mlir

// CHECK-LABEL: @requantize
// CHECK-DAG: %[[M:.*]] = "tosa.const"() <{values = dense<[1073741824, 1500000000]> : tensor<2xi32>}>
// CHECK-DAG: %[[S:.*]] = "tosa.const"() <{values = dense<[38, 40]> : tensor<2xi8>}>
// CHECK-DAG: %[[Z:.*]] = "tosa.const"() <{values = dense<-5> : tensor<1xi8>}>
// CHECK-DAG: %[[Z0:.*]] = "tosa.const"() <{values = dense<0> : tensor<1xi32>}>
// CHECK: tosa.rescale %{{.*}}, %[[M]], %[[S]], %[[Z0]], %[[Z]] {input_unsigned = false, output_unsigned = false, per_channel = true, rounding_mode = DOUBLE_ROUND, scale32 = true}
// BACK-LABEL: @requantize
// BACK: lowbit.requantize %{{.*}} {axis = 1 : i64, fixed_rounding = #lowbit.fixed_rounding<double_round>, multiplier = dense<[1073741824, 1500000000]> : tensor<2xi32>, shift = dense<[38, 40]> : tensor<2xi8>, zero_point = dense<-5> : tensor<i32>} : tensor<?x2xi32> -> tensor<?x2x!lowbit.affine<i8>>
func.func @requantize(%a: tensor<?x2xi32>) -> tensor<?x2xi8> {
  %q = lowbit.requantize %a {axis = 1 : i64, fixed_rounding = #lowbit.fixed_rounding<double_round>, multiplier = dense<[1073741824, 1500000000]> : tensor<2xi32>, shift = dense<[38, 40]> : tensor<2xi8>, zero_point = dense<-5> : tensor<i32>} : tensor<?x2xi32> -> tensor<?x2x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %q : tensor<?x2x!lowbit.affine<i8>> to tensor<?x2xi8>
  return %i : tensor<?x2xi8>
}

// CHECK-LABEL: @unsigned
// CHECK-DAG: %[[ZI:.*]] = "tosa.const"() <{values = dense<-56> : tensor<1xi8>}>
// CHECK-DAG: %[[ZO:.*]] = "tosa.const"() <{values = dense<7> : tensor<1xi8>}>
// CHECK: tosa.rescale %{{.*}}, %{{.*}}, %{{.*}}, %[[ZI]], %[[ZO]] {input_unsigned = true, output_unsigned = false, per_channel = false, rounding_mode = SINGLE_ROUND, scale32 = true}
func.func @unsigned(%i: tensor<4xi8>) -> tensor<4x!lowbit.affine<i8>> {
  %u = lowbit.storage_cast %i : tensor<4xi8> to tensor<4x!lowbit.affine<ui8>>
  %q = lowbit.requantize %u {input_zero_point = 200 : i32, multiplier = dense<1073741824> : tensor<i32>, shift = dense<31> : tensor<i8>, zero_point = dense<7> : tensor<i32>} : tensor<4x!lowbit.affine<ui8>> -> tensor<4x!lowbit.affine<i8>>
  return %q : tensor<4x!lowbit.affine<i8>>
}

// Weights that lie transposed, a bias, and a requantize in the region.
// CHECK-LABEL: @matmul
// CHECK: %[[A:.*]] = tosa.reshape %{{.*}} -> tensor<1x4x16xi8>
// CHECK: %[[T:.*]] = tosa.transpose %{{.*}} {perms = array<i32: 1, 0>} : (tensor<8x16xi8>) -> tensor<16x8xi8>
// CHECK: %[[W:.*]] = tosa.reshape %[[T]]
// CHECK: %[[ACC:.*]] = tosa.matmul %[[A]], %[[W]], %{{.*}}, %{{.*}} -> tensor<1x4x8xi32>
// CHECK: %[[B:.*]] = tosa.reshape %{{.*}} -> tensor<1x1x8xi32>
// CHECK: %[[SUM:.*]] = tosa.add %[[ACC]], %[[B]]
// CHECK: %[[R:.*]] = tosa.reshape %[[SUM]]{{.*}} -> tensor<4x8xi32>
// CHECK: tosa.rescale %[[R]]
func.func @matmul(%a: tensor<4x16xi8>, %w: tensor<8x16xi8>, %bias: tensor<8xi32>) -> tensor<4x8xi8> {
  %init = tensor.empty() : tensor<4x8x!lowbit.affine<i8>>
  %y = lowbit.contract attributes {
      indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>,
                       affine_map<(m, n, k) -> (n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<3> : tensor<i32>}
      ins(%a, %w : tensor<4x16xi8>, tensor<8x16xi8>)
      extra(%bias : tensor<8xi32>) outs(%init : tensor<4x8x!lowbit.affine<i8>>) {
  ^bb0(%acc: i32, %b: i32):
    %sum = arith.addi %acc, %b : i32
    %q = lowbit.requantize %sum {multiplier = dense<1200000000> : tensor<i32>, shift = dense<40> : tensor<i8>, zero_point = dense<-5> : tensor<i32>} : i32 -> !lowbit.affine<i8>
    lowbit.yield %q : !lowbit.affine<i8>
  } -> tensor<4x8x!lowbit.affine<i8>>
  %i = lowbit.storage_cast %y : tensor<4x8x!lowbit.affine<i8>> to tensor<4x8xi8>
  return %i : tensor<4x8xi8>
}

// The border of zero points becomes the operator's own; weights of any order.
// CHECK-LABEL: @conv2d
// CHECK: %[[T:.*]] = tosa.transpose %{{.*}} {perms = array<i32: 3, 0, 1, 2>} : (tensor<3x3x4x8xi8>) -> tensor<8x3x3x4xi8>
// CHECK: tosa.conv2d %arg0, %[[T]], %arg2, %{{.*}}, %{{.*}} {acc_type = i32, dilation = array<i64: 1, 2>, pad = array<i64: 1, 1, 2, 2>, stride = array<i64: 2, 1>} : (tensor<1x5x6x4xi8>, {{.*}}) -> tensor<1x3x6x8xi32>
// BACK-LABEL: @conv2d
// BACK: tensor.pad %{{.*}} low[0, 1, 2, 0] high[0, 1, 2, 0]
// BACK: lowbit.contract
func.func @conv2d(%x: tensor<1x5x6x4xi8>, %w: tensor<3x3x4x8xi8>, %bias: tensor<8xi32>) -> tensor<1x3x6x8xi32> {
  %z = arith.constant -7 : i8
  %p = tensor.pad %x low[0, 1, 2, 0] high[0, 1, 2, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %z : i8
  } : tensor<1x5x6x4xi8> to tensor<1x7x10x4xi8>
  %init = tensor.empty() : tensor<1x3x6x8xi32>
  %y = lowbit.contract attributes {
      indexing_maps = [affine_map<(n, y, x, o, ky, kx, c) -> (n, y * 2 + ky, x + kx * 2, c)>,
                       affine_map<(n, y, x, o, ky, kx, c) -> (ky, kx, c, o)>,
                       affine_map<(n, y, x, o, ky, kx, c) -> (o)>,
                       affine_map<(n, y, x, o, ky, kx, c) -> (n, y, x, o)>],
      iterator_types = ["parallel", "parallel", "parallel", "parallel", "reduction", "reduction", "reduction"],
      lhs_zero_point = dense<-7> : tensor<i32>}
      ins(%p, %w : tensor<1x7x10x4xi8>, tensor<3x3x4x8xi8>)
      extra(%bias : tensor<8xi32>) outs(%init : tensor<1x3x6x8xi32>) {
  ^bb0(%acc: i32, %b: i32):
    %sum = arith.addi %acc, %b : i32
    lowbit.yield %sum : i32
  } -> tensor<1x3x6x8xi32>
  return %y : tensor<1x3x6x8xi32>
}
