// Tensors that are constants in a body, as lowering makes them of codebooks,
// read as those outside.
// RUN: quant-opt %s --lowbit-lower-qdq -o %t.mlir
// RUN: FileCheck %s --check-prefix=LOWERED --input-file=%t.mlir
// RUN: quant-run %s --interpret --print | FileCheck %s
// RUN: quant-run %t.mlir --interpret --print | FileCheck %s
// RUN: quant-run %t.mlir --print | FileCheck %s

// LOWERED: ^bb0(%{{.*}}: i8, %{{.*}}: f32):
// LOWERED: arith.constant dense<{{.*}}> : tensor<4xf32>
// LOWERED: linalg.yield
// CHECK: out0: dense<[-5.000000e-01, 0.000000e+00, 2.500000e-01, 5.000000e-01]>
// CHECK: out1: dense<[7, 9]>
!q = !lowbit.codebook<[-1.0, 0.0, 0.5, 1.0]>
func.func @main() -> (tensor<4xf32>, tensor<2xi64>) {
  %x = arith.constant dense<[-3.0, 0.1, 0.2, 3.0]> : tensor<4xf32>
  %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>} : tensor<4xf32> -> tensor<4x!q>
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>} : tensor<4x!q> -> tensor<4xf32>

  // Bits of a whole number of bytes or not, and a size asked for.
  %e = tensor.empty() : tensor<2xi64>
  %l = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>], iterator_types = ["parallel"]} outs(%e : tensor<2xi64>) {
  ^bb0(%out: i64):
    %table = arith.constant dense<[1, 3]> : tensor<2xi4>
    %zero = arith.constant 0 : index
    %size = tensor.dim %table, %zero : tensor<2xi4>
    %six = arith.constant 6 : i64
    %i = linalg.index 0 : index
    %v = tensor.extract %table[%i] : tensor<2xi4>
    %w = arith.extsi %v : i4 to i64
    %n = arith.index_cast %size : index to i64
    %b = arith.divsi %six, %six : i64
    %s = arith.addi %w, %six : i64
    %t = arith.muli %s, %b : i64
    %r = arith.maxsi %t, %n : i64
    linalg.yield %r : i64
  } -> tensor<2xi64>
  return %d, %l : tensor<4xf32>, tensor<2xi64>
}
