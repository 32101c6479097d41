"""lowbit-fold-qdq: moving integers against moving floats, and look-ups in integer tables.

Floats are functions without meaning, so equal results come from equal operations on equal integers. One fact about them
is used where a border is padded: 0 * scale is +0.0 for every finite positive scale (test_lemmas.py).
"""

import pytest
import z3

from proofs.floats import Symbols
from proofs.prove import Refuted, arguments_of, flatten, mutate, prove_equal, prove_obligations, run, run_pass

PASS = "--lowbit-fold-qdq"

PAD = """
!q = !lowbit.affine<{format}>
func.func @main(%x: tensor<2x3x!q>) -> tensor<4x5xf32> {{
  %zero = arith.constant 0.0 : f32
  %d = lowbit.dequantize %x {{scale = dense<0.5> : tensor<f32>, zero_point = dense<{zero_point}> : tensor<i32>}} : tensor<2x3x!q> -> tensor<2x3xf32>
  %p = tensor.pad %d low[1, 0] high[1, 2] {{
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  }} : tensor<2x3xf32> to tensor<4x5xf32>
  return %p : tensor<4x5xf32>
}}"""

PAD_DYNAMIC = """
!q = !lowbit.affine<{format}>
func.func @main(%x: tensor<3x!q>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<5xf32> {{
  %zero = arith.constant 0.0 : f32
  %d = lowbit.dequantize %x scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<3x!q> -> tensor<3xf32>
  %p = tensor.pad %d low[1] high[1] {{
  ^bb0(%i: index):
    tensor.yield %zero : f32
  }} : tensor<3xf32> to tensor<5xf32>
  return %p : tensor<5xf32>
}}"""

# The axis of the scales goes along: 0 to 1 by the transpose, 1 to 2 by the reshape.
MOVE = """
!q = !lowbit.affine<i8, -127:127, axis = 0>
func.func @main(%x: tensor<3x4x!q>) -> (tensor<2x2x3xf32>, tensor<12xf32>, tensor<3x2xf32>) {
  %p = lowbit.dequantize %x {scale = dense<[1.0, 2.0, 3.0]> : tensor<3xf32>, zero_point = dense<[5, -1, 0]> : tensor<3xi32>} : tensor<3x4x!q> -> tensor<3x4xf32>
  %e = tensor.empty() : tensor<4x3xf32>
  %t = linalg.transpose ins(%p : tensor<3x4xf32>) outs(%e : tensor<4x3xf32>) permutation = [1, 0]
  %r = tensor.expand_shape %t [[0, 1], [2]] output_shape [2, 2, 3] : tensor<4x3xf32> into tensor<2x2x3xf32>
  %c = tensor.collapse_shape %p [[0, 1]] : tensor<3x4xf32> into tensor<12xf32>
  %s = tensor.extract_slice %p[0, 1] [3, 2] [1, 2] : tensor<3x4xf32> to tensor<3x2xf32>
  return %r, %c, %s : tensor<2x2x3xf32>, tensor<12xf32>, tensor<3x2xf32>
}"""

LOOKUP = """
!q = !lowbit.affine<{format}>
func.func @main(%t: tensor<3x2x!q>, %ids: tensor<4xindex>) -> tensor<4x2xf32> {{
  %d = lowbit.dequantize %t {{scale = dense<{scale}> : tensor<{n}f32>, zero_point = dense<{zero_point}> : tensor<{n}i32>}} : tensor<3x2x!q> -> tensor<3x2xf32>
  %e = tensor.empty() : tensor<4x2xf32>
  %x = linalg.generic {{
      indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>],
      iterator_types = ["parallel", "parallel"]}}
      ins(%ids : tensor<4xindex>) outs(%e : tensor<4x2xf32>) {{
  ^bb0(%id: index, %o: f32):
    %j = linalg.index 1 : index
    %v = tensor.extract %d[%id, %j] : tensor<3x2xf32>
    linalg.yield %v : f32
  }} -> tensor<4x2xf32>
  return %x : tensor<4x2xf32>
}}"""


