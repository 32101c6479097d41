"""ONNX's reference evaluator, the numbers that it is given, and what a case of it says.

A case has two sources: the evaluator (`reference`), and, for the elements of `apart` only, the rule of
docs/numerics.md computed with numpy. What the evaluator gives elsewhere is what has to come out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ml_dtypes
import numpy as np
import onnx
from modules import Affine, Format, Module, SmallFloat, Value
from onnx import helper
from onnx.reference import ReferenceEvaluator

OPSET = 25
INTEGERS = ("int8", "uint8", "int16", "uint16", "int4", "uint4", "int2", "uint2")
FLOATS = ("float8e4m3fn", "float8e5m2", "float4e2m1")
_NUMPY = {
    **{name: np.dtype(name) for name in ("int8", "uint8", "int16", "uint16")},
    **{name: np.dtype(getattr(ml_dtypes, name)) for name in ("int4", "uint4", "int2", "uint2")},
    "float8e4m3fn": np.dtype(ml_dtypes.float8_e4m3fn),
    "float8e5m2": np.dtype(ml_dtypes.float8_e5m2),
    "float4e2m1": np.dtype(ml_dtypes.float4_e2m1fn),
    "float8e8m0": np.dtype(ml_dtypes.float8_e8m0fnu),
}
_ELEMENT = {"float8e4m3fn": "f8E4M3FN", "float8e5m2": "f8E5M2", "float4e2m1": "f4E2M1FN"}


@dataclass
class Golden:
    reference: np.ndarray
    wanted: np.ndarray
    apart: np.ndarray
    """Where the two may differ; that they do somewhere is checked too, where this is not empty."""


@dataclass
class Case:
    """A module in the making and what its results have to be."""

    module: Module = field(default_factory=Module)
    goldens: dict[str, Golden] = field(default_factory=dict)

    def expect(
        self,
        name: str,
        value: Value,
        reference: np.ndarray,
        wanted: np.ndarray | None = None,
        apart: np.ndarray | None = None,
    ) -> None:
        self.module.result(name, value)
        self.goldens[name] = Golden(
            reference,
            reference if wanted is None else wanted,
            np.zeros(reference.shape, bool) if apart is None else apart,
        )


Build = Callable[[Case], None]


def dtype_of(name: str) -> np.dtype:
    return _NUMPY[name]


def onnx_type(name: str) -> int:
    return int(getattr(onnx.TensorProto, name.upper()))


def range_of(name: str) -> tuple[int, int]:
    info = ml_dtypes.iinfo(_NUMPY[name])
    return int(info.min), int(info.max)


def format_of(name: str, axis: int | None = None, block: tuple[int, ...] | None = None) -> Format:
    if name in _ELEMENT:
        return SmallFloat(_ELEMENT[name], axis, block)
    return Affine.whole(name.replace("uint", "ui").replace("int", "i"), axis, block)


def evaluate(op: str, inputs: Sequence[np.ndarray | None], outputs: int = 1, **attributes: Any) -> list[np.ndarray]:
    """A node of one operator by ONNX's reference evaluator."""
    names = ["" if array is None else f"x{i}" for i, array in enumerate(inputs)]
    given = {name: array for name, array in zip(names, inputs, strict=True) if array is not None}
    results = [f"y{i}" for i in range(outputs)]
    graph = helper.make_graph(
        [helper.make_node(op, names, results, **attributes)],
        op,
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(array.dtype), array.shape)
            for name, array in given.items()
        ],
        [onnx.ValueInfoProto(name=name) for name in results],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    with np.errstate(all="ignore"):
        return [np.asarray(array) for array in ReferenceEvaluator(model).run(None, given)]


def codes_of(array: np.ndarray) -> np.ndarray:
    """Integers as numbers, small floats as their bits, in i32; f32 stays."""
    if array.dtype in (np.float32, np.int32):
        return array
    if array.dtype.name.startswith("float"):
        return array.view(np.uint8).astype(np.int32)
    return array.astype(np.int32)


def codes_argument(module: Module, codes: np.ndarray, format: Format) -> Value:
    """Quantized values from their codes: bytes or words that the module narrows."""
    width = int(format.plain[1:])
    signed = codes.astype(np.int16 if width == 16 else np.int8)
    value = module.argument(signed)
    if width < 8:
        line = f"%y = arith.trunci %x0 : i8 to {format.plain}"
        value = module.elementwise([value], [line], format.plain)
    return module.quantized(value, format)


def extremes(scale: float, low: float, high: float, seed: int, count: int = 400) -> np.ndarray:
    """Floats around a range [low, high] of multiples of scale: random ones, ties, ends, and all special values."""
    random = np.random.default_rng(seed)
    scale32 = np.float32(scale)
    span = np.float32(max(abs(low), abs(high), 1))
    spread = (random.standard_normal(count) * span * scale32 * 0.7).astype(np.float32)
    steps = np.arange(max(low, -300) - 3, min(high, 300) + 4, dtype=np.float32)
    ties = np.concatenate([steps + np.float32(0.5), np.array([low, high, low - 0.5, high + 0.5], np.float32)]) * scale32
    near = np.concatenate([np.nextafter(ties, np.float32(np.inf)), np.nextafter(ties, np.float32(-np.inf))])
    bits = random.integers(0, 1 << 32, count, dtype=np.uint32).view(np.float32)
    special = [0.0, -0.0, 1e-45, -1e-45, 1.1754942e-38, 1.17549435e-38, 3.4028235e38, -3.4028235e38]
    special += [np.inf, -np.inf, np.nan, -np.nan, 2.0**31, -(2.0**31), 2.0**63, -(2.0**63), 1e20, -1e20]
    return np.concatenate([spread, ties, near, bits, np.array(special, np.float32)]).astype(np.float32)


def shaped(values: np.ndarray, *shape: int) -> np.ndarray:
    """The values, repeated or cut to the shape; -1 stands for as many as it takes."""
    if -1 in shape:
        rest = int(np.prod([size for size in shape if size > 0]))
        shape = tuple(-(-values.size // rest) if size < 0 else size for size in shape)
    return np.resize(values, shape)
