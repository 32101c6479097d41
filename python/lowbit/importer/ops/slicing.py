"""Slice, Split, Concat and Pad: data movement along axes, whatever the layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from ..body import literal
from ..context import Context, handles
from ..dims import Dim, ceil_divide, dim, same
from ..emitter import quote, tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import common_order, show, to_order
from ..values import Const, Tensor, Value
from ..window import write_pad

_FAR = 2**31 - 1  # beyond every size: "to the end"


def slice_axis(
    ctx: Context, value: Value, axis: int, start: Dim, size: Dim, value_id: str | None, step: int = 1
) -> Value:
    """`size` elements along a logical axis from `start` on."""
    if isinstance(value, Const) and isinstance(start, int) and isinstance(size, int):
        index = [slice(None)] * value.array.ndim
        index[axis] = slice(start, start + size * step, step)
        return value.mapped(lambda a: a[tuple(index)], f"{value.name}.{start}")
    x = ctx.materialize(value)
    place = x.perm[axis]
    if start == 0 and step == 1 and same(size, x.shape[place]):
        return x
    shape = list(x.shape)
    shape[place] = size
    offsets: list[Dim] = [0] * len(shape)
    offsets[place] = start
    steps = [1] * len(shape)
    steps[place] = step
    ssa = write_slice(ctx, x, offsets, shape, steps, shape, value_id)
    return Tensor(ssa, x.dtype, tuple(shape), x.perm)


def write_slice(
    ctx: Context,
    x: Tensor,
    offsets: Sequence[Dim],
    sizes: Sequence[Dim],
    steps: Sequence[int],
    shape: Sequence[Dim],
    value_id: str | None,
) -> str:
    """tensor.extract_slice; `shape` is `sizes`, or that without some dimensions of size 1."""
    emitter = ctx.emitter
    where = f"{emitter.sizes(offsets)} {emitter.sizes(sizes)} {emitter.sizes(steps)}"
    kinds = f"{tensor_type(x.shape, x.dtype)} to {tensor_type(shape, x.dtype)}"
    return emitter.value(f"tensor.extract_slice {x.ssa}{where} {emitter.attributes(value_id)}: {kinds}")


@handles("Slice")
def slice_(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    rank = len(value.logical)
    starts = _list(ctx, node, "starts", 1)
    ends = _list(ctx, node, "ends", 2)
    axes = ctx.ints(node, "axes", 3) or list(range(len(starts)))
    steps = [int(s) for s in (ctx.ints(node, "steps", 4) or [1] * len(starts))]
    pending: list[tuple[int, Dim, Dim, int]] = []
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        axis = ctx.axis(axis, rank)
        begin, size = _range(ctx, value, axis, start, end, step)
        pending.append((axis, begin, size, step))
    pending = [p for p in pending if not (p[1] == 0 and p[3] == 1 and same(p[2], value.logical[p[0]]))]
    for k, (axis, begin, size, step) in enumerate(pending):
        last = k == len(pending) - 1
        value = slice_axis(ctx, value, axis, begin, size, node.outputs[0] if last else None, step)
    return value


def _list(ctx: Context, node: Node, attribute: str, index: int) -> list[Dim]:
    if ctx.opset < 10:
        return [int(x) for x in node.attrs[attribute]]
    return ctx.dims(node, index, attribute)


def _range(ctx: Context, value: Value, axis: int, start: Dim, end: Dim, step: int) -> tuple[Dim, Dim]:
    """First index and number of elements, with ONNX's clamping."""
    extent = value.logical[axis]
    if step < 1:
        raise Unsupported(f"step {step}; steps of 1 or more are supported")
    begin, stop = _clamp(ctx, start, extent), _clamp(ctx, end, extent)
    size = ceil_divide(dim(stop - begin), step)
    if isinstance(size, int) and size <= 0:
        raise Unsupported(f"slice from {start} to {end} of a dimension of {extent} is empty")
    return begin, size


def _clamp(ctx: Context, position: Dim, extent: Dim) -> Dim:
    if isinstance(position, int):
        if position >= _FAR:
            return extent
        if position < 0:
            position = max(dim(extent + position), 0) if isinstance(extent, int) else dim(extent + position)
            return position
        return min(position, extent) if isinstance(extent, int) else position
    expression: Any = sympy.sympify(position)
    if expression.is_negative:
        return dim(extent + position)
    if not same(position, extent):
        _check_size(ctx, position, extent)
    return position


