"""Fixed-point requantize: i64 arithmetic against exact rationals, for every accumulator, multiplier and shift.

Bit vectors at the real width. The 64-bit product is proved to be the exact one by itself (integers); from there it is
one symbol p, of any value that it can have, with the sign that it can have. The definition is a relation between exact
integers of 130 bits: q is the one integer with 2^s q <= p + 2^(s-1) < 2^s (q + 1), the nearest, ties up. With
`double_round` and s > 31 it is that of y with s - 31, where y = floor((p +- 2^30) / 2^31), + for v >= 0.
"""

from dataclasses import replace

import pytest
import z3

from proofs.fixed_point import Requantize, expansion
from proofs.floats import Symbols
from proofs.prove import LONG, Refuted, mutate, prove, run

WIDE = 130
# |v| for zero points of at most 16 bits, times the largest multiplier.
VALUE = 2**31 + 2**16
PRODUCT = VALUE * (2**31 - 1)


def find_products(term: z3.ExprRef) -> list[z3.ExprRef]:
    found: dict[int, z3.ExprRef] = {}

    def visit(x: z3.ExprRef) -> None:
        if x.decl().kind() == z3.Z3_OP_BMUL:
            found[x.get_id()] = x
        for child in x.children():
            visit(child)

    visit(term)
    return list(found.values())


def floor_shift(q: z3.BitVecRef, x: z3.BitVecRef, shift: int) -> z3.BoolRef:
    """q = floor(x / 2^shift), without a shift of x: 2^shift q <= x < 2^shift (q + 1)."""
    return z3.And((q << shift) <= x, x < ((q + 1) << shift))


def check(r: Requantize, error: tuple[str, str] | None = None) -> None:
    text = expansion(r)
    if error:
        text = mutate(text, *error)
    accumulator, multiplier = z3.BitVecs("acc m", 32)
    [result], machine = run(text, Symbols(), [accumulator, multiplier])
    v = z3.SignExt(32, accumulator) - r.zero_in
    [product] = find_products(result)
    assert product.size() == 64
    prove(product == v * z3.SignExt(32, multiplier))
    p = z3.BitVec("p", 64)
    legal = [p >= -PRODUCT, p <= PRODUCT, z3.Implies(v >= 0, p >= 0), z3.Implies(v < 0, p <= 0)]
    for reason, condition in machine.obligations:
        assert not find_products(z3.substitute(condition, (product, p))), reason
        prove(z3.substitute(condition, (product, p)), legal)

    exact, q, y = z3.SignExt(WIDE - 64, p), *z3.BitVecs("q y", WIDE)
    half = z3.BitVecVal(1, WIDE)
    if r.double_round and r.shift > 31:
        nudge = z3.If(v >= 0, half << 30, -(half << 30))
        definition = [floor_shift(y, exact + nudge, 31), floor_shift(q, y + (half << (r.shift - 32)), r.shift - 31)]
    else:
        definition = [floor_shift(q, exact + (half << (r.shift - 1)), r.shift)]
    # Without this bound, 2^shift q could leave even 130 bits.
    bound = half << 66
    definition += [q >= -bound, q <= bound, y >= -bound, y <= bound]
    moved = q + r.zero_out
    clamped = z3.If(moved < r.low, z3.BitVecVal(r.low, WIDE), z3.If(moved > r.high, z3.BitVecVal(r.high, WIDE), moved))
    prove(z3.substitute(result, (product, p)) == z3.Extract(r.width - 1, 0, clamped), legal + definition)


# Up to 31 both roundings are the same module.
SHIFTS = [(s, double) for s in range(2, 63) for double in (False, True) if s > 31 or not double or s in (2, 31) or LONG]


@pytest.mark.parametrize(("shift", "double_round"), SHIFTS)
def test_every_shift(shift: int, double_round: bool) -> None:
    check(Requantize(shift, double_round, zero_out=-3))
    if LONG:
        for r in FORMATS:
            check(replace(r, shift=shift, double_round=double_round))


FORMATS = [
    Requantize(2, False, -32768, 65535, 0, 65535, 16),
    Requantize(38, True, 65535, 128, 0, 255, 8),
    Requantize(31, True, 0, 0, -(2**31), 2**31 - 1, 32),
    Requantize(62, False, 0, 7, -8, 7, 4),
]


@pytest.mark.parametrize("r", FORMATS)
def test_formats_and_zero_points(r: Requantize) -> None:
    check(r)


def test_products_are_exact() -> None:
    """The assumptions about p: the exact product has this bound and this sign, and fits 64 bits with room for r."""
    v, m = z3.Ints("v m")
    legal = z3.And(-VALUE <= v, v <= VALUE, 0 <= m, m <= 2**31 - 1)
    prove(z3.Implies(legal, z3.And(-PRODUCT <= v * m, v * m <= PRODUCT)))
    prove(z3.Implies(z3.And(legal, v >= 0), v * m >= 0))
    prove(z3.Implies(z3.And(legal, v < 0), v * m <= 0))
    assert PRODUCT + 2**61 + 2**30 + 2**16 < 2**63
    with pytest.raises(Refuted):
        prove(z3.Implies(legal, v * m <= PRODUCT - 1))
    # The 16-bit form: values of 48 bits and multipliers of 15.
    short = z3.And(-(2**47) <= v, v < 2**47, 0 <= m, m < 2**15)
    prove(z3.Implies(short, z3.And(v * m >= -PRODUCT, v * m <= PRODUCT)))


def test_the_definition_is_one_number() -> None:
    x, a, b = z3.BitVecs("x a b", WIDE)
    bound = z3.BitVecVal(1, WIDE) << 66
    small = [z3.And(t >= -bound, t <= bound) for t in (a, b)]
    prove(z3.Implies(z3.And(floor_shift(a, x, 9), floor_shift(b, x, 9)), a == b), small)


ERRORS = {
    "half too small": (Requantize(20), (r"value = 524288 : i64", "value = 524287 : i64")),
    "half too large": (Requantize(40), (rf"value = {1 << 39} : i64", f"value = {(1 << 39) + 1} : i64")),
    "shift": (Requantize(33), (r"value = 33 : i64", "value = 32 : i64")),
    "logical shift": (Requantize(12), (r"arith\.shrsi", "arith.shrui")),
    "single for double": (Requantize(35, True), (r"predicate = 5", "predicate = 3")),
    "zero point after the clamp": (Requantize(9, zero_out=1, high=100), (r"value = 100 : i64", "value = 101 : i64")),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    r, change = ERRORS[error]
    with pytest.raises(Refuted):
        check(r, change)


def test_single_and_double_differ() -> None:
    r = Requantize(35, True)
    half, nudge = 1 << 34, 1 << 30
    with pytest.raises(Refuted):
        check(r, (rf"value = {half + nudge} : i64", f"value = {half} : i64"))


def test_overflow_is_found() -> None:
    """With a zero point beyond 16 bits the value leaves its bound, and the product, taken as one of 64 bits, may too."""
    v, m = z3.Ints("v m")
    legal = z3.And(-(2**33) <= v, v <= 2**33, 0 <= m, m <= 2**31 - 1)
    with pytest.raises(Refuted):
        prove(z3.Implies(legal, v * m < 2**63))
