"""Runs an imported module with the project's own tool, and builds small ONNX models."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

REPOSITORY = Path(__file__).resolve().parents[3]
TIMEOUT = 300  # seconds, for one run


def find_tool(name: str) -> Path | None:
    """A tool in the folder $LOWBIT_TOOLS, or in build/bin; None when it is not built."""
    folder = Path(os.environ.get("LOWBIT_TOOLS") or REPOSITORY / "build" / "bin")
    tool = folder / name
    return tool if tool.exists() else None


def run_module(tool: Path, mlir: Path, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Outputs by name. Raises RuntimeError, with the tool's message, when the run fails."""
    data, out = mlir.with_suffix(".in.npz"), mlir.with_suffix(".out.npz")
    np.savez(data, **dict(inputs))  # type: ignore[arg-type]
    command = [str(tool), str(mlir), "--inputs", str(data), "-o", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    with np.load(out) as archive:
        return {name: archive[name] for name in archive.files}


def model(
    nodes: Sequence[Any],
    inputs: Mapping[str, tuple[Any, Any]],
    outputs: Mapping[str, Any],
    consts: Mapping[str, Any] | None = None,
    opset: int = 17,
) -> onnx.ModelProto:
    """An ONNX model. `inputs` gives element type and dimensions (names are dynamic), `outputs` element types."""

    def info(name: str, kind: Any, dims: Any) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(np.dtype(kind)), dims)

    graph = helper.make_graph(
        [helper.make_node(op, list(i), list(o), name=f"{op}_{o[0]}", **attrs) for op, i, o, attrs in nodes],
        "test",
        [info(name, kind, dims) for name, (kind, dims) in inputs.items()],
        [info(name, kind, None) for name, kind in outputs.items()],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in (consts or {}).items()],
    )
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    proto.producer_name = "test"
    return proto


def normal(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Reproducible float32 data."""
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype(np.float32)
