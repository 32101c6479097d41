// Channels that are zero on all samples have no width to compare with.
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], x=numpy.array([0, 0, 0, -1, 16, 2], 'f4') * numpy.ones((2, 6), 'f4'))" %t.npz
// RUN: quant-opt %s --quantize-ptq="calibration-data=%t.npz prepare=smooth-quant smooth-quant-strength=0.5 compile-to=select explain=%t.json" -o /dev/null
// RUN: FileCheck %s < %t.json
// RUN: %python -c "import numpy, sys; numpy.savez(sys.argv[1], x=numpy.zeros((2, 6), 'f4'))" %t.zeros.npz
// RUN: quant-opt %s --quantize-ptq="calibration-data=%t.zeros.npz prepare=smooth-quant smooth-quant-strength=0.5 compile-to=select explain=%t.zeros.json" -o /dev/null
// RUN: FileCheck %s --check-prefix=ZEROS < %t.zeros.json

// Of 1, 2 and 16 the median is 2; by their square roots 4 is over 1.4.
// CHECK: "reason": "strength 0.50: the widest channel was 8.0 times the median one, now 2.8 times; 3 of 6 channels are dead and left out of this"
// ZEROS-NOT: inf
// ZEROS: "preparations": [
// ZEROS-NOT: inf
func.func @main(%x: tensor<2x6xf32> {lowbit.name = "x"}) -> tensor<2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %w = arith.constant dense<1.0> : tensor<6x2xf32>
  %e = tensor.empty() : tensor<2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x2xf32>) -> tensor<2x2xf32>
  %y = linalg.matmul ins(%x, %w : tensor<2x6xf32>, tensor<6x2xf32>) outs(%f : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
