"""Dimensions as sympy expressions of the model's symbols, and their arithmetic.

A dimension is an int or an expression in positive integer symbols, one for each dynamic dimension of an input.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import sympy

Dim: TypeAlias = int | sympy.Expr


def symbol(name: str) -> sympy.Symbol:
    return sympy.Symbol(name, integer=True, positive=True)


def dim(value: Any) -> Dim:
    """Normal form: equal expressions compare equal, numbers are int."""
    if isinstance(value, int):  # bool too: a truth value in shape arithmetic stays one
        return value
    expression = sympy.sympify(value)
    if expression in (sympy.true, sympy.false):
        return bool(expression)
    expression = sympy.expand(expression)
    return int(expression) if expression.is_Integer else expression


def is_static(value: Dim) -> bool:
    return isinstance(value, int)


def same(a: Dim, b: Dim) -> bool:
    """True when both are equal for all values of the symbols."""
    return bool(dim(sympy.sympify(a) - sympy.sympify(b)) == 0)


def product(dims: Iterable[Dim]) -> Dim:
    result: Any = sympy.Integer(1)
    for factor in dims:
        result = result * factor
    return dim(result)


def divide(a: Dim, b: Dim) -> Dim | None:
    """a / b when that is a whole number for all values of the symbols, as far as algebra tells; else None."""
    if isinstance(a, int) and isinstance(b, int):
        return a // b if b and a % b == 0 else None
    if b == 0:
        return None
    quotient = sympy.cancel(sympy.sympify(a) / sympy.sympify(b))
    numerator, denominator = quotient.as_numer_denom()
    if denominator != 1:
        return None
    return dim(numerator)


def floor_divide(a: Dim, b: int) -> Dim:
    """a / b rounded down."""
    if isinstance(a, int):
        return a // b
    return dim(sympy.floor(sympy.sympify(a) / b))


def ceil_divide(a: Dim, b: int) -> Dim:
    """a / b rounded up, as floor((a + b - 1) / b)."""
    return floor_divide(dim(sympy.sympify(a) + b - 1), b)


def maximum(a: Dim, b: Dim) -> Dim:
    return dim(sympy.Max(sympy.sympify(a), sympy.sympify(b)))


def text(value: Dim) -> str:
    """As people write it: `batch*seq`, `12`."""
    return str(value)
