// Observers of activations read their parameters from one more argument; those
// of weights vanish, and their constants become parameters of their own.
// RUN: quant-opt %s --lowbit-insert-probes | FileCheck %s

// CHECK-DAG: lowbit.parameter @shared : tensor<4x3xf32>
// CHECK-DAG: lowbit.parameter @alone : tensor<4x3xf32>{{.*}} {lowbit.probe = "own"}
// A constant of the text, and one that others read too.
// CHECK-DAG: lowbit.parameter @inline : tensor<2x3xf32>{{.*}} {lowbit.probe = "inline"}
// CHECK-DAG: lowbit.parameter @twice : tensor<4x3xf32>{{.*}} {lowbit.probe = "twice"}
// CHECK-LABEL: func.func @main
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<?x4xf32>, %[[P:[a-z0-9]+]]: tensor<2x3xf32> {lowbit.name = "lowbit.probes", lowbit.probes = ["x", "scalar"]}
// CHECK-DAG: %[[SCALE:.*]] = tensor.extract_slice %[[P]][0, 0] [1, 1] [1, 1] : tensor<2x3xf32> to tensor<f32>
// CHECK-DAG: %[[LOW:.*]] = tensor.extract_slice %[[P]][0, 1] [1, 1] [1, 1]
// CHECK-DAG: %[[HIGH:.*]] = tensor.extract_slice %[[P]][0, 2] [1, 1] [1, 1]
// CHECK-NOT: lowbit.observe
// CHECK: linalg.generic {{.*}} ins(%[[X]], %[[SCALE]], %[[LOW]], %[[HIGH]] : tensor<?x4xf32>, tensor<f32>, tensor<f32>, tensor<f32>)
// CHECK-NEXT: ^bb0(%[[IN:[a-z0-9_]+]]: f32, %[[S:[a-z0-9_]+]]: f32, %[[LO:[a-z0-9_]+]]: f32, %[[HI:[a-z0-9_]+]]: f32, %{{.*}}: f32):
// CHECK-NEXT:   %[[V:.*]] = arith.divf %[[IN]], %[[S]]
// CHECK-NEXT:   %[[R:.*]] = math.roundeven %[[V]]
// CHECK-NEXT:   %[[NAN:.*]] = arith.cmpf uno, %[[R]], %[[R]]
// CHECK:        %[[D:.*]] = arith.select %[[NAN]], %{{.*}}, %[[R]]
// CHECK-NEXT:   %[[MAX:.*]] = arith.maximumf %[[D]], %[[LO]]
// CHECK-NEXT:   %[[MIN:.*]] = arith.minimumf %[[MAX]], %[[HI]]
// CHECK:        %[[Q:.*]] = arith.addf %[[MIN]], %{{.*}}
// CHECK-NEXT:   %[[BACK:.*]] = arith.mulf %[[Q]], %[[S]]
// CHECK:        %[[ON:.*]] = arith.cmpf ogt, %[[S]]
// CHECK-NEXT:   arith.select %[[ON]], %[[BACK]], %[[IN]]
// CHECK: linalg.matmul ins(%{{.*}}, %[[OWN:.*]] :
// CHECK-NOT: lowbit.observe
lowbit.parameter @shared : tensor<4x3xf32> = dense<1.5> : tensor<4x3xf32>
lowbit.parameter @alone : tensor<4x3xf32> = dense<2.5> : tensor<4x3xf32>
func.func @main(%x: tensor<?x4xf32>) -> (tensor<?x3xf32>, tensor<f32>, tensor<4x3xf32>, tensor<2x3xf32>, tensor<?x3xf32>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %s = arith.constant dense<3.0> : tensor<f32>
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %empty = tensor.empty(%n) : tensor<?x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x3xf32>) -> tensor<?x3xf32>
  %xo = lowbit.observe %x "activation" "x" : tensor<?x4xf32>
  %so = lowbit.observe %s "activation" "scalar" : tensor<f32>
  %w = lowbit.get_parameter @shared : tensor<4x3xf32>
  %wo = lowbit.observe %w "weight" "twice" {axis = 1 : i64} : tensor<4x3xf32>
  %a = lowbit.get_parameter @alone : tensor<4x3xf32>
  %ao = lowbit.observe %a "weight" "own" {axis = 1 : i64} : tensor<4x3xf32>
  %i = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %io = lowbit.observe %i "table" "inline" {axis = 0 : i64} : tensor<2x3xf32>
  %y = linalg.matmul ins(%xo, %ao : tensor<?x4xf32>, tensor<4x3xf32>) outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
  %z = linalg.matmul ins(%xo, %wo : tensor<?x4xf32>, tensor<4x3xf32>) outs(%init : tensor<?x3xf32>) -> tensor<?x3xf32>
  // Observed for the table only.
  %yo = lowbit.observe %y "value" "y" : tensor<?x3xf32>
  return %yo, %so, %w, %io, %z : tensor<?x3xf32>, tensor<f32>, tensor<4x3xf32>, tensor<2x3xf32>, tensor<?x3xf32>
}
