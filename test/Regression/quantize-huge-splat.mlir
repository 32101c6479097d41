// A splat is quantized as one element, however many it stands for; each of them
// was written out once, which ended in lack of memory.
// RUN: quant-opt %s --canonicalize | FileCheck %s --check-prefixes=CHECK,FOLD
// RUN: quant-opt %s --lowbit-fold-weights | FileCheck %s

// CHECK-LABEL: @bytes
// CHECK: arith.constant dense<3> : tensor<1099511627776xi8>
// CHECK-NOT: lowbit.quantize
func.func @bytes() -> tensor<1099511627776x!lowbit.affine<i8>> {
  %x = arith.constant dense<1.0> : tensor<1099511627776xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<1099511627776xf32> -> tensor<1099511627776x!lowbit.affine<i8>>
  return %q : tensor<1099511627776x!lowbit.affine<i8>>
}

// Two nibbles of -3 fill a byte: 0xdd.
// CHECK-LABEL: @packed
// CHECK: arith.constant dense<-35> : tensor<4x549755813888xi8>
// CHECK-NOT: lowbit.quantize
func.func @packed() -> tensor<4x1099511627776x!lowbit.affine<i4, pack = 1>> {
  %x = arith.constant dense<-2.0> : tensor<4x1099511627776xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<4x1099511627776xf32> -> tensor<4x1099511627776x!lowbit.affine<i4, pack = 1>>
  return %q : tensor<4x1099511627776x!lowbit.affine<i4, pack = 1>>
}

// CHECK-LABEL: @nibbles
// FOLD: arith.constant dense<3> : tensor<1099511627776xi4>
// FOLD-NOT: lowbit.quantize
func.func @nibbles() -> tensor<1099511627776x!lowbit.affine<i4>> {
  %x = arith.constant dense<1.0> : tensor<1099511627776xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : tensor<1099511627776xf32> -> tensor<1099511627776x!lowbit.affine<i4>>
  return %q : tensor<1099511627776x!lowbit.affine<i4>>
}
