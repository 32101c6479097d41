// Nothing of a format is left behind where everything became TOSA: stock mlir-opt
// reads it. The init of the contraction, a tensor.empty of a format, stayed.
// RUN: quant-opt %s --lowbit-convert-to-tosa=assume-defined | mlir-opt | FileCheck %s

// CHECK-NOT: tensor.empty
// CHECK: tosa.matmul
// CHECK-NOT: lowbit
func.func @main(%a: tensor<4x16xi8>, %w: tensor<16x8xi8>, %bias: tensor<8xi32>) -> tensor<4x8xi8> {
  %aa = lowbit.storage_cast %a : tensor<4x16xi8> to tensor<4x16x!lowbit.affine<i8>>
  %i = tensor.empty() : tensor<4x8x!lowbit.affine<i8>>
  %y = lowbit.contract attributes {
    indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
                     affine_map<(m, n, k) -> (n)>, affine_map<(m, n, k) -> (m, n)>],
    iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<3> : tensor<i32>}
    ins(%aa, %w : tensor<4x16x!lowbit.affine<i8>>, tensor<16x8xi8>)
    extra(%bias : tensor<8xi32>) outs(%i : tensor<4x8x!lowbit.affine<i8>>) {
^bb0(%acc: i32, %b: i32):
  %sum = arith.addi %acc, %b : i32
  %q = lowbit.requantize %sum {multiplier = dense<1173741824> : tensor<i32>, shift = dense<36> : tensor<i8>, zero_point = dense<-5> : tensor<i32>}
      : i32 -> !lowbit.affine<i8>
  lowbit.yield %q : !lowbit.affine<i8>
} -> tensor<4x8x!lowbit.affine<i8>>
  %z = lowbit.storage_cast %y : tensor<4x8x!lowbit.affine<i8>> to tensor<4x8xi8>
  return %z : tensor<4x8xi8>
}
