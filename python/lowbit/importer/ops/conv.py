"""Conv: channels last, padded by tensor.pad, weights [H, W, C, F]; the bias is a generic of its own.

Depthwise convolutions have their own ops; other groups are convolved one by one and concatenated.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..broadcast import elementwise
from ..context import Context, handles
from ..dims import Dim, is_static, same
from ..emitter import tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape, to_order
from ..values import Const, Tensor, Value, inverse
from ..window import CHANNELS_LAST, Window, pad_spatial, read_window
from .elementwise import need_float
from .slicing import concatenate, slice_axis

NHWC_PERM = inverse(CHANNELS_LAST)


@handles("Conv")
def conv(ctx: Context, node: Node) -> Value:
    x, weight = ctx.value(node, 0), ctx.value(node, 1)
    need_float(x)
    spatial = len(x.logical) - 2
    if spatial not in (1, 2):
        raise Unsupported(f"{spatial} spatial dimensions; 1 or 2 are supported")
    if not all(is_static(d) for d in weight.logical):
        raise Unsupported("weights of dynamic size")
    name = node.outputs[0]
    kernel = [int(d) for d in weight.logical[2:]]
    window = read_window(node, kernel, list(x.logical[2:]))
    out_name = f"{name}/conv" if node.has_input(2) else name
    if spatial == 1:
        window = window.lifted()
        x = reshape(ctx, x, [*x.logical[:2], 1, x.logical[2]], None)
        weight = reshape(ctx, weight, [*weight.logical[:2], 1, weight.logical[2]], None)
    result: Value = _convolve(ctx, x, weight, window, int(node.attrs.get("group", 1)), out_name)
    if spatial == 1:
        result = reshape(ctx, result, [*result.logical[:2], result.logical[3]], None)
    if node.has_input(2):
        result = _add_bias(ctx, result, ctx.value(node, 2), name)
    return result


def _add_bias(ctx: Context, result: Value, bias: Value, name: str) -> Tensor:
    per_channel = reshape(ctx, bias, [bias.logical[0]] + [1] * (len(result.logical) - 2), None)
    return elementwise(ctx, [result, per_channel], lambda b, v: b.op("arith.addf", *v), "f32", name)


def _convolve(ctx: Context, x: Value, weight: Value, window: Window, group: int, name: str) -> Tensor:
    channels, features, per_group = x.logical[1], int(weight.logical[0]), int(weight.logical[1])
    if not same(channels, per_group * group):
        raise Unsupported(f"{channels} input channels; the weights expect {per_group} x {group} groups")
    padded = pad_spatial(ctx, x, window, "0.0")
    if group == 1:
        return _dense(ctx, padded, weight, window, name)
    if per_group == 1:
        return _depthwise(ctx, padded, weight, window, group, name)
    parts: list[Value] = []
    for k in range(group):
        part = slice_axis(ctx, padded, 1, k * per_group, per_group, None)
        share = _slice_features(ctx, weight, k, features // group)
        parts.append(_dense(ctx, to_order(ctx, part, CHANNELS_LAST), share, window, f"{name}/group{k}"))
    return concatenate(ctx, parts, 1, name)


def _slice_features(ctx: Context, weight: Value, k: int, count: int) -> Value:
    if isinstance(weight, Const):
        return weight.mapped(lambda a: a[k * count : (k + 1) * count], f"{weight.name}.group{k}")
    return slice_axis(ctx, weight, 0, k * count, count, None)


def _dense(ctx: Context, x: Tensor, weight: Value, window: Window, name: str) -> Tensor:
    order = (2, 3, 1, 0)
    kernel = ctx.reordered(weight, order, "hwcf") if isinstance(weight, Const) else to_order(ctx, weight, order)
    shape = [x.shape[0], *window.output, weight.logical[0]]
    ssa = _write(ctx, "conv_2d_nhwc_hwcf", x, kernel, window, shape, name)
    return Tensor(ssa, "f32", tuple(shape), NHWC_PERM)


def _depthwise(ctx: Context, x: Tensor, weight: Value, window: Window, group: int, name: str) -> Tensor:
    if not isinstance(weight, Const):
        raise Unsupported("depthwise weights that are not constant")
    features, _, height, width = weight.array.shape
    multiplier = features // group
    last = weight.mapped(lambda a: a.reshape(group, multiplier, height, width).transpose(2, 3, 0, 1))
    out: list[Dim] = [x.shape[0], *window.output, group]
    if multiplier == 1:
        kernel = ctx.place_constant(last.mapped(lambda a: np.ascontiguousarray(a[..., 0]), f"{weight.name}.hwc"))
        ssa = _write(ctx, "depthwise_conv_2d_nhwc_hwc", x, kernel, window, out, name)
        return Tensor(ssa, "f32", tuple(out), NHWC_PERM)
    kernel = ctx.place_constant(last.mapped(np.ascontiguousarray, f"{weight.name}.hwcm"))
    ssa = _write(ctx, "depthwise_conv_2d_nhwc_hwcm", x, kernel, window, [*out, multiplier], f"{name}/depthwise")
    wide = Tensor(ssa, "f32", (*out, multiplier), (0, 1, 2, 3, 4))
    flat = reshape(ctx, wide, [*out[:3], features], name)
    assert isinstance(flat, Tensor)
    return Tensor(flat.ssa, "f32", flat.shape, NHWC_PERM)


def _write(ctx: Context, op: str, x: Tensor, kernel: Tensor, window: Window, shape: Sequence[Dim], name: str) -> str:
    out = ctx.emitter.filled(shape, "f32", "0.0")
    attributes = ctx.emitter.attributes(name, *window.attributes())
    ins = [(t.ssa, tensor_type(t.shape, t.dtype)) for t in (x, kernel)]
    return ctx.emitter.structured(f"linalg.{op} {attributes}".rstrip(), ins, (out, tensor_type(shape, "f32")))
