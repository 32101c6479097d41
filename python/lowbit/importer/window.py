"""Sliding windows of convolutions and pools: strides, dilations, padding, output sizes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .context import Context
from .dims import Dim, ceil_divide, dim, floor_divide, is_static, maximum
from .emitter import tensor_type
from .errors import Unsupported
from .graph import Node
from .layout import to_order
from .values import Tensor, Value, inverse


def channels_last(spatial: int) -> tuple[int, ...]:
    """The order of dimensions that windows slide over: batch, space, channels."""
    return (0, *range(2, spatial + 2), 1)


@dataclass(frozen=True)
class Window:
    """One entry for each spatial dimension. `extra` is padding at the end that only ceil_mode asks for."""

    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    low: tuple[Dim, ...]
    high: tuple[Dim, ...]
    extra: tuple[Dim, ...]
    output: tuple[Dim, ...]

    def lifted(self) -> Window:
        """A 1-D window as a 2-D one of height 1."""
        return Window(
            (1, *self.kernel),
            (1, *self.strides),
            (1, *self.dilations),
            (0, *self.low),
            (0, *self.high),
            (0, *self.extra),
            (1, *self.output),
        )

    def attributes(self) -> list[str]:
        """As linalg ops write them."""
        return [f"dilations = {_dense(self.dilations)}", f"strides = {_dense(self.strides)}"]


def _dense(values: Sequence[int]) -> str:
    return f"dense<[{', '.join(str(v) for v in values)}]> : tensor<{len(values)}xi64>"


def read_window(node: Node, kernel: Sequence[int], sizes: Sequence[Dim], ceil_mode: bool = False) -> Window:
    """The window of a Conv or pool node over spatial dimensions of the given sizes."""
    count = len(kernel)
    stated = node.attrs.get("kernel_shape")
    if stated is not None and list(stated) != list(kernel):
        raise Unsupported(f"kernel_shape {stated} differs from the weights' {list(kernel)}")
    strides = tuple(node.attrs.get("strides") or [1] * count)
    dilations = tuple(node.attrs.get("dilations") or [1] * count)
    pads = tuple(node.attrs.get("pads") or [0] * (2 * count))
    auto = node.attrs.get("auto_pad", "NOTSET")
    if auto not in ("NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"):
        raise Unsupported(f"auto_pad {auto}")
    if len(strides) != count or len(dilations) != count or len(pads) != 2 * count:
        raise Unsupported(f"strides, dilations or pads do not have {count} spatial dimensions")
    low: list[Dim] = list(pads[:count])
    high: list[Dim] = list(pads[count:])
    if any(isinstance(p, int) and p < 0 for p in pads):
        raise Unsupported(f"negative pads {list(pads)}")
    extra: list[Dim] = [0] * count
    output: list[Dim] = []
    for k, size in enumerate(sizes):
        reach = dilations[k] * (kernel[k] - 1) + 1
        if auto == "VALID":
            low[k] = high[k] = 0
        elif auto.startswith("SAME"):
            low[k], high[k] = _same_padding(size, reach, strides[k], upper=auto == "SAME_UPPER")
        span = dim(size + low[k] + high[k] - reach)
        if isinstance(span, int) and span < 0:
            raise Unsupported(f"a window of {reach} on {size} padded by {low[k]} and {high[k]}")
        steps = floor_divide(span, strides[k])
        if ceil_mode and auto == "NOTSET":
            steps, extra[k] = _ceil_steps(size, low[k], span, steps, strides[k])
        output.append(dim(steps + 1))
    return Window(tuple(kernel), strides, dilations, tuple(low), tuple(high), tuple(extra), tuple(output))


def _same_padding(size: Dim, reach: int, stride: int, *, upper: bool) -> tuple[Dim, Dim]:
    total = reach - stride if stride == 1 else dim((ceil_divide(size, stride) - 1) * stride + reach - size)
    total = maximum(total, 0)
    less = floor_divide(total, 2)
    more = dim(total - less)
    return (less, more) if upper else (more, less)


def _ceil_steps(size: Dim, low: Dim, span: Dim, steps: Dim, stride: int) -> tuple[Dim, Dim]:
    """Steps and extra padding at the end of ceil_mode; no window starts in that padding."""
    if not (is_static(size) and isinstance(low, int) and isinstance(span, int) and isinstance(size, int)):
        raise Unsupported("ceil_mode on a dynamic size; give it with --shape")
    up = -(-span // stride)
    if up * stride >= size + low:
        up -= 1
    assert isinstance(steps, int)
    return up, max(0, up * stride - span)


def pad_spatial(ctx: Context, value: Value, window: Window, literal: str) -> Tensor:
    """The value in channels-last order, padded with a constant for the window."""
    order = channels_last(len(window.kernel))
    x = to_order(ctx, value, order)
    low: list[Dim] = [0, *window.low, 0]
    high: list[Dim] = [0, *(dim(a + b) for a, b in zip(window.high, window.extra, strict=True)), 0]
    if all(p == 0 for p in (*low, *high)):
        return x
    shape = tuple(dim(d + a + b) for d, a, b in zip(x.shape, low, high, strict=True))
    ssa = write_pad(ctx, x, low, high, shape, literal, None)
    return Tensor(ssa, x.dtype, shape, inverse(order))


def write_pad(
    ctx: Context,
    x: Tensor,
    low: Sequence[Dim],
    high: Sequence[Dim],
    shape: Sequence[Dim],
    literal: str,
    value_id: str | None,
) -> str:
    """tensor.pad of the physical dimensions with one value."""
    emitter = ctx.emitter
    fill = emitter.constant(literal if x.dtype == "i1" else f"{literal} : {x.dtype}")
    below, above = emitter.sizes(low), emitter.sizes(high)
    indices = ", ".join(f"%i{k}: index" for k in range(len(shape)))
    attributes = emitter.attributes(value_id)
    kinds = f"{tensor_type(x.shape, x.dtype)} to {tensor_type(shape, x.dtype)}"
    return emitter.value(
        f"tensor.pad {x.ssa} low{below} high{above} {{\n^bb0({indices}):\n"
        f"  tensor.yield {fill} : {x.dtype}\n}} {attributes}: {kinds}"
    )
