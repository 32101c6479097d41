"""Small floats by lowbit-lower-qdq: encoding of every f32 and decoding of every code against rule N25.

The definition is the table of docs/numerics.md and exact fractions: the code of x is that of the nearest value, ties to
the even code, so each code has an interval of magnitudes, whose ends are halfway to its neighbours. The intervals follow
each other from 0 to infinity. For each of them z3 proves what is emitted, for both signs; beyond them are the NaNs. Where
an operation divides by a scale, the quotient is any bits.
"""

import struct
from dataclasses import dataclass
from fractions import Fraction

import pytest
import z3

from proofs.floats import F32, Ieee
from proofs.prove import Refuted, function, mutate, prove, run_pass
from proofs.translate import Machine, Tensor

PASS = "--lowbit-lower-qdq"
INFINITY = 0x7F800000


@dataclass(frozen=True)
class Small:
    name: str
    exponent: int
    mantissa: int
    bias: int
    largest: Fraction
    infinity: int | None
    nan: int | None

    @property
    def width(self) -> int:
        return 1 + self.exponent + self.mantissa

    def value(self, code: int) -> Fraction:
        """Of a code without a sign, also of one beyond the last, as if exponents had no end."""
        field, rest = code >> self.mantissa, code & ((1 << self.mantissa) - 1)
        if field:
            return Fraction(2) ** (field - self.bias - self.mantissa) * (rest + (1 << self.mantissa))
        return Fraction(2) ** (1 - self.bias - self.mantissa) * rest

    @property
    def finite(self) -> int:
        """The code of the largest value."""
        return next(c for c in range(2**self.width) if self.value(c) == self.largest)

    def intervals(self, saturate: bool) -> list[tuple[int, int, int]]:
        """Of magnitudes, as bits: the first, the last, the code."""
        found, first = [], 0
        for code in range(self.finite + 1):
            halfway = bits_of((self.value(code) + self.value(code + 1)) / 2)
            last = halfway - code % 2  # A tie goes to the even code.
            found.append((first, last, code))
            first = last + 1
        beyond = self.finite if saturate or self.nan is None else self.nan if self.infinity is None else self.infinity
        return [*found, (first, INFINITY, beyond)]


def bits_of(x: Fraction) -> int:
    packed = struct.pack("<f", float(x))
    assert Fraction(struct.unpack("<f", packed)[0]) == x, "no f32"
    return struct.unpack("<I", packed)[0]


FORMATS = [
    Small("f8E4M3FN", 4, 3, 7, Fraction(448), None, 0x7F),
    Small("f8E5M2", 5, 2, 15, Fraction(57344), 0x7C, 0x7F),
    Small("f6E3M2FN", 3, 2, 3, Fraction(28), None, None),
    Small("f6E2M3FN", 2, 3, 1, Fraction(15, 2), None, None),
    Small("f4E2M1FN", 2, 1, 1, Fraction(6), None, None),
]
BY_NAME = {f.name: f for f in FORMATS}


def encoding(f: Small, saturate: bool) -> str:
    return run_pass(
        f"""
func.func @main(%x: f32) -> i{f.width} {{
  %q = lowbit.quantize %x {{scale = dense<0.3> : tensor<f32>, saturate = {str(saturate).lower()}}} : f32 -> !lowbit.float<{f.name}>
  %i = lowbit.storage_cast %q : !lowbit.float<{f.name}> to i{f.width}
  return %i : i{f.width}
}}""",
        PASS,
    )


def encoded(text: str) -> tuple[z3.BitVecRef, z3.BitVecRef]:
    """The code of a quotient, and the bits of that."""
    floats = Ieee()
    machine = Machine(floats)
    [result] = machine.run(function(text), [floats.variable("x")])
    [(quotient, *_)] = floats.results.values()
    for reason, condition in machine.obligations:
        assert reason.endswith("by less than the width")
        prove(condition)
    return result, floats.to_bits(quotient)


def check_encode(f: Small, saturate: bool, error: tuple[str, str] | None = None) -> None:
    text = encoding(f, saturate)
    result, quotient = encoded(mutate(text, *error) if error else text)
    sign, magnitude = z3.BitVec("sign", 1), z3.BitVec("magnitude", 31)
    result = z3.simplify(z3.substitute(result, (quotient, z3.Concat(sign, magnitude))))
    intervals, last = f.intervals(saturate), -1
    for first, end, code in intervals:
        assert first == last + 1 and end >= first
        last = end
        expected = z3.BitVecVal(code, f.width)
        # In 8-bit formats the NaN of an overflow keeps its sign too (N25).
        expected = expected | (z3.ZeroExt(f.width - 1, sign) << (f.width - 1))
        prove(result == expected, [z3.ULE(first, magnitude), z3.ULE(magnitude, end)])
    assert last == INFINITY
    nan = f.finite if f.nan is None else f.nan
    prove(result == nan, [z3.UGT(magnitude, INFINITY)])


@pytest.mark.parametrize("saturate", [True, False])
@pytest.mark.parametrize("name", BY_NAME)
def test_encode(name: str, saturate: bool) -> None:
    check_encode(BY_NAME[name], saturate)


ENCODE_ERRORS = {
    "ties away": ("f4E2M1FN", True, r"arith\.andi(?=[^\n]*\n[^\n]*value = 1 : i32)", "arith.ori"),
    "steps of the lowest binade": ("f6E2M3FN", True, r"value = 127 : i32", "value = 126 : i32"),
    "all bits lost": ("f6E3M2FN", True, r"value = 26 : i32", "value = 22 : i32"),
    "overflow": ("f8E5M2", False, r"value = 124 : i32", "value = 125 : i32"),
    "NaN": ("f8E4M3FN", True, r"value = 2139095040 : i32", "value = 2139095039 : i32"),
    "sign": ("f8E4M3FN", False, r"value = 128 : i32", "value = 64 : i32"),
}


