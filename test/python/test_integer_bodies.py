"""What linalg modules spell, in integer-only mode: near the float, and the same bits compiled as interpreted."""

from pathlib import Path

import numpy as np
import pytest
from integers import as_integers, decibels

# What follows a matrix product `%m : tensor<4x8xf32>` in a linalg module, to `%y` of the type that is named.
BODIES = {
    "a contraction of single products": """
  %column = tensor.extract_slice %m[0, 2] [4, 1] [1, 1] : tensor<4x8xf32> to tensor<4x1xf32>
  %row = tensor.extract_slice %m[1, 0] [1, 8] [1, 1] : tensor<4x8xf32> to tensor<1x8xf32>
  %none = arith.constant 0.0 : f32
  %start = linalg.fill ins(%none : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.matmul ins(%column, %row : tensor<4x1xf32>, tensor<1x8xf32>)
    outs(%start : tensor<4x8xf32>) -> tensor<4x8xf32>""",
    "rounding": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %nine = arith.constant 9.0 : f32
    %half = arith.constant 0.5 : f32
    %x = arith.mulf %a, %nine : f32
    %1 = math.trunc %x : f32
    %2 = math.round %x : f32
    %3 = math.floor %x : f32
    %4 = math.ceil %x : f32
    %5 = math.roundeven %x : f32
    %6 = arith.addf %1, %2 : f32
    %7 = arith.addf %3, %4 : f32
    %8 = arith.addf %6, %7 : f32
    %9 = arith.addf %8, %5 : f32
    linalg.yield %9 : f32
  } -> tensor<4x8xf32>""",
    "remainder, sign, fma": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %nine = arith.constant 9.0 : f32
    %four = arith.constant 4.0 : f32
    %low = arith.constant -2.0 : f32
    %x = arith.mulf %a, %nine : f32
    %1 = arith.remf %x, %four : f32
    %2 = math.copysign %x, %1 : f32
    %3 = math.fma %1, %four, %2 : f32
    %4 = arith.maxnumf %3, %low : f32
    %5 = math.isnan %4 : f32
    %6 = arith.select %5, %low, %4 : f32
    linalg.yield %6 : f32
  } -> tensor<4x8xf32>""",
    "powers": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %two = arith.constant 2.0 : f32
    %three = arith.constant 3 : i32
    %1 = math.fpowi %a, %three : f32, i32
    %2 = math.powf %two, %a : f32
    %3 = math.exp2 %a : f32
    %4 = arith.subf %3, %1 : f32
    %5 = arith.addf %2, %4 : f32
    linalg.yield %5 : f32
  } -> tensor<4x8xf32>""",
    "a position turned": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %ii = arith.index_cast %i : index to i64
    %jj = arith.index_cast %j : index to i64
    %c = arith.constant 117 : i64
    %f = arith.constant -0.37 : f32
    %n = arith.muli %ii, %c : i64
    %p = arith.sitofp %n : i64 to f32
    %q = arith.sitofp %jj : i64 to f32
    %s = arith.mulf %q, %f : f32
    %t = math.exp %s : f32
    %angle = arith.mulf %p, %t : f32
    %sin = math.sin %angle : f32
    %cos = math.cos %angle : f32
    %u = arith.mulf %a, %cos : f32
    %v = arith.mulf %a, %sin : f32
    %w = arith.subf %u, %v : f32
    linalg.yield %w : f32
  } -> tensor<4x8xf32>""",
    "waves": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %nine = arith.constant 9.0 : f32
    %x = arith.mulf %a, %nine : f32
    %1 = math.sin %x : f32
    %2 = math.cos %a : f32
    %3 = arith.mulf %1, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>""",
    "two results": """
  %a:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<4x8xf32>) outs(%e, %e : tensor<4x8xf32>, tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32, %p: f32):
    %t = math.tanh %x : f32
    %u = arith.mulf %t, %x : f32
    linalg.yield %t, %u : f32, f32
  } -> (tensor<4x8xf32>, tensor<4x8xf32>)
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a#0 : tensor<4x8xf32>) outs(%a#1 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %t = arith.addf %x, %o : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>""",
    "a sum and a sum of squares": """
  %c = arith.constant 1.5 : f32
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%c : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %a:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%f, %g : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%x: f32, %s: f32, %t: f32):
    %1 = arith.addf %x, %s : f32
    %2 = math.fma %x, %x, %t : f32
    linalg.yield %1, %2 : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %y = linalg.generic {indexing_maps = [#vec, #vec, #vec], iterator_types = ["parallel"]}
      ins(%a#0, %a#1 : tensor<4xf32>, tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %1 = arith.subf %t, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>""",
    "a minimum from what another loop made": """
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%g : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.subf %o, %x : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%s : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.minimumf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>""",
    "a product": """
  %c = arith.constant 2.0 : f32
  %one = arith.constant 1.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%c : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = math.absf %x : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %o, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4xf32>""",
    "the index of a maximum": """
  %low = arith.constant 0xFF800000 : f32
  %none = arith.constant 0 : i64
  %e4 = tensor.empty() : tensor<4xf32>
  %i4 = tensor.empty() : tensor<4xi64>
  %f = linalg.fill ins(%low : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%none : i64) outs(%i4 : tensor<4xi64>) -> tensor<4xi64>
  %a:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%f, %g : tensor<4xf32>, tensor<4xi64>) {
  ^bb0(%x: f32, %v: f32, %k: i64):
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %b = arith.cmpf ogt, %x, %v : f32
    %1 = arith.select %b, %x, %v : f32
    %2 = arith.select %b, %jj, %k : i64
    linalg.yield %1, %2 : f32, i64
  } -> (tensor<4xf32>, tensor<4xi64>)
  %y = linalg.generic {indexing_maps = [#vec, #vec, #vec], iterator_types = ["parallel"]}
      ins(%a#0, %a#1 : tensor<4xf32>, tensor<4xi64>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%s: f32, %t: i64, %o: f32):
    %1 = arith.sitofp %t : i64 to f32
    %2 = arith.mulf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>""",
    "how many are positive": """
  %none = arith.constant 0 : i32
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %i4 = tensor.empty() : tensor<4xi32>
  %g = linalg.fill ins(%none : i32) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %n = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%g : tensor<4xi32>) {
  ^bb0(%x: f32, %k: i32):
    %b = arith.cmpf ogt, %x, %zero : f32
    %1 = arith.extui %b : i1 to i32
    %2 = arith.addi %1, %k : i32
    linalg.yield %2 : i32
  } -> tensor<4xi32>
  %y = linalg.generic {indexing_maps = [#vec, #vec], iterator_types = ["parallel"]}
      ins(%n : tensor<4xi32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%t: i32, %o: f32):
    %1 = arith.sitofp %t : i32 to f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>""",
    "a mask with infinity, and softmax": """
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%low : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %k = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %b = arith.cmpi sle, %j, %i : index
    %1 = arith.select %b, %a, %deep : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %h = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%k : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.maximumf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%k, %h : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %b: f32, %o: f32):
    %1 = arith.subf %x, %b : f32
    %2 = math.exp %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%p : tensor<4x8xf32>) outs(%g : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.addf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %b: f32, %o: f32):
    %1 = arith.divf %x, %b : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>""",
    "padding and pooling": """
  %c = arith.constant 0.7 : f32
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %m low[0, 1] high[1, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %c : f32
  } : tensor<4x8xf32> to tensor<5x11xf32>
  %e5 = tensor.empty() : tensor<5xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e5 : tensor<5xf32>) -> tensor<5xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%p : tensor<5x11xf32>) outs(%g : tensor<5xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.addf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<5xf32>""",
}
LEAST = {"rounding": 20, "remainder, sign, fma": 15, "waves": 20, "how many are positive": 15}


