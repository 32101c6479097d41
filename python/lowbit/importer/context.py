"""What the handlers of operators work with: values by name, constants, attributes, the emitter and the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .body import literal
from .dims import Dim
from .emitter import Emitter, quote, tensor_type
from .errors import Unsupported
from .graph import Graph, Node
from .quantized import write_dequantized
from .store import Store
from .symbols import write_symbolic
from .values import CODES, Const, Symbolic, Tensor, Value, element_type, identity, plain, to_storage

INLINE_ELEMENTS = 16

Handler = Callable[["Context", Node], "Value | list[Value]"]
HANDLERS: dict[str, Handler] = {}


def handles(*ops: str) -> Callable[[Handler], Handler]:
    """Registers the handler of one or more ONNX operators."""

    def register(handler: Handler) -> Handler:
        for op in ops:
            HANDLERS[op] = handler
        return handler

    return register


class Context:
    """State of one import."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.opset = graph.opset
        self.emitter = Emitter()
        self.store = Store()
        self.users = graph.consumers()
        self.values: dict[str, Value] = {}
        self._parameters: dict[str, str] = {}

    # -- inputs of a node

    def value(self, node: Node, index: int) -> Value:
        if not node.has_input(index):
            raise Unsupported(f"input {index} is missing")
        return self.values[node.inputs[index]]

    def tensor(self, node: Node, index: int) -> Tensor:
        """Input as a run-time tensor; constants are put into the module as they are."""
        return self.materialize(self.value(node, index))

    def constant(self, node: Node, index: int, what: str) -> np.ndarray:
        """Input that has to be known at import."""
        value = self.value(node, index)
        if not isinstance(value, Const):
            raise Unsupported(f"{what} (input {index}, {node.inputs[index]}) has to be a constant")
        return value.array

    def dims(self, node: Node, index: int, what: str) -> list[Dim]:
        """A 1-D input of sizes: a constant or shape arithmetic."""
        value = self.value(node, index)
        if isinstance(value, Tensor):
            raise Unsupported(f"{what} (input {index}, {node.inputs[index]}) depends on the data")
        return [x if not isinstance(x, np.generic) else int(x) for x in value.array.reshape(-1)]

    def ints(self, node: Node, attribute: str, index: int, default: Sequence[int] | None = None) -> list[int] | None:
        """Integers that older opsets give as an attribute and newer ones as a constant input."""
        if node.has_input(index):
            return [int(x) for x in self.constant(node, index, attribute).reshape(-1)]
        found = node.attrs.get(attribute, default)
        return None if found is None else [int(x) for x in found]

    def axis(self, value: int, rank: int) -> int:
        if not -rank <= value < rank:
            raise Unsupported(f"axis {value} is outside a tensor of {rank} dimensions")
        return value % rank

    def only_output(self, node: Node) -> None:
        """Refuses a node whose optional outputs are used."""
        for index in range(1, len(node.outputs)):
            if node.has_output(index) and self.users[node.outputs[index]]:
                raise Unsupported(f"output {index} ({node.outputs[index]}) is used")

    # -- putting values into the module

    def scalar_text(self, value: Any, dtype: str) -> str:
        return literal(value, dtype)

    def place(self, array: np.ndarray, name: str) -> Tensor:
        """A constant in its final layout: inline when tiny, else a parameter in the store."""
        dtype = element_type(array.dtype)
        if dtype in CODES:
            array = to_storage(array)
        shape: tuple[Dim, ...] = tuple(int(d) for d in array.shape)
        kind = tensor_type(shape, dtype)
        if array.size == 0:
            raise Unsupported(f"constant {name} has no elements")
        if array.size <= INLINE_ELEMENTS:
            return plain(self.emitter.constant(f"{_dense(array, dtype)} : {kind}"), dtype, shape)
        symbol = self.store.add(array, name)
        if symbol not in self._parameters:
            self._parameters[symbol] = self.emitter.value(f"lowbit.get_parameter @{quote(symbol)} : {kind}")
        return plain(self._parameters[symbol], dtype, shape)

    def materialize(self, value: Value) -> Tensor:
        """Any value as a run-time tensor (of whatever layout it has)."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Const):
            return self.place_constant(value)
        assert isinstance(value, Symbolic)
        shape: tuple[Dim, ...] = tuple(int(d) for d in value.array.shape)
        return plain(write_symbolic(self.emitter, value), value.dtype, shape)

    def reordered(self, constant: Const, order: Sequence[int], suffix: str) -> Tensor:
        """A constant whose physical dimensions are the logical ones in `order`; not a Tensor with a perm."""
        if tuple(order) == identity(len(order)):
            return self.place_constant(constant)
        return self.place_constant(
            constant.mapped(lambda a: np.ascontiguousarray(a.transpose(order)), f"{constant.name}.{suffix}")
        )

    def place_constant(self, constant: Const) -> Tensor:
        """A constant in its final layout; one that was dequantized enters as its codes and a dequantize."""
        if constant.codes is None:
            return self.place(constant.array, constant.name)
        return write_dequantized(self, constant.name, constant.codes)

    def parameters(self) -> list[str]:
        """The lowbit.parameter lines of the module."""
        lines = []
        for name in sorted(self.store.arrays):
            array = self.store.arrays[name]
            kind = tensor_type([int(d) for d in array.shape], element_type(array.dtype))
            lines.append(f"lowbit.parameter @{quote(name)} : {kind}")
        return lines


def _dense(array: np.ndarray, dtype: str) -> str:
    def write(part: np.ndarray) -> str:
        if part.ndim == 0:
            return literal(part.item(), dtype)
        return "[" + ", ".join(write(item) for item in part) + "]"

    first = array.reshape(-1)[:1]
    if array.tobytes() == first.tobytes() * array.size:
        return f"dense<{literal(first[0].item(), dtype)}>"
    return f"dense<{write(array)}>"