def _check_size(ctx: Context, position: Dim, extent: Dim) -> None:
    """A slice that a dynamic size ends has to lie within the tensor at run time."""
    if not isinstance(extent, int):
        return
    emitter = ctx.emitter
    value = emitter.value(f"arith.index_cast {emitter.index(position)} : index to i64")
    boxed = emitter.value(f"tensor.from_elements {value} : tensor<1xi64>")
    message = f"{emitter.location}: size {position} goes beyond the {extent} that the model holds"
    emitter.statement(f"lowbit.check_range {boxed} in [0, {extent + 1}) {quote(message)} : tensor<1xi64>")


@handles("Split")
def split(ctx: Context, node: Node) -> list[Value]:
    value = ctx.value(node, 0)
    axis = ctx.axis(int(node.attrs.get("axis", 0)), len(value.logical))
    extent = value.logical[axis]
    if not isinstance(extent, int):
        raise Unsupported(f"split of a dynamic dimension {extent}; give it with --shape")
    sizes = ctx.ints(node, "split", 1)
    if sizes is None:
        part = -(-extent // len(node.outputs))
        sizes = [part] * (extent // part) + ([extent % part] if extent % part else [])
    if len(sizes) != len(node.outputs) or sum(sizes) != extent:
        raise Unsupported(f"split of {extent} into {sizes} with {len(node.outputs)} outputs")
    starts = [sum(sizes[:k]) for k in range(len(sizes))]
    return [slice_axis(ctx, value, axis, s, n, name) for s, n, name in zip(starts, sizes, node.outputs, strict=True)]


@handles("Concat")
def concat(ctx: Context, node: Node) -> Value:
    values = [ctx.value(node, i) for i in range(len(node.inputs))]
    return concatenate(ctx, values, ctx.axis(int(node.attrs["axis"]), len(values[0].logical)), node.outputs[0])


def concatenate(ctx: Context, values: Sequence[Value], axis: int, value_id: str | None) -> Tensor:
    """tensor.concat along a logical axis, in the layout that most operands have."""
    rank = len(values[0].logical)
    for value in values[1:]:
        pairs = zip(values[0].logical, value.logical, strict=False)
        if len(value.logical) != rank or any(k != axis and not same(a, b) for k, (a, b) in enumerate(pairs)):
            raise Unsupported(f"concatenation of {show(values[0].logical)} and {show(value.logical)} along {axis}")
    order = common_order(values, rank)
    parts = [to_order(ctx, value, order) for value in values]
    place = parts[0].perm[axis]
    shape = list(parts[0].shape)
    shape[place] = dim(sum(part.shape[place] for part in parts))
    kinds = ", ".join(tensor_type(part.shape, part.dtype) for part in parts)
    dtype = parts[0].dtype
    ssa = ctx.emitter.value(
        f"tensor.concat dim({place}) {', '.join(part.ssa for part in parts)} "
        f"{ctx.emitter.attributes(value_id)}: ({kinds}) -> {tensor_type(shape, dtype)}"
    )
    return Tensor(ssa, dtype, tuple(shape), parts[0].perm)


@handles("Pad")
def pad(ctx: Context, node: Node) -> Value:
    mode = node.attrs.get("mode", "constant")
    if mode != "constant":
        raise Unsupported(f"mode {mode}; constant is supported")
    x = ctx.tensor(node, 0)
    rank = len(x.shape)
    pads: list[Dim] = [int(p) for p in node.attrs["pads"]] if ctx.opset < 11 else ctx.dims(node, 1, "pads")
    fill: Any = node.attrs.get("value", 0.0) if ctx.opset < 11 else 0
    if ctx.opset >= 11 and node.has_input(2):
        fill = ctx.constant(node, 2, "the padding value").reshape(-1)[0].item()
    axes = ctx.ints(node, "axes", 3) or list(range(rank))
    below, above = [0] * rank, [0] * rank
    low: list[Dim] = list(below)
    high: list[Dim] = list(above)
    for k, axis in enumerate(axes):
        place = x.perm[ctx.axis(axis, rank)]
        low[place], high[place] = pads[k], pads[k + len(axes)]
    if any(isinstance(p, int) and p < 0 for p in (*low, *high)):
        raise Unsupported(f"negative pads {show(pads)}; use Slice")
    shape = tuple(dim(d + a + b) for d, a, b in zip(x.shape, low, high, strict=True))
    ssa = write_pad(ctx, x, low, high, shape, literal(fill, x.dtype), node.outputs[0])
    return Tensor(ssa, x.dtype, shape, x.perm)
