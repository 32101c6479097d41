"""ConvTranspose: the convolution of the input with zeros between its elements, padded, with the filter turned round.

The zeros are padding of a dimension of size 1 behind each spatial one, so that all of it is data movement: on quantized
values they are the zero point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..context import Context, handles
from ..dims import Dim, dim, is_static, product
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape, to_order, write_reshape
from ..values import Const, Tensor, Value, inverse
from ..window import Window, channels_last, write_pad
from .conv import add_bias, check_spatial, convolve, lift
from .elementwise import need_float
from .slicing import slice_axis


@dataclass(frozen=True)
class Axis:
    """One spatial dimension: `low` and `high` are cut off the result, `extra` is added behind it."""

    size: Dim
    kernel: int
    stride: int = 1
    dilation: int = 1
    low: int = 0
    high: int = 0
    extra: int = 0

    @property
    def reach(self) -> int:
        return self.dilation * (self.kernel - 1) + 1

    @property
    def output(self) -> Dim:
        return dim((self.size - 1) * self.stride + self.reach + self.extra - self.low - self.high)


@handles("ConvTranspose")
def conv_transpose(ctx: Context, node: Node) -> Value:
    x, weight = ctx.value(node, 0), ctx.value(node, 1)
    need_float(x)
    spatial = len(x.logical) - 2
    check_spatial(spatial)
    if not isinstance(weight, Const):
        raise Unsupported("weights that are not constant")
    if len(weight.logical) != spatial + 2:
        raise Unsupported(f"weights of {len(weight.logical)} dimensions for an input of {spatial + 2}")
    group = int(node.attrs.get("group", 1))
    axes = _read_axes(node, list(x.logical[2:]), [int(d) for d in weight.logical[2:]])
    filters: Value = _turned(weight, group)
    if spatial == 1:
        axes, x, filters = [Axis(1, 1), *axes], lift(ctx, x), lift(ctx, filters)
    name = node.outputs[0]
    result: Value = _convolve(ctx, x, filters, axes, group, f"{name}/conv" if node.has_input(2) else name)
    if spatial == 1:
        result = reshape(ctx, result, [*result.logical[:2], result.logical[3]], None)
    if node.has_input(2):
        result = add_bias(ctx, result, ctx.value(node, 2), name)
    return result


def _turned(weight: Const, group: int) -> Const:
    """[C, F / group, ...] as a Conv has it, [F, C / group, ...], with the taps of the window in reverse."""
    channels, per_group, *kernel = weight.array.shape
    if channels % group:
        raise Unsupported(f"weights of {channels} channels in {group} groups")
    split = weight.array.reshape(group, channels // group, per_group, *kernel).swapaxes(1, 2)
    taps = np.flip(split.reshape(group * per_group, channels // group, *kernel), tuple(range(2, 2 + len(kernel))))
    return Const(np.ascontiguousarray(taps), f"{weight.name}.turned")


def _read_axes(node: Node, sizes: list[Dim], kernel: list[int]) -> list[Axis]:
    count = len(kernel)
    stated = node.attrs.get("kernel_shape")
    if stated is not None and list(stated) != kernel:
        raise Unsupported(f"kernel_shape {stated} differs from the weights' {kernel}")

    def read(name: str, default: int, length: int = count) -> list[int]:
        values = [int(v) for v in node.attrs.get(name) or [default] * length]
        if len(values) != length:
            raise Unsupported(f"{name} {values} for {count} spatial dimensions")
        return values

    strides, dilations, extra = read("strides", 1), read("dilations", 1), read("output_padding", 0)
    pads = read("pads", 0, 2 * count)
    auto = node.attrs.get("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise Unsupported(f"auto_pad {auto}")
    wanted: Any = node.attrs.get("output_shape")
    if wanted and len(wanted) != count:
        raise Unsupported(f"output_shape {list(wanted)} for {count} spatial dimensions")
    axes = []
    for k in range(count):
        low, high = (0, 0) if auto != "NOTSET" else (pads[k], pads[count + k])
        axis = Axis(sizes[k], kernel[k], strides[k], dilations[k], low, high, extra[k])
        if wanted or auto.startswith("SAME"):
            size: Dim = int(wanted[k]) if wanted else dim(sizes[k] * strides[k])
            axis = _fitted(axis, size, upper=auto == "SAME_UPPER")
        if isinstance(axis.output, int) and axis.output < 1:
            raise Unsupported(f"a result of {axis.output} elements along spatial dimension {k}")
        axes.append(axis)
    return axes


def _fitted(axis: Axis, size: Dim, *, upper: bool) -> Axis:
    """With as much cut off, or added, as makes the result `size` long."""
    whole = Axis(axis.size, axis.kernel, axis.stride, axis.dilation, 0, 0, axis.extra)
    total = dim(whole.output - size)
    if not is_static(total):
        raise Unsupported("output_shape for an input of dynamic size; give it with --shape")
    assert isinstance(total, int)
    less = max(total, 0) // 2
    more = max(total, 0) - less
    low, high = (less, more) if upper else (more, less)
    return Axis(axis.size, axis.kernel, axis.stride, axis.dilation, low, high, axis.extra + max(-total, 0))


def _convolve(ctx: Context, x: Value, filters: Value, axes: list[Axis], group: int, name: str) -> Tensor:
    order = channels_last(len(axes))
    spread = _spread(ctx, to_order(ctx, x, order), axes)
    low = [axis.reach - 1 - axis.low for axis in axes]
    # Zeros behind the last element are there already.
    high = [axis.reach - 1 - axis.high + axis.extra - (axis.stride - 1) for axis in axes]
    value: Value = Tensor(spread.ssa, spread.dtype, spread.shape, inverse(order))
    for k in range(len(axes)):
        before, behind = max(-low[k], 0), max(-high[k], 0)
        size = dim(value.logical[2 + k] - before - behind)
        value = slice_axis(ctx, value, 2 + k, before, size, None)
    padded = to_order(ctx, value, order)
    below: list[Dim] = [0, *(max(p, 0) for p in low), 0]
    above: list[Dim] = [0, *(max(p, 0) for p in high), 0]
    if any(below) or any(above):
        shape = tuple(dim(d + a + b) for d, a, b in zip(padded.shape, below, above, strict=True))
        ssa = write_pad(ctx, padded, below, above, shape, "0.0", None)
        padded = Tensor(ssa, padded.dtype, shape, inverse(order))
    count = len(axes)
    none: tuple[Dim, ...] = (0,) * count
    kernel, dilations = tuple(axis.kernel for axis in axes), tuple(axis.dilation for axis in axes)
    output = tuple(axis.output for axis in axes)
    return convolve(
        ctx, padded, filters, Window(kernel, (1,) * count, dilations, none, none, none, output), group, name
    )


def _spread(ctx: Context, x: Tensor, axes: list[Axis]) -> Tensor:
    """Each element of the physical dimensions behind the first is followed by stride - 1 zeros."""
    if all(axis.stride == 1 for axis in axes):
        return x
    split: list[Dim] = [x.shape[0]]
    high: list[Dim] = [0]
    for axis, size in zip(axes, x.shape[1:-1], strict=True):
        split += [size, 1]
        high += [0, axis.stride - 1]
    split, high = [*split, x.shape[-1]], [*high, 0]
    ssa = write_reshape(ctx, x.ssa, x.dtype, x.shape, split, None)
    wide = tuple(dim(size + more) for size, more in zip(split, high, strict=True))
    apart = Tensor(ssa, x.dtype, tuple(split), tuple(range(len(split))))
    ssa = write_pad(ctx, apart, [0] * len(split), high, wide, "0.0", None)
    joined = [product([size, axis.stride]) for axis, size in zip(axes, x.shape[1:-1], strict=True)]
    shape = (x.shape[0], *joined, x.shape[-1])
    return Tensor(write_reshape(ctx, ssa, x.dtype, wide, shape, None), x.dtype, shape, x.perm)
