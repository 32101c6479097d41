// A gradient rounds as its fake_quant does: terms of ties have another sign. It
// was that of half_even whatever the forward was.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s | FileCheck %s --check-prefix=TEXT

// CHECK: up: dense<1.500000e+00> : tensor<f32>
// CHECK: even: dense<5.000000e-01> : tensor<f32>
// CHECK: away: dense<5.000000e-01> : tensor<f32>
// CHECK: zero: dense<-5.000000e-01> : tensor<f32>
// CHECK: floor: dense<-1.500000e+00> : tensor<f32>
// TEXT: lowbit.fake_quant_grad {{.*}} {rounding = #lowbit.rounding<half_up>,
func.func @main() -> (tensor<f32> {lowbit.name = "up"}, tensor<f32> {lowbit.name = "even"}, tensor<f32> {lowbit.name = "away"},
    tensor<f32> {lowbit.name = "zero"}, tensor<f32> {lowbit.name = "floor"}) {
  // Quotients 0.5, -0.5, 1.5, 200.
  %x = arith.constant dense<[0.25, -0.25, 0.75, 100.0]> : tensor<4xf32>
  %dy = arith.constant dense<[1.0, 1.0, 1.0, 0.0]> : tensor<4xf32>
  %s = arith.constant dense<0.5> : tensor<f32>
  %0:3 = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8> scale(%s : tensor<f32>) {rounding = #lowbit.rounding<half_up>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<f32>
  %1:3 = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8> scale(%s : tensor<f32>) {zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<f32>
  %2:3 = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8> scale(%s : tensor<f32>) {rounding = #lowbit.rounding<half_away>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<f32>
  %3:3 = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8> scale(%s : tensor<f32>) {rounding = #lowbit.rounding<toward_zero>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<f32>
  %4:3 = lowbit.fake_quant_grad %x, %dy as !lowbit.affine<i8> scale(%s : tensor<f32>) {rounding = #lowbit.rounding<floor>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<f32>
  return %0#1, %1#1, %2#1, %3#1, %4#1 : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}
