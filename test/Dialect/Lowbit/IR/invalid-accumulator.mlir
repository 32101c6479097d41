// What `lowbit.accumulator` may not be.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @kind(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' must be a dictionary of 'min', 'max' and 'pair_sums_fit_i16', found 5 : i32}}
  linalg.matmul {lowbit.accumulator = 5 : i32} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @field(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' has no field 'least'; it has 'min', 'max' and 'pair_sums_fit_i16'}}
  linalg.matmul {lowbit.accumulator = {least = 0 : i64, max = 5 : i64}} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @width(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' field 'max' must be an i64 integer, found 5 : i32}}
  linalg.matmul {lowbit.accumulator = {min = 0 : i64, max = 5 : i32}} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @pairs(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' field 'pair_sums_fit_i16' must be a unit attribute, found false}}
  linalg.matmul {lowbit.accumulator = {min = 0 : i64, max = 5 : i64, pair_sums_fit_i16 = false}} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @missing(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' lacks field 'min'}}
  linalg.matmul {lowbit.accumulator = {max = 5 : i64}} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @order(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' must be a range of 32-bit integers, found 6 to 5}}
  linalg.matmul {lowbit.accumulator = {min = 6 : i64, max = 5 : i64}} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @range(%a: tensor<2x2xi8>, %c: tensor<2x2xi32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' must be a range of 32-bit integers, found 0 to 2147483648}}
  linalg.matmul {lowbit.accumulator = {min = 0 : i64, max = 2147483648 : i64}} ins(%a, %a : tensor<2x2xi8>, tensor<2x2xi8>) outs(%c : tensor<2x2xi32>) -> tensor<2x2xi32>
  return
}

// -----

func.func @element(%a: tensor<2x2xf32>) {
  // expected-error @+1 {{attribute 'lowbit.accumulator' belongs on an operation that accumulates in i32}}
  linalg.matmul {lowbit.accumulator = {min = 0 : i64, max = 5 : i64}} ins(%a, %a : tensor<2x2xf32>, tensor<2x2xf32>) outs(%a : tensor<2x2xf32>) -> tensor<2x2xf32>
  return
}
