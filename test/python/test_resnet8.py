"""ResNet-8 in static int8 on crops of photographs. They have no labels: the float model is the reference."""

from pathlib import Path

import numpy as np
from artifacts import Artifacts, run

COUNT = 300  # the first 100 calibrate


def test_static_int8_agrees_with_float(artifacts: Artifacts, tmp_path: Path) -> None:
    source = artifacts.inputs("resnet8", COUNT)
    (expected,) = run(artifacts.imported("resnet8"), source, tmp_path).values()
    (actual,) = run(artifacts.quantized("resnet8", "static"), source, tmp_path).values()
    expected, actual = expected[100:], actual[100:]
    assert np.mean(expected.argmax(1) == actual.argmax(1)) >= 0.95
    # The outputs are probabilities.
    assert np.abs(expected - actual).mean() <= 0.01
