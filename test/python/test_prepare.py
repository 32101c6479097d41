"""Preparations on real models: the float function stays, and the integer one comes nearer to it."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from artifacts import CALIBRATION_SAMPLES, Artifacts, load, lowbit, must, save, tools_folder
from inputs import PAIRS, samples
from lowbit import sts

CNNS = ("mnist_pytorch", "mnist_cntk", "resnet8")


def sqnr(expected: np.ndarray, actual: np.ndarray) -> float:
    expected, actual = expected.astype(np.float64), actual.astype(np.float64)
    noise = ((expected - actual) ** 2).sum()
    return float("inf") if noise == 0 else float(10 * np.log10((expected**2).sum() / noise))


def quant_opt(source: Path, target: Path, *passes: str) -> str:
    """Standard error of a run that has to succeed."""
    command = [str(tools_folder() / "quant-opt"), str(source), *passes, "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stderr


def outputs(model: Path, inputs: Path, folder: Path) -> np.ndarray:
    target = folder / f"{model.stem}.npz"
    must(lowbit("run", model, "--inputs", inputs, "-o", target))
    (values,) = load(target).values()
    return values


@pytest.mark.parametrize("model", CNNS)
def test_equalized_model_is_the_same_function(model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    source, prepared = artifacts.imported(model), tmp_path / "prepared.mlir"
    said = quant_opt(source, prepared, "--lowbit-insert-observers", "--lowbit-equalize-layers", "--lowbit-insert-qdq")
    assert "changed nothing" not in said
    inputs = artifacts.inputs(model)
    expected, actual = outputs(source, inputs, tmp_path), outputs(prepared, inputs, tmp_path)
    assert not np.array_equal(expected, actual), "nothing was scaled"
    assert sqnr(expected, actual) > 100


@pytest.mark.parametrize("model", ["mnist_pytorch", "minilm"])
def test_smoothed_model_is_the_same_function(model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    source, prepared, table = artifacts.imported(model), tmp_path / "prepared.mlir", tmp_path / "table.json"
    inputs = artifacts.inputs(model)
    quant_opt(
        source,
        prepared,
        "--lowbit-insert-observers=channels",
        f"--lowbit-calibrate=data={inputs} save-table={table}",
        f"--lowbit-smooth-activations=table={table}",
        "--lowbit-insert-qdq",
    )
    expected, actual = outputs(source, inputs, tmp_path), outputs(prepared, inputs, tmp_path)
    assert not np.array_equal(expected, actual), "nothing was scaled"
    assert sqnr(expected, actual) > 100


@pytest.mark.parametrize("model", CNNS)
def test_auto_keeps_what_helps(model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    """Every entry that was measured and kept has the gain; the prepared model is nearer to float on other samples."""
    source, account = artifacts.imported(model), tmp_path / "why.json"
    prepared = tmp_path / "prepared.mlir"
    must(
        lowbit(
            *("quantize", source, "--calibration-data", artifacts.calibration(model)),
            *("--prepare", "auto", "--explain", account, "-o", prepared),
        )
    )
    explained = json.loads(account.read_text(encoding="utf-8"))
    entries = explained["preparations"]
    assert {entry["name"] for entry in entries} == {"equalize", "smooth-quant", "bias-correction"}
    assert all(entry["reason"] for entry in entries)
    measured = [entry for entry in entries if "before_db" in entry and "after_db" in entry]
    assert measured
    for entry in measured:
        if entry["kept"]:
            assert entry["after_db"] > entry["before_db"], entry
    assert explained["held_out"]["separate"]

    # The measure of `auto`, on samples that it has not seen, against the model that is calibrated on the same samples.
    others = save(
        tmp_path / "others.npz", {name: values[CALIBRATION_SAMPLES:] for name, values in samples(model, 600).items()}
    )
    unprepared = tmp_path / "unprepared.mlir"
    held_out = explained["held_out"]["samples"]
    calibration = ("--calibration-data", artifacts.calibration(model), "--held-out", held_out)
    must(lowbit("quantize", source, *calibration, "-o", unprepared))
    expected = outputs(source, others, tmp_path)
    gains = [
        sqnr(wanted, after) - sqnr(wanted, before)
        for wanted, before, after in zip(
            expected, outputs(unprepared, others, tmp_path), outputs(prepared, others, tmp_path), strict=True
        )
    ]
    assert len(gains) == 500
    # Samples differ by several dB either way: no loss beyond the standard error of their mean.
    assert np.mean(gains) > -np.std(gains) / np.sqrt(len(gains))


def test_minilm_smoothed_static_int8(artifacts: Artifacts) -> None:
    """Every matmul in static int8, those of the attention included."""
    pairs = sts.load_pairs(PAIRS).scored()
    expected = sts.embed(artifacts.imported("minilm"), pairs.sentences)
    module = artifacts.folder / "minilm.smooth-quant.mlir"
    if not module.exists():
        data = artifacts.calibration("minilm")
        options = ["--calibration-data", data, "--method", "minmax", "--prepare", "smooth-quant"]
        must(lowbit("quantize", artifacts.imported("minilm"), *options, "-o", module))
    text = module.read_text(encoding="utf-8")
    # Norms and softmax, what reads the mask, and what only they read.
    reasons = set(re.findall(r'lowbit.float_reason = "([^"]*)"', text))
    assert {" ".join(reason.split()[:2]) for reason in reasons} == {"it works", "it is", "what reads"}
    assert text.count("lowbit.tables") == 6
    cosines = sts.cosines(sts.embed(module, pairs.sentences), expected)
    assert len(cosines) == 2 * 650
    assert cosines.mean() >= 0.9955
    assert cosines.min() >= 0.98
