"""What an ONNX tensor name stands for during import.

* `Tensor`: computed at run time; an SSA value, and how the ONNX (logical) dimensions lie in it.
* `Const`: known at import, not yet in the module: its user decides the final layout.
* `Symbolic`: a small tensor of shape arithmetic, whose elements are expressions of the dynamic dimensions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import ml_dtypes
import numpy as np
import onnx

from .dims import Dim, dim
from .errors import Unsupported

MLIR_TYPES: dict[Any, str] = {
    np.dtype(np.float32): "f32",
    np.dtype(np.int64): "i64",
    np.dtype(np.int32): "i32",
    np.dtype(np.bool_): "i1",
}
NUMPY_TYPES: dict[str, Any] = {text: kind for kind, text in MLIR_TYPES.items()}

# Elements between QuantizeLinear and DequantizeLinear. They lie in a signless integer of whole bytes.
CODES: dict[str, Any] = {
    "i8": np.dtype(np.int8),
    "ui8": np.dtype(np.uint8),
    "i16": np.dtype(np.int16),
    "ui16": np.dtype(np.uint16),
    "i4": np.dtype(ml_dtypes.int4),
    "ui4": np.dtype(ml_dtypes.uint4),
    "f8E4M3FN": np.dtype(ml_dtypes.float8_e4m3fn),
    "f8E5M2": np.dtype(ml_dtypes.float8_e5m2),
}
BORDER_CODES = ("i8", "ui8", "i16", "ui16")
_CODE_NAMES: dict[Any, str] = {kind: text for text, kind in CODES.items()}
_ONNX_TYPES = {
    "FLOAT": "f32",
    "INT64": "i64",
    "INT32": "i32",
    "BOOL": "i1",
    "INT8": "i8",
    "UINT8": "ui8",
    "INT16": "i16",
    "UINT16": "ui16",
    "INT4": "i4",
    "UINT4": "ui4",
    "FLOAT8E4M3FN": "f8E4M3FN",
    "FLOAT8E5M2": "f8E5M2",
}


def storage_type(dtype: str) -> str:
    """The MLIR element type in which elements of `dtype` lie."""
    if dtype not in CODES:
        return dtype
    return "i16" if dtype.endswith("16") else "i8"


def to_storage(codes: np.ndarray) -> np.ndarray:
    """The codes as signed integers of whole bytes with the same bits; 4-bit ones are widened."""
    if codes.dtype in (CODES["i4"], CODES["ui4"]):
        return codes.astype(np.int8)
    return np.ascontiguousarray(codes).view(np.int16 if codes.dtype.itemsize == 2 else np.int8)


@dataclass(frozen=True)
class Tensor:
    """A run-time value. Logical dimension i is physical dimension perm[i]; `shape` is the physical shape."""

    ssa: str
    dtype: str
    shape: tuple[Dim, ...]
    perm: tuple[int, ...]

    @property
    def logical(self) -> tuple[Dim, ...]:
        return tuple(self.shape[p] for p in self.perm)

    @property
    def order(self) -> tuple[int, ...]:
        """Logical dimension of each physical one: the inverse of perm."""
        return inverse(self.perm)


@dataclass(frozen=True)
class Codes:
    """What a constant was dequantized from: codes, and the parameters of each element, all of the constant's shape."""

    codes: np.ndarray
    scale: np.ndarray
    zero_point: np.ndarray

    @property
    def dtype(self) -> str:
        return _CODE_NAMES[self.codes.dtype]


@dataclass(frozen=True)
class Const:
    """A value known at import, in logical layout; `name` is where the bytes come from.

    One that was dequantized keeps its `codes`, so that it enters the module as these.
    """

    array: np.ndarray
    name: str
    codes: Codes | None = None

    def mapped(self, move: Callable[[np.ndarray], np.ndarray], name: str | None = None) -> Const:
        """Moves elements: a transpose, reshape or slice of numpy."""
        codes = self.codes
        if codes:
            codes = Codes(move(codes.codes), move(codes.scale), move(codes.zero_point))
        return replace(self, array=move(self.array), name=name or self.name, codes=codes)

    @property
    def dtype(self) -> str:
        return element_type(self.array.dtype)

    @property
    def logical(self) -> tuple[Dim, ...]:
        return tuple(int(d) for d in self.array.shape)


@dataclass(frozen=True)
class Symbolic:
    """A tensor of expressions (an object array of int, bool or sympy expressions)."""

    array: np.ndarray
    dtype: str

    @property
    def logical(self) -> tuple[Dim, ...]:
        return tuple(int(d) for d in self.array.shape)


Value: TypeAlias = Tensor | Const | Symbolic


def inverse(perm: tuple[int, ...]) -> tuple[int, ...]:
    """The inverse permutation."""
    result = [0] * len(perm)
    for position, target in enumerate(perm):
        result[target] = position
    return tuple(result)


def identity(rank: int) -> tuple[int, ...]:
    return tuple(range(rank))


def plain(ssa: str, dtype: str, shape: tuple[Dim, ...]) -> Tensor:
    """A tensor whose physical layout is its logical one."""
    return Tensor(ssa, dtype, shape, identity(len(shape)))


def element_type(kind: Any) -> str:
    """The importer's name of a numpy element type; Unsupported when the float contract has none."""
    kind = np.dtype(kind)
    text = MLIR_TYPES.get(kind) or _CODE_NAMES.get(kind)
    if text is None:
        raise Unsupported(f"element type {kind.name}: {_SUPPORTED}")
    return text


_SUPPORTED = "float32, int64, int32 and bool are supported, and the types of QuantizeLinear behind it"


def onnx_element_type(code: int) -> str:
    """The importer's name of an ONNX element type code; Unsupported when the float contract has none."""
    name = onnx.TensorProto.DataType.Name(code) if code in onnx.TensorProto.DataType.values() else str(code)
    if name not in _ONNX_TYPES:
        raise Unsupported(f"element type {name.lower()}: {_SUPPORTED}")
    return _ONNX_TYPES[name]


def plain_element_type(code: int) -> str:
    """The same for values that are not quantized."""
    return _checked(code, (), "float32, int64, int32 and bool")


def border_type(code: int) -> str:
    """The same for inputs and outputs of the model, which data files hold."""
    return _checked(code, BORDER_CODES, "float32, int64, int32, bool and integers of 8 and 16 bits")


def _checked(code: int, also: tuple[str, ...], supported: str) -> str:
    try:
        text = onnx_element_type(code)
    except Unsupported:
        text = ""
    if text and (text not in CODES or text in also):
        return text
    name = onnx.TensorProto.DataType.Name(code).lower() if code in onnx.TensorProto.DataType.values() else str(code)
    raise Unsupported(f"element type {name}: {supported} are supported")


def settle(array: np.ndarray, dtype: str, name: str) -> Value:
    """An array of expressions as a Const when every element is a number, else as a Symbolic."""
    flat = [dim(element) for element in array.reshape(-1)]
    if all(isinstance(element, (int, bool)) or element.is_number for element in flat):
        numbers = [element if isinstance(element, (int, bool)) else float(element) for element in flat]
        return Const(np.array(numbers, dtype=NUMPY_TYPES[dtype]).reshape(array.shape), name)
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return Symbolic(result.reshape(array.shape), dtype)
