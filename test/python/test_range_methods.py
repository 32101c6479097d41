"""Each method's objective, on the raw samples, is within 1 % of the least that brute force finds on them.

The choices come from lowbit-ranges-check, which sees the samples through the statistics that calibration keeps; the
brute force is range_reference.py. Values, rows and weights are those of three models.
"""

import functools
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, load, must, save, tools_folder
from inputs import REPOSITORY, samples
from range_reference import LinearCounts, SortedSamples, Target, cross_entropy, least_cross_entropy, squared_error
from safetensors.numpy import load_file

CHECK = REPOSITORY / "build" / "unittests" / "lowbit-ranges-check"
MODELS = ("mnist_pytorch", "resnet8", "minilm")
TARGETS = (Target(-128, 127, False), Target(-127, 127, True), Target(-8, 7, False), Target(-7, 7, True))
BAR = 1.01

each_model = pytest.mark.parametrize("model", MODELS)

pytestmark = pytest.mark.skipif(not os.access(CHECK, os.X_OK), reason="`ninja lowbit-unittests` builds the check")


def choices(
    folder: Path, arrays: dict[str, np.ndarray], kind: str, *methods: str
) -> dict[str, dict[tuple[str, Target], dict]]:
    """By array, and by method and target."""
    path = save(folder / f"{kind}.npz", {name: np.ascontiguousarray(x, np.float32) for name, x in arrays.items()})
    modes = {(method, target): f"{method},{target.text()}" for method in methods for target in TARGETS}
    done = subprocess.run([str(CHECK), str(path), kind, *modes.values()], capture_output=True, text=True)
    chosen = json.loads(must(done))
    return {name: {mode: chosen[name][text] for mode, text in modes.items()} for name in arrays}


def percentile_range(x: np.ndarray, percentile: float, target: Target) -> tuple[float, float]:
    """The ends that leave out as much as that of the samples."""
    if target.symmetric:
        high = np.percentile(np.abs(x), percentile)
        return -high, high
    low, high = np.percentile(x, [(100 - percentile) / 2, 100 - (100 - percentile) / 2])
    return low, high


def dump(model: Path, inputs: Path, to: Path) -> dict[str, np.ndarray]:
    command = [str(tools_folder() / "quant-run"), str(model), f"--inputs={inputs}", f"--dump-values={to}"]
    must(subprocess.run(command, capture_output=True, text=True))
    return load(to)


@functools.cache
def all_values(artifacts: Artifacts, model: str) -> dict[str, np.ndarray]:
    """Every named value on a few samples, which are the first dimension."""
    target = artifacts.folder / f"{model}-range-values.npz"
    if not target.exists():
        if model == "minilm":
            values = dump(artifacts.imported(model), artifacts.inputs(model, 4), target.with_suffix(".dump.npz"))
        else:
            parts = []
            for name, stacked in samples(model, 8).items():
                for sample in np.split(stacked, len(stacked)):
                    one = save(target.with_suffix(".one.npz"), {name: sample})
                    dumped = dump(artifacts.imported(model), one, target.with_suffix(".dump.npz"))
                    parts.append({name: sample, **dumped})
            values = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        save(target, values)
    return {name: x for name, x in load(target).items() if x.dtype == np.float32 and x.size >= 64}


def some_values(artifacts: Artifacts, model: str, count: int) -> dict[str, np.ndarray]:
    """From the whole length of the model, and its input."""
    values = all_values(artifacts, model)
    names = list(values)
    return {names[i]: values[names[i]] for i in np.unique(np.linspace(0, len(names) - 1, count).astype(int))}


@each_model
def test_mse(artifacts: Artifacts, tmp_path: Path, model: str) -> None:
    values = some_values(artifacts, model, 8)
    for name, chosen in choices(tmp_path, values, "activations", "mse").items():
        x = values[name]
        reference = SortedSamples(x)
        for (_, target), choice in chosen.items():
            error = squared_error(x, choice["scale"], choice["zero_point"], target)
            least = reference.least_error(target)
            assert error <= BAR * least, (name, target, choice, least)
            # What the statistics say of the choice is what it does to the samples.
            assert choice["mse"] == pytest.approx(error, rel=0.01, abs=1e-12 * np.mean(x.astype(float) ** 2)), name
            assert choice["objective"] == pytest.approx(choice["mse"], rel=1e-3, abs=1e-12), name


