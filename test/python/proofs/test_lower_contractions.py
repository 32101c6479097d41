"""lowbit-lower-contractions: a contraction of dequantized values against the integer contraction that is emitted.

Before: the module as it was, with the dialect's definitions (N8, N9, N11; ops_lowbit.py). After: what the pass emits.
Integers are bit vectors at the real width; floats are functions without meaning. All values of the operands and of
run-time zero points are covered; shapes, scales and known zero points are those of each case. That no sum leaves 32
bits, so that the equality modulo 2^32 is one of integers, is proved by induction below, for every length.
"""

import re

import pytest
import z3

from proofs.floats import Symbols
from proofs.ir import Unknown, functions, read
from proofs.prove import LONG, Refuted, arguments_of, mutate, prove, prove_equal, prove_obligations, run, run_pass

PASS = "--lowbit-lower-contractions"


def parameters(scale: float | str, zero_point: int | str, size: str = "") -> str:
    return f"{{scale = dense<{scale}> : tensor<{size}f32>, zero_point = dense<{zero_point}> : tensor<{size}i32>}}"


def matmul(k: int, za: int, zb: int, a: str = "i8", b: str = "i8") -> str:
    return f"""
!a = !lowbit.affine<{a}>
!b = !lowbit.affine<{b}>
func.func @main(%a: tensor<2x{k}x!a>, %b: tensor<{k}x2x!b>, %init: tensor<2x2xf32>) -> tensor<2x2xf32> {{
  %ad = lowbit.dequantize %a {parameters(0.5, za)} : tensor<2x{k}x!a> -> tensor<2x{k}xf32>
  %bd = lowbit.dequantize %b {parameters(0.3, zb)} : tensor<{k}x2x!b> -> tensor<{k}x2xf32>
  %y = linalg.matmul ins(%ad, %bd : tensor<2x{k}xf32>, tensor<{k}x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}}"""


ZERO_INIT = """
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<{0}xf32>
  %init = linalg.fill ins(%zero : f32) outs(%e : tensor<{0}xf32>) -> tensor<{0}xf32>"""

DYNAMIC = """
!a = !lowbit.affine<i8>
func.func @main(%a: tensor<1x2x?x!a>, %b: tensor<1x?x2x!a>, %sa: tensor<f32>, %za: tensor<i32>,
                %sb: tensor<f32>, %zb: tensor<i32>, %init: tensor<1x2x2xf32>) -> tensor<1x2x2xf32> {
  %ad = lowbit.dequantize %a scale(%sa : tensor<f32>) zero_point(%za : tensor<i32>) : tensor<1x2x?x!a> -> tensor<1x2x?xf32>
  %bd = lowbit.dequantize %b scale(%sb : tensor<f32>) zero_point(%zb : tensor<i32>) : tensor<1x?x2x!a> -> tensor<1x?x2xf32>
  %y = linalg.batch_matmul ins(%ad, %bd : tensor<1x2x?xf32>, tensor<1x?x2xf32>) outs(%init : tensor<1x2x2xf32>) -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}"""

# Weights with a scale for each column, known at compile time: za * sum(b) is a constant that the pass computes.
WEIGHTS = f"""
!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 1>
func.func @main(%a: tensor<2x5x!a>) -> tensor<2x3xf32> {{
  %i = arith.constant dense<[[127, -127, 3], [127, -127, 0], [1, -90, 7], [126, 2, -1], [127, -127, 5]]> : tensor<5x3xi8>
  %w = lowbit.storage_cast %i : tensor<5x3xi8> to tensor<5x3x!w>
  %ad = lowbit.dequantize %a {parameters(0.5, -100)} : tensor<2x5x!a> -> tensor<2x5xf32>
  %wd = lowbit.dequantize %w {parameters("[0.5, 0.1, 2.0]", 0, "3x")} : tensor<5x3x!w> -> tensor<5x3xf32>
{ZERO_INIT.format("2x3")}
  %y = linalg.matmul ins(%ad, %wd : tensor<2x5xf32>, tensor<5x3xf32>) outs(%init : tensor<2x3xf32>) -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}}"""

# The same with run-time parameters of the activation.
WEIGHTS_DYNAMIC = f"""
!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 1>
func.func @main(%a: tensor<2x3x!a>, %sa: tensor<f32>, %za: tensor<i32>) -> tensor<2x2xf32> {{
  %i = arith.constant dense<[[127, -127], [127, -127], [1, -90]]> : tensor<3x2xi8>
  %w = lowbit.storage_cast %i : tensor<3x2xi8> to tensor<3x2x!w>
  %ad = lowbit.dequantize %a scale(%sa : tensor<f32>) zero_point(%za : tensor<i32>) : tensor<2x3x!a> -> tensor<2x3xf32>
  %wd = lowbit.dequantize %w {parameters("[0.5, 0.1]", 0, "2x")} : tensor<3x2x!w> -> tensor<3x2xf32>
{ZERO_INIT.format("2x2")}
  %y = linalg.matmul ins(%ad, %wd : tensor<2x3xf32>, tensor<3x2xf32>) outs(%init : tensor<2x2xf32>) -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}}"""

