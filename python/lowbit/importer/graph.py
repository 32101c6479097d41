"""The ONNX graph as the importer reads it: plain nodes, constants as numpy arrays."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

STANDARD_DOMAINS = ("", "ai.onnx")


@dataclass
class Node:
    """One operator. `name` is never empty: an unnamed node is called after its first output."""

    op: str
    domain: str
    name: str
    inputs: list[str]
    outputs: list[str]
    attrs: dict[str, Any]
    proto: onnx.NodeProto

    @property
    def kind(self) -> str:
        """The operator as error messages write it."""
        return self.op if self.domain in STANDARD_DOMAINS else f"{self.domain}.{self.op}"

    def has_input(self, index: int) -> bool:
        return index < len(self.inputs) and self.inputs[index] != ""

    def has_output(self, index: int) -> bool:
        return index < len(self.outputs) and self.outputs[index] != ""


@dataclass
class Graph:
    """Nodes in topological order. `types` are those that ONNX shape inference found, by value name."""

    nodes: list[Node]
    consts: dict[str, np.ndarray]
    inputs: list[onnx.ValueInfoProto]
    outputs: list[str]
    opset: int
    types: dict[str, onnx.TypeProto] = field(default_factory=dict)

    def consumers(self) -> dict[str, list[Node]]:
        """Users of each value; a graph output has an extra user, which keeps it from being folded away."""
        users: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for name in node.inputs:
                users[name].append(node)
        for name in self.outputs:
            users[name].append(_RESULT)
        return users


_RESULT = Node("result", "", "result", [], [], {}, onnx.NodeProto())


def attributes(proto: onnx.NodeProto) -> dict[str, Any]:
    """Attribute values: strings as str, tensors as numpy arrays."""

    def convert(attribute: onnx.AttributeProto) -> Any:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            return value.decode("utf-8", "replace")
        if isinstance(value, onnx.TensorProto):
            return numpy_helper.to_array(value)
        return value

    return {attribute.name: convert(attribute) for attribute in proto.attribute}


def build_graph(model: onnx.ModelProto, weights: dict[str, np.ndarray], opset: int) -> Graph:
    """The live part of the model's graph: nodes that no output needs are left out. `weights` are further constants."""
    proto = model.graph
    consts = {tensor.name: numpy_helper.to_array(tensor) for tensor in proto.initializer} | weights
    needed = {output.name for output in proto.output}
    live: list[Node] = []
    for index, node in reversed(list(enumerate(proto.node))):
        if not needed.intersection(node.output):
            continue
        needed.update(name for name in node.input if name)
        for attribute in node.attribute:
            needed.update(_captured(attribute))
        first = next((name for name in node.output if name), f"node {index}")
        live.append(
            Node(
                node.op_type,
                node.domain,
                node.name or first,
                list(node.input),
                list(node.output),
                attributes(node),
                node,
            )
        )
    live.reverse()
    inputs = [value for value in proto.input if value.name not in consts]
    types = {value.name: value.type for value in (*proto.input, *proto.value_info, *proto.output)}
    consts = {name: array for name, array in consts.items() if name in needed}
    return Graph(live, consts, inputs, [output.name for output in proto.output], opset, types)


def _captured(attribute: onnx.AttributeProto) -> set[str]:
    """Names that the subgraphs of an attribute read."""
    names: set[str] = set()
    for graph in (*attribute.graphs, attribute.g):
        for node in graph.node:
            names.update(node.input)
            for nested in node.attribute:
                names |= _captured(nested)
    return names