@each_model
def test_entropy(artifacts: Artifacts, tmp_path: Path, model: str) -> None:
    values = some_values(artifacts, model, 5)
    for name, chosen in choices(tmp_path, values, "activations", "entropy").items():
        reference = LinearCounts(values[name])
        for (_, target), choice in chosen.items():
            divergence = reference.divergence(*reference.bins(choice["min"], choice["max"], target), target)
            assert choice["objective"] == pytest.approx(divergence, rel=1e-6, abs=1e-12), name
            assert divergence <= BAR * reference.least_divergence(target) + 1e-12, (name, target, choice)


@each_model
def test_percentiles_and_extremes(artifacts: Artifacts, tmp_path: Path, model: str) -> None:
    values = some_values(artifacts, model, 40)
    percentiles = (99.99, 99.9, 99, 90, 100)
    methods = [*(f"percentile:{p}" for p in percentiles), "minmax", "moving-average"]
    for name, chosen in choices(tmp_path, values, "activations", *methods).items():
        x = values[name].astype(float)
        for target in TARGETS:
            for p in percentiles:
                low, high = percentile_range(x, p, target)
                choice = chosen[f"percentile:{p}", target]
                assert choice["min"] == pytest.approx(min(low, 0), rel=0.01, abs=1e-30), (name, target, p)
                assert choice["max"] == pytest.approx(max(high, 0), rel=0.01, abs=1e-30), (name, target, p)
            rows = x.reshape(len(x), -1)
            ends = {"minmax": (x.min(), x.max()), "moving-average": (rows.min(1).mean(), rows.max(1).mean())}
            for method, (low, high) in ends.items():
                low, high = min(low, 0.0), max(high, 0.0)
                if target.symmetric:
                    low, high = -max(-low, high), max(-low, high)
                choice = chosen[method, target]
                assert (choice["min"], choice["max"]) == (np.float32(low), np.float32(high)), (name, method)
            assert chosen["minmax", target]["clipped"] == 0


def logits_and_probabilities(artifacts: Artifacts, model: str) -> dict[str, np.ndarray]:
    """Rows of values that a softmax reads or makes."""
    values = all_values(artifacts, model)
    names = {
        "mnist_pytorch": ["20"],
        "resnet8": ["add_45", "softmax_46"],
        "minilm": ["layer.0/masked", "layer.0/softmax", "layer.5/softmax"],
    }[model]
    return {name: values[name].reshape(-1, values[name].shape[-1]) for name in names}


@each_model
def test_cross_entropy(artifacts: Artifacts, tmp_path: Path, model: str) -> None:
    # So few rows are all kept, but none twice.
    values = {name: np.unique(rows[:24], axis=0) for name, rows in logits_and_probabilities(artifacts, model).items()}
    for name, chosen in choices(tmp_path, values, "rows", "cross-entropy").items():
        rows = values[name]
        for (_, target), choice in chosen.items():
            ours = cross_entropy(rows, choice["scale"], choice["zero_point"], target)
            assert choice["objective"] == pytest.approx(ours, rel=1e-6), name
            least = least_cross_entropy(rows, target)
            assert ours <= BAR * least, (name, target, choice, least)


def some_weights(artifacts: Artifacts, model: str) -> dict[str, np.ndarray]:
    """A row for each output channel, of some weights of the model."""
    tensors = load_file(artifacts.imported(model).with_suffix(".safetensors"))
    weights = {name: x for name, x in sorted(tensors.items()) if x.dtype == np.float32 and x.ndim >= 2 and x.size > 256}
    names = list(weights)
    chosen = [names[i] for i in np.unique(np.linspace(0, len(names) - 1, 4).astype(int))]
    return {name: weights[name].reshape(-1, weights[name].shape[-1]).T[:3, :4096] for name in chosen}


@each_model
def test_weights(artifacts: Artifacts, tmp_path: Path, model: str) -> None:
    weights = some_weights(artifacts, model)
    for name, chosen in choices(tmp_path, weights, "weights", "mse", "percentile:99", "minmax").items():
        for target in TARGETS:
            for i, x in enumerate(weights[name]):
                mse, percentile, minmax = (
                    chosen[method, target]["groups"][i] for method in ("mse", "percentile:99", "minmax")
                )
                error = squared_error(x, mse["scale"], mse["zero_point"], target)
                assert mse["objective"] == pytest.approx(error, rel=1e-9), name
                assert error <= BAR * SortedSamples(x).least_error(target), (name, i, target)
                scale, zero = target.parameters(x.min(), x.max())
                assert (minmax["scale"], minmax["zero_point"]) == (scale, zero)
                scale, zero = target.parameters(*percentile_range(x.astype(float), 99, target))
                assert (percentile["scale"], percentile["zero_point"]) == (pytest.approx(scale, rel=1e-6), zero), name
