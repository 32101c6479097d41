// An empty list of scales is one that can be read: that of an empty constant.
// RUN: quant-opt %s --lowbit-fold-weights | FileCheck %s
// RUN: quant-opt %s --canonicalize | FileCheck %s
// RUN: quant-run %s --print | FileCheck %s --check-prefix=VALUE
// RUN: quant-run %s --print --interpret | FileCheck %s --check-prefix=VALUE
// RUN: not quant-opt %s --lowbit-convert-to-quant 2>&1 | FileCheck %s --check-prefix=QUANT

// CHECK: arith.constant dense<> : tensor<4x0xi8>
// CHECK-NOT: lowbit.quantize
// VALUE: dense<> : tensor<4x0xi8>
// QUANT: it is empty and has no scale, and upstream's types have one
func.func @main() -> tensor<4x0xi8> {
  %c = arith.constant dense<> : tensor<4x0xf32>
  %q = lowbit.quantize %c {scale = dense<> : tensor<0xf32>, zero_point = dense<> : tensor<0xi32>} : tensor<4x0xf32> -> tensor<4x0x!lowbit.affine<i8, axis = 1>>
  %s = lowbit.storage_cast %q : tensor<4x0x!lowbit.affine<i8, axis = 1>> to tensor<4x0xi8>
  return %s : tensor<4x0xi8>
}
