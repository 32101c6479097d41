"""Modes without calibration data on models: weights alone, and ranges of the run for each row."""

from pathlib import Path

import numpy as np
import pytest
from artifacts import MODELS, Artifacts, Refused, load, lowbit, must, run
from lowbit import sts

MODES = ("weight-only", "dynamic-row")


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("mode", MODES)
def test_compiled_code_equals_the_interpreter(mode: str, model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module, source = artifacts.quantized(model, mode), artifacts.inputs(model, 2)
    must(lowbit("run", module, "--inputs", source, "-o", tmp_path / "c.npz"))
    must(lowbit("run", module, "--inputs", source, "-o", tmp_path / "i.npz", "--interpret"))
    compiled, interpreted = load(tmp_path / "c.npz"), load(tmp_path / "i.npz")
    for name in compiled:
        assert compiled[name].tobytes() == interpreted[name].tobytes(), name


@pytest.mark.parametrize("mode, least", [("weight-only", 0.9990), ("dynamic-row", 0.9980)])
def test_sentences(mode: str, least: float, artifacts: Artifacts) -> None:
    pairs = sts.load_pairs(Path(__file__).parents[1] / "data/minilm_sts/stsb_dev_subset.npz").scored()
    embeddings = sts.embed(artifacts.quantized("minilm", mode), pairs.sentences)
    assert sts.cosines(embeddings, pairs.golden).mean() >= least


def test_a_row_is_quantized_by_itself(artifacts: Artifacts, tmp_path: Path) -> None:
    """What is beside a sentence in the batch changes nothing; with one range a tensor it does."""
    source = load(artifacts.inputs("minilm", 2))
    loud = {name: array.copy() for name, array in source.items()}
    loud["input_ids"][1] = loud["input_ids"][1][::-1]
    changed = {}
    for mode in ("dynamic", "dynamic-row"):
        module = artifacts.quantized("minilm", mode)
        outputs = []
        for number, arrays in enumerate((source, loud)):
            path = tmp_path / f"{mode}.{number}.npz"
            np.savez(path, **arrays)
            outputs.append(next(iter(run(module, path, tmp_path).values()))[0])
        changed[mode] = outputs[0].tobytes() != outputs[1].tobytes()
    assert changed == {"dynamic": True, "dynamic-row": False}


@pytest.mark.parametrize("model", ["mnist_pytorch", "minilm"])
def test_a_store_of_weights_alone_is_small(model: str, artifacts: Artifacts) -> None:
    plain, small = (
        path.with_suffix(".safetensors").stat().st_size
        for path in (artifacts.imported(model), artifacts.quantized(model, "weight-only"))
    )
    assert small < 0.3 * plain


def test_integer_only_names_the_rule_that_keeps_an_operation_float(refused: Refused, artifacts: Artifacts) -> None:
    options = ["--calibration-data", artifacts.calibration("mnist_pytorch"), "--mode", "integer-only"]
    refused(
        ["quantize", artifacts.imported("mnist_pytorch"), *options, "--rule", "op=matmul keep=float", "-o", "q.mlir"],
        "kept float by --rule: op=matmul keep=float; leave it out, or take --mode static",
    )


@pytest.mark.parametrize("mode", ["static", "integer-only"])
@pytest.mark.parametrize("words", ["--activations=i16", "--weights=i4,mse"])
def test_mixed_precision(words: str, mode: str, artifacts: Artifacts, tmp_path: Path) -> None:
    """Every contraction is integer, and the results are near the float."""
    model, source = "mnist_pytorch", artifacts.inputs("mnist_pytorch", 20)
    options = ["--calibration-data", artifacts.calibration(model), "--mode", mode, words]
    done = lowbit("quantize", artifacts.imported(model), *options, "-o", tmp_path / "q.mlir")
    must(done)
    assert "stays float" not in done.stderr
    (expected,) = run(artifacts.imported(model), source, tmp_path).values()
    (actual,) = run(tmp_path / "q.mlir", source, tmp_path).values()
    must(lowbit("run", tmp_path / "q.mlir", "--inputs", source, "-o", tmp_path / "i.npz", "--interpret"))
    assert actual.tobytes() == next(iter(load(tmp_path / "i.npz").values())).tobytes()
    # Logarithms of probabilities, of which the float is sure.
    error = np.abs(actual - expected).max() / np.abs(expected).max()
    assert error < (0.02 if "i16" in words else 0.2)


def test_sums_of_two_operands_of_16_bits_keep_64(tmp_path: Path) -> None:
    """In integer-only mode they are no counts, which saturate at what was observed of the result."""
    (tmp_path / "m.mlir").write_text("""
func.func @main(%a: tensor<4x64xf32> {lowbit.name = "a"}, %b: tensor<64x8xf32> {lowbit.name = "b"})
    -> (tensor<4x8xf32> {lowbit.name = "y"}) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %y = linalg.matmul {lowbit.id = "y"} ins(%a, %b : tensor<4x64xf32>, tensor<64x8xf32>)
      outs(%f : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
""")
    random = np.random.default_rng(3)
    data = {name: random.normal(size=size).astype(np.float32) for name, size in (("a", (80, 64)), ("b", (1280, 8)))}
    np.savez(tmp_path / "d.npz", **data)
    options = ["--calibration-data", "d.npz", "--mode", "integer-only", "--activations", "i16"]
    must(lowbit("quantize", "m.mlir", *options, "-o", "q.mlir", cwd=tmp_path))
    one = {"a": data["a"][:4], "b": data["b"][:64]}
    np.savez(tmp_path / "i.npz", **one)
    (y,) = run(tmp_path / "q.mlir", tmp_path / "i.npz", tmp_path).values()
    exact = one["a"].astype(np.float64) @ one["b"].astype(np.float64)
    assert np.abs(y - exact).max() <= 2e-3 * np.abs(exact).max()
