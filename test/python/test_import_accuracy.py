"""Imported float models give what ONNX Runtime gives, on real inputs."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from artifacts import MODELS, Artifacts, load, run

COUNT = {"mnist_cntk": 64, "mnist_pytorch": 64, "resnet8": 64, "minilm": 32}
BAR = 1e-4  # of the output's range


def reference(model: Path, inputs: dict[str, np.ndarray], batch: int | None) -> dict[str, np.ndarray]:
    """ONNX Runtime's outputs; a model with a fixed batch is run in turns."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    runner = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in runner.get_outputs()]
    count = len(next(iter(inputs.values())))
    step = batch or count
    turns = [runner.run(names, {k: v[i : i + step] for k, v in inputs.items()}) for i in range(0, count, step)]
    return {name: np.concatenate(parts) for name, parts in zip(names, zip(*turns, strict=True), strict=True)}


@pytest.mark.parametrize("model", MODELS)
def test_float_import_matches_onnx_runtime(model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    source = artifacts.inputs(model, COUNT[model])
    expected = reference(artifacts.onnx(model), load(source), None if model == "minilm" else 1)
    actual = run(artifacts.imported(model), source, tmp_path)
    assert set(actual) == set(expected)
    for name, wanted in expected.items():
        assert actual[name].shape == wanted.shape
        error = np.abs(actual[name].astype(np.float64) - wanted).max() / np.ptp(wanted)
        assert error <= BAR, f"{name}: {error:.2e} of the range"