# Transposed operands and result; an outer product of batch and head dimensions.
CONTRACT = f"""
!a = !lowbit.affine<i8>
func.func @main(%a: tensor<2x3x2x!a>, %b: tensor<2x2x3x!a>) -> tensor<2x2x2xf32> {{
  %ad = lowbit.dequantize %a {parameters(0.5, 11)} : tensor<2x3x2x!a> -> tensor<2x3x2xf32>
  %bd = lowbit.dequantize %b {parameters(0.25, -7)} : tensor<2x2x3x!a> -> tensor<2x2x3xf32>
{ZERO_INIT.format("2x2x2")}
  %y = linalg.contract
      indexing_maps = [affine_map<(h, i, j, k) -> (h, k, i)>, affine_map<(h, i, j, k) -> (j, h, k)>, affine_map<(h, i, j, k) -> (h, j, i)>]
      ins(%ad, %bd : tensor<2x3x2xf32>, tensor<2x2x3xf32>) outs(%init : tensor<2x2x2xf32>) -> tensor<2x2x2xf32>
  return %y : tensor<2x2x2xf32>
}}"""

# Borders of zeros, which phase 5 makes borders of the zero point: both passes run.
CONVOLUTION = f"""
!a = !lowbit.affine<i8>
!w = !lowbit.affine<i8, -127:127, axis = 3>
func.func @main(%x: tensor<1x3x3x2x!a>, %w: tensor<2x2x2x2x!w>) -> tensor<1x2x2x2xf32> {{
  %xd = lowbit.dequantize %x {parameters(0.5, -5)} : tensor<1x3x3x2x!a> -> tensor<1x3x3x2xf32>
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %xd low[0, 1, 1, 0] high[0, 0, 1, 0] {{
  ^bb0(%n: index, %h: index, %v: index, %c: index):
    tensor.yield %zero : f32
  }} : tensor<1x3x3x2xf32> to tensor<1x4x5x2xf32>
  %wd = lowbit.dequantize %w {parameters("[0.5, 0.1]", 0, "2x")} : tensor<2x2x2x2x!w> -> tensor<2x2x2x2xf32>
  %e = tensor.empty() : tensor<1x2x2x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf {{strides = dense<2> : tensor<2xi64>, dilations = dense<1> : tensor<2xi64>}}
      ins(%p, %wd : tensor<1x4x5x2xf32>, tensor<2x2x2x2xf32>) outs(%f : tensor<1x2x2x2xf32>) -> tensor<1x2x2x2xf32>
  return %y : tensor<1x2x2x2xf32>
}}"""

CASES = {
    "one product": (matmul(1, 3, -128), {}),
    "no zero points": (matmul(2, 0, 0), {}),
    "left zero point": (matmul(3, -7, 0), {}),
    "right zero point": (matmul(3, 0, 127), {}),
    "extreme zero points": (matmul(5, -128, 127), {}),
    "narrow ranges": (matmul(4, 5, -9, "i8, -127:127", "i8, -9:100"), {}),
    "run-time parameters": (DYNAMIC, {0: (1, 2, 3), 1: (1, 3, 2)}),
    "constant weights": (WEIGHTS, {}),
    "constant weights, run-time parameters": (WEIGHTS_DYNAMIC, {}),
    "contract": (CONTRACT, {}),
}
if LONG:
    CASES |= {f"{k} products": (matmul(k, -128, 127), {}) for k in (16, 33, 128)}
    CASES["40 products, run-time parameters"] = (DYNAMIC, {0: (1, 2, 40), 1: (1, 40, 2)})


def check(source: str, shapes: dict[int, tuple[int, ...]], error: tuple[str, str, int] | None = None) -> None:
    floats = Symbols()
    before = run_pass(source)
    after = run_pass(source, PASS)
    assert "linalg.matmul" in after or "linalg.batch_matmul" in after or "linalg.contract" in after
    if error:
        after = mutate(after, *error)
    inputs = arguments_of(before, floats, shapes)
    expected, defined = run(before, floats, inputs, "before.")
    actual, emitted = run(after, floats, inputs, "after.")
    prove_equal(expected, actual)
    prove_obligations(defined)
    prove_obligations(emitted)


@pytest.mark.parametrize("case", CASES)
def test_equal(case: str) -> None:
    check(*CASES[case])


