"""Reshape, Transpose and their kin; Shape; values that only repeat or count."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy

from ..body import Body
from ..broadcast import broadcast_shape, elementwise
from ..context import Context, handles
from ..dims import Dim, ceil_divide, dim, divide, product, same
from ..emitter import Operand, tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape, show, transposed
from ..shape_math import objects
from ..symbols import write_scalar
from ..values import Const, Tensor, Value, plain, settle
from .interpolation import resize_linear


@handles("Identity", "Dropout")
def identity_(ctx: Context, node: Node) -> Value:
    if node.op == "Dropout":
        ctx.only_output(node)
        if node.has_input(2) and bool(ctx.constant(node, 2, "training_mode").any()):
            raise Unsupported("training_mode is on; export the model for inference")
    return ctx.value(node, 0)


@handles("Transpose")
def transpose(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    perm = node.attrs.get("perm") or list(reversed(range(len(value.logical))))
    return transposed(value, perm)


@handles("Reshape")
def reshape_(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    wanted = ctx.dims(node, 1, "the shape")
    source = value.logical
    zero_is_zero = bool(node.attrs.get("allowzero", 0))
    target: list[Dim] = []
    for k, size in enumerate(wanted):
        if size == 0 and not zero_is_zero:
            if k >= len(source):
                raise Unsupported(f"shape {show(wanted)} copies dimension {k} of {show(source)}")
            size = source[k]
        target.append(size)
    if -1 in target:
        k = target.index(-1)
        rest = divide(product(source), product(target[:k] + target[k + 1 :]))
        if rest is None:
            raise Unsupported(f"reshape of {show(source)} to {show(target)}: -1 is not a whole number")
        target[k] = rest
    return reshape(ctx, value, target, node.outputs[0])


@handles("Flatten")
def flatten(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    axis = int(node.attrs.get("axis", 1))
    axis = axis + len(value.logical) if axis < 0 else axis
    return reshape(ctx, value, [product(value.logical[:axis]), product(value.logical[axis:])], node.outputs[0])


@handles("Squeeze")
def squeeze(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    rank = len(value.logical)
    axes = ctx.ints(node, "axes", 1)
    if axes is None:
        if not all(isinstance(d, int) for d in value.logical):
            raise Unsupported(f"squeeze of {show(value.logical)} without axes")
        axes = [k for k, d in enumerate(value.logical) if d == 1]
    dropped = {ctx.axis(axis, rank) for axis in axes}
    wrong = [k for k in sorted(dropped) if value.logical[k] != 1]
    if wrong:
        raise Unsupported(f"squeeze of dimension {wrong[0]} of {show(value.logical)}, which is not 1")
    return reshape(ctx, value, [d for k, d in enumerate(value.logical) if k not in dropped], node.outputs[0])


@handles("Unsqueeze")
def unsqueeze(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    axes = ctx.ints(node, "axes", 1) or []
    rank = len(value.logical) + len(axes)
    added = {ctx.axis(axis, rank) for axis in axes}
    rest = iter(value.logical)
    return reshape(ctx, value, [1 if k in added else next(rest) for k in range(rank)], node.outputs[0])


@handles("Shape")
def shape(ctx: Context, node: Node) -> Value:
    dims = ctx.value(node, 0).logical
    part = dims[int(node.attrs.get("start", 0)) : node.attrs.get("end")]
    return _sizes(part, node.outputs[0])


@handles("Size")
def size(ctx: Context, node: Node) -> Value:
    value = np.empty((), dtype=object)
    value[()] = product(ctx.value(node, 0).logical)
    return settle(value, "i64", node.outputs[0])


def _sizes(dims: tuple[Dim, ...], name: str) -> Value:
    array = np.empty(len(dims), dtype=object)
    array[:] = list(dims)
    return settle(array, "i64", name)


@handles("Expand")
def expand(ctx: Context, node: Node) -> Value:
    value = ctx.value(node, 0)
    target = broadcast_shape([value.logical, ctx.dims(node, 1, "the shape")])
    if len(target) == len(value.logical) and all(same(a, b) for a, b in zip(target, value.logical, strict=True)):
        return value
    return elementwise(ctx, [value], lambda b, v: v[0], value.dtype, node.outputs[0], shape=target)


@handles("Tile")
def tile(ctx: Context, node: Node) -> Value:
    """Each repeated dimension d becomes [repeats, d], is broadcast, and joined again."""
    value = ctx.value(node, 0)
    repeats = ctx.dims(node, 1, "the repeats")
    apart: list[Dim] = []
    wide: list[Dim] = []
    for count, extent in zip(repeats, value.logical, strict=True):
        apart += [1, extent]
        wide += [count, extent]
    if all(count == 1 for count in repeats):
        return value
    spread = reshape(ctx, value, apart, None)
    filled = elementwise(ctx, [spread], lambda b, v: v[0], value.dtype, f"{node.outputs[0]}/tile", shape=wide)
    joined = [product([count, extent]) for count, extent in zip(repeats, value.logical, strict=True)]
    return reshape(ctx, filled, joined, node.outputs[0])


@handles("ConstantOfShape")
def constant_of_shape(ctx: Context, node: Node) -> Value:
    target = tuple(ctx.dims(node, 0, "the shape"))
    fill = Const(node.attrs.get("value", np.zeros(1, np.float32)).reshape(()), node.name)
    literal = ctx.scalar_text(fill.array.item(), fill.dtype)
    return plain(ctx.emitter.filled(target, fill.dtype, literal, node.outputs[0]), fill.dtype, target)


@handles("Range")
def range_(ctx: Context, node: Node) -> Value:
    bounds = [ctx.value(node, k) for k in range(3)]
    if any(isinstance(v, Tensor) for v in bounds) or bounds[0].dtype not in ("i64", "i32"):
        raise Unsupported("a range whose bounds depend on the data, or are not integers")
    start, limit, step = (objects(v).reshape(-1)[0] for v in bounds)
    if not isinstance(step, int) or step < 1:
        raise Unsupported(f"step {step}; constant steps of 1 or more are supported")
    return count_up(ctx, start, dim(limit - start), step, bounds[0].dtype, node.outputs[0])


def count_up(ctx: Context, start: Any, span: Dim, step: int, dtype: str, value_id: str) -> Tensor:
    """start, start + step, ... : ceil(span / step) integers."""
    length = ceil_divide(span, step)
    first = write_scalar(ctx.emitter, start, dtype) if isinstance(start, sympy.Expr) else None

    def body(b: Body, _: list[str], __: str) -> str:
        position = b.emit("linalg.index 0 : index")
        number = b.emit(f"arith.index_cast {position} : index to {dtype}")
        if step != 1:
            number = b.arith("mul", number, b.const(step))
        return number if start == 0 else b.arith("add", number, first or b.const(start))

    out = Operand(ctx.emitter.empty([length], dtype), tensor_type([length], dtype), (0,))
    return plain(ctx.emitter.generic(1, [], out, [dtype], body, dtype, value_id), dtype, (length,))


@handles("Resize", "Upsample")
def resize(ctx: Context, node: Node) -> Value:
    """Nearest-neighbour enlargement by whole factors (every element is repeated), and linear interpolation."""
    value = ctx.value(node, 0)
    mode = node.attrs.get("mode", "nearest")
    if mode == "linear" and node.op == "Resize" and ctx.opset >= 11:
        return resize_linear(ctx, node, value)
    coordinates = node.attrs.get("coordinate_transformation_mode", "half_pixel")
    nearest = node.attrs.get("nearest_mode", "round_prefer_floor")
    exact = (coordinates, nearest == "floor") in (("asymmetric", True), ("half_pixel", False)) and nearest != "ceil"
    if mode != "nearest" or (node.op == "Resize" and ctx.opset >= 11 and not exact):
        raise Unsupported(f"mode {mode}, {coordinates}, {nearest}; nearest by whole factors is supported")
    factors = _factors(ctx, node, value)
    apart: list[Dim] = [d for extent in value.logical for d in (extent, 1)]
    wide: list[Dim] = [d for extent, factor in zip(value.logical, factors, strict=True) for d in (extent, factor)]
    kept = [k for k in range(len(wide)) if k % 2 == 0 or wide[k] != 1]
    spread = reshape(ctx, value, [apart[k] for k in kept], None)
    shape = [wide[k] for k in kept]
    filled = elementwise(ctx, [spread], lambda b, v: v[0], value.dtype, f"{node.outputs[0]}/repeat", shape=shape)
    joined = [product([extent, factor]) for extent, factor in zip(value.logical, factors, strict=True)]
    return reshape(ctx, filled, joined, node.outputs[0])


def _factors(ctx: Context, node: Node, value: Value) -> list[int]:
    index = 1 if node.op == "Upsample" or ctx.opset < 11 else 2
    if node.has_input(3) and node.op == "Resize":
        ratios = [divide(t, d) for t, d in zip(ctx.dims(node, 3, "the sizes"), value.logical, strict=True)]
        scales = [float(r) if isinstance(r, int) else 0.5 for r in ratios]
    elif node.has_input(index):
        scales = [float(s) for s in ctx.constant(node, index, "the scales").reshape(-1)]
    else:
        scales = [float(s) for s in node.attrs.get("scales", [])]
    if len(scales) != len(value.logical) or any(s < 1 or s != int(s) for s in scales):
        raise Unsupported(f"factors {scales}; whole factors, one a dimension, are supported")
    return [int(s) for s in scales]
