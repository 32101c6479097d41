// What each mode of quant-run prints, on a model that is quantized first.
// RUN: quant-run %s --signature | FileCheck %s --check-prefix=SIGNATURE
// RUN: quant-run %s --inputs random -o %t.npz
// RUN: %python -c "import numpy, sys; print(numpy.load(sys.argv[1])['y'].shape)" %t.npz | FileCheck %s --check-prefix=OUTPUT
// RUN: quant-opt %s --quantize-ptq="calibration-data=random" -o %t.int8.mlir
// RUN: quant-run %t.int8.mlir --inputs random --verify-contractions | FileCheck %s --check-prefix=VERIFY
// RUN: quant-run %t.int8.mlir --inputs random --profile --seconds 0.01 | FileCheck %s --check-prefix=PROFILE
// RUN: quant-run %t.int8.mlir --inputs random --bench --seconds 0.01 | FileCheck %s --check-prefix=BENCH
// RUN: quant-opt %s --lowbit-insert-observers -o %t.observed.mlir
// RUN: quant-run %t.observed.mlir --inputs random --observe %t.json
// RUN: FileCheck %s --check-prefix=OBSERVE --input-file=%t.json

// Every phase's module runs: here QDQ computed in float.
// RUN: quant-opt %s --quantize-ptq="calibration-data=random compile-to=quantize" -o %t.qdq.mlir
// RUN: quant-run %t.qdq.mlir --inputs random -o %t.qdq.npz

// The same bytes for any number of threads and any instruction set.
// RUN: quant-run %t.int8.mlir --inputs random -o %t.1.npz
// RUN: quant-run %t.int8.mlir --inputs random -o %t.2.npz --threads 2
// RUN: quant-run %t.int8.mlir --inputs random -o %t.3.npz --isa portable
// RUN: cmp %t.1.npz %t.2.npz
// RUN: cmp %t.1.npz %t.3.npz

// Usage errors are 2 and one line; bad input is 1 and leaves no file.
// RUN: rm -f %t.none.npz
// RUN: sh -c 'quant-run %s; test $? -eq 2'
// RUN: sh -c 'quant-run %s -o %t.none.npz; test $? -eq 2'
// RUN: sh -c 'quant-run %s --inputs random -o %t.none.npz --threads 0; test $? -eq 2'
// RUN: sh -c 'quant-run %s --inputs random -o %t.none.npz --mask x; test $? -eq 2'
// RUN: not quant-run %s --inputs %t.missing.npz -o %t.none.npz 2>&1 | FileCheck %s --check-prefix=MISSING
// RUN: not quant-run %s --inputs random -o %t.none.npz --isa mmx 2>&1 | FileCheck %s --check-prefix=ISA
// RUN: not ls %t.none.npz

// SIGNATURE: "dtype": "float32"
// SIGNATURE: "name": "x"
// SIGNATURE: "name": "y"
// OUTPUT: (4, 3)
// VERIFY: 1 contractions, 12 elements, 0 differ
// PROFILE: steps
// PROFILE: linalg.matmul product.i32
// BENCH: "format": "i8"
// BENCH: "median_ms"
// BENCH: "peak_share"
// OBSERVE: "samples": 8
// OBSERVE: "x": {
// OBSERVE-NEXT: "count": 160
// MISSING: error:{{.*}}missing.npz
// ISA: avx512-vnni, avx-vnni, avx2, portable

func.func @main(%x: tensor<4x5xf32> {lowbit.name = "x"}) -> (tensor<4x3xf32> {lowbit.name = "y"}) {
  %w = arith.constant dense<[[1.0, -2.0, 3.0], [0.5, 0.25, 1.5], [-1.0, 1.0, 0.0], [2.0, 2.0, -2.0], [0.1, 0.2, 0.3]]>
      : tensor<5x3xf32>
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4x3xf32>
  %init = linalg.fill ins(%zero : f32) outs(%empty : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul {lowbit.id = "product"} ins(%x, %w : tensor<4x5xf32>, tensor<5x3xf32>)
      outs(%init : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
