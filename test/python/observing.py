"""Calibration tables by the tools themselves, as several tests make them."""

import subprocess
from pathlib import Path

import numpy as np
from artifacts import Artifacts, save, tools_folder
from inputs import INPUT

MODEL = "mnist_pytorch"
SAMPLES = 64


def tool(name: str, *arguments: object, **options: object) -> "subprocess.CompletedProcess[str]":
    command = [str(tools_folder() / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, **options)  # type: ignore[call-overload]


def must(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def observers(artifacts: Artifacts, model: str, folder: Path, options: str = "") -> Path:
    """The model as the calibration phase observes it."""
    passes = f"lowbit-attach-weights,lowbit-assign-ids,cse,lowbit-insert-observers{{{options}}}"
    module = folder / f"{model}.observed.mlir"
    must(tool("quant-opt", artifacts.imported(model), f"--pass-pipeline=builtin.module({passes})", "-o", module))
    return module


def archive(path: Path, images: np.ndarray) -> Path:
    return save(path, {INPUT[MODEL]: images})
