"""Writes MLIR text: SSA names, types, locations, value ids. Knows the syntax, nothing of ONNX."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy

from .body import Body
from .dims import Dim
from .values import storage_type

Axes = tuple["int | None", ...]


def quote(name: str) -> str:
    """A string literal of MLIR."""
    parts = []
    for byte in name.encode("utf-8"):
        char = chr(byte)
        parts.append(char if 32 <= byte < 127 and char not in '"\\' else f"\\{byte:02X}")
    return '"' + "".join(parts) + '"'


def tensor_type(shape: Sequence[Dim], dtype: str) -> str:
    return "tensor<" + "".join(f"{d}x" if isinstance(d, int) else "?x" for d in shape) + storage_type(dtype) + ">"


def affine_map(loops: int, axes: Sequence[int | None]) -> str:
    """A projected permutation; None is a constant 0 result."""
    results = ", ".join("0" if axis is None else f"d{axis}" for axis in axes)
    return f"affine_map<({', '.join(f'd{i}' for i in range(loops))}) -> ({results})>"


def bracket(items: Sequence[object]) -> str:
    return "[" + ", ".join(str(item) for item in items) + "]"


@dataclass(frozen=True)
class Operand:
    """An operand of a structured op: its value, and the loop that runs over each of its dimensions."""

    ssa: str
    type: str
    axes: Axes


class Emitter:
    """The body of @main, line by line. `location` is the name of the ONNX node being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.location = ""
        self._count = 0
        self._ids: set[str] = set()
        self._index: dict[Dim, str] = {}
        self._constants: dict[str, str] = {}
        self.argument_types: dict[str, str] = {}

    # -- lines and names

    def statement(self, text: str) -> None:
        self.lines.append(f"{text} loc({quote(self.location)})")

    def value(self, text: str) -> str:
        name = f"%{self._count}"
        self._count += 1
        self.statement(f"{name} = {text}")
        return name

    def attributes(self, value_id: str | None, *others: str) -> str:
        """The attribute dictionary with lowbit.id, made unique; empty text when there is nothing to say."""
        entries = list(others)
        if value_id:
            unique, number = value_id, 1
            while unique in self._ids:
                number += 1
                unique = f"{value_id}#{number}"
            self._ids.add(unique)
            entries.append(f"lowbit.id = {quote(unique)}")
        return "{" + ", ".join(entries) + "} " if entries else ""

    # -- scalars

    def constant(self, text: str) -> str:
        """A scalar constant such as `0.0 : f32`, written once."""
        if text not in self._constants:
            self._constants[text] = self.value(f"arith.constant {text}")
        return self._constants[text]

    def bind(self, size: Dim, ssa: str, position: int) -> None:
        """Makes a symbol known as a dimension of an argument; its tensor.dim is written where first needed."""
        self._index.setdefault(size, f"{ssa} {position}")

    def index(self, size: Dim) -> str:
        """The SSA index value of a dimension."""
        if isinstance(size, int):
            return self.constant(f"{size} : index")
        known = self._index.get(size)
        if known is None:
            known = self._index[size] = self._compute(size)
        elif " " in known:
            argument, position = known.split(" ")
            kind = self.argument_types[argument]
            known = self._index[size] = self.value(f"tensor.dim {argument}, {self.index(int(position))} : {kind}")
        return known

    def _compute(self, size: sympy.Expr) -> str:
        numerator, denominator = sympy.together(size).as_numer_denom()
        if denominator != 1:
            return self._binary("floordivsi", numerator, denominator)
        if isinstance(size, sympy.floor):
            return self._binary("floordivsi", *sympy.together(size.args[0]).as_numer_denom())
        if isinstance(size, sympy.ceiling):
            return self._binary("ceildivsi", *sympy.together(size.args[0]).as_numer_denom())
        if isinstance(size, sympy.Pow) and size.exp.is_Integer and size.exp > 1:
            return self._binary("muli", size.base, size.base ** (size.exp - 1))
        first, rest = size.args[0], size.func(*size.args[1:])
        if isinstance(size, sympy.Add):
            positive = [term for term in size.args if not term.could_extract_minus_sign()]
            if positive and len(positive) < len(size.args):
                plus = sympy.Add(*positive)
                return self._binary("subi", plus, plus - size)
            return self._binary("addi", first, rest)
        operations = {sympy.Mul: "muli", sympy.Max: "maxsi", sympy.Min: "minsi"}
        return self._binary(operations[type(size)], first, rest)

    def _binary(self, operation: str, a: sympy.Expr, b: sympy.Expr) -> str:
        left, right = (self.index(int(x) if x.is_Integer else x) for x in (a, b))
        return self.value(f"arith.{operation} {left}, {right} : index")

    def size(self, size: Dim) -> str:
        """As it stands in a mixed list of static and dynamic sizes."""
        return str(size) if isinstance(size, int) else self.index(size)

    def sizes(self, shape: Sequence[Dim]) -> str:
        return bracket([self.size(d) for d in shape])

    # -- tensors

    def empty(self, shape: Sequence[Dim], dtype: str) -> str:
        dynamic = ", ".join(self.index(d) for d in shape if not isinstance(d, int))
        return self.value(f"tensor.empty({dynamic}) : {tensor_type(shape, dtype)}")

    def filled(self, shape: Sequence[Dim], dtype: str, literal: str, value_id: str | None = None) -> str:
        """A tensor with one value everywhere."""
        scalar = self.constant(literal if dtype == "i1" else f"{literal} : {dtype}")
        kind = tensor_type(shape, dtype)
        empty = self.empty(shape, dtype)
        attributes = self.attributes(value_id)
        return self.value(f"linalg.fill {attributes}ins({scalar} : {dtype}) outs({empty} : {kind}) -> {kind}")

    def structured(self, head: str, ins: Sequence[tuple[str, str]], out: tuple[str, str], tail: str = "") -> str:
        """`head ins(...) outs(...) tail -> type`; ins and out are (value, type)."""
        operands = ", ".join(ssa for ssa, _ in ins) + " : " + ", ".join(kind for _, kind in ins) if ins else ""
        read = f"ins({operands}) " if ins else ""
        return self.value(f"{head} {read}outs({out[0]} : {out[1]}){tail} -> {out[1]}")

    def generic(
        self,
        loops: int,
        ins: Sequence[Operand],
        out: Operand,
        dtypes: Sequence[str],
        body: Callable[[Body, list[str], str], str],
        work_type: str,
        value_id: str | None,
    ) -> str:
        """One linalg.generic. `dtypes` are the element types of ins, then of out; the body gets their names."""
        dtypes = [storage_type(dtype) for dtype in dtypes]
        maps = [affine_map(loops, operand.axes) for operand in (*ins, out)]
        kinds = ['"parallel"' if i in out.axes else '"reduction"' for i in range(loops)]
        names = [f"%in{i}" for i in range(len(ins))]
        region = Body(work_type)
        result = body(region, names, "%out")
        arguments = ", ".join(f"{n}: {t}" for n, t in zip((*names, "%out"), dtypes, strict=True))
        lines = [f"^bb0({arguments}):"]
        lines += [f"  {line}" for line in (*region.lines, f"linalg.yield {result} : {dtypes[-1]}")]
        attributes = self.attributes(value_id)
        tail = (f" attrs = {attributes.rstrip()}" if attributes else "") + " {\n" + "\n".join(lines) + "\n}"
        head = f"linalg.generic {{indexing_maps = {bracket(maps)}, iterator_types = {bracket(kinds)}}}"
        return self.structured(head, [(o.ssa, o.type) for o in ins], (out.ssa, out.type), tail)
