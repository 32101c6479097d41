"""Pools: channels last; averages are sums times the reciprocal of the number of elements."""

from __future__ import annotations

import functools

import numpy as np

from ..body import literal
from ..broadcast import elementwise
from ..context import Context, handles
from ..dims import is_static
from ..emitter import tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape
from ..values import CODES, Const, Tensor, Value, inverse
from ..window import Window, channels_last, pad_spatial, read_window
from .elementwise import need_float
from .qlinear import through_floats
from .reduce import mean_of, reduce_axes


@handles("MaxPool", "AveragePool")
def pool(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    if x.dtype in CODES and node.op == "MaxPool":
        return through_floats(ctx, node, x)
    need_float(x)
    ctx.only_output(node)
    spatial = len(x.logical) - 2
    if spatial not in (1, 2, 3):
        raise Unsupported(f"{spatial} spatial dimensions; 1, 2 or 3 are supported")
    window = read_window(node, node.attrs["kernel_shape"], x.logical[2:], bool(node.attrs.get("ceil_mode", 0)))
    name = node.outputs[0]
    if spatial == 1:
        window = window.lifted()
        x = reshape(ctx, x, [*x.logical[:2], 1, x.logical[2]], None)
    sizes = x.logical[2:]
    if node.op == "MaxPool":
        result = _write(ctx, x, window, "max", float("-inf"), name)
    else:
        total = _write(ctx, x, window, "sum", 0.0, f"{name}/sum")
        counts = _counts(window, sizes, bool(node.attrs.get("count_include_pad", 0)))
        # As ONNX Runtime has it, the mean of a window that lies in the padding is 0.
        share = Const(np.where(counts > 0, 1.0 / np.maximum(counts, 1), 0).astype(np.float32), f"{node.name}.counts")
        result = elementwise(ctx, [total, share], lambda b, v: b.op("arith.mulf", *v), "f32", name)
    if spatial == 1:
        return reshape(ctx, result, [*result.logical[:2], result.logical[3]], None)
    return result


def _write(ctx: Context, x: Value, window: Window, kind: str, start: float, name: str) -> Tensor:
    text = literal(start, "f32")
    padded = pad_spatial(ctx, x, window, text)
    spatial = len(window.kernel)
    shape = [padded.shape[0], *window.output, padded.shape[-1]]
    out = ctx.emitter.filled(shape, "f32", text)
    kernel = ctx.emitter.empty(window.kernel, "f32")
    attributes = ctx.emitter.attributes(name, *window.attributes())
    ins = [(padded.ssa, tensor_type(padded.shape, "f32")), (kernel, tensor_type(window.kernel, "f32"))]
    head = f"linalg.pooling_{'nhwc' if spatial == 2 else 'ndhwc'}_{kind} {attributes}".rstrip()
    ssa = ctx.emitter.structured(head, ins, (out, tensor_type(shape, "f32")))
    return Tensor(ssa, "f32", tuple(shape), inverse(channels_last(spatial)))


def _counts(window: Window, sizes: tuple[object, ...], include_pad: bool) -> np.ndarray:
    """Number of elements that each output averages, over space (or one number when it is the same)."""
    unpadded = all(p == 0 for p in (*window.low, *window.high, *window.extra))
    if unpadded or (include_pad and all(p == 0 for p in window.extra)):
        return np.array(float(np.prod(window.kernel)))
    per_axis: list[np.ndarray] = []
    for k, size in enumerate(sizes):
        low, high, steps = window.low[k], window.high[k], window.output[k]
        if not (is_static(low) and isinstance(size, int) and isinstance(high, int) and isinstance(steps, int)):
            raise Unsupported(f"average over padding of a dynamic size {size}; give it with --shape")
        assert isinstance(low, int)
        first, last = (-low, size + high) if include_pad else (0, size)
        starts = np.arange(steps)[:, None] * window.strides[k] - low
        taps = starts + np.arange(window.kernel[k])[None, :] * window.dilations[k]
        per_axis.append(((taps >= first) & (taps < last)).sum(axis=1))
    return np.asarray(functools.reduce(np.multiply.outer, per_axis), dtype=np.float64)


@handles("GlobalAveragePool", "GlobalMaxPool")
def global_pool(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    need_float(x)
    axes = list(range(2, len(x.logical)))
    name = node.outputs[0]
    if node.op == "GlobalMaxPool":
        reduced: Value = reduce_axes(ctx, x, axes, "max", f"{name}/max")
    else:
        reduced = mean_of(ctx, x, axes, f"{name}/mean")
    return reshape(ctx, reduced, [*x.logical[:2], *(1 for _ in axes)], name)
