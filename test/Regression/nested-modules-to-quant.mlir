// A pass that runs on several modules keeps nothing of one for the next: values
// of both have the same numbers.
// RUN: quant-opt %s --mlir-disable-threading --pass-pipeline='builtin.module(builtin.module(lowbit-convert-to-quant))' -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: quant-opt %t.mlir --mlir-disable-threading --pass-pipeline='builtin.module(builtin.module(lowbit-convert-from-quant))' | FileCheck %s --check-prefix=BACK

// CHECK: quant.qcast %{{.*}} : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 5.000000e-01>>
// BACK: lowbit.quantize %{{.*}} {scale = dense<5.000000e-01> : tensor<f32>
module @first {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    %q = lowbit.quantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
    %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
    return %d : tensor<4xf32>
  }
}
// CHECK: quant.qcast %{{.*}} : tensor<4xf32> to tensor<4x!quant.uniform<i8:f32, 2.500000e-01:7>>
// BACK: lowbit.quantize %{{.*}} {scale = dense<2.500000e-01> : tensor<f32>
module @second {
  func.func @f(%x: tensor<4xf32>) -> tensor<4xf32> {
    %q = lowbit.quantize %x {scale = dense<0.25> : tensor<f32>, zero_point = dense<7> : tensor<i32>} : tensor<4xf32> -> tensor<4x!lowbit.affine<i8>>
    %d = lowbit.dequantize %q {scale = dense<0.25> : tensor<f32>, zero_point = dense<7> : tensor<i32>} : tensor<4x!lowbit.affine<i8>> -> tensor<4xf32>
    return %d : tensor<4xf32>
  }
}
