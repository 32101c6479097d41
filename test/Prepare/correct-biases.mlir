// The weights of column 0 are 127 and 0.25: with a scale of 1 the second becomes
// 0, and the mean of its channel, 8, makes an error of -2. Those of column 1 are
// whole steps and have none.
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], x=numpy.array([[5, 6], [1, 10]], 'f4'))" %t.npz
// RUN: quant-opt %s --split-input-file --lowbit-insert-observers=channels --lowbit-calibrate="data=%t.npz save-table=%t.table.json" --lowbit-select-ranges=mode=static --lowbit-correct-biases=table=%t.table.json | FileCheck %s

// The bias takes it where only the bias is added.
// CHECK-LABEL: @bias
// CHECK: %[[Y:.*]] = linalg.matmul
// CHECK: %[[BIAS:.*]] = arith.constant dense<[1.200000e+01, 2.000000e+01]>
// CHECK: linalg.generic {{.*}} ins(%[[Y]], %[[BIAS]] :
#map = affine_map<(d0, d1) -> (d0, d1)>
#col = affine_map<(d0, d1) -> (d1)>
func.func @bias(%x: tensor<2x2xf32> {lowbit.name = "x"}) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[127.0, 127.0], [0.25, 1.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<2x2xf32>, tensor<2x2xf32>) outs(%f : tensor<2x2xf32>) -> tensor<2x2xf32>
  %z = linalg.generic {indexing_maps = [#map, #col, #map], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<2x2xf32>, tensor<2xf32>) outs(%e : tensor<2x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    linalg.yield %s : f32
  } -> tensor<2x2xf32>
  return %z : tensor<2x2xf32>
}

// -----

// Without one there is an addition, here along the rows of the result: the
// weight is on the left.
// CHECK: #[[ROW:.*]] = affine_map<(d0, d1) -> (d0)>
// CHECK-LABEL: @addition
// CHECK: %[[Y:.*]] = linalg.matmul
// CHECK: %[[SHIFT:.*]] = arith.constant dense<[2.000000e+00, -0.000000e+00]>
// CHECK: %[[Z:.*]] = linalg.generic {indexing_maps = [#{{.*}}, #[[ROW]], #{{.*}}]
// CHECK-SAME: ins(%[[Y]], %[[SHIFT]] :
// CHECK: arith.addf
// CHECK: return %[[Z]]
func.func @addition(%x: tensor<2x2xf32> {lowbit.name = "x"}) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<[[127.0, 0.25], [127.0, 1.0]]> : tensor<2x2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %t = linalg.transpose ins(%x : tensor<2x2xf32>) outs(%e : tensor<2x2xf32>) permutation = [1, 0]
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%w, %t : tensor<2x2xf32>, tensor<2x2xf32>) outs(%f : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}

// -----

// Whoever reads only the size of the result does not keep the bias from it.
// CHECK-LABEL: @size
// CHECK: %[[Y:.*]] = linalg.matmul
// CHECK: tensor.dim %[[Y]]
// CHECK: %[[BIAS:.*]] = arith.constant dense<[1.200000e+01, 2.000000e+01]>
// CHECK: linalg.generic {{.*}} ins(%[[Y]], %[[BIAS]] :
#rows = affine_map<(d0, d1) -> (d0, d1)>
#cols = affine_map<(d0, d1) -> (d1)>
func.func @size(%x: tensor<?x2xf32> {lowbit.name = "x"}) -> tensor<?x2xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %w = arith.constant dense<[[127.0, 127.0], [0.25, 1.0]]> : tensor<2x2xf32>
  %b = arith.constant dense<[10.0, 20.0]> : tensor<2xf32>
  %d = tensor.dim %x, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%d) : tensor<?x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<?x2xf32>, tensor<2x2xf32>) outs(%f : tensor<?x2xf32>) -> tensor<?x2xf32>
  %dy = tensor.dim %y, %c0 : tensor<?x2xf32>
  %ey = tensor.empty(%dy) : tensor<?x2xf32>
  %z = linalg.generic {indexing_maps = [#rows, #cols, #rows], iterator_types = ["parallel", "parallel"]}
      ins(%y, %b : tensor<?x2xf32>, tensor<2xf32>) outs(%ey : tensor<?x2xf32>) {
  ^bb0(%i: f32, %c: f32, %o: f32):
    %s = arith.addf %i, %c : f32
    linalg.yield %s : f32
  } -> tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}
