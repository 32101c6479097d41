// A search on a model of a few hundred bytes: what is read is not mapped, and
// has to lie where the blobs in it want to.
// RUN: quant-opt %s --quantize-ptq="calibration-data=random method=auto threads=1" -o %t.mlir 2> %t.err
// RUN: FileCheck %s --input-file=%t.mlir
// RUN: FileCheck %s --check-prefix=SAYS --input-file=%t.err
// RUN: quant-opt %s --quantize-ptq="calibration-data=random method=auto prepare=auto threads=1" -o %t.2.mlir
// The compiler itself reads such a file too, from a path and from a pipe.
// RUN: quant-opt %s --lowbit-insert-observers --lowbit-insert-probes --emit-bytecode > %t.mlirbc
// RUN: quant-opt %t.mlirbc | FileCheck %s --check-prefix=BYTECODE
// RUN: quant-opt < %t.mlirbc | FileCheck %s --check-prefix=BYTECODE

// CHECK-COUNT-2: linalg.matmul {{.*}}tensor<4x4xi8>
// SAYS: remark: method=auto: {{[0-9.]+}} dB at the outputs of 2 held-out samples
// BYTECODE: lowbit.parameter {{.*}} dense_resource<

func.func @main(%x: tensor<4x4xf32>) -> tensor<4x4xf32> {
  %w = arith.constant dense<[[0.5, 1.5, -2.0, 0.1], [0.1, 0.2, 0.3, 0.4], [1.0, -1.0, 0.7, 0.2], [3.0, 0.25, 0.1, 1.0]]> : tensor<4x4xf32>
  %v = arith.constant dense<[[1.0, 0.5, -0.2, 2.1], [0.7, 0.2, 0.3, 1.4], [0.3, -1.5, 0.7, 0.2], [0.3, 0.25, 1.1, 1.0]]> : tensor<4x4xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %z = linalg.matmul ins(%y, %v : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %z : tensor<4x4xf32>
}
