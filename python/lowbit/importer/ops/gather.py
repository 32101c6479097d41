"""Gather: a slice for one known index, else a look-up whose indices are range-checked and clamped into the table."""

from __future__ import annotations

import numpy as np

from ..body import Body
from ..broadcast import elementwise
from ..context import Context, handles
from ..emitter import Operand, quote, tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import plain_layout
from ..values import Const, Tensor, Value, plain
from .slicing import slice_axis, write_slice


@handles("Gather")
def gather(ctx: Context, node: Node) -> Value:
    data, indices = ctx.value(node, 0), ctx.value(node, 1)
    axis = ctx.axis(int(node.attrs.get("axis", 0)), len(data.logical))
    extent = data.logical[axis]
    if isinstance(indices, Const) and isinstance(extent, int):
        known = indices.array.astype(np.int64)
        if known.size and (known.min() < -extent or known.max() >= extent):
            raise Unsupported(f"constant index {known.min()}..{known.max()} outside a dimension of {extent}")
        known = np.where(known < 0, known + extent, known)
        if known.ndim == 0:
            return _pick(ctx, data, axis, int(known), node.outputs[0])
        run = known.reshape(-1)
        if known.ndim == 1 and (run == np.arange(run[0], run[0] + run.size)).all():
            return slice_axis(ctx, data, axis, int(run[0]), int(run.size), node.outputs[0])
        indices = Const(known, indices.name)
    return _look_up(ctx, node, data, indices, axis)


def _pick(ctx: Context, data: Value, axis: int, index: int, name: str) -> Value:
    """One element along an axis: a slice without that dimension."""
    x = ctx.materialize(data)
    place = x.perm[axis]
    sizes = [1 if p == place else d for p, d in enumerate(x.shape)]
    shape = [d for p, d in enumerate(x.shape) if p != place]
    offsets = [index if p == place else 0 for p in range(len(sizes))]
    ssa = write_slice(ctx, x, offsets, sizes, [1] * len(sizes), shape, name)
    perm = tuple(p - (p > place) for k, p in enumerate(x.perm) if k != axis)
    return Tensor(ssa, x.dtype, tuple(shape), perm)


def _look_up(ctx: Context, node: Node, data: Value, indices: Value, axis: int) -> Value:
    extent = data.logical[axis]
    if not isinstance(extent, int):
        raise Unsupported(f"look-up in a dynamic dimension {extent}; give it with --shape")
    name = node.outputs[0]
    table = ctx.materialize(data)
    places = plain_layout(ctx, indices)
    if places.dtype != "i64":
        kind = places.dtype
        places = elementwise(ctx, [places], lambda b, v: b.cast(v[0], kind, "i64"), "i64", f"{name}/indices")
    if not isinstance(indices, Const):
        message = f"{node.kind} {node.name}: index outside the {extent} entries of {node.inputs[0]}"
        kind = tensor_type(places.shape, "i64")
        ctx.emitter.statement(f"lowbit.check_range {places.ssa} in [{-extent}, {extent}) {quote(message)} : {kind}")
    before, after = list(table.logical[:axis]), list(table.logical[axis + 1 :])
    shape = (*before, *places.shape, *after)
    middle = range(axis, axis + len(places.shape))

    def body(b: Body, v: list[str], _: str) -> str:
        index = v[0]
        if not isinstance(indices, Const):
            zero, last = b.const(0, "i64"), b.const(extent - 1, "i64")
            negative = b.op("arith.cmpi slt,", index, zero, dtype="i64")
            wrapped = b.op("arith.addi", index, b.const(extent, "i64"), dtype="i64")
            index = b.select(negative, wrapped, index, "i64")
            index = b.op("arith.minsi", b.op("arith.maxsi", index, zero, dtype="i64"), last, dtype="i64")
        at = {axis: b.emit(f"arith.index_cast {index} : i64 to index")}
        for k in range(len(table.shape)):
            if k != axis:
                loop = k if k < axis else k + len(places.shape) - 1
                at[k] = b.emit(f"linalg.index {loop} : index")
        where = ", ".join(at[logical] for logical in table.order)
        return b.emit(f"tensor.extract {table.ssa}[{where}] : {tensor_type(table.shape, table.dtype)}")

    ins = [Operand(places.ssa, tensor_type(places.shape, "i64"), tuple(middle))]
    out = Operand(ctx.emitter.empty(shape, table.dtype), tensor_type(shape, table.dtype), tuple(range(len(shape))))
    ssa = ctx.emitter.generic(len(shape), ins, out, ["i64", table.dtype], body, "i64", name)
    return plain(ssa, table.dtype, shape)
