"""lowbit-vectorize-generics: vector loops over the integer parts of an epilogue against the loops they stand for.

Sums of zero points are added lane by lane, then across lanes in any order; masked lanes take no part. Integers are
bit vectors of 32 bits, floats functions without meaning. Every element and every run-time zero point is a symbol.
"""

import pytest

from proofs.floats import Symbols
from proofs.prove import Refuted, arguments_of, mutate, prove_equal, prove_obligations, run, run_pass
from proofs.translate import Buffer

PASS = "--lowbit-vectorize-generics"


def weighted_sum(rows: int, columns: int, kept: str) -> str:
    """sum (x - y) * z over the other dimension, as lowbit-lower-contractions emits it."""
    size, kinds = (rows, '"parallel", "reduction"') if kept == "i" else (columns, '"reduction", "parallel"')
    return f"""
func.func @main(%a: memref<{rows}x{columns}xi8>, %za: memref<i32>, %zb: memref<i32>, %o: memref<{size}xi32>) {{
  linalg.generic {{
      indexing_maps = [affine_map<(i, k) -> (i, k)>, affine_map<(i, k) -> ()>, affine_map<(i, k) -> ()>, affine_map<(i, k) -> ({kept})>],
      iterator_types = [{kinds}]}}
      ins(%a, %za, %zb : memref<{rows}x{columns}xi8>, memref<i32>, memref<i32>) outs(%o : memref<{size}xi32>) {{
  ^bb0(%x: i8, %y: i32, %z: i32, %acc: i32):
    %0 = arith.extsi %x : i8 to i32
    %1 = arith.subi %0, %y : i32
    %2 = arith.muli %1, %z : i32
    %3 = arith.addi %acc, %2 : i32
    linalg.yield %3 : i32
  }}
  return
}}"""


EPILOGUE = """
func.func @main(%acc: memref<2x21xi32>, %b: memref<21xi32>, %a: memref<2xi32>, %s: memref<21xf32>, %o: memref<2x21xf32>) {
  linalg.generic {
      indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i)>,
                       affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}
      ins(%acc, %b, %a, %s : memref<2x21xi32>, memref<21xi32>, memref<2xi32>, memref<21xf32>) outs(%o : memref<2x21xf32>) {
  ^bb0(%x: i32, %y: i32, %z: i32, %f: f32, %out: f32):
    %0 = arith.subi %x, %y : i32
    %1 = arith.subi %0, %z : i32
    %2 = arith.sitofp %1 : i32 to f32
    %3 = arith.mulf %2, %f : f32
    linalg.yield %3 : f32
  }
  return
}"""

CASES = {
    "along lanes": weighted_sum(2, 21, "i"),
    "along lanes, many": weighted_sum(1, 83, "i"),
    "along lanes, few": weighted_sum(2, 3, "i"),
    "across rows": weighted_sum(3, 21, "k"),
    "epilogue": EPILOGUE,
}


def check(source: str, error: tuple[str, str, int] | None = None) -> None:
    floats = Symbols()
    after = run_pass(source, PASS)
    assert "linalg." not in after and "vector." in after
    if error:
        after = mutate(after, *error)
    expected = arguments_of(source_text := run_pass(source), floats)
    emitted = [Buffer(list(x.cells), x.offset, x.shape, x.strides) for x in expected]
    run(source_text, floats, expected, "before.")
    _, machine = run(after, floats, emitted, "after.")
    prove_equal(expected, emitted)
    prove_obligations(machine)


@pytest.mark.parametrize("case", CASES)
def test_equal(case: str) -> None:
    check(CASES[case])


ERRORS = {
    "the greatest of the lanes": ("along lanes", r"#vector.kind<add>", "#vector.kind<maxsi>", 0),
    "masked lanes counted": (
        "along lanes",
        r"\"arith\.select\"\((%[\w#]+), (%[\w#]+), (%[\w#]+)\)",
        r'"arith.select"(\1, \2, \2)',
        0,
    ),
    "sum for difference": ("across rows", r"arith\.subi(?=[^\n]*vector)", "arith.addi", 1),
    "first correction": ("epilogue", r"arith\.subi(?=[^\n]*vector)", "arith.addi", 1),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    case, old, new, count = ERRORS[error]
    with pytest.raises(Refuted):
        check(CASES[case], (old, new, count))
