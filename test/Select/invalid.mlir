// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-select-ranges="mode=static"
// RUN: not quant-opt %s --lowbit-select-ranges="mode=weights" 2>&1 | FileCheck %s --check-prefix=MODE
// RUN: not quant-opt %s --split-input-file --lowbit-select-ranges="mode=static method=mse" 2>&1 | FileCheck %s --check-prefix=METHOD
// RUN: not quant-opt %s --split-input-file --lowbit-select-ranges="mode=static method=auto" 2>&1 | FileCheck %s --check-prefix=AUTO
// RUN: not quant-opt %s --lowbit-select-ranges="method=mini" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// MODE: error: unknown mode 'weights'; available: static, dynamic, weight-only, integer-only
// METHOD: error: the value 'seen' has only its least and greatest value; method=mse needs a calibration table
// AUTO: error: method=auto has no result for 'seen': it is searched with calibration data, whose outputs are compared
// UNKNOWN: error: unknown method 'mini'; available: minmax,

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

func.func @min_and_max(%x: tensor<4xf32>) {
  %0 = lowbit.observe %x "activation" "seen" {count = 4 : i64, min = 0.0 : f32, max = 1.0 : f32} : tensor<4xf32>
  return
}

// -----

// expected-warning @below {{nothing but zero in what the range is from; the scale is the floor, and any other value will be clipped; 1 value: 'x' (no range)}}
// expected-remark @below {{channels without a value of note; their scale is the floor; 4 values: 'w2' (3 of 3), 'w1' (2 of 3), 'v' (1 of 2) and 1 more, which explain=FILE lists}}
module {
  func.func @dead(%x: tensor<4xf32>) {
    %w = arith.constant dense<[[1.0, 0.0], [2.0, 0.0]]> : tensor<2x2xf32>
    %w1 = arith.constant dense<[[1.0, 0.0, 0.0], [2.0, 0.0, 0.0]]> : tensor<2x3xf32>
    %w2 = arith.constant dense<0.0> : tensor<2x3xf32>
    %0 = lowbit.observe %w "weight" "w" {axis = 1 : i64} : tensor<2x2xf32>
    %1 = lowbit.observe %w "weight" "v" {axis = 1 : i64} : tensor<2x2xf32>
    %2 = lowbit.observe %w1 "weight" "w1" {axis = 1 : i64} : tensor<2x3xf32>
    %3 = lowbit.observe %w2 "weight" "w2" {axis = 1 : i64} : tensor<2x3xf32>
    %4 = lowbit.observe %x "activation" "x" {count = 4 : i64, min = 0.0 : f32, max = 0.0 : f32} : tensor<4xf32>
    return
  }
}
