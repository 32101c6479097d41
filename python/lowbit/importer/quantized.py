"""Values that a model quantizes itself: `lowbit.quantize` and `lowbit.dequantize` as text.

Between the two the elements are plain integers ("codes"), which data movement takes as they are. 4-bit codes lie in
bytes, with the range of 4 bits in the format, so that every reader takes them as 8-bit ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from .body import literal
from .dims import Dim
from .emitter import bracket, tensor_type
from .errors import Unsupported
from .graph import Node
from .values import CODES, Codes, Tensor, plain, storage_type, to_storage

if TYPE_CHECKING:
    from .context import Context

# Operators that move elements without looking at them, or that are about codes.
_TAKE_CODES = {
    *("Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Transpose", "Concat", "Slice", "Split", "Gather"),
    *("Shape", "Size", "DequantizeLinear", "QuantizeLinear", "MatMulInteger", "ConvInteger", "QLinearMatMul"),
    *("QLinearConv", "MaxPool", "Cast"),
}
_AFFINE = {"i4": "i8, -8:7", "ui4": "ui8, 0:15"}
LEAST_SCALE = 2.0**-63  # rule N3


def check_codes(ctx: Context, node: Node) -> None:
    """Refuses arithmetic on codes, whose meaning ONNX gives only with a scale."""
    if node.op in _TAKE_CODES or node.domain == "com.microsoft":
        return
    for name in node.inputs:
        if name and ctx.values[name].dtype in CODES:
            raise Unsupported(
                f"on quantized elements ({name} is {ctx.values[name].dtype}); put it behind DequantizeLinear, or use "
                "an operator that moves elements"
            )


def code_range(dtype: str) -> tuple[int, int]:
    """The least and greatest code of an integer type."""
    bits = int(dtype.removeprefix("u").removeprefix("i"))
    return (0, 2**bits - 1) if dtype.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def is_small_float(dtype: str) -> bool:
    return dtype.startswith("f8")


@dataclass(frozen=True)
class Parameters:
    """Scale and zero point, known arrays or values of the run, and which elements share them.

    Rank 0: the tensor. Rank 1 with an `axis`: its indices. As many dimensions as the tensor: blocks of sizes `block`.
    """

    scale: np.ndarray | Tensor
    zero_point: np.ndarray | Tensor
    axis: int | None = None
    block: tuple[int, ...] | None = None

    def spread(self, shape: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
        """Both of them for each element of a tensor of this shape."""
        assert isinstance(self.scale, np.ndarray) and isinstance(self.zero_point, np.ndarray)
        return self._spread(self.scale, shape), self._spread(self.zero_point, shape)

    def _spread(self, values: np.ndarray, shape: Sequence[int]) -> np.ndarray:
        if self.axis is not None:
            values = values.reshape([-1 if k == self.axis else 1 for k in range(len(shape))])
        for k, size in enumerate(self.block or ()):
            values = np.repeat(values, size, axis=k).take(range(shape[k]), axis=k) if size > 1 else values
        return np.broadcast_to(values, shape)

    def moved(self, perm: Sequence[int]) -> Parameters:
        """For a tensor whose dimension i lies at perm[i]."""
        if self.axis is not None:
            return replace(self, axis=perm[self.axis])
        if self.block is None:
            return self
        assert isinstance(self.scale, np.ndarray) and isinstance(self.zero_point, np.ndarray)
        order = np.argsort(perm)
        block = tuple(self.block[i] for i in order)
        return replace(
            self, scale=self.scale.transpose(order), zero_point=self.zero_point.transpose(order), block=block
        )


def check_scales(scale: np.ndarray) -> None:
    """Refuses scales that no dequantize takes (N3)."""
    for value in scale.reshape(-1).tolist():
        if not (math.isfinite(value) and value >= LEAST_SCALE):
            raise Unsupported(f"scale {value}; scales are finite and at least 2^-63")


def _format(dtype: str, parameters: Parameters) -> str:
    where = f", axis = {parameters.axis}" if parameters.axis is not None else ""
    if parameters.block is not None:
        where = f", block = {bracket(parameters.block)}"
    if is_small_float(dtype):
        return f"!lowbit.float<{dtype}{where}>"
    return f"!lowbit.affine<{_AFFINE.get(dtype, dtype)}{where}>"


def _elements(values: np.ndarray, dtype: str) -> str:
    def write(part: np.ndarray) -> str:
        if part.ndim == 0:
            return literal(part.item(), dtype)
        return bracket([write(item) for item in part])

    same = values.size and (values == values.reshape(-1)[0]).all()
    text = write(values.reshape(-1)[0]) if same else write(values)
    return f"dense<{text}> : {tensor_type(list(values.shape), dtype)}"


def _parameters(parameters: Parameters, dtype: str) -> tuple[str, list[str]]:
    """The operands and the attributes of the operation."""
    operands, attributes = "", []
    for name, value, kind in (("scale", parameters.scale, "f32"), ("zero_point", parameters.zero_point, "i32")):
        if name == "zero_point" and is_small_float(dtype):
            continue
        if isinstance(value, Tensor):
            operands += f" {name}({value.ssa} : {tensor_type(value.shape, kind)})"
        else:
            attributes.append(f"{name} = {_elements(value, kind)}")
    return operands, attributes


def write_quantize(
    ctx: Context, x: Tensor, dtype: str, parameters: Parameters, saturate: bool, value_id: str | None
) -> Tensor:
    """The codes of a run-time value, in its layout."""
    physical = parameters.moved(x.perm)
    kind = tensor_type(x.shape, _format(dtype, physical))
    operands, attributes = _parameters(physical, dtype)
    if not saturate:
        attributes.append("saturate = false")
    emitter = ctx.emitter
    written = emitter.attributes(None, *attributes)
    q = emitter.value(f"lowbit.quantize {x.ssa}{operands} {written}: {tensor_type(x.shape, x.dtype)} -> {kind}")
    codes = tensor_type(x.shape, dtype)
    ssa = emitter.value(f"lowbit.storage_cast {q} {emitter.attributes(value_id)}: {kind} to {codes}")
    return Tensor(ssa, dtype, x.shape, x.perm)


def write_dequantize(ctx: Context, x: Tensor, parameters: Parameters, value_id: str | None) -> Tensor:
    """The floats of a run-time value of codes, in its layout."""
    physical = parameters.moved(x.perm)
    return _write_dequantize(ctx, x, physical, value_id)


def _write_dequantize(ctx: Context, x: Tensor, physical: Parameters, value_id: str | None) -> Tensor:
    kind = tensor_type(x.shape, _format(x.dtype, physical))
    operands, attributes = _parameters(physical, x.dtype)
    emitter = ctx.emitter
    q = emitter.value(f"lowbit.storage_cast {x.ssa} : {tensor_type(x.shape, x.dtype)} to {kind}")
    written = emitter.attributes(value_id, *attributes)
    ssa = emitter.value(f"lowbit.dequantize {q}{operands} {written}: {kind} -> {tensor_type(x.shape, 'f32')}")
    return Tensor(ssa, "f32", x.shape, x.perm)


def write_dequantized(ctx: Context, name: str, codes: Codes) -> Tensor:
    """A constant of codes and its dequantize."""
    shape: tuple[Dim, ...] = tuple(int(d) for d in codes.codes.shape)
    ints = ctx.place(to_storage(codes.codes), name)
    stored = plain(ints.ssa, codes.dtype, shape)
    assert storage_type(codes.dtype) == ints.dtype
    return _write_dequantize(ctx, stored, _gathered(codes), None)


def _gathered(codes: Codes) -> Parameters:
    """The parameters without their repetitions."""
    shape = codes.codes.shape
    # The longest blocks along each dimension in which nothing changes; 0 where nothing does along all of it.
    runs = [math.gcd(_run(codes.scale, k), _run(codes.zero_point, k)) for k in range(len(shape))]
    changing = [k for k, run in enumerate(runs) if run]
    if len(changing) > 1 or any(runs[k] > 1 for k in changing):
        sizes = [run or size for run, size in zip(runs, shape, strict=True)]
        starts = tuple(slice(None, None, size) for size in sizes)
        return Parameters(codes.scale[starts], codes.zero_point[starts], block=tuple(sizes))
    index = tuple(slice(None) if k in changing else 0 for k in range(len(shape)))
    axis = changing[0] if changing else None
    return Parameters(np.asarray(codes.scale[index]), np.asarray(codes.zero_point[index]), axis=axis)


def _run(values: np.ndarray, axis: int) -> int:
    """The greatest common divisor of the positions along `axis` at which the values change; 0 when they do not."""
    changes = (np.diff(values, axis=axis) != 0).any(axis=tuple(k for k in range(values.ndim) if k != axis))
    return math.gcd(*(int(position) + 1 for position in np.flatnonzero(changes)))
