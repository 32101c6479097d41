// A known scale of NaN makes the codes of its block 0 (N27), as one that the run
// computes does; compiled code gave the code of NaN.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s --lowbit-fold-qdq --canonicalize -o %t.mlir
// RUN: quant-run %t.mlir --print --interpret | FileCheck %s
// CHECK: one: dense<0> : tensor<2xi8>
// CHECK: blocks: dense<[56, 56, 0, 0]> : tensor<4xi8>
// A border of +0 is no zero point of a scale of NaN, which dequantizes to NaN.
// CHECK: padded: dense<[0.000000e+00, 0x7FC00000, 0.000000e+00]> : tensor<3xf32>
!one = !lowbit.float<f8E4M3FN, scale = f8E8M0FNU>
!blocks = !lowbit.float<f8E4M3FN, block = [2], scale = f8E8M0FNU>
!affine = !lowbit.affine<i8, scale = f8E8M0FNU>
func.func @main() -> (tensor<2xi8> {lowbit.name = "one"}, tensor<4xi8> {lowbit.name = "blocks"}, tensor<3xf32> {lowbit.name = "padded"}) {
  %x = arith.constant dense<1.0> : tensor<2xf32>
  %y = arith.constant dense<1.0> : tensor<4xf32>
  %q = lowbit.quantize %x {scale = dense<0xFF> : tensor<f8E8M0FNU>} : tensor<2xf32> -> tensor<2x!one>
  %0 = lowbit.storage_cast %q : tensor<2x!one> to tensor<2xi8>
  %r = lowbit.quantize %y {scale = dense<[0x7F, 0xFF]> : tensor<2xf8E8M0FNU>} : tensor<4xf32> -> tensor<4x!blocks>
  %1 = lowbit.storage_cast %r : tensor<4x!blocks> to tensor<4xi8>
  %i = arith.constant dense<3> : tensor<1xi8>
  %a = lowbit.storage_cast %i : tensor<1xi8> to tensor<1x!affine>
  %d = lowbit.dequantize %a {scale = dense<0xFF> : tensor<f8E8M0FNU>, zero_point = dense<0> : tensor<i32>} : tensor<1x!affine> -> tensor<1xf32>
  %zero = arith.constant 0.0 : f32
  %2 = tensor.pad %d low[1] high[1] {
  ^bb0(%j: index):
    tensor.yield %zero : f32
  } : tensor<1xf32> to tensor<3xf32>
  return %0, %1, %2 : tensor<2xi8>, tensor<4xi8>, tensor<3xf32>
}
