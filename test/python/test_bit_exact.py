"""What the compiled models compute, bit for bit: each integer contraction is what plain C++ arithmetic gives, and each
whole model, in each mode, what the interpreter gives."""

import os
import re
from pathlib import Path

import numpy as np
import pytest
from artifacts import MODELS, Artifacts, load, lowbit, must, save
from inputs import crops
from lowbit import compiler

# Contractions that each model has, so that none is left out unseen.
CONTRACTIONS = {"mnist_cntk": 3, "mnist_pytorch": 4, "resnet8": 10, "minilm": 48}


@pytest.mark.parametrize("mode", ["static", "dynamic"])
@pytest.mark.parametrize("model", MODELS)
def test_contractions_are_exact(model: str, mode: str, artifacts: Artifacts) -> None:
    line = compiler.verify_contractions(artifacts.quantized(model, mode), artifacts.inputs(model, 8))
    match = re.search(r"(\d+) contractions, (\d+) elements, (\d+) differ", line)
    assert match, line
    contractions, elements, differ = map(int, match.groups())
    assert differ == 0
    assert contractions >= CONTRACTIONS[model]
    assert elements > 0


def assert_exact(module: Path, inputs: Path, folder: Path) -> None:
    must(lowbit("run", module, "--inputs", inputs, "-o", folder / "compiled.npz"))
    must(lowbit("run", module, "--inputs", inputs, "-o", folder / "interpreted.npz", "--interpret"))
    compiled, interpreted = load(folder / "compiled.npz"), load(folder / "interpreted.npz")
    assert compiled.keys() == interpreted.keys() and compiled
    for name, array in compiled.items():
        assert array.size and np.isfinite(array).all(), name
        assert array.tobytes() == interpreted[name].tobytes(), name


@pytest.mark.parametrize("mode", ["static", "dynamic"])  # For integer-only: test_integer_only.py.
@pytest.mark.parametrize("model", MODELS)
def test_models_are_exact(model: str, mode: str, artifacts: Artifacts, tmp_path: Path) -> None:
    assert_exact(artifacts.quantized(model, mode), artifacts.inputs(model, 2), tmp_path)


def enlarged(side: int, count: int) -> np.ndarray:
    """Crops of photographs [count, side, side, 3] in 0..255."""
    return crops(count).repeat(side // 32, axis=1).repeat(side // 32, axis=2)


def spectra(count: int) -> np.ndarray:
    """Numbers about as decibels of a quiet room are."""
    return (np.random.default_rng(0).standard_normal((count, 640)) * 12 - 40).astype(np.float32)


def stories(folder: Path) -> np.ndarray:
    with np.load(folder / "stories260k" / "tinystories_tokens_calib_eval.npz") as data:
        return data["tokens"][:2].astype(np.int64)


# Models that do not ship: file, name of the input, inputs.
OTHERS = {
    "vww": ("mlperf_tiny/mobilenet_vww_float", "input", lambda _: enlarged(96, 3) / np.float32(255)),
    "autoencoder": ("mlperf_tiny/fc_autoencoder_ad_float", "input", lambda _: spectra(8)),
    "stories260k": ("stories260k/stories260k_seq256", "tokens", stories),
    "ultraface": (
        "detectors/ultraface_rfb320",
        "input",
        lambda _: (enlarged(320, 1)[:, :240].transpose(0, 3, 1, 2) - 127) / np.float32(128),
    ),
    "yunet": ("detectors/yunet_n_320_320", "input", lambda _: enlarged(320, 1).transpose(0, 3, 1, 2)),
}
# What no part of integer-only mode is asked of.
FLOAT_BETWEEN = ("ultraface", "yunet")


@pytest.fixture(scope="module")
def data_folder() -> Path:
    given = os.environ.get("LOWBIT_DATA")
    if not given:
        pytest.skip("these models do not ship: set LOWBIT_DATA (see test/data/SOURCES.md)")
    return Path(given)


@pytest.mark.parametrize(
    ("model", "mode"),
    [(m, mode) for m in OTHERS for mode in ("static", "dynamic", "integer-only")[: 2 if m in FLOAT_BETWEEN else 3]],
)
def test_other_models_are_exact(model: str, mode: str, data_folder: Path, tmp_path: Path) -> None:
    file, name, make = OTHERS[model]
    source = data_folder / f"{file}.onnx"
    if not source.exists():
        pytest.skip(f"{source} is not there")
    data = save(tmp_path / "data.npz", {name: np.ascontiguousarray(make(data_folder))})
    must(lowbit("import", source, "-o", tmp_path / "m.mlir"))
    given = [] if mode == "dynamic" else ["--calibration-data", data]
    must(lowbit("quantize", tmp_path / "m.mlir", "-o", tmp_path / "q.mlir", "--mode", mode, *given))
    assert_exact(tmp_path / "q.mlir", data, tmp_path)
