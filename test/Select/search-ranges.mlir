// A method for each value, by the error at the outputs. The data is random, and
// says so: two of its eight samples are held out.
// RUN: quant-opt %s --lowbit-calibrate="data=random held-out=32 threads=1 save-table=%t.json" -o %t.mlir
// RUN: FileCheck %s --check-prefix=TABLE --input-file=%t.json
// RUN: quant-opt %t.mlir --lowbit-search-ranges="data=random table=%t.json threads=1" > %t.out 2> %t.err
// RUN: FileCheck %s --input-file=%t.out
// RUN: FileCheck %s --check-prefix=SAYS --input-file=%t.err
// RUN: not quant-opt %t.mlir --lowbit-search-ranges="table=%t.json" 2>&1 | FileCheck %s --check-prefix=DATA
// RUN: not quant-opt %t.mlir --lowbit-search-ranges="data=%t.missing.npz table=%t.json" 2>&1 | FileCheck %s --check-prefix=MISSING

// TABLE: "samples": 6

// CHECK-LABEL: @main
// CHECK-DAG: lowbit.observe %{{.*}} "activation" "x" {{.*}}format = !lowbit.affine<i8>, {{.*}}scale = dense<
// CHECK-DAG: lowbit.observe %{{.*}} "weight" "w" {{.*}}format = !lowbit.affine<i8, -127:127, axis = 1>, {{.*}}scale = dense<

// SAYS: remark: method=auto: {{[0-9.]+}} dB at the outputs of 2 held-out samples, where the best single method ({{.*}}) has {{[0-9.]+}} dB; {{[0-9]}} of 2 values changed

// DATA: error: method=auto compares the outputs on calibration samples: give calibration-data=<inputs>
// MISSING: error: evaluation: {{.*}}missing.npz

func.func @main(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  %w = arith.constant dense<[[0.5, 1.5, -2.0], [0.1, 0.2, 0.3], [1.0, -1.0, 0.7], [3.0, 0.25, 0.1]]> : tensor<4x3xf32>
  %zero = arith.constant 0.0 : f32
  %xo = lowbit.observe %x "activation" "x" : tensor<2x4xf32>
  %wo = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<4x3xf32>
  %e = tensor.empty() : tensor<2x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<2x3xf32>) -> tensor<2x3xf32>
  %y = linalg.matmul ins(%xo, %wo : tensor<2x4xf32>, tensor<4x3xf32>) outs(%f : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}
