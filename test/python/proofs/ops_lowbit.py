"""The dialect's own operations: what quantize, dequantize and a contraction of dequantized values mean.

These are the definitions that the rewrites are proved against, rules N7, N8, N9 and N11 of docs/numerics.md. A
dequantized value is a number of steps and a scale (`Steps`). A product of two of them, and a sum of such products, stay
exact (N9); where a float is asked for, it is float(steps) * scale, and for a sum float(sum) * (scale * scale) + init
(N11). The interval of the steps is kept, and a sum that may leave 32 bits is an error.
"""

import re
from dataclasses import dataclass
from typing import Any

import z3

from proofs.floats import NEAREST, Ieee
from proofs.ir import Dense, Op, Type, Unknown
from proofs.translate import Buffer, Machine, Tensor, handles


@dataclass(frozen=True)
class Format:
    is_signed: bool
    width: int
    low: int
    high: int
    axis: int | None

    @property
    def storage(self) -> int:
        """The bits of the plain integer."""
        return self.width

    @staticmethod
    def parse_text(text: str) -> "Format":
        return Format.parse(Type(text))

    @staticmethod
    def parse(type: Type) -> "Format":
        match = re.fullmatch(r"!lowbit\.affine<(u?)i(\d+)(?:, (-?\d+):(-?\d+))?(?:, axis = (\d+))?>", type.kind)
        if not match:
            raise Unknown(f"format {type.kind}")
        width = int(match[2])
        low, high = (0, 2**width - 1) if match[1] else (-(2 ** (width - 1)), 2 ** (width - 1) - 1)
        if match[3]:
            low, high = int(match[3]), int(match[4])
        return Format(not match[1], width, low, high, int(match[5]) if match[5] else None)

    def contains(self, x: z3.BitVecRef) -> z3.BoolRef:
        """Of an i32 or of a storage integer of this format."""
        if x.size() == self.width and not self.is_signed:
            return z3.And(z3.UGE(x, self.low), z3.ULE(x, self.high))
        return z3.And(x >= self.low, x <= self.high)

    def widen(self, q: z3.BitVecRef, width: int = 32) -> z3.BitVecRef:
        extend = z3.SignExt if self.is_signed else z3.ZeroExt
        return extend(width - q.size(), q)


@dataclass
class Steps:
    """value * scale, exactly; as a float when `init` is given, init + that."""

    value: z3.BitVecRef
    low: int
    high: int
    scales: tuple[Any, ...]
    init: Any = None

    def __post_init__(self) -> None:
        if not (-(2**31) <= self.low and self.high < 2**31):
            raise Unknown(f"steps in [{self.low}, {self.high}] leave 32 bits")


def combine(name: str, x: tuple[Any, ...]) -> Steps | None:
    """mulf and addf where they are part of a contraction of dequantized values; otherwise None."""
    if len(x) != 2 or not isinstance(x[1], Steps):
        return None
    a, b = x
    if name == "mulf" and isinstance(a, Steps) and len(a.scales) == len(b.scales) == 1:
        ends = [p * q for p in (a.low, a.high) for q in (b.low, b.high)]
        return Steps(a.value * b.value, min(ends), max(ends), a.scales + b.scales)
    if name == "addf" and len(b.scales) == 2:
        if not isinstance(a, Steps):
            return Steps(b.value, b.low, b.high, b.scales, a)
        if a.init is not None and all(s.eq(t) for s, t in zip(a.scales, b.scales, strict=True)):
            return Steps(a.value + b.value, a.low + b.low, a.high + b.high, a.scales, a.init)
    return None


def as_float(machine: Machine, x: Any) -> Any:
    if not isinstance(x, Steps):
        return x
    floats = machine.floats
    scale = x.scales[0]
    for factor in x.scales[1:]:
        scale = floats.op("mulf", scale, factor)
    result = floats.op("mulf", floats.from_signed(x.value), scale)
    # init + y is y where init is +0.0, because y is not -0.0 (lemma in test_lemmas.py).
    if x.init is None or floats.bits(x.init) == 0:
        return result
    return floats.op("addf", x.init, result)


def finish(machine: Machine, x: Any) -> Any:
    if isinstance(x, Tensor):
        return Tensor(x.shape, [as_float(machine, e) for e in x.elements])
    return x if isinstance(x, Buffer) else as_float(machine, x)


@handles("lowbit.storage_cast")
def storage_cast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    types = [type.element or type for type in (*op.operand_types, *op.result_types)]
    [format] = [type for type in types if type.kind.startswith("!")]
    Format.parse(format)  # A packed format has other integers.
    return operands


