// Quantization of every format and granularity, requantization and gradients,
// in text, in generic form and in bytecode.
// RUN: quant-opt %s | quant-opt | FileCheck %s
// RUN: quant-opt %s --emit-bytecode | quant-opt | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

!mx = !lowbit.float<f4E2M1FN, block = [1, 4], scale = f8E8M0FNU, pack = 1>
!nv = !lowbit.float<f4E2M1FN, block = [1, 4], scale = f8E4M3FN>
!nf = !lowbit.codebook<nf4, block = [*, 8]>

// CHECK-LABEL: @formats
func.func @formats(%x: tensor<2x8xf32>, %s: tensor<2x2xf8E4M3FN>, %t: tensor<f32>) {
  // CHECK: lowbit.quantize %{{.*}} {scale = dense<[{{\[}}1.000000e+00, 2.000000e+00], [4.000000e+00, 5.000000e-01]]> : tensor<2x2xf8E8M0FNU>} : tensor<2x8xf32> -> tensor<2x8x!lowbit.float<f4E2M1FN, block = [1, 4], scale = f8E8M0FNU, pack = 1>>
  %a = lowbit.quantize %x {scale = dense<[[1.0, 2.0], [4.0, 0.5]]> : tensor<2x2xf8E8M0FNU>} : tensor<2x8xf32> -> tensor<2x8x!mx>
  // CHECK: lowbit.storage_cast %{{.*}} : tensor<2x8x!lowbit.float<{{.*}}>> to tensor<2x4xi8>
  %b = lowbit.storage_cast %a : tensor<2x8x!mx> to tensor<2x4xi8>
  // CHECK: lowbit.quantize %{{.*}} scale(%{{.*}} : tensor<2x2xf8E4M3FN>) tensor_scale(%{{.*}} : tensor<f32>) : tensor<2x8xf32> -> tensor<2x8x!lowbit.float<
  %c = lowbit.quantize %x scale(%s : tensor<2x2xf8E4M3FN>) tensor_scale(%t : tensor<f32>) : tensor<2x8xf32> -> tensor<2x8x!nv>
  // CHECK: lowbit.dequantize %{{.*}} scale(%{{.*}}) {tensor_scale = dense<5.000000e-01> : tensor<f32>}
  %d = lowbit.dequantize %c scale(%s : tensor<2x2xf8E4M3FN>) {tensor_scale = dense<0.5> : tensor<f32>} : tensor<2x8x!nv> -> tensor<2x8xf32>
  // CHECK: lowbit.quantize %{{.*}} {scale = dense<2.000000e+00> : tensor<1x1xf32>} : tensor<2x8xf32> -> tensor<2x8x!lowbit.codebook<nf4, block = [*, 8]>>
  %e = lowbit.quantize %d {scale = dense<2.0> : tensor<1x1xf32>} : tensor<2x8xf32> -> tensor<2x8x!nf>
  // CHECK: lowbit.quantize %{{.*}} scale(%{{.*}} : tensor<f32>) {rounding = #lowbit.rounding<half_away>, saturate = false, zero_point = dense<0> : tensor<i32>}
  %f = lowbit.quantize %x scale(%t : tensor<f32>) {zero_point = dense<0> : tensor<i32>, rounding = #lowbit.rounding<half_away>, saturate = false} : tensor<2x8xf32> -> tensor<2x8x!lowbit.affine<i8>>
  // CHECK: lowbit.quantize %{{.*}} {scale = dense<1.000000e+00> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x8xf32>
  %g = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>, rounding = #lowbit.rounding<half_even>, saturate = true} : tensor<2x8xf32> -> tensor<2x8x!lowbit.affine<i8>>
  return
}

// CHECK-LABEL: @scalars
func.func @scalars(%x: f32, %s: f32, %z: i32) -> f32 {
  // CHECK: lowbit.quantize %{{.*}} scale(%{{.*}} : f32) zero_point(%{{.*}} : i32) : f32 -> !lowbit.affine<i8>
  %q = lowbit.quantize %x scale(%s : f32) zero_point(%z : i32) : f32 -> !lowbit.affine<i8>
  // CHECK: lowbit.storage_cast %{{.*}} : !lowbit.affine<i8> to i8
  %i = lowbit.storage_cast %q : !lowbit.affine<i8> to i8
  // CHECK: lowbit.dequantize %{{.*}} {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : !lowbit.affine<i8> -> f32
  %d = lowbit.dequantize %q {scale = dense<0.5> : tensor<f32>, zero_point = dense<1> : tensor<i32>} : !lowbit.affine<i8> -> f32
  return %d : f32
}

// CHECK-LABEL: @gradient
func.func @gradient(%x: tensor<4x2xf32>, %g: tensor<4x2xf32>, %s: tensor<2xf32>, %z: tensor<2xi32>) {
  // CHECK: %{{.*}}, %{{.*}}, %{{.*}} = lowbit.fake_quant_grad %{{.*}}, %{{.*}} as !lowbit.affine<i8, axis = 1> scale(%{{.*}} : tensor<2xf32>) zero_point(%{{.*}} : tensor<2xi32>) : tensor<4x2xf32> -> tensor<2xf32>
  %dx, %ds, %dz = lowbit.fake_quant_grad %x, %g as !lowbit.affine<i8, axis = 1> scale(%s : tensor<2xf32>) zero_point(%z : tensor<2xi32>) : tensor<4x2xf32> -> tensor<2xf32>
  return
}

// CHECK-LABEL: @requantize
func.func @requantize(%x: tensor<?x2xi32>, %q: tensor<?x2x!lowbit.affine<ui8>>, %s: tensor<f32>, %e: i32) {
  // CHECK: lowbit.requantize %{{.*}} {axis = 1 : i64, scale = dense<[2.500000e-01, 5.000000e-01]> : tensor<2xf32>, zero_point = dense<3> : tensor<i32>} : tensor<?x2xi32> -> tensor<?x2x!lowbit.affine<i8>>
  %a = lowbit.requantize %x {axis = 1, scale = dense<[0.25, 0.5]> : tensor<2xf32>, zero_point = dense<3> : tensor<i32>} : tensor<?x2xi32> -> tensor<?x2x!lowbit.affine<i8>>
  // CHECK: lowbit.requantize %{{.*}} {fixed_rounding = #lowbit.fixed_rounding<double_round>, input_zero_point = 12 : i32, multiplier = dense<1073741824> : tensor<i32>, shift = dense<36> : tensor<i8>, zero_point = dense<0> : tensor<i32>}
  %b = lowbit.requantize %q {multiplier = dense<1073741824> : tensor<i32>, shift = dense<36> : tensor<i8>, fixed_rounding = #lowbit.fixed_rounding<double_round>, input_zero_point = 12 : i32, zero_point = dense<0> : tensor<i32>} : tensor<?x2x!lowbit.affine<ui8>> -> tensor<?x2x!lowbit.affine<i16>>
  // CHECK: lowbit.requantize %{{.*}} scale(%{{.*}} : tensor<f32>) {zero_point = dense<3> : tensor<i32>}
  %c = lowbit.requantize %x scale(%s : tensor<f32>) {zero_point = dense<3> : tensor<i32>} : tensor<?x2xi32> -> tensor<?x2x!lowbit.affine<i8>>
  // CHECK: lowbit.requantize %{{.*}} {scale = dense<5.000000e-01> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : i32 -> !lowbit.affine<i8>
  %d = lowbit.requantize %e {scale = dense<0.5> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : i32 -> !lowbit.affine<i8>
  return
}
