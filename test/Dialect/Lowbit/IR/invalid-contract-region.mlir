// Regions of contractions that do more than arithmetic on scalars.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>, %c: i1) {
  // expected-error @+1 {{(C8) the region has operations on scalars, without regions of their own, found 'scf.if'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    %s = scf.if %c -> (i32) {
      scf.yield %acc : i32
    } else {
      scf.yield %acc : i32
    }
    lowbit.yield %s : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func private @g(i32) -> i32
func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C8) the region has operations without effects, found 'func.call'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    %s = func.call @g(%acc) : (i32) -> i32
    lowbit.yield %s : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>, %t: tensor<4xi32>, %i: index) {
  // expected-error @+1 {{(C8) the region has operations on scalars, found 'tensor.extract' with 'tensor<4xi32>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    %e = tensor.extract %t[%i] : tensor<4xi32>
    %s = arith.addi %acc, %e : i32
    lowbit.yield %s : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C8) the region has operations on scalars, found 'arith.constant' with 'vector<4xi32>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    %v = arith.constant dense<0> : vector<4xi32>
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}
