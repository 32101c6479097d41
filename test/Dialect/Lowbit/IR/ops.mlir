// Text and generic forms are read back as they were written.
// RUN: quant-opt %s | quant-opt | FileCheck %s
// RUN: quant-opt %s --emit-bytecode | quant-opt | FileCheck %s
// RUN: quant-opt %s --mlir-print-op-generic | quant-opt | FileCheck %s

// CHECK: lowbit.parameter @encoder.weight : tensor<4x2xf32>
lowbit.parameter @"encoder.weight" : tensor<4x2xf32>
// CHECK: lowbit.parameter @inline : tensor<2xi8> = dense<[1, 2]> : tensor<2xi8>
lowbit.parameter @inline : tensor<2xi8> = dense<[1, 2]> : tensor<2xi8>

// CHECK-LABEL: @static
func.func @static(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // CHECK: lowbit.quantize %{{.*}} {scale = dense<5.000000e-02> : tensor<f32>, zero_point = dense<3> : tensor<i32>} : tensor<?x4xf32> -> tensor<?x4x!lowbit.affine<i8>>
  %q = lowbit.quantize %x {scale = dense<0.05> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
      : tensor<?x4xf32> -> tensor<?x4x!lowbit.affine<i8>>
  // CHECK: lowbit.storage_cast %{{.*}} : tensor<?x4x!lowbit.affine<i8>> to tensor<?x4xi8>
  %i = lowbit.storage_cast %q : tensor<?x4x!lowbit.affine<i8>> to tensor<?x4xi8>
  // CHECK: lowbit.dequantize
  %d = lowbit.dequantize %q {scale = dense<0.05> : tensor<f32>, zero_point = dense<3> : tensor<i32>}
      : tensor<?x4x!lowbit.affine<i8>> -> tensor<?x4xf32>
  return %d : tensor<?x4xf32>
}

// CHECK-LABEL: @dynamic
func.func @dynamic(%x: tensor<?xf32>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<?xf32> {
  // CHECK: lowbit.fake_quant %{{.*}} as !lowbit.affine<ui4> scale(%{{.*}} : tensor<f32>) zero_point(%{{.*}} : tensor<i32>) : tensor<?xf32> -> tensor<?xf32>
  %f = lowbit.fake_quant %x as !lowbit.affine<ui4> scale(%s : tensor<f32>) zero_point(%z : tensor<i32>)
      : tensor<?xf32> -> tensor<?xf32>
  // CHECK: lowbit.observe %{{.*}} "activation" "x" {count = 3 : i64, max = 2.000000e+00 : f32, min = -1.000000e+00 : f32}
  %o = lowbit.observe %f "activation" "x" {count = 3 : i64, max = 2.0 : f32, min = -1.0 : f32} : tensor<?xf32>
  // Nothing reads it, and it stays.
  // CHECK: lowbit.observe %{{.*}} "value" "v" {rows = "logits"} : tensor<?xf32>
  %v = lowbit.observe %f "value" "v" {rows = "logits"} : tensor<?xf32>
  return %o : tensor<?xf32>
}

// CHECK-LABEL: @weight
func.func @weight() -> tensor<4x2xf32> {
  // CHECK: lowbit.get_parameter @encoder.weight : tensor<4x2xf32>
  %w = lowbit.get_parameter @"encoder.weight" : tensor<4x2xf32>
  // CHECK: !lowbit.affine<i8, -127:127, axis = 1>
  %q = lowbit.quantize %w {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>}
      : tensor<4x2xf32> -> tensor<4x2x!lowbit.affine<i8, -127:127, axis = 1>>
  %d = lowbit.dequantize %q {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>}
      : tensor<4x2x!lowbit.affine<i8, -127:127, axis = 1>> -> tensor<4x2xf32>
  return %d : tensor<4x2xf32>
}

// CHECK-LABEL: @check
func.func @check(%ids: tensor<?xi64>, %n: index, %m: index) {
  // CHECK: lowbit.check_size %{{.*}}, %{{.*}} "rows"
  lowbit.check_size %n, %m "rows"
  // CHECK: lowbit.check_range %{{.*}} in [0, 50) "token id" : tensor<?xi64>
  lowbit.check_range %ids in [0, 50) "token id" : tensor<?xi64>
  // CHECK: lowbit.tap %{{.*}} "ids" : tensor<?xi64>
  lowbit.tap %ids "ids" : tensor<?xi64>
  return
}