def zero_is_exact(floats: Symbols, terms: list) -> list[z3.BoolRef]:
    """float(0) * s = +0.0 for each scale s in `terms`."""
    zero = floats.from_signed(z3.BitVecVal(0, 32))
    found = {}

    def visit(x: z3.ExprRef) -> None:
        if x.decl().name() == "mulf":
            for scale in (x.arg(0), x.arg(1)):
                found[floats.op("mulf", zero, scale).sexpr()] = floats.op("mulf", zero, scale)
        for child in x.children():
            visit(child)

    for term in terms:
        visit(term)
    return [product == floats.constant(0) for product in found.values()]


def check(source: str, error: tuple[str, str] | None = None, index: list[int] | None = None) -> None:
    floats = Symbols()
    before, after = run_pass(source), run_pass(source, PASS)
    if error:
        after = mutate(after, *error)
    inputs = [] if index else arguments_of(before, floats)
    if index:
        inputs = lookup_arguments(before, floats, index)
    expected, _ = run(before, floats, inputs, "before.")
    actual, emitted = run(after, floats, inputs, "after.")
    assumptions = zero_is_exact(floats, flatten(actual))
    if "zero_point(%z" in source:  # The zero point is one of the format.
        z = inputs[2].elements[0]
        low, high = (0, 255) if "ui8" in source else (-128, 127)
        assumptions += [z >= low, z <= high]
    prove_equal(expected, actual, assumptions)
    prove_obligations(emitted, assumptions)


def lookup_arguments(text: str, floats: Symbols, index: list[int]) -> list:
    from proofs.prove import function
    from proofs.translate import Machine, Tensor

    _, type = function(text).regions[0][0].arguments[0]
    return [Machine(floats).argument("t", type), Tensor((len(index),), list(index))]


@pytest.mark.parametrize(("format", "zero_point"), [("i8", -3), ("i8", -128), ("ui8", 200), ("i16", 4000), ("ui4", 9)])
def test_pad(format: str, zero_point: int) -> None:
    source = PAD.format(format=format, zero_point=zero_point)
    assert "tensor.pad" in run_pass(source, PASS)
    check(source)


@pytest.mark.parametrize("format", ["i8", "ui8"])
def test_pad_with_a_run_time_zero_point(format: str) -> None:
    check(PAD_DYNAMIC.format(format=format))


def test_movement() -> None:
    assert "tensor<2x2x3x!lowbit.affine<i8, -127:127, axis = 2>>" in run_pass(MOVE, PASS)
    check(MOVE)


TABLES = [
    {"format": "i8, -127:127, axis = 0", "scale": "[1.0, 2.0, 3.0]", "zero_point": "0", "n": "3x"},
    {"format": "i8, axis = 1", "scale": "[1.0, 2.0]", "zero_point": "[4, -128]", "n": "2x"},
    {"format": "ui8", "scale": "0.5", "zero_point": "128", "n": ""},
    {"format": "i8", "scale": "0.5", "zero_point": "0", "n": ""},
]


@pytest.mark.parametrize("table", TABLES)
def test_look_up(table: dict[str, str]) -> None:
    check(LOOKUP.format(**table), index=[2, 0, 1, 2])


def test_errors_are_found() -> None:
    pad = PAD.format(format="i8", zero_point=-3)
    with pytest.raises(Refuted):  # padded with 0
        check(pad, (r"value = -3 : i8", "value = 0 : i8"))
    with pytest.raises(Refuted):  # another zero point after the movement
        check(pad, (r"dense<-3>", "dense<-4>"))
    with pytest.raises(Refuted):  # a zero point that is extended without its sign
        check(
            PAD_DYNAMIC.format(format="i8"),
            (r"arith\.trunci\"\(%(\d+)\)[^\n]*", r'arith.constant"() <{value = 0 : i8}> : () -> i8'),
        )
    with pytest.raises(Refuted):  # the axis of the scales lost
        check(MOVE, (r"dense<\[5, -1, 0\]>", "dense<[-1, 5, 0]>"))
    with pytest.raises(Refuted):
        check(MOVE, (r"static_offsets = array<i64: 0, 1>", "static_offsets = array<i64: 0, 0>"))
    with pytest.raises(Refuted):
        check(LOOKUP.format(**TABLES[0]), (r"arith\.extsi", "arith.extui"), index=[2, 0, 1, 2])
    with pytest.raises(Refuted):
        check(LOOKUP.format(**TABLES[1]), (r"dense<\[4, -128\]>", "dense<[4, 127]>"), index=[2, 0, 1, 2])
