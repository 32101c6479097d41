"""lowbit-lower-qdq: quantize, dequantize and fake_quant against what is emitted (rules N7, N8, N12, N13).

Floats are z3's theory of binary32, and the quotient x / scale is any float: NaN, infinities, zeros and subnormals
included. The definition adds the zero point in an exact integer and clamps then; what is emitted clamps first. Run-time
zero points are any integer of the format. That fptosi is defined is proved too.
"""

import pytest
import z3

from proofs.floats import Ieee, Symbols
from proofs.ops_lowbit import Format
from proofs.prove import LONG, Refuted, arguments_of, mutate, prove_equal, prove_obligations, run, run_pass
from proofs.translate import Tensor

PASS = "--lowbit-lower-qdq"
FORMATS = ["i8", "i8, -127:127", "ui8", "ui8, 1:255", "i16", "ui16", "i4", "i2", "i5, -3:11", "ui2"]


def quantize(format: str, zero_point: int | None, mode: str = "half_even", saturate: bool = True) -> str:
    type = f"!lowbit.affine<{format}>"
    plain = f"i{Format.parse_text(type).width}"
    rounding = f"rounding = #lowbit.rounding<{mode}>, saturate = {str(saturate).lower()}"
    if zero_point is None:
        arguments = ", %s: tensor<f32>, %z: tensor<i32>"
        parameters = f"scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) {{{rounding}}}"
    else:
        arguments = ""
        parameters = (
            f"{{scale = dense<0.37> : tensor<f32>, zero_point = dense<{zero_point}> : tensor<i32>, {rounding}}}"
        )
    return f"""
func.func @main(%x: tensor<1xf32>{arguments}) -> tensor<1x{plain}> {{
  %q = lowbit.quantize %x {parameters} : tensor<1xf32> -> tensor<1x{type}>
  %i = lowbit.storage_cast %q : tensor<1x{type}> to tensor<1x{plain}>
  return %i : tensor<1x{plain}>
}}"""


def fake_quant(format: str) -> str:
    type = f"!lowbit.affine<{format}>"
    return f"""
func.func @main(%x: tensor<1xf32>, %s: tensor<f32>, %z: tensor<i32>) -> tensor<1xf32> {{
  %f = lowbit.fake_quant %x as {type} scale(%s : tensor<f32>) zero_point(%z : tensor<i32>) : tensor<1xf32> -> tensor<1xf32>
  return %f : tensor<1xf32>
}}"""


