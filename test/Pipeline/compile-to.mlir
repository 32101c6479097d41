// Stops after any phase, by the option of the tool or that of the pipeline.
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" --compile-to=import | FileCheck %s --check-prefix=IMPORT
// RUN: quant-opt %s --quantize-ptq="mode=dynamic compile-to=calibrate" | FileCheck %s --check-prefix=CALIBRATE
// RUN: quant-opt %s --compile-to=select --quantize-ptq="mode=dynamic" | FileCheck %s --check-prefix=SELECT
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" --compile-to=quantize | FileCheck %s --check-prefix=QUANTIZE
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" --compile-to=fold | FileCheck %s --check-prefix=FOLD
// RUN: quant-opt %s --quantize-ptq="mode=dynamic" --compile-to=lower | FileCheck %s --check-prefix=LOWER

// IMPORT-NOT: lowbit.observe
// IMPORT: linalg.matmul {lowbit.id = "matmul_0"}
// CALIBRATE: lowbit.observe %{{.*}} "weight" "matmul_0.weight" {axis = 1 : i64} : tensor<2x3xf32>
// SELECT: lowbit.observe %{{.*}} "activation" "x" {format = !lowbit.affine<i8>}
// QUANTIZE: lowbit.quantize %{{.*}} : tensor<2x3xf32> -> tensor<2x3x!lowbit.affine<i8, -127:127, axis = 1>>
// FOLD: arith.constant dense<{{.*}}> : tensor<2x3xi8>
// FOLD: lowbit.dequantize
// LOWER-NOT: lowbit.dequantize
// LOWER: linalg.matmul {lowbit.accumulator = {{.*}}, lowbit.id = "matmul_0.i32"}
func.func @main(%x: tensor<4x2xf32> {lowbit.name = "x"}) -> tensor<4x3xf32> {
  %w = arith.constant dense<[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]> : tensor<2x3xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x3xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x3xf32>) -> tensor<4x3xf32>
  %y = linalg.matmul ins(%x, %w : tensor<4x2xf32>, tensor<2x3xf32>) outs(%f : tensor<4x3xf32>) -> tensor<4x3xf32>
  return %y : tensor<4x3xf32>
}
