"""Reads an ONNX file and says clearly what is wrong with one that cannot be read."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import onnx
import onnx.inliner
from google.protobuf.message import DecodeError
from onnx import helper, numpy_helper

from .errors import ModelError
from .graph import STANDARD_DOMAINS

LOWEST_OPSET = 7
# Smaller ones may be shapes, which inference reads.
_LEAST_WEIGHT_ELEMENTS = 1024
_HARMLESS = ("No Op registered", "Field 'shape' of")


def load_model(path: Path) -> tuple[onnx.ModelProto, dict[str, np.ndarray], int]:
    """The checked model with its types inferred, its weights, and its opset.

    The weights are the large initializers; in the model that is returned they are inputs, so that checking it does not
    copy them again and again. Raises ModelError: no such file, not ONNX, truncated, external data missing, invalid, too
    old, empty.
    """
    model = _parse(path)
    opset = _opset(model, path)
    if not model.graph.node:
        raise ModelError(f"{path}: the graph has no nodes; expected a model that computes something")
    if not model.graph.output:
        raise ModelError(f"{path}: the graph has no outputs; name at least one value as graph output")
    _load_external_data(model, path)
    weights = _take_weights(model, path)
    # A copy, for a message keeps the memory of what was removed from it.
    small = onnx.ModelProto()
    small.CopyFrom(model)
    del model
    if small.functions:
        small = onnx.inliner.inline_local_functions(small)
    return _check(small, path), weights, opset


def _take_weights(model: onnx.ModelProto, path: Path) -> dict[str, np.ndarray]:
    """Moves the large initializers out of the model and declares them as inputs."""
    graph = model.graph
    declared = {value.name for value in graph.input}
    weights: dict[str, np.ndarray] = {}
    kept: list[onnx.TensorProto] = []
    for tensor in graph.initializer:
        if tensor.name in weights:
            raise ModelError(f"{path}: not a valid ONNX model: two initializers are called {tensor.name}")
        if math.prod(tensor.dims) < _LEAST_WEIGHT_ELEMENTS:
            kept.append(tensor)
            continue
        try:
            weights[tensor.name] = numpy_helper.to_array(tensor)
        except (ValueError, TypeError, KeyError) as error:
            raise ModelError(
                f"{path}: the weight {tensor.name} does not hold the {list(tensor.dims)} elements that it declares, or "
                f"the file is truncated: {error}"
            ) from error
        tensor.ClearField("raw_data")
        if tensor.name not in declared:
            graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, list(tensor.dims)))
    kept = [onnx.TensorProto.FromString(tensor.SerializeToString()) for tensor in kept]
    graph.ClearField("initializer")
    graph.initializer.extend(kept)
    return weights


def _parse(path: Path) -> onnx.ModelProto:
    if not path.exists():
        raise ModelError(f"{path}: no such file")
    if path.is_dir():
        raise ModelError(f"{path}: is a directory; expected an ONNX file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path}: cannot be read: {error.strerror}") from error
    if not data:
        raise ModelError(f"{path}: the file is empty; expected an ONNX model")
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise ModelError(
            f"{path}: not an ONNX model, or a truncated one ({len(data)} bytes that do not parse); "
            "download or export it again"
        ) from error
    if not model.HasField("graph") or not model.opset_import:
        raise ModelError(f"{path}: not an ONNX model: no graph or operator set found in {len(data)} bytes")
    return model


def _opset(model: onnx.ModelProto, path: Path) -> int:
    versions = [int(entry.version) for entry in model.opset_import if entry.domain in STANDARD_DOMAINS]
    if not versions:
        raise ModelError(f"{path}: no version of the standard ONNX operator set is imported; expected ai.onnx")
    newest = onnx.defs.onnx_opset_version()
    if versions[0] < LOWEST_OPSET:
        raise ModelError(
            f"{path}: opset {versions[0]} is too old, {LOWEST_OPSET} or newer is expected; "
            "convert the model with onnx.version_converter or export it again"
        )
    if versions[0] > newest:
        raise ModelError(
            f"{path}: opset {versions[0]} is newer than {newest}, the newest that the installed onnx package knows; "
            "update onnx or export with an older opset"
        )
    return versions[0]


def _load_external_data(model: onnx.ModelProto, path: Path) -> None:
    external = [t.name for t in model.graph.initializer if t.data_location == onnx.TensorProto.EXTERNAL]
    if not external:
        return
    try:
        onnx.load_external_data_for_model(model, str(path.parent))
    except (OSError, ValueError, onnx.checker.ValidationError) as error:
        names = {e.value for t in model.graph.initializer for e in t.external_data if e.key == "location"}
        files = ", ".join(sorted(names)) or "an external file"
        raise ModelError(
            f"{path}: {len(external)} weights are kept in {files}, which is missing or too short; "
            f"put it beside the model in {path.parent} (first weight: {external[0]})"
        ) from error


def _check(model: onnx.ModelProto, path: Path) -> onnx.ModelProto:
    """Infers types, then validates.

    Operators that ONNX does not know are left to the importer's own report, and an output without a shape is fine.
    """
    try:
        typed = onnx.shape_inference.infer_shapes(model, data_prop=True)
    except onnx.shape_inference.InferenceError as error:
        first = str(error).strip().splitlines()[0]
        raise ModelError(f"{path}: the model's shapes contradict each other: {first}") from error
    try:
        onnx.checker.check_model(typed)
    except onnx.checker.ValidationError as error:
        if not any(harmless in str(error) for harmless in _HARMLESS):
            first = str(error).strip().splitlines()[0]
            raise ModelError(f"{path}: not a valid ONNX model, or a truncated one: {first}") from error
    return typed