def zero_points(format: str) -> list[int | None]:
    f = Format.parse_text(f"!lowbit.affine<{format}>")
    if LONG:
        return [None, *range(f.low, f.high + 1, max(1, (f.high - f.low) // 16))]
    return [None, *sorted({f.low, f.high} if f.width <= 8 else {f.low + 100})]


def check(source: str, format: str, error: tuple[str, str, int] | None = None) -> None:
    floats = Ieee()
    after = run_pass(source, PASS)
    assert "arith.fptosi" in after
    if error:
        after = mutate(after, *error)
    before = run_pass(source)
    inputs = arguments_of(before, floats)
    assumptions = []
    if len(inputs) == 3:
        assert isinstance(inputs[2], Tensor)
        assumptions.append(Format.parse_text(f"!lowbit.affine<{format}>").contains(inputs[2].elements[0]))
    expected, _ = run(before, floats, inputs, "before.")
    actual, emitted = run(after, floats, inputs, "after.")
    prove_equal(expected, actual, assumptions)
    assert prove_obligations(emitted, assumptions) > 0


@pytest.mark.parametrize("format", FORMATS)
def test_quantize(format: str) -> None:
    for zero_point in zero_points(format):
        check(quantize(format, zero_point), format)


# N13. A rounding and a format with each; half_away and toward_zero are those of test_requantize.py.
WRAPPED = [("i8", None, "half_even"), ("ui2", 2, "half_up"), ("i4", -8, "floor"), ("ui16", None, "toward_zero")]
if LONG:
    MODES = ["half_even", "half_away", "half_up", "toward_zero", "floor"]
    WRAPPED += [(format, None, mode) for format in ("i8", "ui8", "i16") for mode in MODES]


@pytest.mark.parametrize("case", WRAPPED, ids=str)
def test_quantize_without_saturation(case: tuple[str, int | None, str]) -> None:
    format, zero_point, mode = case
    check(quantize(format, zero_point, mode, saturate=False), format)


WRAPPED_ERRORS = {
    "modulus": (WRAPPED[0], r"value = 255 : i64", "value = 127 : i64", 0),
    "offset": (WRAPPED[2], r"value = -8 : i64", "value = 0 : i64", 1),
    "end of the positive": (WRAPPED[0], r"predicate = 2", "predicate = 4", 0),
    "zero point of NaN": (WRAPPED[1], r"predicate = 14", "predicate = 7", 0),
    "tie": (WRAPPED[1], r"predicate = 3", "predicate = 2", 0),
}


@pytest.mark.parametrize("error", WRAPPED_ERRORS)
def test_wrapped_errors_are_found(error: str) -> None:
    (format, zero_point, mode), old, new, count = WRAPPED_ERRORS[error]
    with pytest.raises(Refuted):
        check(quantize(format, zero_point, mode, saturate=False), format, (old, new, count))


def test_beyond_64_bits_is_undefined_where_it_is_not_replaced() -> None:
    after = run_pass(quantize("i8", 3, saturate=False), PASS)
    after = mutate(after, r"value = 9\.22337203E\+18", "value = 9.22337314E+18")
    floats = Ieee()
    _, emitted = run(after, floats, arguments_of(after, floats))
    with pytest.raises(Refuted):
        prove_obligations(emitted)


@pytest.mark.parametrize("format", ["i8", "ui8"])
def test_fake_quant(format: str) -> None:
    check(fake_quant(format), format)


ERRORS = {
    "upper bound": ("i8", 3, r"value = 1\.240000e\+02", "value = 1.250000e+02", 0),
    "lower bound": ("ui8", 3, r"value = -3\.000000e\+00", "value = -2.000000e+00", 0),
    "no zero point": ("i8", 3, r"(\"arith\.addi\")", r'"arith.subi"', 0),
    "NaN": ("i8", 3, r"predicate = 14", "predicate = 7", 0),
    "run-time bound": ("i8", None, r"value = 127 : i32", "value = 128 : i32", 0),
    "order of the clamp": ("i8", None, r"arith\.maximumf", "arith.minimumf", 1),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    format, zero_point, old, new, count = ERRORS[error]
    with pytest.raises(Refuted):
        check(quantize(format, zero_point), format, (old, new, count))


def test_a_missing_clamp_is_undefined() -> None:
    source = quantize("i8", 3)
    after = run_pass(source, PASS)
    after = mutate(after, r"value = 1\.240000e\+02", "value = 0x7F800000")
    floats = Ieee()
    _, emitted = run(after, floats, arguments_of(after, floats))
    with pytest.raises(Refuted):
        prove_obligations(emitted)


DEQUANTIZE = """
!q = !lowbit.affine<{0}, axis = 1>
func.func @main(%i: tensor<2x2x{1}>) -> tensor<2x2xf32> {{
  %q = lowbit.storage_cast %i : tensor<2x2x{1}> to tensor<2x2x!q>
  %d = lowbit.dequantize %q {{scale = dense<[1.5, 0.1]> : tensor<2xf32>, zero_point = dense<[{2}]> : tensor<2xi32>}} : tensor<2x2x!q> -> tensor<2x2xf32>
  return %d : tensor<2x2xf32>
}}"""


def check_dequantize(format: str, points: str, error: tuple[str, str] | None = None) -> None:
    floats = Symbols()
    width = Format.parse_text(f"!lowbit.affine<{format}>").width
    source = DEQUANTIZE.format(format, f"i{width}", points)
    after = run_pass(source, PASS)
    if error:
        after = mutate(after, *error)
    inputs = arguments_of(after, floats)
    prove_equal(run(run_pass(source), floats, inputs)[0], run(after, floats, inputs)[0])


@pytest.mark.parametrize(
    ("format", "points"), [("i8", "3, -4"), ("ui8", "0, 255"), ("i16", "-32768, 7"), ("ui4", "8, 8")]
)
def test_dequantize(format: str, points: str) -> None:
    check_dequantize(format, points)


def test_a_sign_that_is_lost_is_found() -> None:
    with pytest.raises(Refuted):
        check_dequantize("i8", "3, -4", (r"arith\.extsi", "arith.extui"))


def test_clamping_in_a_narrow_type_is_wrong() -> None:
    """The definition is not the sum modulo 2^8: this would be the error that quantizers of 8-bit sums have."""
    x = z3.BitVec("x", 32)
    narrow = z3.SignExt(24, z3.Extract(7, 0, x) + z3.BitVecVal(3, 8))
    wide = z3.If(x + 3 > 127, z3.BitVecVal(127, 32), x + 3)
    with pytest.raises(Refuted):
        prove_equal([narrow], [wide], [x >= -128, x <= 127])
