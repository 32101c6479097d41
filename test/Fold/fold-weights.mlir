// Quantized constants are computed, and so is their movement.
// RUN: quant-opt %s --split-input-file --lowbit-fold-weights | FileCheck %s

// In the text stays in the text. 1.5 and 2.5 are ties; 300 saturates.
// CHECK-LABEL: @inline
// CHECK: %[[I:.*]] = arith.constant dense<{{\[}}[2, 1], [2, -4], [127, -127]]> : tensor<3x2xi8>
// CHECK: lowbit.storage_cast %[[I]] : tensor<3x2xi8> to tensor<3x2x!lowbit.affine<i8, -127:127, axis = 1>>
// CHECK-NOT: lowbit.quantize
func.func @inline() -> tensor<3x2xf32> {
  %w = arith.constant dense<[[1.5, 0.25], [2.5, -1.0], [300.0, -99.0]]> : tensor<3x2xf32>
  %q = lowbit.quantize %w {scale = dense<[1.0, 0.25]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<3x2xf32> -> tensor<3x2x!lowbit.affine<i8, -127:127, axis = 1>>
  %d = lowbit.dequantize %q {scale = dense<[1.0, 0.25]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<3x2x!lowbit.affine<i8, -127:127, axis = 1>> -> tensor<3x2xf32>
  return %d : tensor<3x2xf32>
}

// -----

// A parameter becomes one of integers; the float one goes when nothing reads
// it. Quantized along two axes it becomes two.
// CHECK-DAG: lowbit.parameter @w.i8 : tensor<2x2xi8> = dense_resource
// CHECK-DAG: lowbit.parameter @w.i8.1 : tensor<2x2xi8> = dense_resource
// CHECK-NOT: @w :
// CHECK-LABEL: @parameter
lowbit.parameter @w : tensor<2x2xf32> = dense<[[1.0, 2.0], [3.0, 4.0]]> : tensor<2x2xf32>
func.func @parameter() -> (tensor<2x2x!lowbit.affine<i8, axis = 0>>, tensor<2x2x!lowbit.affine<i8, axis = 1>>) {
  %w = lowbit.get_parameter @w : tensor<2x2xf32>
  %a = lowbit.quantize %w {scale = dense<[1.0, 0.5]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x2xf32> -> tensor<2x2x!lowbit.affine<i8, axis = 0>>
  %b = lowbit.quantize %w {scale = dense<[1.0, 0.5]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x2xf32> -> tensor<2x2x!lowbit.affine<i8, axis = 1>>
  return %a, %b : tensor<2x2x!lowbit.affine<i8, axis = 0>>, tensor<2x2x!lowbit.affine<i8, axis = 1>>
}

// -----

// CHECK-LABEL: @moved
// CHECK-DAG: arith.constant dense<{{\[}}[1, 4], [2, 5], [3, 6]]> : tensor<3x2xi8>
// CHECK-DAG: arith.constant dense<[1, 2, 3, 4, 5, 6]> : tensor<6xi8>
// CHECK-DAG: arith.constant dense<[2, 3]> : tensor<2xi8>
// CHECK-NOT: linalg.transpose
func.func @moved() -> (tensor<3x2xi8>, tensor<6xi8>, tensor<2xi8>) {
  %i = arith.constant dense<[[1, 2, 3], [4, 5, 6]]> : tensor<2x3xi8>
  %e = tensor.empty() : tensor<3x2xi8>
  %t = linalg.transpose ins(%i : tensor<2x3xi8>) outs(%e : tensor<3x2xi8>) permutation = [1, 0]
  %c = tensor.collapse_shape %i [[0, 1]] : tensor<2x3xi8> into tensor<6xi8>
  %s = tensor.extract_slice %i[0, 1] [1, 2] [1, 1] : tensor<2x3xi8> to tensor<2xi8>
  return %t, %c, %s : tensor<3x2xi8>, tensor<6xi8>, tensor<2xi8>
}
