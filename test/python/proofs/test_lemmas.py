"""Facts about binary32 that the other proofs use; z3's theory of floats."""

import pytest
import z3

from proofs.floats import F32, NEAREST
from proofs.prove import Refuted, prove

x, s = z3.FP("x", F32), z3.FP("s", F32)
plus_zero = z3.fpPlusZero(F32)


def positive(s: z3.FPRef) -> z3.BoolRef:
    return z3.And(z3.fpIsNormal(s), z3.fpIsPositive(s))


def same_bits(a: z3.FPRef, b: z3.FPRef) -> z3.BoolRef:
    """The equality of z3: +0.0 is not -0.0, and a NaN is one."""
    return a == b


def test_zero_times_a_scale_is_plus_zero() -> None:
    """dequantize(zero point) = +0.0, what a border is padded with (N2)."""
    zero = z3.fpSignedToFP(NEAREST, z3.BitVecVal(0, 32), F32)
    claim = same_bits(z3.fpMul(NEAREST, zero, s), plus_zero)
    prove(claim, [positive(s)])
    with pytest.raises(Refuted):
        prove(claim, [z3.Or(positive(s), z3.fpIsInf(s))])
    with pytest.raises(Refuted):
        prove(claim)


def test_adding_a_result_to_plus_zero_changes_nothing() -> None:
    """An epilogue leaves out an init of +0.0: what it adds to is not -0.0."""
    claim = same_bits(z3.fpAdd(NEAREST, plus_zero, x), x)
    prove(claim, [z3.Not(z3.And(z3.fpIsZero(x), z3.fpIsNegative(x)))])
    with pytest.raises(Refuted):
        prove(claim)


def test_a_result_is_not_minus_zero() -> None:
    """float(i) * s: +0.0 for i = 0, and at least s / 2 in magnitude otherwise, for a product of scales (N3: normal)."""
    i = z3.BitVec("i", 32)
    whole = z3.fpSignedToFP(NEAREST, i, F32)
    minus_zero = z3.And(z3.fpIsZero(whole), z3.fpIsNegative(whole))
    prove(z3.Not(minus_zero))
    one = z3.FPVal(1.0, F32)
    prove(z3.Implies(i != 0, z3.fpGEQ(z3.fpAbs(whole), one)))
    # A float of at least 1 times a normal number is at least that number; multiplication is monotonic, so 1 decides.
    prove(same_bits(z3.fpMul(NEAREST, one, s), s), [positive(s)])


def test_bounds_of_a_clamp_are_floats_exactly() -> None:
    """|qmin - zp| and |qmax - zp| are below 2^17, and such integers are floats exactly (N7 in compiled code)."""
    i = z3.BitVec("i", 32)
    back = z3.fpToSBV(z3.RTZ(), z3.fpSignedToFP(NEAREST, i, F32), z3.BitVecSort(32))
    prove(back == i, [i > -(2**17), i < 2**17])
    with pytest.raises(Refuted):
        prove(back == i, [i >= 0, i <= 2**24 + 1])


def test_products_and_sums_commute() -> None:
    prove(z3.fpAdd(NEAREST, x, s) == z3.fpAdd(NEAREST, s, x))
