"""Compiled code gives what the interpreter gives, bit for bit, for real models at every phase that runs.

Outputs are compared, and of the CNNs every named float value, for which code is compiled without fusing across it. A
NaN equals a NaN, and zeros have their sign.
"""

from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, load, run, save
from lowbit import compiler
from lowbit.tools import pass_options, run_tool

CNNS = ("mnist_cntk", "mnist_pytorch", "resnet8")
# Named float values that each model has, so that none is left out unseen.
VALUES = {"mnist_cntk": 10, "mnist_pytorch": 18, "resnet8": 30}
# Clamps are gone after folding, and what is between integers is in registers after lowering.
FOLDED = {"mnist_cntk": 9, "mnist_pytorch": 16, "resnet8": 30}
LOWERED = {"mnist_cntk": 2, "mnist_pytorch": 8, "resnet8": 6}


def phase_module(artifacts: Artifacts, model: str, mode: str, phase: str, folder: Path) -> Path:
    if mode == "float":
        return artifacts.imported(model)
    data = artifacts.calibration(model) if mode == "static" else None
    options = {"calibration-data": data, "mode": None if data else "dynamic", "compile-to": phase}
    target = folder / f"{model}.{mode}.{phase}.mlir"
    run_tool("quant-opt", [f"--quantize-ptq={pass_options(options)}", artifacts.imported(model), "-o", target])
    return target


def check_equal(compiled: dict[str, np.ndarray], interpreted: dict[str, np.ndarray]) -> None:
    assert compiled.keys() == interpreted.keys()
    for name, array in compiled.items():
        other = interpreted[name]
        assert (array.dtype, array.shape) == (other.dtype, other.shape), name
        same = array == other
        if array.dtype.kind == "f":
            both_nan = np.isnan(array) & np.isnan(other)
            same = (same & (np.signbit(array) == np.signbit(other))) | both_nan
        assert same.all(), f"{name}: {int((~same).sum())} of {array.size} elements differ"


def check_outputs(module: Path, inputs: Path, folder: Path) -> None:
    check_equal(run(module, inputs, folder), run(module, inputs, folder, "--interpret"))


def check_values(module: Path, inputs: Path, folder: Path, least: int) -> None:
    values = []
    for interpret in (False, True):
        target = folder / f"values-{interpret}.npz"
        compiler.run_model(module, inputs, target, dump_values=True, interpret=interpret)
        values.append(load(target))
    assert len(values[0]) >= least
    check_equal(*values)


PHASES = [("float", "import")] + [
    (mode, phase) for mode in ("static", "dynamic") for phase in ("quantize", "fold", "lower")
]


@pytest.mark.parametrize(("mode", "phase"), PHASES)
@pytest.mark.parametrize("model", CNNS)
def test_cnns(model: str, mode: str, phase: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module = phase_module(artifacts, model, mode, phase, tmp_path)
    check_outputs(module, artifacts.inputs(model), tmp_path)
    least = {"fold": FOLDED, "lower": LOWERED}.get(phase, VALUES) if mode == "static" else VALUES
    check_values(module, artifacts.inputs(model), tmp_path, least[model])


@pytest.mark.parametrize("mode", ["float", "static", "dynamic"])
def test_minilm(mode: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module = artifacts.imported("minilm") if mode == "float" else artifacts.quantized("minilm", mode)
    # Two sentences of 16 tokens, the second of them padded.
    inputs = {name: array[:2, :16].copy() for name, array in load(artifacts.inputs("minilm")).items()}
    inputs["attention_mask"][1, 10:] = 0
    check_outputs(module, save(tmp_path / "inputs.npz", inputs), tmp_path)
