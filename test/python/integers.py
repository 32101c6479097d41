"""A model, and what becomes of it in integer-only mode."""

from pathlib import Path
from typing import Any

import numpy as np
from artifacts import load, lowbit, must
from numpy.typing import NDArray

Array = NDArray[Any]


def decibels(expected: Array, actual: Array) -> float:
    expected, actual = expected.astype(np.float64), actual.astype(np.float64)
    noise = np.square(expected - actual).sum()
    return float(10 * np.log10(np.square(expected).sum() / noise)) if noise else float("inf")


def as_integers(
    folder: Path, shape: tuple[int, ...], model: str, argument: str
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The outputs of the model and of its integers, both on data that it was not calibrated on."""
    data = np.random.default_rng(3).normal(0, 1, (16, *shape)).astype(np.float32)
    (folder / "data").mkdir()
    for i, sample in enumerate(data[:12]):
        np.savez(folder / f"data/{i}.npz", **{argument: sample})
    np.savez(folder / "x.npz", **{argument: data[12]})
    must(lowbit("import", model, "-o", "m.mlir", cwd=folder))
    options = ("--calibration-data", "data", "--mode", "integer-only")
    must(lowbit("quantize", "m.mlir", *options, "-o", "q.mlir", cwd=folder))
    must(lowbit("run", "m.mlir", "--inputs", "x.npz", "-o", "f.npz", cwd=folder))
    must(lowbit("run", "q.mlir", "--inputs", "x.npz", "-o", "c.npz", cwd=folder))
    must(lowbit("run", "q.mlir", "--inputs", "x.npz", "-o", "i.npz", "--interpret", cwd=folder))
    compiled, interpreted = load(folder / "c.npz"), load(folder / "i.npz")
    for name in compiled:
        assert (compiled[name] == interpreted[name]).all(), name
    return load(folder / "f.npz"), compiled
