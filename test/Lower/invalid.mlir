// RUN: split-file %s %t
// RUN: quant-opt %t/reasons.mlir --split-input-file --verify-diagnostics --lowbit-lower-contractions
// RUN: quant-opt %t/contract.mlir --verify-diagnostics --lowbit-verify-integer-contract

//--- reasons.mlir
!a = !lowbit.affine<i8>
func.func @half(%x: tensor<2x2x!a>, %y: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<2x2x!a> -> tensor<2x2xf32>
  // expected-remark @+1 {{stays float: its right operand is not quantized}}
  %0 = linalg.matmul ins(%xd, %y : tensor<2x2xf32>, tensor<2x2xf32>) outs(%y : tensor<2x2xf32>) -> tensor<2x2xf32>
  // expected-remark @+1 {{stays float: its operands are not quantized}}
  %1 = linalg.matmul ins(%y, %y : tensor<2x2xf32>, tensor<2x2xf32>) outs(%y : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}

// -----

!a = !lowbit.affine<i8>
func.func @overflow(%x: tensor<2x40000x!a>, %y: tensor<40000x2x!a>, %init: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<2x40000x!a> -> tensor<2x40000xf32>
  %yd = lowbit.dequantize %y {scale = dense<0.5> : tensor<f32>, zero_point = dense<127> : tensor<i32>} : tensor<40000x2x!a> -> tensor<40000x2xf32>
  // expected-remark @+1 {{stays float: a sum of 40000 products may not fit 32 bits}}
  %0 = linalg.matmul ins(%xd, %yd : tensor<2x40000xf32>, tensor<40000x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0 : tensor<2x2xf32>
}

// -----

// With constant weights the real bound counts: one product less would fit.
!a = !lowbit.affine<i8>
func.func @border(%x: tensor<1x131072x!a>, %init: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %i = arith.constant dense<-128> : tensor<131072x1xi8>
  %w = lowbit.storage_cast %i : tensor<131072x1xi8> to tensor<131072x1x!a>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<1x131072x!a> -> tensor<1x131072xf32>
  %wd = lowbit.dequantize %w {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<131072x1x!a> -> tensor<131072x1xf32>
  // expected-remark @+1 {{stays float: a sum of 131072 products of these weights may reach 2147483648, which does not fit 32 bits}}
  %0 = linalg.matmul ins(%xd, %wd : tensor<1x131072xf32>, tensor<131072x1xf32>) outs(%init : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

// The accumulator and the correction would fit; what is left after it does not:
// 255 * 127 * 66312 = 2147514120. One product less (2147481735) does.
!a = !lowbit.affine<i8>
func.func @zero_point(%x: tensor<1x66312x!a>, %init: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %i = arith.constant dense<127> : tensor<66312x1xi8>
  %w = lowbit.storage_cast %i : tensor<66312x1xi8> to tensor<66312x1x!a>
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<-128> : tensor<i32>} : tensor<1x66312x!a> -> tensor<1x66312xf32>
  %wd = lowbit.dequantize %w {scale = dense<0.5> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<66312x1x!a> -> tensor<66312x1xf32>
  // expected-remark @+1 {{stays float: a sum of 66312 products of these weights may reach 2147514120, which does not fit 32 bits}}
  %0 = linalg.matmul ins(%xd, %wd : tensor<1x66312xf32>, tensor<66312x1xf32>) outs(%init : tensor<1x1xf32>) -> tensor<1x1xf32>
  return %0 : tensor<1x1xf32>
}

// -----

func.func @axis(%x: tensor<2x2x!lowbit.affine<i8>>, %y: tensor<2x2x!lowbit.affine<i8, axis = 0>>, %z: tensor<2x2x!lowbit.affine<i8, axis = 1>>, %init: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<2x2xf32>) {
  %xd = lowbit.dequantize %x {scale = dense<0.5> : tensor<f32>, zero_point = dense<2> : tensor<i32>} : tensor<2x2x!lowbit.affine<i8>> -> tensor<2x2xf32>
  %yd = lowbit.dequantize %y {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<0> : tensor<2xi32>} : tensor<2x2x!lowbit.affine<i8, axis = 0>> -> tensor<2x2xf32>
  %zd = lowbit.dequantize %z {scale = dense<[1.0, 2.0]> : tensor<2xf32>, zero_point = dense<[0, 1]> : tensor<2xi32>} : tensor<2x2x!lowbit.affine<i8, axis = 1>> -> tensor<2x2xf32>
  // expected-remark @+1 {{stays float: the scales run along a dimension that is summed over}}
  %0 = linalg.matmul ins(%xd, %yd : tensor<2x2xf32>, tensor<2x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  // expected-remark @+1 {{stays float: zero points that differ along a channel have no integer form in this version}}
  %1 = linalg.matmul ins(%xd, %zd : tensor<2x2xf32>, tensor<2x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %0, %1 : tensor<2x2xf32>, tensor<2x2xf32>
}

//--- contract.mlir
// expected-error @+1 {{the module does not keep the integer contract: 3 offenders}}
module {
  func.func @main(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
    // expected-note @+1 {{'lowbit.observe' is left over: run lowbit-insert-qdq}}
    %0 = lowbit.observe %x "activation" "x" : tensor<2x2xf32>
    // expected-note @+1 {{'lowbit.quantize' is left over: run lowbit-lower-qdq}}
    %q = lowbit.quantize %x {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<2x2xf32> -> tensor<2x2x!lowbit.affine<i8>>
    // expected-note @+1 {{'linalg.matmul' is a contraction in float without 'lowbit.float_reason': run lowbit-lower-contractions}}
    %y = linalg.matmul ins(%0, %x : tensor<2x2xf32>, tensor<2x2xf32>) outs(%x : tensor<2x2xf32>) -> tensor<2x2xf32>
    return %y : tensor<2x2xf32>
  }
}
