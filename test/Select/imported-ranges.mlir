// Ranges of another tool are taken as they are: what lies beyond is clipped,
// groups are not merged, and a value without a range is an error.
// RUN: split-file %s %t
// RUN: quant-opt %t/model.mlir --lowbit-select-ranges="mode=static method=mse table=%t/good.encodings" | FileCheck %s
// RUN: quant-opt %t/model.mlir --lowbit-select-ranges="mode=static rule='name=^x$ format=i4 symmetry=symmetric' table=%t/good.encodings" | FileCheck %s --check-prefix=I4
// RUN: not quant-opt %t/model.mlir --lowbit-select-ranges="mode=static table=%t/bad.encodings" 2>&1 | FileCheck %s --check-prefix=BAD

// (1.55 + 1) / 255 = 0.01; -128 - -1 / 0.01 = -28
// CHECK: "activation" "x" {format = !lowbit.affine<i8>, scale = dense<0.00999999977> : tensor<f32>, zero_point = dense<-28> : tensor<i32>}
// CHECK: "activation" "twice" {format = !lowbit.affine<i8>, scale = dense<2.000000e-02> : tensor<f32>, zero_point = dense<-28> : tensor<i32>}
// 1.55 / 7
// I4: "activation" "x" {format = !lowbit.affine<i8, -8:7>, scale = dense<0.221428558> : tensor<f32>, zero_point = dense<0> : tensor<i32>}
// BAD: error: the calibration table has no value 'twice'; did you mean 'twices'?

//--- good.encodings
{"version": "0.6.1", "activation_encodings": {
  "x": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "max": 1.55, "min": -1.0, "offset": -100, "scale": 0.01}],
  "twice": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "max": 3.1, "min": -2.0, "offset": -100, "scale": 0.02}]},
 "param_encodings": {}}
//--- bad.encodings
{"version": "0.6.1", "activation_encodings": {
  "x": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "max": 1.55, "min": -1.0, "offset": -100, "scale": 0.01}],
  "twices": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "max": 3.1, "min": -2.0, "offset": -100, "scale": 0.02}]},
 "param_encodings": {}}
//--- model.mlir
func.func @main(%x: tensor<2x4xf32>) {
  %0 = lowbit.observe %x "activation" "x" : tensor<2x4xf32>
  %twice = tensor.concat dim(0) %x, %x : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<4x4xf32>
  %1 = lowbit.observe %twice "activation" "twice" : tensor<4x4xf32>
  return
}
