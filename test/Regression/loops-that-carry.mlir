// Loops and branches carry tensors, quantized ones as the integers that store
// them; compiled code refused both.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s --lowbit-lower-qdq | FileCheck %s --check-prefix=LOWERED

// 1, -2, 0.5 and 3 doubled three times; 5 bits and a sign saturate at 15.5.
// CHECK: floats: dense<[8.000000e+00, -1.600000e+01, 4.000000e+00, 2.400000e+01]> : tensor<4xf32>
// CHECK: loop: dense<[8.000000e+00, -1.600000e+01, 4.000000e+00, 1.550000e+01]> : tensor<4xf32>
// CHECK: branch: dense<[1.000000e+00, -2.000000e+00, 5.000000e-01, 3.000000e+00]> : tensor<4xf32>
// LOWERED: scf.for {{.*}} -> (tensor<4xi8>)
// LOWERED: scf.if {{.*}} -> (tensor<4xi8>)
// LOWERED-NOT: lowbit.affine
!q = !lowbit.affine<i6>
func.func @main() -> (tensor<4xf32> {lowbit.name = "floats"}, tensor<4xf32> {lowbit.name = "loop"}, tensor<4xf32> {lowbit.name = "branch"}) {
  %x = arith.constant dense<[1.0, -2.0, 0.5, 3.0]> : tensor<4xf32>
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %f = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %x) -> (tensor<4xf32>) {
    %e = tensor.empty() : tensor<4xf32>
    %s = linalg.add ins(%a, %a : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  }

  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
  %r = scf.for %i = %c0 to %c3 step %c1 iter_args(%a = %q) -> (tensor<4x!q>) {
    %d = lowbit.dequantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
    %e = tensor.empty() : tensor<4xf32>
    %s = linalg.add ins(%d, %d : tensor<4xf32>, tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    %n = lowbit.quantize %s {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!q>
    scf.yield %n : tensor<4x!q>
  }
  %loop = lowbit.dequantize %r {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>

  %first = tensor.extract %x[%c0] : tensor<4xf32>
  %two = arith.constant 2.0 : f32
  %isLarge = arith.cmpf ogt, %first, %two : f32
  %b = scf.if %isLarge -> (tensor<4x!q>) {
    scf.yield %r : tensor<4x!q>
  } else {
    scf.yield %q : tensor<4x!q>
  }
  %branch = lowbit.dequantize %b {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!q> -> tensor<4xf32>
  return %f, %loop, %branch : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
