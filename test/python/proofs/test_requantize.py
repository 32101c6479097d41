"""Fixed-point requantize: the i64 arithmetic that is emitted against exact rationals, for every accumulator, multiplier
and shift (N15); and the float one (N14), whose product is any float.

Bit vectors at the real width. The 64-bit product is proved to be the exact one by itself (integers); from there it is
one symbol p, of any value that it can have, with the sign that it can have. The definition is a relation between exact
integers of 130 bits: q is the one integer with 2^s q <= p + 2^(s-1) < 2^s (q + 1), the nearest, ties up. With
`double_round` and s > 31 it is that of y with s - 31, where y = floor((p +- 2^30) / 2^31), + for v >= 0.
"""

from dataclasses import replace

import pytest
import z3

from proofs.fixed_point import PASS, Emitted, Requantize, execute
from proofs.floats import Ieee, Symbols
from proofs.ops_lowbit import Format, sum_exactly, whole
from proofs.prove import LONG, Refuted, function, mutate, prove, prove_equal, prove_obligations, run_pass
from proofs.translate import Machine, Tensor

WIDE = 130
# |v|, an accumulator or a code less a zero point of at most 16 bits, times the largest multiplier.
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
    from_format = r.source_format
    accumulator = z3.BitVec("acc", from_format.width if from_format else 32)
    multiplier = z3.BitVec("m", 32)
    result, machine = execute(EMITTED.of(r, error), Symbols(), accumulator, multiplier)
    v = from_format.widen(accumulator, 64) if from_format else z3.SignExt(32, accumulator)
    v = v - r.zero_in
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
    moved, low, high = q + r.zero_out, *(z3.BitVecVal(end, WIDE) for end in (r.format.low, r.format.high))
    clamped = z3.If(moved < low, low, z3.If(moved > high, high, moved))
    prove(z3.substitute(result, (product, p)) == z3.Extract(r.format.width - 1, 0, clamped), legal + definition)


SHIFTS = [(s, double) for s in range(2, 63) for double in (False, True)]
FORMATS = [
    Requantize(2, False, -32768, 65535, "i16", "ui16"),
    Requantize(38, True, 65535, 128, "ui16", "ui8"),
    Requantize(31, True, -128, 0, "i8", "i16"),
    Requantize(45, True, 255, -3, "ui8", "i8, -127:127"),
    Requantize(62, False, 0, 7, "i32", "i4"),
    Requantize(33, True, 3, 1, "i4", "ui2"),
]
CASES = [Requantize(shift, double, zero_out=-3) for shift, double in SHIFTS] + FORMATS
if LONG:
    CASES += [replace(r, shift=shift, double_round=double) for r in FORMATS for shift, double in SHIFTS]
EMITTED = Emitted(CASES)


@pytest.mark.parametrize("r", EMITTED.cases, ids=str)
def test_every_shift(r: Requantize) -> None:
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
    "half too small": (Requantize(20), (r"arith\.shli", "arith.shrui")),
    "shift": (Requantize(33), (r"value = 33 : i32", "value = 32 : i32")),
    "logical shift": (Requantize(12), (r"arith\.shrsi", "arith.shrui")),
    "rounding of negative values": (Requantize(35, True), (r"predicate = 5", "predicate = 3")),
    "double at 31": (Requantize(31, True), (r"predicate = 4", "predicate = 5")),
    "single for double": (Requantize(35, True), (r"value = -1073741824 : i64", "value = 1073741824 : i64")),
    "upper bound": (Requantize(9, zero_out=1), (r"value = 127 : i64", "value = 126 : i64")),
    "zero point after the clamp": (Requantize(9, zero_out=1), (r"value = 1 : i32", "value = 2 : i32")),
    "zero point of the operand": (FORMATS[1], (r"value = 65535 : i64", "value = 65534 : i64")),
    "sign of the operand": (FORMATS[3], (r"arith\.extui", "arith.extsi")),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    r, change = ERRORS[error]
    with pytest.raises(Refuted):
        check(r, change)


def test_overflow_is_found() -> None:
    """With a zero point beyond 16 bits the value leaves its bound, and the product, taken as one of 64 bits, may too."""
    v, m = z3.Ints("v m")
    legal = z3.And(-(2**33) <= v, v <= 2**33, 0 <= m, m <= 2**31 - 1)
    with pytest.raises(Refuted):
        prove(z3.Implies(legal, v * m < 2**63))


