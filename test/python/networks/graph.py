"""A network under construction: ONNX nodes, and what is known of each value.

A dimension has a size in each of RUNS runs (the first calibrates, the others are compared), and a name where it is
dynamic; two of one name are equal in every run. `top` is about how large the elements of a value become, so that
generated networks stay within f32.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

RUNS = 3


@dataclass(frozen=True)
class Dim:
    sizes: tuple[int, ...]
    name: str = ""

    @property
    def is_static(self) -> bool:
        return not self.name

    @property
    def least(self) -> int:
        return min(self.sizes)

    @property
    def most(self) -> int:
        return max(self.sizes)

    def changed(self, text: str, size: Any) -> "Dim":
        """The dimension whose size is `size(this size)`, which `text` names."""
        return Dim(tuple(size(s) for s in self.sizes), f"{self.name}{text}" if self.name else "")


def static(size: int) -> Dim:
    return Dim((size,) * RUNS)


@dataclass(frozen=True)
class Value:
    name: str
    dims: tuple[Dim, ...]
    top: float = 1.0

    @property
    def rank(self) -> int:
        return len(self.dims)

    @property
    def elements(self) -> int:
        return math.prod(dim.most for dim in self.dims)

    @property
    def is_static(self) -> bool:
        return all(dim.is_static for dim in self.dims)


@dataclass
class Random:
    """Choices that a seed repeats."""

    seed: tuple[int, ...]
    source: np.random.Generator = field(init=False)

    def __post_init__(self) -> None:
        self.source = np.random.default_rng(self.seed)

    def range(self, low: int, high: int) -> int:
        """Both ends included."""
        return int(self.source.integers(low, high + 1))

    def one_in(self, count: int) -> bool:
        return self.range(1, count) == 1

    def pick(self, choices: Sequence[Any]) -> Any:
        return choices[self.range(0, len(choices) - 1)]

    def normal(self, shape: Sequence[int], scale: float = 1.0) -> np.ndarray:
        return np.asarray(self.source.standard_normal(shape) * scale, np.float32)


class Network:
    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, np.ndarray] = {}
        self.inputs: dict[str, tuple[Value, int]] = {}  # and how many ids there are, 0 for floats
        self.values: list[Value] = []
        self.prefix = ""
        self.count = 0

    def input(self, dims: Sequence[Dim], ids: int = 0) -> Value:
        value = Value(f"input{len(self.inputs)}", tuple(dims), top=3.0)
        self.inputs[value.name] = (value, ids)
        if not ids:
            self.values.append(value)
        return value

    def constant(self, array: Any, dtype: Any = np.float32) -> str:
        self.count += 1
        name = f"{self.prefix}.c{self.count}"
        self.constants[name] = np.asarray(array, dtype)
        return name

    def node(self, op: str, inputs: Sequence[str], outputs: int = 1, **attributes: Any) -> list[str]:
        self.count += 1
        names = [f"{self.prefix}.{op.lower()}{self.count}" + (f".{i}" if i else "") for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, name=names[0], **attributes))
        return names

    def make(self, op: str, inputs: Sequence[str | Value], dims: Sequence[Dim], top: float, **attributes: Any) -> Value:
        """A node of one result."""
        names = [i.name if isinstance(i, Value) else i for i in inputs]
        return Value(self.node(op, names, **attributes)[0], tuple(dims), min(top, 1e6))

    def like(self, op: str, x: Value, *others: str | Value, top: float | None = None, **attributes: Any) -> Value:
        """A node whose result is as large as its first operand."""
        return self.make(op, [x, *others], x.dims, x.top if top is None else top, **attributes)

    def reshape(self, x: Value, dims: Sequence[Dim]) -> Value:
        wanted = [0 if i < x.rank and d == x.dims[i] else d.sizes[0] if d.is_static else -1 for i, d in enumerate(dims)]
        if wanted.count(-1) <= 1:
            return self.make("Reshape", [x, self.constant(wanted, np.int64)], dims, x.top)
        # As exporters do it: from the sizes of the value.
        shape = self.node("Shape", [x.name])[0]
        parts = []
        for i, dim in enumerate(dims):
            if dim.is_static or wanted[i] == 0 or dim not in x.dims:
                size = dim.sizes[0] if dim.is_static else wanted[i]
                parts.append(self.constant([size], np.int64))
            else:
                parts.append(self.node("Gather", [shape, self.constant([x.dims.index(dim)], np.int64)])[0])
        return self.make("Reshape", [x, self.node("Concat", parts, axis=0)[0]], dims, x.top)

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        return self.make("Transpose", [x], [x.dims[i] for i in order], x.top, perm=list(order))

    def outputs(self) -> list[Value]:
        """Values that nothing reads; the last one at least."""
        read = {name for node in self.nodes for name in node.input}
        made = {name for node in self.nodes for name in node.output}
        return [v for v in self.values if v.name in made and v.name not in read] or self.values[-1:]

    def save(self, path: Path) -> None:
        def info(value: Value, kind: int, named: bool) -> onnx.ValueInfoProto:
            dims = [dim.name or dim.sizes[0] for dim in value.dims] if named else None
            return helper.make_tensor_value_info(value.name, kind, dims)

        inputs = [
            info(value, onnx.TensorProto.INT64 if ids else onnx.TensorProto.FLOAT, True)
            for value, ids in self.inputs.values()
        ]
        outputs = [info(value, onnx.TensorProto.FLOAT, False) for value in self.outputs()]
        constants = [numpy_helper.from_array(array, name) for name, array in self.constants.items()]
        graph = helper.make_graph(self.nodes, "network", inputs, outputs, constants)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)

    def data(self, run: int, random: Random) -> dict[str, np.ndarray]:
        arrays = {}
        for name, (value, ids) in self.inputs.items():
            shape = [dim.sizes[run] for dim in value.dims]
            if ids:
                arrays[name] = random.source.integers(0, ids, shape)
                continue
            arrays[name] = random.normal(shape)
            if random.one_in(4):  # Outside of what the calibration saw.
                arrays[name] *= 3
        return arrays
