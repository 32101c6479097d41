"""arith and math, on scalars and element by element on vectors, as the dialects' documentation defines them."""

from collections.abc import Callable
from typing import Any

import z3

from proofs.ir import Dense, Number, Op, Type, Unknown
from proofs.ops_lowbit import as_float, combine
from proofs.translate import Machine, Tensor, handles


def lift(function: Callable[..., Any], operands: list[Any]) -> Any:
    vectors = [x for x in operands if isinstance(x, Tensor)]
    if not vectors:
        return function(*operands)
    columns = [x.elements if isinstance(x, Tensor) else [x] * len(vectors[0].elements) for x in operands]
    return Tensor(vectors[0].shape, [function(*row) for row in zip(*columns, strict=True)])


def scalar(type: Type) -> Type:
    return type.element or type


@handles("arith.constant")
def constant(machine: Machine, op: Op, _: list[Any]) -> list[Any]:
    value = op.attribute("value")
    if isinstance(value, Number):
        return [machine.constant(value.value, value.type)]
    if isinstance(value, Dense):
        element = scalar(value.type)
        shape = tuple(extent or 0 for extent in value.type.shape)
        return [Tensor(shape, [machine.constant(x, element) for x in value.flat()])]
    raise Unknown(f"constant {value}")


INTEGER: dict[str, Callable[[Any, Any], Any]] = {
    "arith.addi": lambda a, b: a + b,
    "arith.subi": lambda a, b: a - b,
    "arith.muli": lambda a, b: a * b,
    "arith.andi": lambda a, b: a & b,
    "arith.ori": lambda a, b: a | b,
    "arith.xori": lambda a, b: a ^ b,
    "arith.shli": lambda a, b: a << b,
    "arith.shrsi": lambda a, b: a >> b,
    "arith.shrui": z3.LShR,
    "arith.maxsi": lambda a, b: z3.If(a >= b, a, b),
    "arith.minsi": lambda a, b: z3.If(a <= b, a, b),
    "arith.maxui": lambda a, b: z3.If(z3.UGE(a, b), a, b),
    "arith.minui": lambda a, b: z3.If(z3.ULE(a, b), a, b),
}
INDEX: dict[str, Callable[[int, int], int]] = {
    "arith.addi": lambda a, b: a + b,
    "arith.subi": lambda a, b: a - b,
    "arith.muli": lambda a, b: a * b,
    "arith.divui": lambda a, b: a // b,
    "arith.remui": lambda a, b: a % b,
    "arith.minsi": min,
    "arith.maxsi": max,
    "arith.minui": min,
    "arith.maxui": max,
}
UNSIGNED = {"arith.divui", "arith.remui", "arith.minui", "arith.maxui"}
OVERFLOW = {
    "arith.addi": (z3.BVAddNoOverflow, z3.BVAddNoUnderflow),
    "arith.subi": (z3.BVSubNoOverflow, z3.BVSubNoUnderflow),
    "arith.muli": (z3.BVMulNoOverflow, z3.BVMulNoUnderflow),
}


def check_overflow(machine: Machine, op: Op, a: Any, b: Any) -> None:
    flags = str(op.attributes.get("overflowFlags", "none"))
    for flag, signed in (("nsw", True), ("nuw", False)):
        if flag not in flags:
            continue
        if op.name not in OVERFLOW or (op.name == "arith.subi" and not signed):
            raise Unknown(f"{op.name} with {flag}")
        above, below = OVERFLOW[op.name]
        if op.name == "arith.subi":
            machine.oblige(f"{op.name} {flag}", z3.And(above(a, b), below(a, b, signed)))
        else:
            machine.oblige(f"{op.name} {flag}", above(a, b, signed))
            if signed:
                machine.oblige(f"{op.name} {flag}", below(a, b))


