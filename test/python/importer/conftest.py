"""Fixtures of the importer's tests: import a model, run it, hold it against ONNX Runtime."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from runner import REPOSITORY, find_tool, run_module

sys.path.insert(0, str(REPOSITORY / "python"))

from lowbit.importer import import_onnx

TOLERANCE = 1e-4  # of the range of an output
Inputs = Mapping[str, np.ndarray]


@pytest.fixture
def run_mlir() -> Callable[[Path, Inputs], dict[str, np.ndarray]]:
    """Runs an MLIR file on inputs by name; skips where quant-run is not built."""
    tool = find_tool("quant-run")
    if tool is None:
        pytest.skip("quant-run not found: build it, or name its folder in LOWBIT_TOOLS")
    return lambda path, inputs: run_module(tool, path, inputs)


@pytest.fixture
def data_folder() -> Path:
    """Folder of models and data that do not ship with the repository."""
    folder = os.environ.get("LOWBIT_DATA")
    if not folder:
        pytest.skip("LOWBIT_DATA is not set: it names the folder of models that do not ship")
    return Path(folder)


@pytest.fixture
def imported(tmp_path: Path) -> Callable[..., str]:
    """Imports a model proto; the module's text."""

    def run(proto: onnx.ModelProto, shapes: Mapping[str, int] | None = None) -> str:
        onnx.save(proto, tmp_path / "model.onnx")
        import_onnx(tmp_path / "model.onnx", tmp_path / "model.mlir", tmp_path / "model.safetensors", shapes)
        return (tmp_path / "model.mlir").read_text(encoding="utf-8")

    return run


@pytest.fixture
def check(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Imports a model (a proto or a path), runs it on each set of inputs, compares with ONNX Runtime; the text."""

    def run(
        source: onnx.ModelProto | Path,
        *cases: Inputs,
        shapes: Mapping[str, int] | None = None,
        tolerance: float = TOLERANCE,
    ) -> str:
        path = source if isinstance(source, Path) else tmp_path / "model.onnx"
        if isinstance(source, onnx.ModelProto):
            onnx.save(source, path)
        mlir = tmp_path / "model.mlir"
        import_onnx(path, mlir, tmp_path / "model.safetensors", shapes)
        runner = request.getfixturevalue("run_mlir")
        reference = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        names = [output.name for output in reference.get_outputs()]
        for inputs in cases:
            expected = dict(zip(names, reference.run(names, dict(inputs)), strict=True))
            assert_close(runner(mlir, inputs), expected, tolerance)
        return mlir.read_text(encoding="utf-8")

    return run


def assert_close(found: Inputs, expected: Inputs, tolerance: float) -> None:
    """Same names, shapes and types; floats within `tolerance` of the expected range, the rest equal."""
    assert sorted(found) == sorted(expected)
    for name, right in expected.items():
        value = found[name]
        assert value.shape == right.shape, f"{name}: shape {value.shape}, expected {right.shape}"
        assert value.dtype == right.dtype, f"{name}: type {value.dtype}, expected {right.dtype}"
        if right.dtype.kind != "f":
            np.testing.assert_array_equal(value, right, err_msg=name)
            continue
        np.testing.assert_array_equal(np.isnan(value), np.isnan(right), err_msg=name)
        finite = np.isfinite(right)
        np.testing.assert_array_equal(value[~finite], right[~finite], err_msg=name)
        if not finite.any():
            continue
        span = float(np.ptp(right[finite])) or max(1.0, float(np.abs(right[finite]).max()))
        worst = float(np.abs(value[finite] - right[finite]).max())
        assert worst <= tolerance * span, f"{name}: off by {worst}, range {span}"
