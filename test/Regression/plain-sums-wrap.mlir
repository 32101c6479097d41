// Sums that are not of products are arith.addi's, modulo 2^n; N9 is about
// accumulators of contractions.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --interpret --print | FileCheck %s

// CHECK: out0: dense<[44, -112]>
// CHECK: out1: dense<-32768>
// CHECK: out2: dense<2147483647>
// CHECK: out3: dense<-9223372036854775808>
func.func @main() -> (tensor<2xi8>, tensor<i16>, tensor<i32>, tensor<i64>) {
  %a8 = arith.constant dense<[[100, 100, 100], [-120, -120, -128]]> : tensor<2x3xi8>
  %z8 = arith.constant dense<0> : tensor<2xi8>
  %s8 = linalg.reduce {arith.addi} ins(%a8 : tensor<2x3xi8>) outs(%z8 : tensor<2xi8>) dimensions = [1]

  %a16 = arith.constant dense<[32767, 1]> : tensor<2xi16>
  %z16 = arith.constant dense<0> : tensor<i16>
  %s16 = linalg.reduce {arith.addi} ins(%a16 : tensor<2xi16>) outs(%z16 : tensor<i16>) dimensions = [0]

  %a32 = arith.constant dense<[-2147483648, -1]> : tensor<2xi32>
  %z32 = arith.constant dense<0> : tensor<i32>
  %s32 = linalg.reduce {arith.addi} ins(%a32 : tensor<2xi32>) outs(%z32 : tensor<i32>) dimensions = [0]

  %a64 = arith.constant dense<[9223372036854775807, 1]> : tensor<2xi64>
  %z64 = arith.constant dense<0> : tensor<i64>
  %s64 = linalg.reduce {arith.addi} ins(%a64 : tensor<2xi64>) outs(%z64 : tensor<i64>) dimensions = [0]
  return %s8, %s16, %s32, %s64 : tensor<2xi8>, tensor<i16>, tensor<i32>, tensor<i64>
}
