"""Conv: channels last, padded by tensor.pad, weights [H, W, C, F] ([D, H, W, C, F]); the bias is a generic of its own.

Depthwise convolutions have their own ops, on repeated channels where each has several filters; other groups are
convolved one by one and concatenated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..broadcast import elementwise
from ..context import Context, handles
from ..dims import Dim, is_static, product, same
from ..emitter import Operand, tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape, to_order, write_reshape
from ..values import Const, Tensor, Value, inverse
from ..window import Window, channels_last, pad_spatial, read_window
from .elementwise import need_float
from .slicing import concatenate, slice_axis


@handles("Conv")
def conv(ctx: Context, node: Node) -> Value:
    x, weight = ctx.value(node, 0), ctx.value(node, 1)
    need_float(x)
    spatial = len(x.logical) - 2
    check_spatial(spatial)
    if not all(is_static(d) for d in weight.logical):
        raise Unsupported("weights of dynamic size")
    name = node.outputs[0]
    kernel = [int(d) for d in weight.logical[2:]]
    window = read_window(node, kernel, list(x.logical[2:]))
    out_name = f"{name}/conv" if node.has_input(2) else name
    if spatial == 1:
        window, x, weight = window.lifted(), lift(ctx, x), lift(ctx, weight)
    padded = pad_spatial(ctx, x, window, "0.0")
    result: Value = convolve(ctx, padded, weight, window, int(node.attrs.get("group", 1)), out_name)
    if spatial == 1:
        result = reshape(ctx, result, [*result.logical[:2], result.logical[3]], None)
    if node.has_input(2):
        result = add_bias(ctx, result, ctx.value(node, 2), name)
    return result


def check_spatial(spatial: int) -> None:
    if spatial not in (1, 2, 3):
        raise Unsupported(f"{spatial} spatial dimensions; 1, 2 or 3 are supported")


def lift(ctx: Context, value: Value) -> Value:
    """One spatial dimension as the last of two."""
    return reshape(ctx, value, [*value.logical[:2], 1, value.logical[2]], None)


def add_bias(ctx: Context, result: Value, bias: Value, name: str) -> Tensor:
    per_channel = reshape(ctx, bias, [bias.logical[0]] + [1] * (len(result.logical) - 2), None)
    return elementwise(ctx, [result, per_channel], lambda b, v: b.op("arith.addf", *v), "f32", name)


def convolve(ctx: Context, padded: Tensor, weight: Value, window: Window, group: int, name: str) -> Tensor:
    """The convolution of a value that lies channels last, and is padded, with weights as Conv has them."""
    channels, features, per_group = padded.logical[1], int(weight.logical[0]), int(weight.logical[1])
    if not same(channels, per_group * group):
        raise Unsupported(f"{channels} input channels; the weights expect {per_group} x {group} groups")
    if group == 1:
        return _dense(ctx, padded, weight, window, name)
    if per_group == 1:
        return _depthwise(ctx, padded, weight, window, group, name)
    parts: list[Value] = []
    for k in range(group):
        part = slice_axis(ctx, padded, 1, k * per_group, per_group, None)
        share = _slice_features(ctx, weight, k, features // group)
        order = channels_last(len(window.kernel))
        parts.append(_dense(ctx, to_order(ctx, part, order), share, window, f"{name}/group{k}"))
    return concatenate(ctx, parts, 1, name)


def _slice_features(ctx: Context, weight: Value, k: int, count: int) -> Value:
    if isinstance(weight, Const):
        return weight.mapped(lambda a: a[k * count : (k + 1) * count], f"{weight.name}.group{k}")
    return slice_axis(ctx, weight, 0, k * count, count, None)


def _dense(ctx: Context, x: Tensor, weight: Value, window: Window, name: str) -> Tensor:
    spatial, space = _space(window)
    order = (*range(2, spatial + 2), 1, 0)
    name_of_order = f"{space}cf"
    kernel = ctx.reordered(weight, order, name_of_order) if isinstance(weight, Const) else to_order(ctx, weight, order)
    shape = [x.shape[0], *window.output, weight.logical[0]]
    ssa = _write(ctx, f"conv_{spatial}d_n{space}c_{space}cf", x, kernel, window, shape, name)
    return Tensor(ssa, "f32", tuple(shape), inverse(channels_last(spatial)))


def _space(window: Window) -> tuple[int, str]:
    """The number of spatial dimensions, and their letters in names of linalg."""
    spatial = len(window.kernel)
    return spatial, "dhw"[-spatial:]


def _depthwise(ctx: Context, x: Tensor, weight: Value, window: Window, group: int, name: str) -> Tensor:
    if not isinstance(weight, Const):
        raise Unsupported("depthwise weights that are not constant")
    spatial, space = _space(window)
    features = weight.array.shape[0]
    last = weight.mapped(lambda a: np.ascontiguousarray(np.moveaxis(a[:, 0], 0, -1)), f"{weight.name}.{space}c")
    kernel = ctx.place_constant(last)
    out: list[Dim] = [x.shape[0], *window.output, features]
    if features != group:
        x = _repeat(ctx, x, features // group)
    ssa = _write(ctx, f"depthwise_conv_{spatial}d_n{space}c_{space}c", x, kernel, window, out, name)
    return Tensor(ssa, "f32", tuple(out), inverse(channels_last(spatial)))


def _repeat(ctx: Context, x: Tensor, times: int) -> Tensor:
    """Each channel `times` times, so that every output channel has one of its own, and a scale of its own."""
    shape = (*x.shape, times)
    loops = tuple(range(len(shape)))
    ins = [Operand(x.ssa, tensor_type(x.shape, x.dtype), loops[:-1])]
    out = Operand(ctx.emitter.empty(shape, x.dtype), tensor_type(shape, x.dtype), loops)
    copy = ctx.emitter.generic(len(loops), ins, out, [x.dtype] * 2, lambda _, v, __: v[0], x.dtype, None)
    joined = (*x.shape[:-1], product([x.shape[-1], times]))
    return Tensor(write_reshape(ctx, copy, x.dtype, shape, joined, None), x.dtype, joined, x.perm)


def _write(ctx: Context, op: str, x: Tensor, kernel: Tensor, window: Window, shape: Sequence[Dim], name: str) -> str:
    out = ctx.emitter.filled(shape, "f32", "0.0")
    attributes = ctx.emitter.attributes(name, *window.attributes())
    ins = [(t.ssa, tensor_type(t.shape, t.dtype)) for t in (x, kernel)]
    return ctx.emitter.structured(f"linalg.{op} {attributes}".rstrip(), ins, (out, tensor_type(shape, "f32")))