# An addition for a subtraction in the epilogue or in (a - za); a zero point that is off by one; a sum that is left out.
ERRORS = {
    "sum of b added": ("extreme zero points", r"arith\.subi(?=[^\n]*\n[^\n]*arith\.sitofp)", "arith.addi", 0),
    "zero point of a": ("extreme zero points", r"value = -128 : i32", "value = -127 : i32", 0),
    "zero point of b": ("right zero point", r"value = 127 : i32", "value = 126 : i32", 0),
    "run-time zero point": ("run-time parameters", r"arith\.subi", "arith.addi", 1),
    "constant sum": ("constant weights", r"dense<\[(-?\d+), ", "dense<[1, ", 0),
    "maps": ("contract", r"\(d0, d3, d1\)", "(d0, d3, d2)", 0),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    case, old, new, count = ERRORS[error]
    with pytest.raises(Refuted):
        check(*CASES[case], error=(old, new, count))


def convolution(text: str) -> str:
    return run_pass(text, "--lowbit-fold-qdq", PASS, "--lowbit-lower-qdq")


def check_convolution(error: tuple[str, str] | None = None) -> None:
    """Before, the border is 0.0 and not a number of steps, so the definition is that of phase 5's output: a border of
    the zero point (proved in test_fold_qdq.py)."""
    floats = Symbols()
    before = run_pass(CONVOLUTION, "--lowbit-fold-qdq")
    after = convolution(CONVOLUTION)
    if error:
        after = mutate(after, *error)
    inputs = arguments_of(before, floats)
    prove_equal(run(before, floats, inputs, "before.")[0], run(after, floats, inputs, "after.")[0])


def test_convolution() -> None:
    check_convolution()


def test_convolution_padded_with_zero_is_wrong() -> None:
    with pytest.raises(Refuted):
        check_convolution((r"value = -5 : i8", "value = 0 : i8"))


# How long a sum may be.
def limit_at_run_time() -> int:
    after = run_pass(DYNAMIC, PASS)
    match = re.search(r"upper = (\d+) : i64", after)
    assert match
    return int(match[1]) - 1


def prove_bound(limit: int, magnitude: int) -> None:
    """By induction: after k products the sum is within k * magnitude; after `limit` of them within 32 bits."""
    total, product, k = z3.Ints("total product k")
    inside = z3.And(-k * magnitude <= total, total <= k * magnitude)
    step = z3.And(-magnitude <= product, product <= magnitude)
    after = total + product
    prove(z3.Implies(z3.And(k >= 0, inside, step), z3.And(-(k + 1) * magnitude <= after, after <= (k + 1) * magnitude)))
    prove(z3.Implies(z3.And(k >= 0, k <= limit, inside), z3.And(-(2**31) <= total, total <= 2**31 - 1)))


def prove_magnitude(magnitude: int, a_zero: tuple[int, int] | None, b_zero: tuple[int, int] | None) -> None:
    """|(a - za) * (b - zb)| <= magnitude for bytes; without zero points the product of the contraction itself."""
    a, b = z3.BitVecs("a b", 8)
    factors, assumptions = [], []
    for byte, zero in ((a, a_zero), (b, b_zero)):
        wide = z3.SignExt(24, byte)
        if zero:
            z = z3.BitVec(f"z{byte}", 32)
            assumptions += [z >= zero[0], z <= zero[1]]
            wide = wide - z
        factors.append(wide)
    # The factors fit 9 bits, so their product is exact in 20, which ends sooner.
    small = [z3.Extract(19, 0, factor) for factor in factors]
    for factor, part in zip(factors, small, strict=True):
        prove(z3.And(factor == z3.SignExt(12, part), factor >= -255, factor <= 255), assumptions)
    x, y = z3.Ints("x y")
    ends = [(-128 - zero[1], 127 - zero[0]) if zero else (-128, 127) for zero in (a_zero, b_zero)]
    box = z3.And(x >= ends[0][0], x <= ends[0][1], y >= ends[1][0], y <= ends[1][1])
    prove(z3.Implies(box, z3.And(-magnitude <= x * y, x * y <= magnitude)))


def test_sums_of_run_time_zero_points_fit() -> None:
    limit = limit_at_run_time()
    prove_magnitude(255 * 255, (-128, 127), (-128, 127))
    prove_bound(limit, 255 * 255)
    prove_bound(limit, 128 * 128)  # the contraction itself
    with pytest.raises(Refuted):
        prove_bound(limit + 1, 255 * 255)
    with pytest.raises(Refuted):
        prove_magnitude(255 * 255 - 1, (-128, 127), (-128, 127))


@pytest.mark.parametrize(("za", "zb"), [(0, 0), (3, -128), (-128, 127), (127, 127), (-1, 1)])
def test_known_zero_points_are_refused_from_the_proven_length_on(za: int, zb: int) -> None:
    magnitude = max(max(za + 128, 127 - za) * max(zb + 128, 127 - zb), 128 * 128)
    prove_magnitude(magnitude, (za, za), (zb, zb))
    limit = (2**31 - 1) // magnitude
    prove_bound(limit, magnitude)
    with pytest.raises(Refuted):
        prove_bound(limit + 1, magnitude)
    assert "xi32>" in run_pass(matmul(limit, za, zb), PASS)
    assert "may not fit 32 bits" in run_pass(matmul(limit + 1, za, zb), PASS)


def test_the_reader_is_strict() -> None:
    with pytest.raises(Unknown, match=r"operation arith\.ceildivsi"):
        text = run_pass("func.func @main(%a: i8) -> i8 {\n %b = arith.ceildivsi %a, %a : i8\n return %b : i8\n}")
        run(text, Symbols(), [z3.BitVec("a", 8)])
    with pytest.raises(Unknown):
        functions(read('"builtin.module"() ({\n}) : () -> () trailing'))
