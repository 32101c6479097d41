// What loops and branches carry keeps its integers: the value that goes in, the
// one that comes out, and what a later round computes share one choice.
// RUN: %python %S/Inputs/planted.py %t.npz g=4x4
// RUN: quant-run %s --observe %t.json --inputs %t.npz
// RUN: quant-opt %s --lowbit-select-ranges="mode=static table=%t.json" | FileCheck %s

// CHECK: "activation" "g" {{.*}} scale = [[G:[^ ]*]] : tensor<f32>, zero_point = [[ZG:[^ ]*]]
// CHECK: "activation" "turning" {{.*}} scale = [[G]] : tensor<f32>, zero_point = [[ZG]]
// CHECK: "activation" "carried" {{.*}} scale = [[G]] : tensor<f32>, zero_point = [[ZG]]
// CHECK: "activation" "counted" {{.*}} scale = [[W:[^ ]*]] : tensor<f32>, zero_point = [[ZW:[^ ]*]]
// CHECK: "activation" "branched" {{.*}} scale = [[W]] : tensor<f32>, zero_point = [[ZW]]
func.func @main(%g: tensor<4x4xf32> {lowbit.name = "g"}) -> (tensor<4x4xf32> {lowbit.name = "out"}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c3 = arith.constant 3 : index
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %og = lowbit.observe %g "activation" "g" : tensor<4x4xf32>
  %carried = scf.for %k = %c0 to %c3 step %c1 iter_args(%state = %g) -> tensor<4x4xf32> {
    %next = linalg.transpose ins(%state : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [1, 0]
    %on = lowbit.observe %next "activation" "turning" : tensor<4x4xf32>
    %used = linalg.add ins(%on, %on : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    %more = linalg.max ins(%next, %state : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
    scf.yield %more : tensor<4x4xf32>
  }
  %oc = lowbit.observe %carried "activation" "carried" : tensor<4x4xf32>
  // Arithmetic ends the group.
  %sum = linalg.add ins(%oc, %og : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %os = lowbit.observe %sum "activation" "counted" : tensor<4x4xf32>
  %first = tensor.extract %g[%c0, %c0] : tensor<4x4xf32>
  %isPositive = arith.cmpf ogt, %first, %zero : f32
  %branched = scf.if %isPositive -> tensor<4x4xf32> {
    scf.yield %sum : tensor<4x4xf32>
  } else {
    %turned = linalg.transpose ins(%sum : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [1, 0]
    scf.yield %turned : tensor<4x4xf32>
  }
  %ob = lowbit.observe %branched "activation" "branched" : tensor<4x4xf32>
  %y = linalg.add ins(%ob, %os : tensor<4x4xf32>, tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %y : tensor<4x4xf32>
}
