"""Softmax, LogSoftmax, LayerNormalization and BatchNormalization as reductions and elementwise generics."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from ..body import Body
from ..broadcast import elementwise
from ..context import Context, handles
from ..dims import product
from ..emitter import Operand, tensor_type
from ..errors import Unsupported
from ..fold import batch_norm_terms
from ..graph import Node
from ..values import Const, Tensor, Value
from .elementwise import need_float
from .reduce import mean_of, reduce_axes, scale_by_count


def with_rows(
    ctx: Context,
    x: Tensor,
    rows: Sequence[Tensor],
    axes: Sequence[int],
    extra: Sequence[Value],
    operation: str,
    value_id: str,
) -> Tensor:
    """One of the formulas below on x, values per row (x without `axes`, same layout) and constants per element."""
    gone = {x.perm[axis] for axis in axes}
    loops = tuple(range(len(x.shape)))
    kept = tuple(p for p in loops if p not in gone)
    ins = [Operand(x.ssa, tensor_type(x.shape, "f32"), loops)]
    ins += [Operand(row.ssa, tensor_type(row.shape, "f32"), kept) for row in rows]
    for value in extra:
        first = len(x.shape) - len(value.logical)
        place = ctx.materialize(value)
        ins.append(Operand(place.ssa, tensor_type(place.shape, "f32"), tuple(x.perm[first + i] for i in place.order)))
    out = Operand(ctx.emitter.empty(x.shape, "f32"), tensor_type(x.shape, "f32"), loops)

    def body(b: Body, v: list[str], _: str) -> str:
        return _FORMULAS[operation](b, v)

    ssa = ctx.emitter.generic(len(loops), ins, out, ["f32"] * (len(ins) + 1), body, "f32", value_id)
    return Tensor(ssa, "f32", x.shape, x.perm)


def _exp_less(b: Body, v: list[str]) -> str:
    return b.op("math.exp", b.op("arith.subf", v[0], v[1]))


def _normalized(b: Body, v: list[str]) -> str:
    result = b.op("arith.mulf", b.op("arith.subf", v[0], v[1]), v[2])
    result = b.op("arith.mulf", result, v[3]) if len(v) > 3 else result
    return b.op("arith.addf", result, v[4]) if len(v) > 4 else result


_FORMULAS: dict[str, Callable[[Body, list[str]], str]] = {
    "less": lambda b, v: b.op("arith.subf", v[0], v[1]),
    "exp_less": _exp_less,
    "over": lambda b, v: b.op("arith.divf", v[0], v[1]),
    "normalized": _normalized,
}


@handles("Softmax", "LogSoftmax")
def softmax(ctx: Context, node: Node) -> Value:
    """exp(x - max) / sum, or x - max - log(sum). Before opset 13 it runs over all dimensions from the axis on."""
    x = ctx.tensor(node, 0)
    need_float(x)
    rank = len(x.shape)
    axis = ctx.axis(int(node.attrs.get("axis", -1 if ctx.opset >= 13 else 1)), rank)
    axes = [axis] if ctx.opset >= 13 else list(range(axis, rank))
    name = node.outputs[0]
    top = reduce_axes(ctx, x, axes, "max", f"{name}/max")
    if node.op == "Softmax":
        powers = with_rows(ctx, x, [top], axes, [], "exp_less", f"{name}/exp")
        total = reduce_axes(ctx, powers, axes, "sum", f"{name}/sum")
        return with_rows(ctx, powers, [total], axes, [], "over", name)
    shifted = with_rows(ctx, x, [top], axes, [], "less", f"{name}/shifted")
    total = reduce_axes(ctx, shifted, axes, "sum", f"{name}/sum", lambda b, e: b.op("math.exp", e))
    log = elementwise(ctx, [total], lambda b, v: b.op("math.log", v[0]), "f32", f"{name}/log")
    return with_rows(ctx, shifted, [log], axes, [], "less", name)


@handles("LayerNormalization")
def layer_norm(ctx: Context, node: Node) -> Value:
    """(x - mean) / sqrt(variance + epsilon) * scale + bias over the dimensions from the axis on."""
    x = ctx.tensor(node, 0)
    need_float(x)
    ctx.only_output(node)
    rank = len(x.shape)
    axes = list(range(ctx.axis(int(node.attrs.get("axis", -1)), rank), rank))
    name = node.outputs[0]
    extra = [ctx.value(node, i) for i in (1, 2) if node.has_input(i)]
    for value in extra:
        if tuple(value.logical) != tuple(x.logical[rank - len(value.logical) :]) or len(value.logical) > len(axes):
            raise Unsupported("scale or bias that is not of the normalized shape")
    epsilon = float(node.attrs.get("epsilon", 1e-5))
    mean = mean_of(ctx, x, axes, f"{name}/mean")
    centered = with_rows(ctx, x, [mean], axes, [], "less", f"{name}/centered")
    total = reduce_axes(ctx, centered, axes, "sum", f"{name}/squares", lambda b, e: b.op("arith.mulf", e, e))
    variance = scale_by_count(ctx, total, product(x.logical[axis] for axis in axes), f"{name}/variance")

    def inverse_deviation(b: Body, v: list[str]) -> str:
        return b.op("math.rsqrt", b.op("arith.addf", v[0], b.const(epsilon)))

    deviation = elementwise(ctx, [variance], inverse_deviation, "f32", f"{name}/rstd")
    return with_rows(ctx, x, [mean, deviation], axes, extra, "normalized", name)


@handles("BatchNormalization")
def batch_norm(ctx: Context, node: Node) -> Value:
    """Where it could not go into a convolution: a scale and a shift for each channel."""
    x = ctx.value(node, 0)
    need_float(x)
    ctx.only_output(node)
    if node.attrs.get("training_mode", 0):
        raise Unsupported("training_mode is on; export the model for inference")
    for index, what in ((1, "scale"), (2, "bias"), (3, "mean"), (4, "variance")):
        ctx.constant(node, index, what)
    terms = batch_norm_terms(node, {name: ctx.constant(node, i, "") for i, name in enumerate(node.inputs) if i})
    shape = (-1,) + (1,) * (len(x.logical) - 2)
    scale, shift = (
        Const(term.astype(np.float32).reshape(shape), f"{node.name}.{what}")
        for term, what in zip(terms, ("scale", "shift"), strict=True)
    )

    def build(b: Body, v: list[str]) -> str:
        return b.op("arith.addf", b.op("arith.mulf", v[0], v[1]), v[2])

    return elementwise(ctx, [x, scale, shift], build, "f32", node.outputs[0])
