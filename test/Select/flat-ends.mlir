// The range of what a table reads ends where the function is flat, and what a table makes has the range of the function.
// RUN: quant-opt %s --lowbit-place-borders --lowbit-select-ranges="mode=static" | FileCheck %s

#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (j)>

// Below -5 or so the sigmoid is 0 to within a quarter of 1 / 255, and above it is 1: of -40 to 40 a seventh is left.
// CHECK: lowbit.observe %{{.*}} "border" "first" {format = !lowbit.affine<i8>, max = 4.000000e+01 : f32, min = -4.000000e+01 : f32, scale = dense<0.05{{.*}}> : tensor<f32>
// The sigmoid goes on to a product with a vector: 16 bits of its own range.
// CHECK: lowbit.observe %{{.*}} "border" "sigmoid" {format = !lowbit.affine<i16>, max = 1.000000e+00 : f32, min = {{.*}}E-18 : f32, scale = dense<3.05{{.*}}E-5>{{.*}}wide
func.func @main(%x: tensor<4x4xf32> {lowbit.name = "x"}, %v: tensor<4xf32> {lowbit.name = "v"}) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %s = arith.constant dense<[1.0, 2.0, 0.5, 0.25]> : tensor<4xf32>
  %w = arith.constant dense<[[1.0, 2.0, 0.5, 0.25], [0.0, 1.0, 3.0, -1.0], [-0.5, 0.5, 1.5, 2.0], [1.0, -1.0, 0.0, 0.75]]> : tensor<4x4xf32>
  %ow = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<4x4xf32>
  %ox = lowbit.observe %x "activation" "x" {max = 3.0 : f32, min = -1.0 : f32} : tensor<4x4xf32>
  %e = tensor.empty() : tensor<4x4xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %first = linalg.matmul {lowbit.id = "first"} ins(%ox, %ow : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  %seen = lowbit.observe %first "value" "first" {max = 40.0 : f32, min = -40.0 : f32} : tensor<4x4xf32>
  %sigmoid = linalg.generic {lowbit.id = "sigmoid", indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]} ins(%first : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%in: f32, %o: f32):
    %one = arith.constant 1.0 : f32
    %0 = arith.negf %in : f32
    %1 = math.exp %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.divf %one, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x4xf32>
  %scaled = linalg.generic {lowbit.id = "scaled", indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]} ins(%sigmoid, %s : tensor<4x4xf32>, tensor<4xf32>) outs(%e : tensor<4x4xf32>) {
  ^bb0(%in: f32, %in2: f32, %o: f32):
    %0 = arith.mulf %in, %in2 : f32
    linalg.yield %0 : f32
  } -> tensor<4x4xf32>
  %os = lowbit.observe %scaled "activation" "scaled" {max = 2.0 : f32, min = 0.0 : f32} : tensor<4x4xf32>
  %second = linalg.matmul {lowbit.id = "second"} ins(%os, %ow : tensor<4x4xf32>, tensor<4x4xf32>) outs(%z : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %second : tensor<4x4xf32>
}
