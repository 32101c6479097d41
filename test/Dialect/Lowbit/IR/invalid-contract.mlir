// Contractions that are refused, by the label of the constraint.
// RUN: quant-opt %s --split-input-file --verify-diagnostics

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C1) needs 3 indexing maps, one an operand and the result, found 2}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C1) an iterator type is "parallel" or "reduction", found "window"}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "window", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C1) a map has as many dimensions as there are iterator types (2) and no symbols, found affine_map<(d0, d1, d2) -> (d0, d2)>}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C2) the map of the result must be a permutation of the parallel loops, found affine_map<(d0, d1, d2) -> (d0, d2)>}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, k)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>, %e: tensor<6xi32>) {
  // expected-error @+1 {{(C3) extra operands are indexed by parallel loops, found affine_map<(d0, d1, d2) -> (d2)>}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) extra(%e : tensor<6xi32>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32, %e0: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x7xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C4) loop d2 has the sizes 7 and 6}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x7xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C4) the map affine_map<(d0, d1, d2) -> (d0, d2)> does not fit 'tensor<4xi8>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C4) an index is a sum of loops times constants that are not negative, found affine_map<(d0, d1, d2) -> (d2 - 1)>}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k - 1)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C4) the index affine_map<(d0, d1, d2) -> (d0 + 1)> reaches 4 in a dimension of 4}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m + 1, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xf32>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C5) operands must be i8, i16 or affine, or both of a float format, found 'f32' and 'i8'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xf32>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6x!lowbit.float<f8E5M2>>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C5) operands must be i8, i16 or affine, or both of a float format, found '!lowbit.float<f8E5M2>' and 'i8'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6x!lowbit.float<f8E5M2>>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6x!lowbit.affine<i4, pack = 1>>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C5) operands are not packed and have no blocks, found '!lowbit.affine<i4, pack = 1>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6x!lowbit.affine<i4, pack = 1>>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2x!lowbit.affine<i8, block = [2, 1]>>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C5) operands are not packed and have no blocks, found '!lowbit.affine<i8, block = [2, 1]>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2x!lowbit.affine<i8, block = [2, 1]>>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6x!lowbit.float<f8E5M2>>, %b: tensor<6x2x!lowbit.float<f8E5M2>>, %o: tensor<4x2xf32>) {
  // expected-error @+1 {{(C6) float formats have no zero points, found lhs_zero_point}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<0> : tensor<i32>}
      ins(%a, %b : tensor<4x6x!lowbit.float<f8E5M2>>, tensor<6x2x!lowbit.float<f8E5M2>>) outs(%o : tensor<4x2xf32>) {
  ^bb0(%acc: f32):
    lowbit.yield %acc : f32
  } -> tensor<4x2xf32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C6) lhs_zero_point must be i32 of rank 0, or of the right-hand side one for each index of its format's axis, found 'tensor<2xi32>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<0> : tensor<2xi32>}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C6) rhs_zero_point must be i32 of rank 0, or of the right-hand side one for each index of its format's axis, found 'tensor<2xi32>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], rhs_zero_point = dense<0> : tensor<2xi32>}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C6) rhs_zero_point must be in -128:127, found 200 at index 0}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], rhs_zero_point = dense<200> : tensor<i32>}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>, %z: tensor<i32>) {
  // expected-error @+1 {{(C6) rhs_zero_point is an attribute or an operand, found both}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], rhs_zero_point = dense<2> : tensor<i32>}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) rhs_zero_point(%z : tensor<i32>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi16>) {
  // expected-error @+1 {{(C7) the accumulator must be i32 or i64, found 'i16'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi16>) {
  ^bb0(%acc: i16):
    lowbit.yield %acc : i16
  } -> tensor<4x2xi16>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C8) the region must have 1 arguments, the accumulator and the elements of the extra operands, found 2}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32, %e: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>, %e: tensor<2xi32>) {
  // expected-error @+1 {{(C8) argument 1 of the region must be 'i32', found 'i64'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) extra(%e : tensor<2xi32>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32, %e0: i64):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi64>) {
  // expected-error @+1 {{(C8) the region must yield 'i64', found 'i32'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi64>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi64>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C9) the init must have the type of the result, 'tensor<4x2xi64>', found 'tensor<4x2xi32>'}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi64>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C10) loop d3 is no dimension of an operand or the result}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k, j) -> (m, k + j)>, affine_map<(m, n, k, j) -> (k, n)>, affine_map<(m, n, k, j) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<2x2x4x4xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C11) 'tensor<6x2xi8>' in the layout #lowbit.panels<columns = 4, group = 4> is 'tensor<1x2x4x4xi8>', found 'tensor<2x2x4x4xi8>'}}
  %y = lowbit.packed_contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<6x2xi8>}
      ins(%a, %b : tensor<4x6xi8>, tensor<2x2x4x4xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<2x2x4x4xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C11) rhs_type must be static and each of its dimensions one loop, found 'tensor<?x2xi8>' with affine_map<(d0, d1, d2) -> (d2, d1)>}}
  %y = lowbit.packed_contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<?x2xi8>}
      ins(%a, %b : tensor<4x6xi8>, tensor<2x2x4x4xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<1x2x4x4xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C12) a packed right-hand side has 8 bits and one zero point, found 'i16'}}
  %y = lowbit.packed_contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<6x2xi16>}
      ins(%a, %b : tensor<4x6xi8>, tensor<1x2x4x4xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<1x2x4x4xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C12) a packed right-hand side has 8 bits and one zero point, found '!lowbit.affine<i8, axis = 1>'}}
  %y = lowbit.packed_contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"], layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<6x2x!lowbit.affine<i8, axis = 1>>, rhs_zero_point = dense<0> : tensor<2xi32>}
      ins(%a, %b : tensor<4x6xi8>, tensor<1x2x4x4xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<4x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C4) the index affine_map<(d0, d1, d2) -> (d0 * 9223372036854775807 + d2 * 4611686018427387904)> reaches more than 64 bits hold}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m * 9223372036854775807 + k * 4611686018427387904, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<4x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}

// -----

func.func @f(%a: tensor<?x6xi8>, %b: tensor<6x2xi8>, %o: tensor<4x2xi32>) {
  // expected-error @+1 {{(C4) the index affine_map<(d0, d1, d2) -> (d0 * 3074457345618258602 + d2)> reaches more than 64 bits hold}}
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m * 3074457345618258602 + k, k)>, affine_map<(m, n, k) -> (k, n)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %b : tensor<?x6xi8>, tensor<6x2xi8>) outs(%o : tensor<4x2xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<4x2xi32>
  return
}
