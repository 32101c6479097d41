// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-select-ranges="mode=static"
// RUN: not quant-opt %s --lowbit-select-ranges="mode=integer-only" 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not quant-opt %s --lowbit-select-ranges="method=mse" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not quant-opt %s --lowbit-select-ranges="method=mini" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// MODE: error: mode 'integer-only' is not available in this version; available: static, dynamic
// METHOD: error: method 'mse' is not available in this version; available: minmax
// UNKNOWN: error: unknown method 'mini'; available: minmax

func.func @no_statistics(%x: tensor<4xf32>) {
  // expected-error @+1 {{the value 'x' has no statistics, which mode=static needs; calibrate first}}
  %0 = lowbit.observe %x "activation" "x" : tensor<4xf32>
  return
}

// -----

func.func @not_finite() {
  %w = arith.constant dense<[1.0, 2.0, 0x7FC00000]> : tensor<3xf32>
  // expected-error @+1 {{the weight 'w' is not finite: element 2 is nan}}
  %0 = lowbit.observe %w "weight" "w" : tensor<3xf32>
  return
}

// -----

func.func @dead(%x: tensor<4xf32>) {
  %w = arith.constant dense<[[1.0, 0.0], [2.0, 0.0]]> : tensor<2x2xf32>
  // expected-remark @+1 {{the weight 'w' has 1 of 2 channels without a value of note; their scale is the floor}}
  %0 = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<2x2xf32>
  // expected-remark @+1 {{the value 'x' was zero on all calibration data; its scale is the floor}}
  %1 = lowbit.observe %x "activation" "x" {count = 4 : i64, min = 0.0 : f32, max = 0.0 : f32} : tensor<4xf32>
  return
}
