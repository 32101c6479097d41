// Sums that fit their accumulator: by the formats, by the weights, at run time.
// Each static one has no product to spare.
// RUN: quant-opt %s --split-input-file --lowbit-lower-contract | FileCheck %s
// CHECK-NOT: lowbit.contract

// 32768 * 32768 fits once.
// CHECK-LABEL: @one
// CHECK-NOT: check_range
func.func @one(%a: tensor<1xi16>, %b: tensor<1xi16>, %init: tensor<i32>) -> tensor<i32> {
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<1xi16>, tensor<1xi16>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// 8 bits: 2147483647 / 16384.
// CHECK-LABEL: @bytes
// CHECK-NOT: check_range
func.func @bytes(%a: tensor<131071xi8>, %b: tensor<131071xi8>, %init: tensor<i32>) -> tensor<i32> {
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<131071xi8>, tensor<131071xi8>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// Up to the last product: -128 * 127 * 132104 = -2147482624.
// CHECK-LABEL: @weights
// CHECK-NOT: check_range
func.func @weights(%a: tensor<132104xi8>, %init: tensor<i32>) -> tensor<i32> {
  %b = arith.constant dense<127> : tensor<132104xi8>
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<132104xi8>, tensor<132104xi8>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// 128 without a sign: -128 * 128 * 131071.
// CHECK-LABEL: @unsigned
// CHECK-NOT: check_range
func.func @unsigned(%a: tensor<131071xi8>, %init: tensor<i32>) -> tensor<i32> {
  %i = arith.constant dense<-128> : tensor<131071xi8>
  %b = lowbit.storage_cast %i : tensor<131071xi8> to tensor<131071x!lowbit.affine<ui8>>
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<131071xi8>, tensor<131071x!lowbit.affine<ui8>>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// The format says less than its bits do: 7 * 7 * 43826196.
// CHECK-LABEL: @narrow
// CHECK-NOT: check_range
func.func @narrow(%a: tensor<43826196x!lowbit.affine<i8, -7:7>>, %b: tensor<43826196x!lowbit.affine<i8, -7:7>>, %init: tensor<i32>) -> tensor<i32> {
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<43826196x!lowbit.affine<i8, -7:7>>, tensor<43826196x!lowbit.affine<i8, -7:7>>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// i64 holds 2^33 - 1 of 2^30.
// CHECK-LABEL: @long
// CHECK-NOT: check_range
func.func @long(%a: tensor<8589934591xi16>, %b: tensor<8589934591xi16>, %init: tensor<i64>) -> tensor<i64> {
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<8589934591xi16>, tensor<8589934591xi16>) outs(%init : tensor<i64>) {
  ^bb0(%acc: i64):
    lowbit.yield %acc : i64
  } -> tensor<i64>
  return %y : tensor<i64>
}

// -----

// A length of the run is checked there: 2147483647 / (255 * 255), for the zero
// point may be any.
// CHECK-LABEL: @dynamic
// CHECK: lowbit.check_range %{{.*}} in [0, 33026) "{{.*}}: more than the 33025 products that a 32-bit sum can hold" : tensor<1xi64>
func.func @dynamic(%a: tensor<?xi8>, %b: tensor<?xi8>, %za: tensor<i32>, %zb: tensor<i32>, %init: tensor<i32>) -> tensor<i32> {
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<?xi8>, tensor<?xi8>) lhs_zero_point(%za : tensor<i32>) rhs_zero_point(%zb : tensor<i32>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// Two loops, one of which is static: 131071 / 100 of the other.
// CHECK-LABEL: @two_loops
// CHECK: lowbit.check_range %{{.*}} in [0, 1311) "{{.*}}: more than the 1310 products that a 32-bit sum can hold" : tensor<1xi64>
func.func @two_loops(%a: tensor<?x100xi8>, %b: tensor<?x100xi8>, %init: tensor<i32>) -> tensor<i32> {
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(j, k) -> (j, k)>, affine_map<(j, k) -> (j, k)>, affine_map<(j, k) -> ()>], iterator_types = ["reduction", "reduction"]}
      ins(%a, %b : tensor<?x100xi8>, tensor<?x100xi8>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}

// -----

// Beside words the weights stay unsigned: -32768 * 128 * 512 = -2147483648.
// CHECK-LABEL: @unsigned_words
// CHECK-NOT: check_range
func.func @unsigned_words(%a: tensor<512xi16>, %init: tensor<i32>) -> tensor<i32> {
  %i = arith.constant dense<-128> : tensor<512xi8>
  %b = lowbit.storage_cast %i : tensor<512xi8> to tensor<512x!lowbit.affine<ui8>>
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(k) -> (k)>, affine_map<(k) -> (k)>, affine_map<(k) -> ()>], iterator_types = ["reduction"]}
      ins(%a, %b : tensor<512xi16>, tensor<512x!lowbit.affine<ui8>>) outs(%init : tensor<i32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<i32>
  return %y : tensor<i32>
}
