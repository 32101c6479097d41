"""The same input gives the same bytes: files of a second run, with another number of threads, and outputs."""

from pathlib import Path

import numpy as np
import pytest
from artifacts import MODELS, Artifacts, lowbit, must, run
from lowbit.files import store_of


@pytest.mark.parametrize("model", MODELS)
def test_import_is_deterministic(model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module = tmp_path / artifacts.imported(model).name
    must(lowbit("import", artifacts.onnx(model), "-o", module))
    assert module.read_bytes() == artifacts.imported(model).read_bytes()
    assert store_of(module).read_bytes() == store_of(artifacts.imported(model)).read_bytes()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("model", MODELS)
def test_quantize_is_deterministic(model: str, threads: int, artifacts: Artifacts, tmp_path: Path) -> None:
    reference = artifacts.quantized(model, "static")
    module = tmp_path / reference.name
    options = ["--calibration-data", artifacts.calibration(model), "--threads", threads]
    must(lowbit("quantize", artifacts.imported(model), "-o", module, *options))
    assert module.read_bytes() == reference.read_bytes()
    assert store_of(module).read_bytes() == store_of(reference).read_bytes()


@pytest.mark.parametrize("mode", ["float", "static", "dynamic"])
@pytest.mark.parametrize("model", MODELS)
def test_run_does_not_depend_on_threads(model: str, mode: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module = artifacts.imported(model) if mode == "float" else artifacts.quantized(model, mode)
    one, two = (run(module, artifacts.inputs(model), tmp_path, "--threads", threads) for threads in (1, 2))
    for name, value in one.items():
        assert np.array_equal(value, two[name]), name
