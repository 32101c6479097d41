"""Reductions: one generic whose result has no reduced dimension; keepdims puts sizes of 1 back by a reshape."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..body import Body, literal
from ..broadcast import elementwise
from ..context import Context, handles
from ..dims import Dim, product
from ..emitter import Operand, tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape
from ..symbols import write_scalar
from ..values import Tensor, Value, inverse
from .elementwise import need_float, need_number

Prepare = Callable[[Body, str], str]
_START = {
    ("sum", "f32"): 0.0,
    ("max", "f32"): float("-inf"),
    ("min", "f32"): float("inf"),
    ("sum", "i64"): 0,
    ("max", "i64"): -(2**63),
    ("min", "i64"): 2**63 - 1,
    ("sum", "i32"): 0,
    ("max", "i32"): -(2**31),
    ("min", "i32"): 2**31 - 1,
}


def reduce_axes(
    ctx: Context, value: Value, axes: Sequence[int], kind: str, value_id: str, prepare: Prepare | None = None
) -> Tensor:
    """Sum, max or min over logical axes; the rest keeps its layout. `prepare` changes each element first."""
    x = ctx.materialize(value)
    gone = {x.perm[axis] for axis in axes}
    kept = [p for p in range(len(x.shape)) if p not in gone]
    shape = [x.shape[p] for p in kept]
    start = ctx.emitter.filled(shape, x.dtype, literal(_START[kind, x.dtype], x.dtype))

    def body(b: Body, names: list[str], out: str) -> str:
        element = prepare(b, names[0]) if prepare else names[0]
        return b.arith("add", out, element) if kind == "sum" else b.extreme(kind, out, element)

    loops = tuple(range(len(x.shape)))
    ins = [Operand(x.ssa, tensor_type(x.shape, x.dtype), loops)]
    out = Operand(start, tensor_type(shape, x.dtype), tuple(kept))
    ssa = ctx.emitter.generic(len(loops), ins, out, [x.dtype] * 2, body, x.dtype, value_id)
    order = [x.order[p] for p in kept]
    rank_of = {axis: k for k, axis in enumerate(sorted(order))}
    return Tensor(ssa, x.dtype, tuple(shape), inverse(tuple(rank_of[axis] for axis in order)))


def scale_by_count(ctx: Context, value: Tensor, count: Dim, value_id: str) -> Tensor:
    """value / count, as a product with the reciprocal."""
    if isinstance(count, int):
        share = 1.0 / count
        return elementwise(ctx, [value], lambda b, v: b.op("arith.mulf", v[0], b.const(share)), "f32", value_id)
    emitter = ctx.emitter
    number = write_scalar(emitter, count, "f32")
    factor = emitter.value(f"arith.divf {emitter.constant('1.0 : f32')}, {number} : f32")
    return elementwise(ctx, [value], lambda b, v: b.op("arith.mulf", v[0], factor), "f32", value_id)


def mean_of(ctx: Context, value: Value, axes: Sequence[int], value_id: str) -> Tensor:
    """Mean over logical axes, without them."""
    total = reduce_axes(ctx, value, axes, "sum", f"{value_id}/sum")
    return scale_by_count(ctx, total, product(value.logical[axis] for axis in axes), value_id)


def keep(ctx: Context, reduced: Value, like: Value, axes: Sequence[int], value_id: str | None) -> Value:
    """The reduced value with sizes of 1 in place of the reduced axes."""
    return reshape(ctx, reduced, [1 if k in axes else d for k, d in enumerate(like.logical)], value_id)


@handles(
    "ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceLogSumExp"
)
def reduce_(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    kind = node.op.removeprefix("Reduce")
    need_number(x)
    if kind not in ("Sum", "Max", "Min"):
        need_float(x)
    if kind == "LogSumExp":
        raise Unsupported("operator not supported; export it as Log, ReduceSum and Exp")
    axes = ctx.ints(node, "axes", 1)
    if not axes:
        if axes is not None and node.attrs.get("noop_with_empty_axes", 0):
            return x
        if axes is None and node.attrs.get("noop_with_empty_axes", 0):
            return x
        axes = list(range(len(x.logical)))
    axes = sorted({ctx.axis(axis, len(x.logical)) for axis in axes})
    name = node.outputs[0]
    kept = bool(node.attrs.get("keepdims", 1))
    inner = f"{name}/reduce" if kept else name
    result: Value = _reduced(ctx, x, axes, kind, inner)
    return keep(ctx, result, x, axes, name) if kept else result


def _reduced(ctx: Context, x: Value, axes: list[int], kind: str, name: str) -> Tensor:
    def square(b: Body, element: str) -> str:
        return b.op("arith.mulf", element, element)

    def absolute(b: Body, element: str) -> str:
        return b.op("math.absf", element)

    if kind == "Mean":
        return mean_of(ctx, x, axes, name)
    if kind == "L1":
        return reduce_axes(ctx, x, axes, "sum", name, absolute)
    if kind == "SumSquare":
        return reduce_axes(ctx, x, axes, "sum", name, square)
    if kind == "L2":
        total = reduce_axes(ctx, x, axes, "sum", f"{name}/sum", square)
        return elementwise(ctx, [total], lambda b, v: b.op("math.sqrt", v[0]), "f32", name)
    return reduce_axes(ctx, x, axes, kind.lower(), name)
