// Channels of the activation have magnitudes 1, 16, 1 and 16: with strength 0.5
// and even weights the scales are 1/2, 2, 1/2 and 2.
// RUN: %python -c "import numpy, sys; x = numpy.array([1, -16, 1, 16], 'f4') * numpy.ones((2, 4), 'f4'); numpy.savez(sys.argv[1], x=x, y=x)" %t.npz
// RUN: %python -c "import numpy, sys; x = numpy.array([1, -16, 1, 16], 'f4') * numpy.ones((1, 2, 2, 4), 'f4'); numpy.savez(sys.argv[1], x=x)" %t.image.npz
// RUN: split-file %s %t
// RUN: quant-opt %t/matmul.mlir --lowbit-insert-observers=channels --lowbit-calibrate="data=%t.npz save-table=%t.table.json" --lowbit-smooth-activations="strength=0.5 table=%t.table.json" 2>&1 | FileCheck --implicit-check-not=warning: %t/matmul.mlir
// RUN: quant-opt %t/shared.mlir --lowbit-insert-observers=channels --lowbit-calibrate="data=%t.npz save-table=%t.table.json" --lowbit-smooth-activations="strength=0.5 table=%t.table.json" 2>&1 | FileCheck --implicit-check-not=warning: %t/shared.mlir
// RUN: quant-opt %t/conv.mlir --lowbit-insert-observers=channels --lowbit-calibrate="data=%t.image.npz save-table=%t.table.json" --lowbit-smooth-activations="strength=0.5 table=%t.table.json" 2>&1 | FileCheck --implicit-check-not=warning: %t/conv.mlir
// RUN: quant-opt %t/nothing.mlir --lowbit-insert-observers=channels --lowbit-calibrate="data=%t.npz save-table=%t.table.json" --lowbit-smooth-activations="strength=0.5 table=%t.table.json" -o %t.out 2>&1 | FileCheck %t/nothing.mlir

// Two readers, one of them with the weight on the left, behind a transpose; the
// addition reads x itself. The scales are from both weights, here even ones.

//--- matmul.mlir
// CHECK: #[[ROWS:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK: #[[CHANNEL:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-LABEL: @main
// CHECK-SAME: (%[[X:[^:]*]]: tensor<2x4xf32>
// CHECK: %[[INVERSE:.*]] = arith.constant dense<[2.000000e+00, 5.000000e-01, 2.000000e+00, 5.000000e-01]>
// CHECK: %[[XS:.*]] = linalg.generic {indexing_maps = [#[[ROWS]], #[[CHANNEL]], #[[ROWS]]]
// CHECK-SAME: ins(%[[X]], %[[INVERSE]] :
// CHECK: arith.mulf
// CHECK: %[[XO:.*]] = lowbit.observe %[[XS]] "activation" "x" {axis = 1
// CHECK{LITERAL}: dense<[[5.000000e-01, 5.000000e-01], [2.000000e+00, 2.000000e+00], [5.000000e-01, 5.000000e-01], [2.000000e+00, 2.000000e+00]]>
// CHECK: %[[WO:.*]] = lowbit.observe %{{.*}} "weight"
// CHECK{LITERAL}: dense<[[5.000000e-01, 2.000000e+00, 5.000000e-01, 2.000000e+00]
// CHECK: %[[LO:.*]] = lowbit.observe %{{.*}} "weight"
// CHECK: linalg.matmul ins(%[[XO]], %[[WO]] :
// CHECK: %[[T:.*]] = linalg.transpose ins(%[[XO]] :
// CHECK: linalg.matmul ins(%[[LO]], %[[T]] :
// CHECK: linalg.add ins(%[[X]], %[[X]] :
func.func @main(%x: tensor<2x4xf32> {lowbit.name = "x"}, %unused: tensor<2x4xf32> {lowbit.name = "y"})
    -> (tensor<2x2xf32>, tensor<3x2xf32>, tensor<2x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<1.0> : tensor<4x2xf32>
  %l = arith.constant dense<1.0> : tensor<3x4xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<2x4xf32>, tensor<4x2xf32>) outs(%f : tensor<2x2xf32>) -> tensor<2x2xf32>
  %et = tensor.empty() : tensor<4x2xf32>
  %t = linalg.transpose ins(%x : tensor<2x4xf32>) outs(%et : tensor<4x2xf32>) permutation = [1, 0]
  %e2 = tensor.empty() : tensor<3x2xf32>
  %f2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %z = linalg.matmul ins(%l, %t : tensor<3x4xf32>, tensor<4x2xf32>) outs(%f2 : tensor<3x2xf32>) -> tensor<3x2xf32>
  %e3 = tensor.empty() : tensor<2x4xf32>
  %d = linalg.add ins(%x, %x : tensor<2x4xf32>, tensor<2x4xf32>) outs(%e3 : tensor<2x4xf32>) -> tensor<2x4xf32>
  return %y, %z, %d : tensor<2x2xf32>, tensor<3x2xf32>, tensor<2x4xf32>
}

