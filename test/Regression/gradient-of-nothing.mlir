// Blocks that fill up a tensor without elements read none of them.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s --lowbit-lower-qdq -o %t.mlir
// RUN: quant-run %t.mlir --print --interpret | FileCheck %s

// CHECK: dx: dense<> : tensor<3x0xf32>
// CHECK: ds: dense<> : tensor<1x0xf32>
func.func @main() -> (tensor<3x0xf32> {lowbit.name = "dx"}, tensor<1x0xf32> {lowbit.name = "ds"}) {
  %x = arith.constant dense<> : tensor<3x0xf32>
  %s = arith.constant dense<> : tensor<1x0xf32>
  %z = arith.constant dense<> : tensor<1x0xi32>
  %0:3 = lowbit.fake_quant_grad %x, %x as !lowbit.affine<i8, block = [4, 1]> scale(%s : tensor<1x0xf32>) zero_point(%z : tensor<1x0xi32>) : tensor<3x0xf32> -> tensor<1x0xf32>
  return %0#0, %0#1 : tensor<3x0xf32>, tensor<1x0xf32>
}
