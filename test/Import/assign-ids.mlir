// An operation without an id takes the name of its location, or its kind and
// ordinal; ids that are there stay, but for second ones, and fills have none.
// RUN: quant-opt %s --lowbit-assign-ids | FileCheck %s

// CHECK-LABEL: @main
func.func @main(%a: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  // CHECK: linalg.fill ins
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul {lowbit.id = "dense"}
  %0 = linalg.matmul ins(%a, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32> loc("dense")
  // CHECK: linalg.matmul {lowbit.id = "matmul_1"}
  %1 = linalg.matmul ins(%0, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul {lowbit.id = "mine"}
  %2 = linalg.matmul {lowbit.id = "mine"} ins(%1, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  // CHECK: linalg.matmul {lowbit.id = "dense#1"}
  %3 = linalg.matmul ins(%2, %a : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32> loc("dense")
  // CHECK: linalg.transpose {{.*}} {lowbit.id = "transpose_0"}
  %4 = linalg.transpose ins(%3 : tensor<4x4xf32>) outs(%e : tensor<4x4xf32>) permutation = [1, 0]
  return %4 : tensor<4x4xf32>
}

// What quantizes is a part of the value that it is behind; a view of the same
// bits and arithmetic on shapes have no id.
lowbit.parameter @w : tensor<4x4xi8>
// CHECK-LABEL: @quantized
func.func private @quantized(%a: tensor<4x?xf32>) -> (tensor<4x?xi8>, tensor<4x4xf32>, tensor<4x?xf32>) {
  // CHECK: lowbit.quantize %{{.*}} {lowbit.id = "q/quantize", scale
  %0 = lowbit.quantize %a {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x?xf32> -> tensor<4x?x!lowbit.affine<i8>>
  // CHECK: lowbit.storage_cast %{{.*}} {lowbit.id = "q"}
  %1 = lowbit.storage_cast %0 {lowbit.id = "q"} : tensor<4x?x!lowbit.affine<i8>> to tensor<4x?xi8>
  %w = lowbit.get_parameter @w : tensor<4x4xi8>
  // CHECK: lowbit.storage_cast %{{[0-9]+}} :
  %2 = lowbit.storage_cast %w : tensor<4x4xi8> to tensor<4x4x!lowbit.affine<i8>>
  // CHECK: lowbit.dequantize %{{.*}} {lowbit.id = "w/dequantize", scale
  %3 = lowbit.dequantize %2 {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x4x!lowbit.affine<i8>> -> tensor<4x4xf32>
  // CHECK: arith.addf %{{.*}} {lowbit.id = "addf_0"}
  %4 = arith.addf %3, %3 : tensor<4x4xf32>
  // CHECK: math.exp %{{.*}} {lowbit.id = "mine#1"}
  %5 = math.exp %a {lowbit.id = "mine"} : tensor<4x?xf32>
  // CHECK: tensor.dim %{{[a-z0-9]+}}, %{{[a-z0-9_]+}} :
  %c1 = arith.constant 1 : index
  %d = tensor.dim %5, %c1 : tensor<4x?xf32>
  // CHECK: tensor.from_elements %{{[a-z0-9_]+}}, %{{[a-z0-9_]+}} :
  %s = tensor.from_elements %c1, %d : tensor<2xindex>
  // CHECK: tensor.reshape {{.*}} {lowbit.id = "reshape_0"}
  %6 = tensor.reshape %5(%s) : (tensor<4x?xf32>, tensor<2xindex>) -> tensor<4x?xf32>
  return %1, %4, %6 : tensor<4x?xi8>, tensor<4x4xf32>, tensor<4x?xf32>
}