// A weight that is read with x and with y is copied for the first, with an id of
// its own; the second keeps the observer.

//--- shared.mlir
// CHECK-LABEL: @main
// CHECK-DAG: %[[XO:.*]] = lowbit.observe %{{.*}} "activation" "x"
// CHECK-DAG: %[[YO:.*]] = lowbit.observe %{{.*}} "activation" "y"
// CHECK-DAG: lowbit.observe %{{.*}} "weight" "w" {axis = 1
// CHECK-DAG: lowbit.observe %{{.*}} "weight" "w#1" {axis = 1
// CHECK: linalg.matmul ins(%[[XO]], %[[FIRST:.*]] :
// CHECK-NOT: linalg.matmul ins(%[[YO]], %[[FIRST]] :
// CHECK: linalg.matmul ins(%[[YO]], %
lowbit.parameter @w : tensor<4x8xf32> = dense<1.0> : tensor<4x8xf32>
func.func @main(%x: tensor<2x4xf32> {lowbit.name = "x"}, %y: tensor<2x4xf32> {lowbit.name = "y"})
    -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %w = lowbit.get_parameter @w : tensor<4x8xf32>
  %e = tensor.empty() : tensor<2x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x8xf32>) -> tensor<2x8xf32>
  %a = linalg.matmul ins(%x, %w : tensor<2x4xf32>, tensor<4x8xf32>) outs(%f : tensor<2x8xf32>) -> tensor<2x8xf32>
  %b = linalg.matmul ins(%y, %w : tensor<2x4xf32>, tensor<4x8xf32>) outs(%f : tensor<2x8xf32>) -> tensor<2x8xf32>
  return %a, %b : tensor<2x8xf32>, tensor<2x8xf32>
}

// Input channels of a convolution, before the padding.

//--- conv.mlir
// CHECK: #[[CHANNEL:.*]] = affine_map<(d0, d1, d2, d3) -> (d3)>
// CHECK-LABEL: @main
// CHECK-SAME: (%[[X:[^:]*]]: tensor<1x2x2x4xf32>
// CHECK: %[[XS:.*]] = linalg.generic
// CHECK-SAME: ins(%[[X]],
// CHECK: %[[XO:.*]] = lowbit.observe %[[XS]] "activation" "x" {axis = 3
// CHECK{LITERAL}: dense<[[[[5.000000e-01], [2.000000e+00], [5.000000e-01], [2.000000e+00]]]]>
// CHECK: tensor.pad %[[XO]]
func.func @main(%x: tensor<1x2x2x4xf32> {lowbit.name = "x"}) -> tensor<1x4x4x1xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<1.0> : tensor<1x1x4x1xf32>
  %p = tensor.pad %x low[0, 1, 1, 0] high[0, 1, 1, 0] {
  ^bb0(%i: index, %j: index, %k: index, %l: index):
    tensor.yield %zero : f32
  } : tensor<1x2x2x4xf32> to tensor<1x4x4x4xf32>
  %e = tensor.empty() : tensor<1x4x4x1xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%p, %w : tensor<1x4x4x4xf32>, tensor<1x1x4x1xf32>) outs(%f : tensor<1x4x4x1xf32>) -> tensor<1x4x4x1xf32>
  return %y : tensor<1x4x4x1xf32>
}

// Nothing could be smoothed, and only then there is a warning.

//--- nothing.mlir
// CHECK: warning: smooth-quant changed nothing: none of 2 activations is read only by contractions with constant weights that sum over its channels
func.func @main(%x: tensor<2x4xf32> {lowbit.name = "x"}, %y: tensor<2x4xf32> {lowbit.name = "y"}) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = linalg.matmul indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>]
      ins(%x, %y : tensor<2x4xf32>, tensor<2x4xf32>) outs(%f : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}
