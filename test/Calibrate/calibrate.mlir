// Statistics come back from the run. The data is random, and says so.
// RUN: quant-opt %s --lowbit-calibrate="data=random threads=1" | FileCheck %s

// The observer of the weight is left alone.
// CHECK-LABEL: @main
// CHECK: lowbit.observe %{{.*}} "activation" "x" {count = {{[0-9]+}} : i64, max = {{.*}} : f32, min = {{.*}} : f32} : tensor<2x4xf32>
// CHECK: lowbit.observe %{{.*}} "weight" "w" {axis = 1 : i64} : tensor<4x3xf32>
func.func @main(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<0.5> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %xo = lowbit.observe %x "activation" "x" : tensor<2x4xf32>
  %wo = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<4x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = linalg.matmul ins(%xo, %wo : tensor<2x4xf32>, tensor<4x3xf32>) outs(%f : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