@pytest.mark.parametrize("error", ENCODE_ERRORS)
def test_errors_of_encoding_are_found(error: str) -> None:
    name, saturate, *change = ENCODE_ERRORS[error]
    with pytest.raises(Refuted):
        check_encode(BY_NAME[name], saturate, tuple(change))


MX = """
!q = !lowbit.float<f8E5M2, scale = f8E8M0FNU>
func.func @main(%x: tensor<1xf32>, %s: tensor<f8E8M0FNU>) -> tensor<1xi8> {
  %q = lowbit.quantize %x scale(%s : tensor<f8E8M0FNU>) : tensor<1xf32> -> tensor<1x!q>
  %i = lowbit.storage_cast %q : tensor<1x!q> to tensor<1xi8>
  return %i : tensor<1xi8>
}"""


def test_a_scale_that_is_nan_gives_zeros() -> None:
    """N27; with any other scale, the code of the quotient."""
    floats, scale = Ieee(), z3.BitVec("scale", 8)
    text = run_pass(MX, PASS)
    [result], _ = run_with(text, floats, [Tensor((1,), [floats.variable("x")]), Tensor((), [scale])])
    [(quotient, *_)] = floats.results.values()
    alone, bits = encoded(encoding(BY_NAME["f8E5M2"], True))
    alone = z3.substitute(alone, (bits, floats.to_bits(quotient)))
    prove(result == z3.If(scale == 0xFF, z3.BitVecVal(0, 8), alone))
    with pytest.raises(Refuted):
        prove(result == alone)


def run_with(text: str, floats: Ieee, arguments: list) -> tuple[list, Machine]:
    machine = Machine(floats)
    [result] = machine.run(function(text), arguments)
    return (result.elements if isinstance(result, Tensor) else [result]), machine


def decoding(f: Small) -> str:
    return run_pass(
        f"""
func.func @main(%i: i{f.width}) -> f32 {{
  %q = lowbit.storage_cast %i : i{f.width} to !lowbit.float<{f.name}>
  %x = lowbit.dequantize %q {{scale = dense<1.0> : tensor<f32>}} : !lowbit.float<{f.name}> -> f32
  return %x : f32
}}""",
        PASS,
    )


def check_decode(f: Small, error: tuple[str, str] | None = None) -> None:
    """Code by code, which is all of them."""
    text = decoding(f)
    if error:
        text = mutate(text, *error)
    for code in range(2**f.width):
        [x], _ = run_with(text, Ieee(opaque=()), [z3.BitVecVal(code, f.width)])
        magnitude, negative = code % 2 ** (f.width - 1), code >= 2 ** (f.width - 1)
        if magnitude <= f.finite:
            expected = bits_of(f.value(magnitude))
        elif magnitude == f.infinity:
            expected = INFINITY
        else:
            prove(z3.fpIsNaN(x))
            continue
        # The equality of z3: -0 is not +0.
        prove(x == z3.fpBVToFP(z3.BitVecVal(expected | negative << 31, 32), F32))


@pytest.mark.parametrize("name", BY_NAME)
def test_decode(name: str) -> None:
    check_decode(BY_NAME[name])


DECODE_ERRORS = {
    "subnormal": ("f8E4M3FN", r"value = 0\.001953125", "value = 0.00390625"),
    "bias": ("f6E3M2FN", r"value = 1040187392 : i32", "value = 1048576000 : i32"),
    "first normal": ("f6E2M3FN", r"value = 8 : i32", "value = 7 : i32"),
    "infinity": ("f8E5M2", r"value = 124 : i32", "value = 125 : i32"),
    "sign": ("f4E2M1FN", r"value = 28 : i32", "value = 27 : i32"),
}


@pytest.mark.parametrize("error", DECODE_ERRORS)
def test_errors_of_decoding_are_found(error: str) -> None:
    name, *change = DECODE_ERRORS[error]
    with pytest.raises(Refuted):
        check_decode(BY_NAME[name], tuple(change))


POWERS = """
!q = !lowbit.float<f8E4M3FN, axis = 0, scale = f8E8M0FNU>
func.func @main(%i: tensor<1xi8>, %s: tensor<1xf8E8M0FNU>) -> tensor<1xf32> {
  %q = lowbit.storage_cast %i : tensor<1xi8> to tensor<1x!q>
  %x = lowbit.dequantize %q scale(%s : tensor<1xf8E8M0FNU>) : tensor<1x!q> -> tensor<1xf32>
  return %x : tensor<1xf32>
}"""


def check_powers(error: tuple[str, str] | None = None) -> None:
    """f8E8M0FNU as a scale of 1: 2^(code - 127), and NaN."""
    text = run_pass(POWERS, PASS)
    if error:
        text = mutate(text, *error)
    one = next(c for c in range(128) if BY_NAME["f8E4M3FN"].value(c) == 1)
    for code in range(256):
        arguments = [Tensor((1,), [z3.BitVecVal(byte, 8)]) for byte in (one, code)]
        [x], _ = run_with(text, Ieee(opaque=()), arguments)
        if code == 255:
            prove(z3.fpIsNaN(x))
        else:
            prove(x == z3.fpBVToFP(z3.BitVecVal(bits_of(Fraction(2) ** (code - 127)), 32), F32))


def test_powers_of_two() -> None:
    check_powers()
    with pytest.raises(Refuted):
        check_powers((r"value = 4194304 : i32", "value = 2097152 : i32"))
    with pytest.raises(Refuted):
        check_powers((r"value = 255 : i32", "value = 256 : i32"))
