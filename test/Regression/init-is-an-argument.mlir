// A contraction that adds to an argument must neither write to the caller's
// array nor return its memory.
// RUN: quant-run %s --inputs random -o %t.float.npz
// RUN: quant-opt %s --quantize-ptq=calibration-data=random -o %t.int8.mlir
// RUN: quant-run %t.int8.mlir --inputs random -o %t.int8.npz
// RUN: %python -c "import numpy, sys; a, b = (numpy.load(f)['out0'] for f in sys.argv[1:]); print('close' if abs(a - b).max() < 0.1 else (a, b))" %t.float.npz %t.int8.npz | FileCheck %s
// CHECK: close

func.func @main(%x: tensor<4x3xf32>, %init: tensor<4x2xf32>) -> tensor<4x2xf32> {
  %w = arith.constant dense<[[1.0, -2.0], [0.5, 0.25], [3.0, 4.0]]> : tensor<3x2xf32>
  %0 = linalg.matmul ins(%x, %w : tensor<4x3xf32>, tensor<3x2xf32>) outs(%init : tensor<4x2xf32>) -> tensor<4x2xf32>
  return %0 : tensor<4x2xf32>
}
