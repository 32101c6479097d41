"""Expressions of dynamic dimensions as run-time scalars and tensors."""

from __future__ import annotations

from typing import Any

import sympy

from .body import literal
from .dims import Dim, dim
from .emitter import Emitter, tensor_type
from .errors import Unsupported
from .values import Symbolic


def write_scalar(emitter: Emitter, value: Any, dtype: str) -> str:
    """The SSA scalar of an expression, as an element of type dtype."""
    if isinstance(value, (int, bool)) or value.is_number:
        written = literal(value if isinstance(value, int) else float(value), dtype)
        return emitter.constant(written if dtype == "i1" else f"{written} : {dtype}")
    if dtype == "i1":
        raise Unsupported(f"the truth of {value} is only known at run time")
    if dtype != "f32":
        return emitter.value(f"arith.index_cast {emitter.index(value)} : index to {dtype}")
    if value.is_integer:
        whole = emitter.value(f"arith.index_cast {emitter.index(value)} : index to i64")
        return emitter.value(f"arith.sitofp {whole} : i64 to f32")
    if isinstance(value, sympy.Pow):
        base = write_scalar(emitter, dim(value.base), dtype)
        if value.exp == sympy.Rational(1, 2):
            return emitter.value(f"math.sqrt {base} : f32")
        if value.exp == sympy.Rational(-1, 2):
            return emitter.value(f"math.rsqrt {base} : f32")
        return emitter.value(f"math.powf {base}, {write_scalar(emitter, value.exp, dtype)} : f32")
    if isinstance(value, (sympy.Mul, sympy.Add)):
        name = "mulf" if isinstance(value, sympy.Mul) else "addf"
        terms = [write_scalar(emitter, dim(term), dtype) for term in value.args]
        result = terms[0]
        for term in terms[1:]:
            result = emitter.value(f"arith.{name} {result}, {term} : f32")
        return result
    raise Unsupported(f"shape expression {value} cannot be computed at run time")


def write_symbolic(emitter: Emitter, value: Symbolic) -> str:
    """A tensor of expressions."""
    scalars = [write_scalar(emitter, element, value.dtype) for element in value.array.reshape(-1)]
    shape: list[Dim] = [int(d) for d in value.array.shape]
    return emitter.value(f"tensor.from_elements {', '.join(scalars)} : {tensor_type(shape, value.dtype)}")
