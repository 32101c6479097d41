"""Runs a function of a module on symbols: its results are z3 terms.

    machine = Machine(Symbols())
    results = machine.run(functions(read(text))["main"], arguments)

An i<n> is a bit vector of n bits, an index a Python number, an f32 what floats.py says; tensors, vectors and buffers
hold these element by element, and their shapes are static. Loops run, for their bounds are numbers. What would be
undefined behaviour is an error where it can be seen (an access outside of a buffer), and otherwise a condition in
`machine.obligations`, which a proof has to discharge. Bytes that nobody wrote are fresh symbols.

The operations are in ops_arith.py, ops_linalg.py, ops_memory.py and ops_lowbit.py. One without a handler is an error.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import z3

from proofs.floats import FloatModel
from proofs.ir import Block, Number, Op, Type, Unknown


@dataclass
class Tensor:
    """A tensor or a vector: elements in row-major order."""

    shape: tuple[int, ...]
    elements: list[Any]

    def offset(self, index: Sequence[int]) -> int:
        at = 0
        for i, extent in zip(index, self.shape, strict=True):
            if not 0 <= i < extent:
                raise Unknown(f"index {tuple(index)} outside of {self.shape}")
            at = at * extent + i
        return at

    def __getitem__(self, index: Sequence[int]) -> Any:
        return self.elements[self.offset(index)]

    @staticmethod
    def build(shape: Sequence[int], element: Callable[[tuple[int, ...]], Any]) -> "Tensor":
        return Tensor(tuple(shape), [element(index) for index in indices(shape)])


@dataclass
class Buffer:
    """A memref: `cells` is shared by all views."""

    cells: list[Any]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def address(self, index: Sequence[int]) -> int:
        for i, extent in zip(index, self.shape, strict=True):
            if not 0 <= i < extent:
                raise Unknown(f"access {tuple(index)} outside of memref {self.shape}")
        at = self.offset + sum(i * stride for i, stride in zip(index, self.strides, strict=True))
        if not 0 <= at < len(self.cells):
            raise Unknown(f"access {at} outside of an allocation of {len(self.cells)}")
        return at


def indices(shape: Sequence[int]) -> list[tuple[int, ...]]:
    return list(itertools.product(*[range(extent) for extent in shape]))


def row_major(shape: Sequence[int]) -> tuple[int, ...]:
    return tuple(prod(shape[i + 1 :]) for i in range(len(shape)))


def constant_of(term: Any) -> int:
    """The number that a term is whatever its symbols are."""
    if isinstance(term, int):
        return term
    term = z3.simplify(term)
    if not z3.is_bv_value(term):
        raise Unknown(f"control that depends on data: {term}")
    return term.as_long()


Handler = Callable[["Machine", Op, list[Any]], list[Any]]
HANDLERS: dict[str, Handler] = {}


def handles(*names: str) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        for name in names:
            HANDLERS[name] = handler
        return handler

    return register


class Machine:
    def __init__(self, floats: FloatModel, prefix: str = "") -> None:
        self.floats = floats
        self.prefix = prefix
        self.environment: dict[str, Any] = {}
        self.obligations: list[tuple[str, z3.BoolRef]] = []
        self.named: list[tuple[z3.BitVecRef, z3.BitVecRef]] = []
        self.symbols: dict[int, z3.BitVecRef] = {}  # i32 constants that stand for any number
        self.loops: tuple[int, ...] = ()  # of the linalg operation that runs
        self.fresh_count = 0

    # Symbols.
    def fresh(self, type: Type) -> Any:
        self.fresh_count += 1
        return self.variable(f"{self.prefix}unset{self.fresh_count}", type)

    def variable(self, name: str, type: Type) -> Any:
        from proofs.ops_lowbit import Format

        if type.kind == "f32":
            return self.floats.variable(name)
        if type.kind.startswith("!lowbit.affine"):
            return z3.BitVec(name, Format.parse(type).storage)
        if type.kind == "f8E8M0FNU":
            return z3.BitVec(name, 8)
        return z3.BitVec(name, type.width)

    def argument(self, name: str, type: Type, shape: Sequence[int] | None = None) -> Any:
        """A symbol for each element."""
        if not type.element:
            return self.variable(name, type)
        extents = tuple(shape if shape is not None else (e or 0 for e in type.shape))
        element = type.element
        cells = Tensor.build(extents, lambda i: self.variable("_".join([name, *map(str, i)]), element))
        if type.kind == "memref":
            return Buffer(cells.elements, 0, extents, row_major(extents))
        return cells

    def constant(self, value: int, type: Type) -> Any:
        if type.kind == "index":
            return value
        if type.kind == "f32":
            return self.floats.constant(value)
        if type.kind == "i32" and value in self.symbols:
            return self.symbols[value]
        return z3.BitVecVal(value, type.width)

    def number(self, attribute: object) -> int:
        if not isinstance(attribute, Number):
            raise Unknown(f"{attribute} is no number")
        return attribute.value

    def name(self, term: z3.BitVecRef) -> z3.BitVecRef:
        """A symbol that stands for `term`; proofs say what they need to know of it (see prove.py)."""
        symbol = z3.BitVec(f"{self.prefix}named{len(self.named)}", term.size())
        self.named.append((symbol, term))
        return symbol

    def oblige(self, reason: str, condition: z3.BoolRef) -> None:
        if not z3.is_true(z3.simplify(condition)):
            self.obligations.append((reason, condition))

    # Execution.
    def run(self, function: Op, arguments: Sequence[Any]) -> list[Any]:
        blocks = function.regions[0]
        if len(blocks) != 1:
            raise Unknown(f"{len(blocks)} blocks in a function")
        results = self.block(blocks[0], arguments)
        from proofs.ops_lowbit import finish

        return [finish(self, result) for result in results]

    def block(self, block: Block, arguments: Sequence[Any]) -> list[Any]:
        """Runs a block; the operands of its terminator."""
        for (name, _), value in zip(block.arguments, arguments, strict=True):
            self.environment[name] = value
        for op in block.ops:
            operands = [self.environment[name] for name in op.operands]
            if op.name in TERMINATORS:
                return operands
            if op.name not in HANDLERS:
                raise Unknown(f"operation {op.name}")
            results = HANDLERS[op.name](self, op, operands)
            for name, value in zip(op.results, results, strict=True):
                self.environment[name] = value
        return []

    def body(self, op: Op, arguments: Sequence[Any]) -> list[Any]:
        [[block]] = op.regions
        return self.block(block, arguments)


TERMINATORS = {"func.return", "linalg.yield", "scf.yield", "tensor.yield", "scf.reduce", "lowbit.yield"}
