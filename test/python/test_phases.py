"""Quantize and dequantize around float arithmetic (phase 4) against integers (from phase 5 on).

Integers differ by one at most, and only where the real number is near a tie of the rounding: nearer than what the float
sum can be wrong by. The real number is known exactly, from the integers and the scales.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, run, save
from lowbit.tools import pass_options, run_tool


@dataclass(frozen=True)
class Layer:
    rows: int
    depth: int
    columns: int
    seed: int
    near_ties: bool = False


LAYERS = [
    Layer(64, 16, 32, 0),
    Layer(40, 147, 64, 1),
    Layer(33, 384, 96, 2),
    Layer(16, 1536, 40, 3),
    Layer(7, 1, 9, 4),
    Layer(64, 147, 64, 5, near_ties=True),
    Layer(33, 384, 96, 6, near_ties=True),
]


def literal(values: np.ndarray) -> str:
    return "dense<[" + ", ".join(f"0x{bits:08X}" for bits in values.astype("<f4").view("<u4")) + "]>"


def layer_module(layer: Layer, scales: dict[str, np.float32], weights: np.ndarray) -> str:
    m, k, n = layer.rows, layer.depth, layer.columns
    a, w, y = f"tensor<{m}x{k}x", f"tensor<{k}x{n}x", f"tensor<{m}x{n}x"
    weight = "!lowbit.affine<i8, -127:127, axis = 1>"

    def parameters(name: str, zero_point: int) -> str:
        return (
            f"{{scale = dense<{float(scales[name])!r}> : tensor<f32>, zero_point = dense<{zero_point}> : tensor<i32>}}"
        )

    def cast(value: str, source: str, target: str) -> str:
        return f"lowbit.storage_cast {value} : {source} to {target}"

    return f"""
func.func @main(%a: {a}i8>, %w: {w}i8>) -> {y}i8> {{
  %aq = {cast("%a", f"{a}i8>", f"{a}!lowbit.affine<i8>>")}
  %wq = {cast("%w", f"{w}i8>", f"{w}{weight}>")}
  %ad = lowbit.dequantize %aq {parameters("a", 5)} : {a}!lowbit.affine<i8>> -> {a}f32>
  %wd = lowbit.dequantize %wq {{scale = {literal(weights)} : tensor<{n}xf32>, zero_point = dense<0> : tensor<{n}xi32>}}
      : {w}{weight}> -> {w}f32>
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : {y}f32>
  %f = linalg.fill ins(%zero : f32) outs(%e : {y}f32>) -> {y}f32>
  %y = linalg.matmul ins(%ad, %wd : {a}f32>, {w}f32>) outs(%f : {y}f32>) -> {y}f32>
  %q = lowbit.quantize %y {parameters("y", -3)} : {y}f32> -> {y}!lowbit.affine<i8>>
  %i = {cast("%q", f"{y}!lowbit.affine<i8>>", f"{y}i8>")}
  return %i : {y}i8>
}}
"""


@pytest.mark.parametrize("layer", LAYERS, ids=str)
def test_a_layer_differs_by_one_near_ties_only(layer: Layer, tmp_path: Path) -> None:
    rng = np.random.default_rng(layer.seed)
    a = rng.integers(-128, 128, (layer.rows, layer.depth), dtype=np.int8)
    w = rng.integers(-127, 128, (layer.depth, layer.columns), dtype=np.int8)
    weights = rng.uniform(0.001, 0.01, layer.columns).astype(np.float32)
    if layer.near_ties:  # Half of the real numbers are next to k + 1/2, and none saturates.
        a, w = (a % 7 + 2).astype(np.int8), (w % 3 - 1).astype(np.int8)
        weights[:] = weights[0]
    sums = (a.astype(np.int64) - 5) @ w.astype(np.int64)
    spread = np.float32(np.abs(sums).max() * 0.02 * weights.mean() / 100)  # most of the range is used
    scales = {"a": np.float32(0.02), "y": max(spread, np.float32(1e-6))}
    if layer.near_ties:
        scales["y"] = np.float32(2) * scales["a"] * weights[0]
    phase4 = tmp_path / "phase4.mlir"
    phase4.write_text(layer_module(layer, scales, weights))
    phase5 = tmp_path / "phase5.mlir"
    run_tool("quant-opt", ["--lowbit-lower-contractions", phase4, "-o", phase5])
    assert "linalg.matmul" in phase5.read_text() and "xi32>" in phase5.read_text()
    inputs = save(tmp_path / "in.npz", {"arg0": a, "arg1": w})
    (floats,) = run(phase4, inputs, tmp_path).values()
    (integers,) = run(phase5, inputs, tmp_path).values()

    difference = floats.astype(int) - integers.astype(int)
    assert np.abs(difference).max(initial=0) <= 1
    magnitudes = np.abs(a.astype(np.int64) - 5) @ np.abs(w.astype(np.int64))
    for row, column in np.argwhere(difference):
        factor = Fraction(float(scales["a"])) * Fraction(float(weights[column])) / Fraction(float(scales["y"]))
        real = int(sums[row, column]) * factor
        distance = abs(real - int(real // 1) - Fraction(1, 2))
        # One rounding a step of the float sum and those of the scales, relative to the largest partial sum.
        bound = Fraction(2, 1 << 24) * (layer.depth + 4) * int(magnitudes[row, column]) * factor
        assert distance <= bound, (row, column, float(real))
    count = int(np.count_nonzero(difference))
    print(f"{layer}: {count} of {difference.size} integers differ by one")
    # Where every other number is a near tie, some must differ, or the bound above is never asked.
    assert 0 < count if layer.near_ties else count <= difference.size // 50


@pytest.mark.parametrize("model", ["mnist_cntk", "mnist_pytorch", "resnet8"])
def test_models_of_both_phases_agree(artifacts: Artifacts, model: str, tmp_path: Path) -> None:
    """Over a whole model one step near a tie may move others: outputs differ less than quantization does."""
    outputs = {}
    for phase in ("quantize", "lower"):
        target = tmp_path / f"{phase}.mlir"
        options = {"calibration-data": artifacts.calibration(model), "compile-to": phase}
        run_tool("quant-opt", [f"--quantize-ptq={pass_options(options)}", artifacts.imported(model), "-o", target])
        (outputs[phase],) = run(target, artifacts.inputs(model, 64), tmp_path).values()
    (reference,) = run(artifacts.imported(model), artifacts.inputs(model, 64), tmp_path).values()
    between = np.abs(outputs["quantize"] - outputs["lower"]).mean()
    error = np.abs(outputs["lower"] - reference).mean()
    assert 0 < error
    assert between <= error / 10
    assert (outputs["quantize"].argmax(-1) == outputs["lower"].argmax(-1)).mean() >= 0.98