@handles(*(INTEGER.keys() | INDEX.keys()))
def integer(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    if scalar(op.result_types[0]).kind == "index":
        function = INDEX.get(op.name)
        if not function:
            raise Unknown(f"{op.name} on index")

        def on_index(a: int, b: int) -> int:
            result = function(a, b)
            if not -(2**63) <= result < 2**63 or (op.name in UNSIGNED and min(a, b) < 0):
                raise Unknown(f"{op.name} of {a} and {b} on index")
            return result

        return [lift(on_index, operands)]

    def on_bits(a: z3.BitVecRef, b: z3.BitVecRef) -> z3.BitVecRef:
        check_overflow(machine, op, a, b)
        if op.name.startswith("arith.sh"):
            machine.oblige(f"{op.name} by less than the width", z3.ULT(b, a.size()))
        result = INTEGER[op.name](a, b)
        # The shift of signed to unsigned bytes gets a name, so that proofs can say what it is once.
        if op.name == "arith.xori" and a.size() == 8 and z3.is_bv_value(b) and not z3.is_bv_value(a):
            return machine.name(result)
        return result

    return [lift(on_bits, operands)]


@handles("arith.extsi", "arith.extui", "arith.trunci")
def resize(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    width = scalar(op.result_types[0]).width

    def convert(x: z3.BitVecRef) -> z3.BitVecRef:
        if op.name == "arith.extsi":
            return z3.SignExt(width - x.size(), x)
        if op.name == "arith.extui":
            return z3.ZeroExt(width - x.size(), x)
        flags = str(op.attributes.get("overflowFlags", "none"))
        low = z3.Extract(width - 1, 0, x)
        if "nsw" in flags:
            machine.oblige("arith.trunci nsw", z3.SignExt(x.size() - width, low) == x)
        if "nuw" in flags:
            machine.oblige("arith.trunci nuw", z3.ZeroExt(x.size() - width, low) == x)
        return low

    return [lift(convert, operands)]


@handles("arith.index_cast")
def index_cast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    target = scalar(op.result_types[0])
    if target.kind == "index":
        raise Unknown("an index from data")
    return [lift(lambda x: z3.BitVecVal(x, target.width), operands)]


def boolean(condition: Any) -> z3.BitVecRef:
    if isinstance(condition, bool):
        return z3.BitVecVal(int(condition), 1)
    return z3.If(condition, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))


# eq, ne, slt, sle, sgt, sge, ult, ule, ugt, uge
COMPARE: list[Callable[[Any, Any], Any]] = [
    lambda a, b: a == b,
    lambda a, b: a != b,
    lambda a, b: a < b,
    lambda a, b: a <= b,
    lambda a, b: a > b,
    lambda a, b: a >= b,
    z3.ULT,
    z3.ULE,
    z3.UGT,
    z3.UGE,
]


@handles("arith.cmpi")
def compare(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    predicate = machine.number(op.attribute("predicate"))
    if scalar(op.operand_types[0]).kind == "index" and predicate > 5:
        raise Unknown("an unsigned comparison of index")
    return [lift(lambda a, b: boolean(COMPARE[predicate](a, b)), operands)]


@handles("arith.select")
def select(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    def choose(condition: z3.BitVecRef, a: Any, b: Any) -> Any:
        if isinstance(a, int):
            return a if z3.simplify(condition).as_long() else b
        a, b = (as_float(machine, x) for x in (a, b))
        return z3.If(condition == 1, a, b)

    return [lift(choose, operands)]


# Floats.
FLOAT = ["arith.divf", "arith.mulf", "arith.addf", "arith.subf", "arith.maximumf", "arith.minimumf"]
FLOAT += [f"math.{name}" for name in ("roundeven", "trunc", "floor", "absf", "copysign")]


@handles(*FLOAT)
def float_op(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    if op.attributes.get("fastmath", "#arith.fastmath<none>") != "#arith.fastmath<none>":
        raise Unknown(f"{op.name} with {op.attributes['fastmath']}")
    name = op.name.split(".")[1]

    def apply(*x: Any) -> Any:
        exact = combine(name, x)
        return exact or machine.floats.op(name, *[as_float(machine, value) for value in x])

    return [lift(apply, operands)]


@handles("arith.cmpf")
def compare_floats(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    predicate = machine.number(op.attribute("predicate"))
    return [lift(lambda a, b: boolean(machine.floats.compare(predicate, a, b)), operands)]


@handles("arith.sitofp")
def from_integer(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    return [lift(machine.floats.from_signed, operands)]


@handles("arith.fptosi")
def to_integer(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    def convert(x: Any) -> z3.BitVecRef:
        result, defined = machine.floats.to_signed(x, scalar(op.result_types[0]).width)
        machine.oblige("arith.fptosi in range", defined)
        return result

    return [lift(convert, operands)]


@handles("arith.bitcast")
def bitcast(machine: Machine, op: Op, operands: list[Any]) -> list[Any]:
    types = (scalar(op.operand_types[0]).kind, scalar(op.result_types[0]).kind)
    if types == ("f32", "i32"):
        return [lift(machine.floats.to_bits, operands)]
    if types == ("i32", "f32"):
        return [lift(machine.floats.from_bits, operands)]
    if types == ("f8E8M0FNU", "i8"):
        return operands
    raise Unknown(f"bitcast of {types[0]} to {types[1]}")