@handles("lowbit.check_range")
def check_range(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    """The run fails where a number is outside; what follows may take it to be inside. Only known numbers here."""
    lower, upper = (machine.number(op.attribute(name)) for name in ("lower", "upper"))
    for x in operands[0].elements:
        if not lower <= z3.simplify(x).as_signed_long() < upper:
            raise Unknown(f"{op.attribute('message')}")
    return []


@dataclass
class Parameters:
    format: Format
    scales: list[Any]
    zero_points: list[Any]
    known: list[int] | None

    def at(self, index: tuple[int, ...]) -> tuple[Any, z3.BitVecRef, tuple[int, int]]:
        """Scale, zero point, and the interval of the latter."""
        axis = self.format.axis
        i = 0 if axis is None or len(self.scales) == 1 else index[axis]
        z = (self.format.low, self.format.high) if self.known is None else (self.known[i], self.known[i])
        return self.scales[i], self.zero_points[i], z


def segments(op: Op, operands: list[Any]) -> list[list[Any]]:
    """Operands by their names: those of each name."""
    rest, groups = iter(operands), op.attribute("operandSegmentSizes")
    assert isinstance(groups, list)
    return [[next(rest) for _ in range(size)] for size in groups]


def integers(op: Op, name: str, dynamic: list[Any]) -> tuple[list[z3.BitVecRef], list[int] | None]:
    """Zero points as terms and, where they are known, as numbers."""
    given = op.attributes.get(name)
    if isinstance(given, Dense):
        return [z3.BitVecVal(z, 32) for z in given.flat()], given.flat()
    return dynamic[0].elements, None


def parameters(machine: Machine, op: Op, type: Type, operands: list[Any]) -> Parameters:
    format = Format.parse(type.element or type)
    _, scale, zero_point, tensor_scale = segments(op, operands)
    if tensor_scale or "tensor_scale" in op.attributes:
        raise Unknown(f"{op.name} with a tensor scale")
    given = op.attributes.get("scale")
    scales = [machine.floats.constant(s) for s in given.flat()] if isinstance(given, Dense) else scale[0].elements
    points, known = integers(op, "zero_point", zero_point)
    return Parameters(format, scales, points, known)


@handles("lowbit.dequantize")
def dequantize(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    """N8, as a number of steps."""
    p = parameters(machine, op, op.operand_types[0], operands)
    input = operands[0]

    def element(index: tuple[int, ...]) -> Steps:
        s, z, (z_low, z_high) = p.at(index)
        steps = p.format.widen(input[index]) - z
        return Steps(steps, p.format.low - z_high, p.format.high - z_low, (s,))

    return [Tensor.build(input.shape, element)]


def whole(mode: str, x: Any) -> Any:
    """N12: the float `x` as a whole number."""
    modes = {"half_even": NEAREST, "half_away": z3.RNA(), "toward_zero": z3.RTZ(), "floor": z3.RTN()}
    if mode in modes:
        return z3.fpRoundToIntegral(modes[mode], x)
    if mode != "half_up":
        raise Unknown(f"rounding {mode}")
    # A tie has twice itself whole; doubling is exact but where all floats are whole.
    twice = z3.fpAdd(NEAREST, x, x)
    is_tie = z3.And(z3.fpEQ(z3.fpRoundToIntegral(NEAREST, twice), twice), z3.Not(z3.fpIsInf(twice)))
    return z3.If(is_tie, z3.fpRoundToIntegral(z3.RTP(), x), z3.fpRoundToIntegral(NEAREST, x))


def sum_exactly(format: Format, rounded: Any, z: z3.BitVecRef, saturate: bool = True) -> z3.BitVecRef:
    """N7 and N13: a whole float as an exact integer (it has 128 bits before the point), the sum, the clamp."""
    width = 136
    steps = z3.fpToSBV(NEAREST, rounded, z3.BitVecSort(width))
    total = steps + z3.SignExt(width - 32, z)
    low, high = z3.BitVecVal(format.low, width), z3.BitVecVal(format.high, width)
    finite = z3.Extract(31, 0, z3.If(total < low, low, z3.If(total > high, high, total)))
    ends = z3.If(z3.fpIsNegative(rounded), z3.BitVecVal(format.low, 32), z3.BitVecVal(format.high, 32))
    has_end = z3.fpIsInf(rounded)
    if not saturate:
        finite = format.widen(z3.Extract(format.width - 1, 0, total))
        # N13: 2^63 or more saturates.
        has_end = z3.fpGEQ(z3.fpAbs(rounded), z3.FPVal(2.0**63, rounded.sort()))
    return z3.If(z3.fpIsNaN(rounded), z, z3.If(has_end, ends, finite))


def quantize_exactly(machine: Machine, op: Op, format: Format, x: Any, s: Any, z: z3.BitVecRef) -> z3.BitVecRef:
    """N7 with the rounding of N12, or N13: an i32."""
    if not isinstance(machine.floats, Ieee):
        raise Unknown("quantize without a theory of floats")
    rounded = whole(enum(op, "rounding"), machine.floats.op("divf", x, s))
    return sum_exactly(format, rounded, z, bool(machine.number(op.attribute("saturate"))))


def enum(op: Op, name: str) -> str:
    """`half_even` of `#lowbit.rounding<half_even>`."""
    return str(op.attribute(name)).partition("<")[2][:-1]


@handles("lowbit.quantize")
def quantize(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    p = parameters(machine, op, op.result_types[0], operands)

    def element(index: tuple[int, ...]) -> z3.BitVecRef:
        s, z, _ = p.at(index)
        q = quantize_exactly(machine, op, p.format, as_float(machine, operands[0][index]), s, z)
        return z3.Extract(p.format.storage - 1, 0, q)

    return [Tensor.build(operands[0].shape, element)]


@handles("lowbit.fake_quant")
def fake_quant(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    """N7, then N8 on the i32."""
    format = op.attribute("format")
    if not isinstance(format, Type):
        raise Unknown(f"format {format}")
    p = parameters(machine, op, format, operands)

    def element(index: tuple[int, ...]) -> Any:
        s, z, _ = p.at(index)
        q = quantize_exactly(machine, op, p.format, as_float(machine, operands[0][index]), s, z)
        return machine.floats.op("mulf", machine.floats.from_signed(q - z), s)

    return [Tensor.build(operands[0].shape, element)]
