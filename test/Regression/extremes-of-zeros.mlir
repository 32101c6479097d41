// Zeros have an order, so operands of maxnumf may change places, as canonicalize
// and CSE make them.
// RUN: quant-run %s --print | FileCheck %s
// RUN: quant-run %s --print --interpret | FileCheck %s
// RUN: quant-opt %s --canonicalize --cse -o %t.mlir
// RUN: quant-run %t.mlir --print | FileCheck %s
// RUN: quant-run %t.mlir --print --interpret | FileCheck %s
// CHECK: a: dense<[0.000000e+00, 0.000000e+00, 3.000000e+00, 2.000000e+00]> : tensor<4xf32>
// CHECK: b: dense<[0.000000e+00, 0.000000e+00, 3.000000e+00, 2.000000e+00]> : tensor<4xf32>
// CHECK: c: dense<[-0.000000e+00, -0.000000e+00, 3.000000e+00, 1.000000e+00]> : tensor<4xf32>
// CHECK: d: dense<0.000000e+00> : tensor<f32>
#id = affine_map<(i) -> (i)>
func.func @main() -> (tensor<4xf32> {lowbit.name = "a"}, tensor<4xf32> {lowbit.name = "b"}, tensor<4xf32> {lowbit.name = "c"}, tensor<f32> {lowbit.name = "d"}) {
  %x = arith.constant dense<[0.0, -0.0, 0x7FC00000, 1.0]> : tensor<4xf32>
  %y = arith.constant dense<[-0.0, 0.0, 3.0, 2.0]> : tensor<4xf32>
  %e = tensor.empty() : tensor<4xf32>
  %r:3 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id], iterator_types = ["parallel"]}
      ins(%x, %y : tensor<4xf32>, tensor<4xf32>) outs(%e, %e, %e : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%a: f32, %b: f32, %o0: f32, %o1: f32, %o2: f32):
    %0 = arith.maxnumf %a, %b : f32
    %1 = arith.maxnumf %b, %a : f32
    %2 = arith.minnumf %a, %b : f32
    linalg.yield %0, %1, %2 : f32, f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>)
  %lowest = arith.constant dense<0x7FC00000> : tensor<f32>
  %z = arith.constant dense<[-0.0, 0.0, -0.0, 0x7FC00000]> : tensor<4xf32>
  %m = linalg.generic {indexing_maps = [#id, affine_map<(i) -> ()>], iterator_types = ["reduction"]}
      ins(%z : tensor<4xf32>) outs(%lowest : tensor<f32>) {
  ^bb0(%a: f32, %s: f32):
    %0 = arith.maxnumf %a, %s : f32
    linalg.yield %0 : f32
  } -> tensor<f32>
  return %r#0, %r#1, %r#2, %m : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<f32>
}
