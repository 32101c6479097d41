// One command, from float to integers. With random data the ranges are static.
// RUN: quant-opt %s --quantize-ptq 2>%t.remarks | FileCheck %s --check-prefixes=CHECK,DYNAMIC
// RUN: FileCheck %s --check-prefix=REMARK < %t.remarks
// RUN: quant-opt %s --quantize-ptq="calibration-data=random threads=1" 2>%t.none | FileCheck %s --check-prefixes=CHECK,STATIC
// RUN: count 0 < %t.none

// REMARK: remark: activations are quantized dynamically
// REMARK-SAME: --quantize-ptq="calibration-data=inputs.npz"

// Any name will do for the function. The bias stays float.
// CHECK-LABEL: @model
// CHECK-DAG: arith.constant dense<"0x{{.*}}"> : tensor<16x8xi8>
// DYNAMIC: arith.minnumf
// STATIC-NOT: arith.minnumf
// CHECK: math.roundeven
// CHECK: linalg.matmul {lowbit.accumulator = {{.*}}, lowbit.id = "matmul_0.i32"} ins(%{{.*}}, %{{.*}} : tensor<4x16xi8>, tensor<16x8xi8>) outs(%{{.*}} : tensor<4x8xi32>)
// CHECK: linalg.generic {{.*}} attrs = {lowbit.id = "matmul_0"}
// CHECK: linalg.generic {{.*}} attrs = {{.*}}lowbit.id = "generic_0"}
// CHECK: arith.addf
// CHECK-NOT: lowbit.dequantize
func.func @model(%x: tensor<4x16xf32>) -> tensor<4x8xf32> {
  %w = arith.constant dense<"0x0000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C00000803F000000400000404000008040000080BF000000C0000040C0000080C0"> : tensor<16x8xf32>
  %b = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]> : tensor<8xf32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = linalg.matmul ins(%x, %w : tensor<4x16xf32>, tensor<16x8xf32>) outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  %r = linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%m, %b : tensor<4x8xf32>, tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%p: f32, %q: f32, %o: f32):
    %s = arith.addf %p, %q : f32
    linalg.yield %s : f32
  } -> tensor<4x8xf32>
  return %r : tensor<4x8xf32>
}
