"""Constant folding and batch norm folding on the ONNX graph, before anything is written."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper
from onnx.reference import ReferenceEvaluator

from .graph import STANDARD_DOMAINS, Graph, Node

# Nothing of these is folded: they are random, hold subgraphs, or are refused as a whole.
_NEVER = {
    "RandomNormal",
    "RandomUniform",
    "RandomNormalLike",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
    "If",
    "Loop",
    "Scan",
    "QuantizeLinear",
    "DequantizeLinear",
    "DynamicQuantizeLinear",
}


def evaluate(node: Node, consts: dict[str, np.ndarray], opset: int) -> list[np.ndarray] | None:
    """The outputs of a node whose inputs are all in `consts`; None when it cannot be computed here."""
    if node.op in _NEVER or node.domain not in STANDARD_DOMAINS:
        return None
    feeds = {name: consts[name] for name in node.inputs if name}
    outputs = [name for name in node.outputs if name]
    graph = helper.make_graph(
        [node.proto],
        "fold",
        [helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in feeds.items()],
        [onnx.ValueInfoProto(name=name) for name in outputs],
    )
    try:
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
        results = ReferenceEvaluator(model).run(None, feeds)
    except Exception:  # the evaluator raises whatever its operators raise; the operator's handler reports then
        return None
    arrays = [np.asarray(result) for result in results]
    return arrays if all(a.dtype != object for a in arrays) else None


def fold_batch_norm(graph: Graph) -> None:
    """Conv followed by nothing but BatchNormalization becomes one Conv with scaled weights and a bias."""
    users = graph.consumers()
    producers = {name: node for node in graph.nodes for name in node.outputs if name}
    folded: set[int] = set()
    for norm in graph.nodes:
        conv = producers.get(norm.inputs[0]) if norm.op == "BatchNormalization" else None
        if conv is None or conv.op != "Conv" or len(users[conv.outputs[0]]) != 1:
            continue
        if conv.domain not in STANDARD_DOMAINS or norm.domain not in STANDARD_DOMAINS:
            continue
        if norm.attrs.get("training_mode", 0) or any(norm.has_output(i) for i in range(1, len(norm.outputs))):
            continue
        parts = [*conv.inputs[1:], *norm.inputs[1:]]
        if not all(name in graph.consts for name in parts if name):
            continue
        _fold_pair(graph, conv, norm)
        folded.add(id(norm))
    graph.nodes = [node for node in graph.nodes if id(node) not in folded]


def batch_norm_terms(node: Node, consts: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Per channel scale and shift in float64: y = x * scale + shift."""
    gamma, beta, mean, variance = (consts[name].astype(np.float64) for name in node.inputs[1:5])
    scale = gamma / np.sqrt(variance + node.attrs.get("epsilon", 1e-5))
    return scale, beta - mean * scale


def _fold_pair(graph: Graph, conv: Node, norm: Node) -> None:
    scale, shift = batch_norm_terms(norm, graph.consts)
    weight = graph.consts[conv.inputs[1]]
    bias = graph.consts[conv.inputs[2]].astype(np.float64) if conv.has_input(2) else np.zeros_like(shift)
    weight_name, bias_name = f"{conv.inputs[1]}.{norm.name}", f"{norm.inputs[2]}.{norm.name}"
    shape = (-1,) + (1,) * (weight.ndim - 1)
    graph.consts[weight_name] = (weight.astype(np.float64) * scale.reshape(shape)).astype(weight.dtype)
    graph.consts[bias_name] = (bias * scale + shift).astype(weight.dtype)
    conv.inputs = [conv.inputs[0], weight_name, bias_name]
    conv.outputs = [norm.outputs[0]]