# The float one, N14.
FLOAT = """
func.func @main(%x: {plain}, %s: tensor<f32>, %z: tensor<i32>) -> i{width} {{
  {cast}
  %q = lowbit.requantize %v scale(%s : tensor<f32>) {point} {{input_zero_point = {zero_in} : i32, {given}
      rounding = #lowbit.rounding<{mode}>}} : {source} -> !lowbit.affine<{target}>
  %i = lowbit.storage_cast %q : !lowbit.affine<{target}> to i{width}
  return %i : i{width}
}}"""


def check_float(
    source: str, zero_in: int, target: str, zero_out: int | None, mode: str, error: tuple[str, str] | None = None
) -> None:
    to_format = Format.parse_text(f"!lowbit.affine<{target}>")
    from_format = None if source == "i32" else Format.parse_text(f"!lowbit.affine<{source}>")
    fields = {"plain": source, "source": source, "cast": "", "target": target, "width": to_format.width, "mode": mode}
    text = FLOAT
    if from_format:
        fields |= {"plain": f"i{from_format.width}", "source": f"!lowbit.affine<{source}>"}
        fields["cast"] = f"%v = lowbit.storage_cast %x : {fields['plain']} to {fields['source']}"
    else:
        text = text.replace("%v", "%x")
    given = "" if zero_out is None else f"zero_point = dense<{zero_out}> : tensor<i32>,"
    point = "zero_point(%z : tensor<i32>)" if zero_out is None else ""
    text = run_pass(text.format(**fields, zero_in=zero_in, given=given, point=point), PASS)
    if error:
        text = mutate(text, *error)
    floats = Ieee(opaque=("mulf",))
    x = z3.BitVec("x", from_format.width if from_format else 32)
    scale, zero = floats.variable("s"), z3.BitVec("z", 32)
    machine = Machine(floats)
    [result] = machine.run(function(text), [x, Tensor((), [scale]), Tensor((), [zero])])
    steps = from_format.widen(x) - zero_in if from_format else x
    [(product, *factors)] = floats.results.values()
    prove_equal(factors, [floats.from_signed(steps), scale])
    z = zero if zero_out is None else z3.BitVecVal(zero_out, 32)
    expected = z3.Extract(to_format.width - 1, 0, sum_exactly(to_format, whole(mode, product), z))
    legal = [to_format.contains(zero)]
    prove(result == expected, legal)
    assert prove_obligations(machine, legal) > 0


FLOAT_CASES = [
    ("i32", 0, "i8", 3, "half_even"),
    ("i32", 0, "i4", None, "half_even"),
    ("i32", 0, "i8", -7, "half_away"),
    ("i8", -128, "ui8", 200, "half_up"),
    ("ui16", 65535, "i16", 300, "toward_zero"),
    ("i4", 7, "i8, -127:127", -127, "floor"),
]
if LONG:
    MODES = ["half_even", "half_away", "half_up", "toward_zero", "floor"]
    FLOAT_CASES += [("ui16", 9, target, None, mode) for target in ("i16", "ui16", "ui3, 1:6") for mode in MODES]


@pytest.mark.parametrize("case", FLOAT_CASES, ids=str)
def test_float(case: tuple[str, int, str, int | None, str]) -> None:
    check_float(*case)


FLOAT_ERRORS = [
    (FLOAT_CASES[0], (r"value = 1\.240000e\+02", "value = 1.250000e+02")),
    (FLOAT_CASES[2], (r"value = 5\.000000e-01", "value = 2.500000e-01")),
    (FLOAT_CASES[3], (r"predicate = 3", "predicate = 2")),
    (FLOAT_CASES[4], (r"math\.trunc", "math.floor")),
    (FLOAT_CASES[5], (r"arith\.extsi(?=[^\n]*i32)", "arith.extui")),
]


@pytest.mark.parametrize("error", FLOAT_ERRORS, ids=str)
def test_float_errors_are_found(error: tuple[tuple[str, int, str, int | None, str], tuple[str, str]]) -> None:
    case, change = error
    with pytest.raises(Refuted):
        check_float(*case, error=change)
