"""The MNIST CNNs in static int8 on all 10,000 test images."""

from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, run, save
from inputs import INPUT, as_mnist_cntk, as_mnist_pytorch, mnist_test_set

PREPARE = {"mnist_cntk": as_mnist_cntk, "mnist_pytorch": as_mnist_pytorch}
BAR = {"mnist_cntk": 0.9885, "mnist_pytorch": 0.9900}
FLOAT = {"mnist_cntk": 0.9891, "mnist_pytorch": 0.9907}


def accuracy(module: Path, model: str, mnist: Path, folder: Path) -> float:
    images, labels = mnist_test_set(mnist)
    assert len(labels) == 10_000
    source = save(folder / "images.npz", {INPUT[model]: PREPARE[model](images)})
    (logits,) = run(module, source, folder).values()
    return float(np.mean(logits.reshape(len(labels), -1).argmax(1) == labels))


@pytest.mark.parametrize("model", BAR)
def test_static_int8_accuracy(model: str, artifacts: Artifacts, mnist: Path, tmp_path: Path) -> None:
    assert accuracy(artifacts.quantized(model, "static"), model, mnist, tmp_path) >= BAR[model]


@pytest.mark.parametrize("model", FLOAT)
def test_float_accuracy(model: str, artifacts: Artifacts, mnist: Path, tmp_path: Path) -> None:
    assert accuracy(artifacts.imported(model), model, mnist, tmp_path) == pytest.approx(FLOAT[model], abs=5e-5)
