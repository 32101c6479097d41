"""What an ONNX tensor name stands for during import.

* `Tensor`: computed at run time; an SSA value, and how the ONNX (logical) dimensions lie in it.
* `Const`: known at import, not yet in the module: its user decides the final layout.
* `Symbolic`: a small tensor of shape arithmetic, whose elements are expressions of the dynamic dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

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
class Const:
    """A value known at import, in logical layout; `name` is where the bytes come from."""

    array: np.ndarray
    name: str

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
    """MLIR name of a numpy element type; Unsupported when the float contract has none."""
    text = MLIR_TYPES.get(np.dtype(kind))
    if text is None:
        raise Unsupported(f"element type {np.dtype(kind).name}: float32, int64, int32 and bool are supported")
    return text


def onnx_element_type(code: int) -> str:
    """MLIR name of an ONNX element type code; Unsupported when the float contract has none."""
    name = onnx.TensorProto.DataType.Name(code) if code in onnx.TensorProto.DataType.values() else str(code)
    known = {"FLOAT": "f32", "INT64": "i64", "INT32": "i32", "BOOL": "i1"}
    if name not in known:
        raise Unsupported(f"element type {name.lower()}: float32, int64, int32 and bool are supported")
    return known[name]


def settle(array: np.ndarray, dtype: str, name: str) -> Value:
    """An array of expressions as a Const when every element is a number, else as a Symbolic."""
    flat = [dim(element) for element in array.reshape(-1)]
    if all(isinstance(element, (int, bool)) or element.is_number for element in flat):
        numbers = [element if isinstance(element, (int, bool)) else float(element) for element in flat]
        return Const(np.array(numbers, dtype=NUMPY_TYPES[dtype]).reshape(array.shape), name)
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return Symbolic(result.reshape(array.shape), dtype)
