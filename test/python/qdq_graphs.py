"""ONNX graphs that are quantized already, as onnx.helper writes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

KINDS: dict[str, Any] = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "uint16": np.uint16}


@dataclass
class Graph:
    """Nodes and initializers under one counter. Scales are drawn, so that real values are seldom ties."""

    rng: np.random.Generator
    opset: int = 13

    def __post_init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.scales: dict[str, np.ndarray] = {}

    def name(self, stem: str) -> str:
        return f"{stem}{len(self.nodes) + len(self.initializers)}"

    def input(self, name: str, *shape: int | str) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))
        return name

    def constant(self, array: np.ndarray, stem: str = "c") -> str:
        name = self.name(stem)
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def op(self, kind: str, *inputs: str, **attrs: Any) -> str:
        domain = attrs.pop("domain", "")
        name = self.name(kind.lower())
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, domain=domain, **attrs))
        return name

    def scale(self, reach: float, kind: str = "int8") -> np.ndarray:
        """A scale that holds about [-reach, reach], and no round number."""
        steps = np.iinfo(KINDS[kind]).max - np.iinfo(KINDS[kind]).min
        return np.float32(2 * reach / steps * self.rng.uniform(0.9, 1.1))

    def pair(self, x: str, reach: float, kind: str = "int8", zero: int | None = None, scale: Any = None) -> str:
        """QuantizeLinear and DequantizeLinear, per tensor."""
        limits = np.iinfo(KINDS[kind])
        zero = int(self.rng.integers(-20, 20)) + (int(limits.max) + 1 + int(limits.min)) // 2 if zero is None else zero
        scale = np.float32(scale) if scale is not None else self.scale(reach, kind)
        parameters = self.constant(scale, "scale"), self.constant(KINDS[kind](zero), "zero")
        result = self.op("DequantizeLinear", self.op("QuantizeLinear", x, *parameters), *parameters)
        self.scales[result] = scale
        return result

    def weight(self, shape: list[int], kind: str = "int8", axis: int | None = None, zero: int = 0) -> str:
        """Integers behind a DequantizeLinear; a scale for each index of `axis`."""
        limits = np.iinfo(KINDS[kind])
        codes = self.rng.integers(limits.min, limits.max + 1, shape).astype(KINDS[kind])
        count = [] if axis is None else [shape[axis]]
        scale = self.rng.uniform(0.002, 0.02, count).astype(np.float32)
        operands = [self.constant(codes, "w"), self.constant(scale, "scale")]
        if zero or kind != "int8":
            operands.append(self.constant(np.full(count, zero, KINDS[kind]), "zero"))
        result = self.op("DequantizeLinear", *operands, **({} if axis is None else {"axis": axis}))
        self.scales[result] = scale
        return result

    def bias(self, x: str, w: str, count: int, reach: int = 4000) -> str:
        """int32 with the product of the scales."""
        codes = self.rng.integers(-reach, reach, count).astype(np.int32)
        scale = np.asarray(self.scales[x] * self.scales[w], np.float32)
        attrs = {"axis": 0} if scale.ndim else {}
        return self.op("DequantizeLinear", self.constant(codes, "b"), self.constant(scale, "scale"), **attrs)

    def model(self, *outputs: str) -> onnx.ModelProto:
        results = [onnx.ValueInfoProto(name=name) for name in outputs]
        graph = helper.make_graph(self.nodes, "qdq", self.inputs, results, self.initializers)
        domains = [helper.make_opsetid("", self.opset)]
        if any(node.domain for node in self.nodes):
            domains.append(helper.make_opsetid("com.microsoft", 1))
        proto = helper.make_model(graph, opset_imports=domains, ir_version=10)
        return onnx.shape_inference.infer_shapes(proto)


def convolution(rng: np.random.Generator, kind: str, weights: str, axis: int | None, zero: int, **attrs: Any) -> Graph:
    """Input and output of one type around a convolution with a bias."""
    g = Graph(rng)
    x = g.pair(g.input("x", "n", 5, 11, 9), 3.0, kind)
    w = g.weight([12, 5, 3, 3], weights, axis, zero)
    y = g.op("Conv", x, w, g.bias(x, w, 12), **attrs)
    g.outputs = [g.pair(y, 20.0, kind)]  # type: ignore[attr-defined]
    return g


def residual(rng: np.random.Generator, kind: str) -> Graph:
    """Convolutions, relu, max-pool, a residual sum, a concatenation, reshape and transpose, a matrix product."""
    g = Graph(rng)
    low = int(np.iinfo(KINDS[kind]).min)
    x = g.pair(g.input("x", "n", 4, 8, 8), 3.0, kind)
    w = g.weight([8, 4, 3, 3], axis=0)
    first = g.pair(g.op("Relu", g.op("Conv", x, w, g.bias(x, w, 8), pads=[1, 1, 1, 1])), 12.0, kind, low)
    w = g.weight([8, 8, 1, 1], axis=0)
    second = g.pair(g.op("Conv", first, w, g.bias(first, w, 8)), 30.0, kind)
    added = g.pair(g.op("Add", first, second), 35.0, kind)
    pooled = g.op("MaxPool", added, kernel_shape=[2, 2], strides=[2, 2])
    pooled = g.pair(pooled, 35.0, kind, *_same(g, added))
    joined = g.pair(g.op("Concat", pooled, pooled, axis=1), 35.0, kind, *_same(g, added))
    turned = g.pair(g.op("Transpose", joined, perm=[0, 2, 3, 1]), 35.0, kind, *_same(g, added))
    shape = g.constant(np.array([0, 256], np.int64), "shape")
    flat = g.pair(g.op("Reshape", turned, shape), 35.0, kind, *_same(g, added))
    w = g.weight([256, 10], axis=1)
    product = g.op("MatMul", flat, w)
    g.outputs = [g.pair(product, 400.0, kind)]  # type: ignore[attr-defined]
    return g


def _same(g: Graph, value: str) -> tuple[int, Any]:
    """Zero point and scale of a value that was dequantized."""
    node = next(n for n in g.nodes if n.output[0] == value)
    arrays = {t.name: numpy_helper.to_array(t) for t in g.initializers}
    return int(arrays[node.input[2]]), arrays[node.input[1]]
