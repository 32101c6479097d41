"""Resize with linear interpolation along the last two dimensions, of known sizes.

The positions and weights are computed at import, in f32 and in the order of ONNX Runtime's kernel; the run gathers four
neighbours and adds them up.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..body import Body
from ..broadcast import elementwise
from ..context import HANDLERS, Context
from ..errors import Unsupported
from ..graph import Node
from ..values import Const, Value

_F32 = np.float32


def _positions(mode: str, size: int, scale: np.float32, source: int) -> np.ndarray:
    """Where each element of the result lies between those of the source."""
    at = np.arange(size, dtype=_F32)
    if scale == 1:
        return at
    if mode in ("half_pixel", "pytorch_half_pixel"):
        if mode == "pytorch_half_pixel" and size == 1:
            return np.zeros(1, _F32)
        return np.asarray((at + _F32(0.5)) / scale - _F32(0.5), _F32)
    if mode == "asymmetric":
        return np.asarray(at / scale, _F32)
    if mode == "align_corners":
        return np.asarray(at * _F32(source - 1) / _F32(size - 1), _F32) if size > 1 else np.zeros(1, _F32)
    raise Unsupported(
        f"mode linear, {mode}; half_pixel, pytorch_half_pixel, asymmetric and align_corners are supported"
    )


def _neighbours(mode: str, size: int, scale: np.float32, source: int) -> tuple[np.ndarray, ...]:
    """Indices of the two neighbours, and the distances to them; each weighs as much as the other is away."""
    at = np.clip(_positions(mode, size, scale, source), _F32(0), _F32(source - 1))
    first = np.minimum(at.astype(np.int64), source - 1)
    second = np.minimum(first + 1, source - 1)
    near, far = np.abs(at - first.astype(_F32)), np.abs(at - second.astype(_F32))
    half = _F32(0.5)
    return first, second, np.where(first == second, half, near), np.where(first == second, half, far)


def _sizes(ctx: Context, node: Node, value: Value) -> tuple[list[object], list[np.float32]]:
    """The sizes of the result, and the scales as the kernel has them."""
    if node.has_input(3):
        sizes = list(ctx.dims(node, 3, "the sizes"))
        pairs = zip(sizes, value.logical, strict=True)
        return sizes, [_F32(s) / _F32(d) if isinstance(s, int) and isinstance(d, int) else _F32(1) for s, d in pairs]
    scales = ctx.constant(node, 2, "the scales").reshape(-1).astype(_F32)
    known = [
        int(np.floor(_F32(d) * s)) if isinstance(d, int) else d for d, s in zip(value.logical, scales, strict=True)
    ]
    return known, list(scales)


def resize_linear(ctx: Context, node: Node, value: Value) -> Value:
    if value.dtype != "f32":
        raise Unsupported(f"on element type {value.dtype}; float32 is expected")
    if node.attrs.get("antialias", 0) or node.attrs.get("axes") or node.attrs.get("exclude_outside", 0):
        raise Unsupported("antialias, axes or exclude_outside; none of them is supported")
    if node.attrs.get("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise Unsupported("keep_aspect_ratio_policy; stretch is supported")
    sizes, scales = _sizes(ctx, node, value)
    rank = len(sizes)
    if rank != 4 or any(size != d for size, d in zip(sizes[:2], value.logical[:2], strict=True)):
        raise Unsupported("linear interpolation of other dimensions than the last two of four")
    sources = value.logical[2:]
    if not all(isinstance(size, int) for size in (*sizes[2:], *sources)):
        raise Unsupported("linear interpolation of a dynamic size; give it with --shape")
    mode = node.attrs.get("coordinate_transformation_mode", "half_pixel")
    rows, columns = (
        _neighbours(mode, int(str(size)), scale, int(str(d)))
        for size, scale, d in zip(sizes[2:], scales[2:], sources, strict=True)
    )
    name = node.outputs[0]

    def gather(source: Value, indices: np.ndarray, axis: int, what: str) -> Value:
        ctx.values[f"{name}/{what}/source"] = source
        ctx.values[f"{name}/{what}/indices"] = Const(indices, f"{name}/{what}/indices")
        inputs = [f"{name}/{what}/source", f"{name}/{what}/indices"]
        made = replace(node, op="Gather", inputs=inputs, outputs=[f"{name}/{what}"], attrs={"axis": axis})
        found = HANDLERS["Gather"](ctx, made)
        assert not isinstance(found, list)
        return found

    corners = []
    for i, which in enumerate(("top", "bottom")):
        line = gather(value, rows[i], 2, which)
        corners += [gather(line, columns[0], 3, f"{which}/left"), gather(line, columns[1], 3, f"{which}/right")]
    # Column distances (near, far), then row distances.
    weights = [Const(columns[k].astype(_F32), f"{name}/x{k}") for k in (2, 3)]
    weights += [Const(rows[k].astype(_F32).reshape(-1, 1), f"{name}/y{k}") for k in (2, 3)]

    def build(b: Body, v: list[str]) -> str:
        x_near, x_far, y_near, y_far = v[4:]
        pairs = [(x_far, y_far), (x_near, y_far), (x_far, y_near), (x_near, y_near)]
        terms = [
            b.op("arith.mulf", b.op("arith.mulf", *pair), corner) for pair, corner in zip(pairs, v[:4], strict=True)
        ]
        total = terms[0]
        for term in terms[1:]:
            total = b.op("arith.addf", total, term)
        return total

    return elementwise(ctx, [*corners, *weights], build, "f32", name)