def save_body(body: str, path: Path) -> None:
    weight = np.random.default_rng(1).normal(0, 8**-0.5, (8, 8)).astype(np.float32)
    result = body[body.rindex("->") + 2 :].strip()
    text = f"""
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#vec = affine_map<(i) -> (i)>
func.func @main(%input: tensor<4x8xf32>) -> {result} {{
  %zeros = arith.constant 0.0 : f32
  %deep = arith.constant 0xFF7FFFFF : f32
  %weight = arith.constant dense<{weight.tolist()}> : tensor<8x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %init = linalg.fill ins(%zeros : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = linalg.matmul ins(%input, %weight : tensor<4x8xf32>, tensor<8x8xf32>)
      outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
{body}
  return %y : {result}
}}
"""
    path.write_text(text.replace("#same", '{indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}'))


@pytest.mark.parametrize("name", BODIES)
def test_what_a_module_spells(name: str, tmp_path: Path) -> None:
    save_body(BODIES[name], tmp_path / "model.mlir")
    expected, actual = as_integers(tmp_path, (4, 8), "model.mlir", "arg0")
    (wanted,), (made,) = expected.values(), actual.values()
    assert decibels(wanted, made) >= LEAST.get(name, 25)


TOSA = """
func.func @main(%x: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4xi32>, tensor<1x3x8xf32>) {
  %w = "tosa.const"() {values = dense<WEIGHT> : tensor<1x8x8xf32>} : () -> tensor<1x8x8xf32>
  %z = "tosa.const"() {values = dense<0.0> : tensor<1xf32>} : () -> tensor<1xf32>
  %s = tosa.const_shape {values = dense<[1, 4, 8]> : tensor<3xindex>} : () -> !tosa.shape<3>
  %s2 = tosa.const_shape {values = dense<[4, 8]> : tensor<2xindex>} : () -> !tosa.shape<2>
  %xr = tosa.reshape %x, %s : (tensor<4x8xf32>, !tosa.shape<3>) -> tensor<1x4x8xf32>
  %m3 = tosa.matmul %xr, %w, %z, %z : (tensor<1x4x8xf32>, tensor<1x8x8xf32>, tensor<1xf32>, tensor<1xf32>)
      -> tensor<1x4x8xf32>
  %m = tosa.reshape %m3, %s2 : (tensor<1x4x8xf32>, !tosa.shape<2>) -> tensor<4x8xf32>
  %zero = "tosa.const"() {values = dense<0.1> : tensor<1x1xf32>} : () -> tensor<1x1xf32>
  %g = tosa.greater %m, %zero : (tensor<4x8xf32>, tensor<1x1xf32>) -> tensor<4x8xi1>
  %t = tosa.tanh %m : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = tosa.select %g, %m, %t : (tensor<4x8xi1>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %c = tosa.clamp %y {min_val = -0.5 : f32, max_val = 0.9 : f32} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %f = tosa.floor %c : (tensor<4x8xf32>) -> tensor<4x8xf32>
  %r = tosa.add %c, %f : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %a = tosa.argmax %m {axis = 1 : i32} : (tensor<4x8xf32>) -> tensor<4xi32>
  %idx = "tosa.const"() {values = dense<[[3, 0, 2]]> : tensor<1x3xi32>} : () -> tensor<1x3xi32>
  %ga = tosa.gather %m3, %idx : (tensor<1x4x8xf32>, tensor<1x3xi32>) -> tensor<1x3x8xf32>
  return %r, %a, %ga : tensor<4x8xf32>, tensor<4xi32>, tensor<1x3x8xf32>
}
"""


def test_a_tosa_module(tmp_path: Path) -> None:
    weight = np.random.default_rng(1).normal(0, 8**-0.5, (1, 8, 8)).astype(np.float32)
    (tmp_path / "model.mlir").write_text(TOSA.replace("WEIGHT", str(weight.tolist())))
    expected, actual = as_integers(tmp_path, (4, 8), "model.mlir", "arg0")
    values, classes, rows = expected
    assert decibels(expected[values], actual[values]) >= 25
    assert (expected[classes] == actual[classes]).mean() >= 0.75
    assert decibels(expected[rows], actual[rows]) >= 25
