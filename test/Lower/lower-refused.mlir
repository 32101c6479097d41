// What lowbit-lower-qdq and lowbit-lower-contract refuse.
// RUN: quant-opt %s --split-input-file --verify-diagnostics --lowbit-lower-contract --lowbit-lower-qdq

func.func @missing_scale(%x: tensor<100xf32>) -> tensor<100xf32> {
  // expected-error @+1 {{scale has no numbers here: its resource is missing or has another size}}
  %f = lowbit.fake_quant %x as !lowbit.affine<i8, axis = 0> {scale = dense_resource<nowhere> : tensor<100xf32>,
      zero_point = dense<0> : tensor<100xi32>} : tensor<100xf32> -> tensor<100xf32>
  return %f : tensor<100xf32>
}

// -----

func.func @missing_multiplier(%x: tensor<100xi32>) -> tensor<100x!lowbit.affine<i8>> {
  // expected-error @+1 {{multiplier has no numbers here}}
  %q = lowbit.requantize %x {axis = 0, multiplier = dense_resource<nowhere> : tensor<100xi32>, shift = dense<30> : tensor<100xi8>,
      zero_point = dense<0> : tensor<i32>} : tensor<100xi32> -> tensor<100x!lowbit.affine<i8>>
  return %q : tensor<100x!lowbit.affine<i8>>
}

// -----

!packed = !lowbit.affine<i4, pack = 0>
func.func @packed_result(%a: tensor<4x2xi8>, %b: tensor<2xi8>, %e: tensor<4x!packed>, %init: tensor<4x!packed>) -> tensor<4x!packed> {
  // expected-error @+1 {{yields elements of a packed format}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]} ins(%a, %b : tensor<4x2xi8>, tensor<2xi8>) extra(%e : tensor<4x!packed>) outs(%init : tensor<4x!packed>) {
  ^bb0(%acc: i32, %x: !packed):
    lowbit.yield %x : !packed
  } -> tensor<4x!packed>
  return %y : tensor<4x!packed>
}

// -----

!packed = !lowbit.affine<i4, pack = 0>
func.func @packed_extra(%a: tensor<4x2xi8>, %b: tensor<2xi8>, %e: tensor<4x!packed>, %init: tensor<4xi32>) -> tensor<4xi32> {
  // expected-error @+1 {{reads elements of a packed format}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, k) -> (m, k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]} ins(%a, %b : tensor<4x2xi8>, tensor<2xi8>) extra(%e : tensor<4x!packed>) outs(%init : tensor<4xi32>) {
  ^bb0(%acc: i32, %x: !packed):
    %s = arith.addi %acc, %acc : i32
    lowbit.yield %s : i32
  } -> tensor<4xi32>
  return %y : tensor<4xi32>
}
