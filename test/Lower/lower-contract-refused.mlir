// Sums that may not fit their accumulator, each by one product too many.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-lower-contract

// 32768 * 32768 twice.
func.func @words(%a: tensor<2xi16>, %b: tensor<2xi16>, %init: tensor<i32>) -> tensor<i32> {
  // expected-error @+1 {{has sums of 2 products that may reach 2147483648, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<2xi16>, tensor<2xi16>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

func.func @bytes(%a: tensor<131072xi8>, %b: tensor<131072xi8>, %init: tensor<i32>) -> tensor<i32> {
  // expected-error @+1 {{has sums of 131072 products that may reach 2147483648, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<131072xi8>, tensor<131072xi8>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// A zero point of the run: 255 * 255.
func.func @zero_point(%a: tensor<33026xi8>, %b: tensor<33026xi8>, %za: tensor<i32>, %zb: tensor<i32>, %init: tensor<i32>) -> tensor<i32> {
  // expected-error @+1 {{has sums of 33026 products that may reach 2147515650, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<33026xi8>, tensor<33026xi8>) lhs_zero_point(%za : tensor<i32>) rhs_zero_point(%zb : tensor<i32>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// -128 * 127.
func.func @weights(%a: tensor<132105xi8>, %init: tensor<i32>) -> tensor<i32> {
  %b = arith.constant dense<127> : tensor<132105xi8>
  // expected-error @+1 {{has sums of 132105 products of these weights that may reach -2147498880, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<132105xi8>, tensor<132105xi8>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// The sums would fit, and so would what is left; the correction does not: 100 * 128 * 167773.
// a - za is in -10:0, b in -128:127.
func.func @correction(%a: tensor<167773x!lowbit.affine<i8, 90:100>>, %b: tensor<167773xi8>, %init: tensor<i32>) -> tensor<i32> {
  // expected-error @+1 {{has sums of 167773 products that may reach -2147494400, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"], lhs_zero_point = dense<100> : tensor<i32>}
      ins(%a, %b : tensor<167773x!lowbit.affine<i8, 90:100>>, tensor<167773xi8>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// -128 * 128, and the correction for the move to signed bytes.
func.func @unsigned(%a: tensor<131072xi8>, %init: tensor<i32>) -> tensor<i32> {
  %i = arith.constant dense<-128> : tensor<131072xi8>
  %b = lowbit.storage_cast %i : tensor<131072xi8> to tensor<131072x!lowbit.affine<ui8>>
  // expected-error @+1 {{has sums of 131072 products of these weights that may reach 2147483648, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<131072xi8>, tensor<131072x!lowbit.affine<ui8>>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// 2^33 * 2^30 = 2^63.
func.func @long(%a: tensor<8589934592xi16>, %b: tensor<8589934592xi16>, %init: tensor<i64>) -> tensor<i64> {
  // expected-error @+1 {{has sums of 8589934592 products that may reach 9223372036854775808, which does not fit the i64 accumulator; split the sum: 8589934591 products fit}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<8589934592xi16>, tensor<8589934592xi16>) outs(%init : tensor<i64>) {
  ^bb0(%acc: i64):
    lowbit.yield %acc : i64
  } -> tensor<i64>
  return %y : tensor<i64>
}

// -----

func.func @unsigned_words(%a: tensor<513xi16>, %init: tensor<i32>) -> tensor<i32> {
  %i = arith.constant dense<-128> : tensor<513xi8>
  %b = lowbit.storage_cast %i : tensor<513xi8> to tensor<513x!lowbit.affine<ui8>>
  // expected-error @+1 {{has sums of 513 products of these weights that may reach -2151677952, which does not fit the i32 accumulator; use an i64 accumulator}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<513xi16>, tensor<513x!lowbit.affine<ui8>>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}
