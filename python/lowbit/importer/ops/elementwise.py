"""Elementwise operators: one generic each, the scalar arithmetic below."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..body import Body
from ..broadcast import elementwise
from ..context import Context, handles
from ..errors import Unsupported
from ..graph import Node
from ..values import BORDER_CODES, Const, Value, plain_element_type, storage_type

Unary = Callable[[Body, str, dict[str, Any]], str]


def _gelu(b: Body, x: str, attrs: dict[str, Any]) -> str:
    half, one = b.const(0.5), b.const(1.0)
    if attrs.get("approximate", "none") == "tanh":
        cube = b.op("arith.mulf", b.op("arith.mulf", x, x), x)
        inner = b.op("arith.addf", x, b.op("arith.mulf", b.const(0.044715), cube))
        bend = b.op("math.tanh", b.op("arith.mulf", b.const(math.sqrt(2.0 / math.pi)), inner))
    else:
        bend = b.op("math.erf", b.op("arith.mulf", x, b.const(math.sqrt(0.5))))
    return b.op("arith.mulf", b.op("arith.mulf", half, x), b.op("arith.addf", one, bend))


def sigmoid(b: Body, x: str) -> str:
    """1 / (1 + exp(-x))."""
    one = b.const(1.0)
    return b.op("arith.divf", one, b.op("arith.addf", one, b.op("math.exp", b.op("arith.negf", x))))


def _bounded_line(b: Body, x: str, slope: float, shift: float) -> str:
    line = b.op("arith.addf", b.op("arith.mulf", b.const(slope), x), b.const(shift))
    return b.extreme("max", b.const(0.0), b.extreme("min", b.const(1.0), line))


def _leaky(b: Body, x: str, attrs: dict[str, Any]) -> str:
    scaled = b.op("arith.mulf", b.const(attrs.get("alpha", 0.01)), x)
    return b.select(b.compare("lt", x, b.const(0.0)), scaled, x)


def _elu(b: Body, x: str, attrs: dict[str, Any]) -> str:
    less = b.op("arith.subf", b.op("math.exp", x), b.const(1.0))
    return b.select(b.compare("lt", x, b.const(0.0)), b.op("arith.mulf", b.const(attrs.get("alpha", 1.0)), less), x)


def _softplus(b: Body, x: str, attrs: dict[str, Any]) -> str:
    """log(1 + exp(x)) as max(x, 0) + log(1 + exp(-|x|))."""
    small = b.op("math.exp", b.op("arith.negf", b.op("math.absf", x)))
    tail = b.op("math.log", b.op("arith.addf", b.const(1.0), small))
    return b.op("arith.addf", b.extreme("max", x, b.const(0.0)), tail)


FLOAT_UNARY: dict[str, Unary] = {
    "Gelu": _gelu,
    "Sigmoid": lambda b, x, _: sigmoid(b, x),
    "LeakyRelu": _leaky,
    "Elu": _elu,
    "Softplus": _softplus,
    "HardSigmoid": lambda b, x, a: _bounded_line(b, x, a.get("alpha", 0.2), a.get("beta", 0.5)),
    "HardSwish": lambda b, x, _: b.op("arith.mulf", x, _bounded_line(b, x, 1.0 / 6.0, 0.5)),
    "Erf": lambda b, x, _: b.op("math.erf", x),
    "Tanh": lambda b, x, _: b.op("math.tanh", x),
    "Exp": lambda b, x, _: b.op("math.exp", x),
    "Log": lambda b, x, _: b.op("math.log", x),
    "Sqrt": lambda b, x, _: b.op("math.sqrt", x),
    "Reciprocal": lambda b, x, _: b.op("arith.divf", b.const(1.0), x),
    "Floor": lambda b, x, _: b.op("math.floor", x),
    "Ceil": lambda b, x, _: b.op("math.ceil", x),
    "Round": lambda b, x, _: b.op("math.roundeven", x),
}


@handles(*FLOAT_UNARY)
def float_unary(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    need_float(x)
    build = FLOAT_UNARY[node.op]
    return elementwise(ctx, [x], lambda b, v: build(b, v[0], node.attrs), x.dtype, node.outputs[0])


@handles("Relu", "Abs", "Neg")
def number_unary(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    need_number(x)

    def build(b: Body, v: list[str]) -> str:
        if node.op == "Relu":
            return b.extreme("max", v[0], b.const(0))
        if x.dtype == "f32":
            return b.op("math.absf" if node.op == "Abs" else "arith.negf", v[0])
        return b.op("math.absi", v[0]) if node.op == "Abs" else b.arith("sub", b.const(0), v[0])

    return elementwise(ctx, [x], build, x.dtype, node.outputs[0])


def need_float(value: Value) -> None:
    if value.dtype != "f32":
        raise Unsupported(f"on element type {value.dtype}; float32 is expected")


def need_number(value: Value) -> None:
    if value.dtype == "i1":
        raise Unsupported("on element type bool; a number type is expected")


def _operands(ctx: Context, node: Node) -> list[Value]:
    values = [ctx.value(node, i) for i in range(len(node.inputs))]
    if len({v.dtype for v in values}) > 1:
        raise Unsupported(f"operands of different element types: {', '.join(v.dtype for v in values)}")
    return values


@handles("Add", "Sub", "Mul", "Sum", "Mean", "Max", "Min")
def arithmetic(ctx: Context, node: Node) -> Value:
    values = _operands(ctx, node)
    need_number(values[0])
    if node.op == "Mean":
        need_float(values[0])

    def build(b: Body, v: list[str]) -> str:
        total = v[0]
        for other in v[1:]:
            if node.op in ("Max", "Min"):
                total = b.extreme(node.op.lower(), total, other)
            else:
                total = b.arith({"Sub": "sub", "Mul": "mul"}.get(node.op, "add"), total, other)
        return b.op("arith.mulf", total, b.const(1.0 / len(v))) if node.op == "Mean" else total

    return elementwise(ctx, values, build, values[0].dtype, node.outputs[0])


@handles("Div")
def divide(ctx: Context, node: Node) -> Value:
    values = _operands(ctx, node)
    need_number(values[0])
    divisor = values[1]
    if divisor.dtype != "f32" and not (isinstance(divisor, Const) and (divisor.array > 0).all()):
        raise Unsupported("integer division by something that is not a positive constant")
    name = "arith.divf" if divisor.dtype == "f32" else "arith.divsi"
    return elementwise(ctx, values, lambda b, v: b.op(name, *v), divisor.dtype, node.outputs[0])


@handles("Pow")
def power(ctx: Context, node: Node) -> Value:
    base, exponent = ctx.value(node, 0), ctx.value(node, 1)
    need_float(base)
    if isinstance(exponent, Const):
        exponent = Const(exponent.array.astype(np.float32), exponent.name)
        if exponent.array.size == 1 and exponent.array.ndim <= len(base.logical):
            known = float(exponent.array.reshape(-1)[0])
            short = _short_power(known)
            if short is not None:
                return elementwise(ctx, [base], lambda b, v: short(b, v[0]), "f32", node.outputs[0])
    need_float(exponent)
    return elementwise(ctx, [base, exponent], lambda b, v: b.op("math.powf", *v), "f32", node.outputs[0])


def _short_power(exponent: float) -> Callable[[Body, str], str] | None:
    def cube(b: Body, x: str) -> str:
        return b.op("arith.mulf", b.op("arith.mulf", x, x), x)

    return {
        1.0: lambda b, x: x,
        2.0: lambda b, x: b.op("arith.mulf", x, x),
        3.0: cube,
        0.5: lambda b, x: b.op("math.sqrt", x),
        -0.5: lambda b, x: b.op("math.rsqrt", x),
        -1.0: lambda b, x: b.op("arith.divf", b.const(1.0), x),
    }.get(exponent)


@handles("PRelu")
def prelu(ctx: Context, node: Node) -> Value:
    values = _operands(ctx, node)
    need_float(values[0])

    def build(b: Body, v: list[str]) -> str:
        return b.select(b.compare("lt", v[0], b.const(0.0)), b.op("arith.mulf", v[1], v[0]), v[0])

    return elementwise(ctx, values, build, "f32", node.outputs[0])


@handles("Clip")
def clip(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    need_number(x)
    bounds: dict[str, Value] = {}
    for index, (side, attribute) in enumerate((("max", "min"), ("min", "max")), start=1):
        if node.has_input(index):
            bounds[side] = ctx.value(node, index)
        elif ctx.opset < 11 and attribute in node.attrs:
            bounds[side] = Const(np.array(node.attrs[attribute], np.float32), f"{node.name}.{attribute}")

    def build(b: Body, v: list[str]) -> str:
        result = v[0]
        for side, bound in zip(bounds, v[1:], strict=True):
            result = b.extreme(side, result, bound)
        return result

    return elementwise(ctx, [x, *bounds.values()], build, x.dtype, node.outputs[0])


@handles("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
def compare(ctx: Context, node: Node) -> Value:
    values = _operands(ctx, node)
    predicate = {"Equal": "eq", "Greater": "gt", "Less": "lt", "GreaterOrEqual": "ge", "LessOrEqual": "le"}[node.op]
    return elementwise(ctx, values, lambda b, v: b.compare(predicate, *v), "i1", node.outputs[0])


@handles("And", "Or", "Xor", "Not")
def logic(ctx: Context, node: Node) -> Value:
    values = _operands(ctx, node)

    def build(b: Body, v: list[str]) -> str:
        if node.op == "Not":
            return b.op("arith.xori", v[0], b.const(True))
        return b.op({"And": "arith.andi", "Or": "arith.ori", "Xor": "arith.xori"}[node.op], *v)

    return elementwise(ctx, values, build, "i1", node.outputs[0])


@handles("Where")
def where(ctx: Context, node: Node) -> Value:
    values = _operands_where(ctx, node)
    kind = values[1].dtype
    return elementwise(ctx, values, lambda b, v: b.select(*v), kind, node.outputs[0], work_type=kind)


def _operands_where(ctx: Context, node: Node) -> list[Value]:
    values = [ctx.value(node, i) for i in range(3)]
    if values[1].dtype != values[2].dtype:
        raise Unsupported(f"choices of different element types: {values[1].dtype}, {values[2].dtype}")
    return values


@handles("Cast")
def cast(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    target = plain_element_type(node.attrs["to"])
    if target == x.dtype:
        return x
    if x.dtype in BORDER_CODES:
        return elementwise(ctx, [x], lambda b, v: _widened(b, v[0], x.dtype, target), target, node.outputs[0])
    return elementwise(ctx, [x], lambda b, v: b.cast(v[0], x.dtype, target), target, node.outputs[0])


def _widened(b: Body, element: str, source: str, target: str) -> str:
    """From an integer of 8 or 16 bits, by way of i32, which holds it."""
    extend = "arith.extui" if source.startswith("u") else "arith.extsi"
    return b.cast(b.emit(f"{extend} {element} : {storage_type(source)} to i32"), "i32", target)
