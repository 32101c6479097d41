"""The exit to upstream dialects: stock tools compute what quant-run does."""

from pathlib import Path

import numpy as np
from artifacts import Artifacts, load, run
from stock import quant_opt, stock


def test_mnist(artifacts: Artifacts, tmp_path: Path) -> None:
    """Static int8, weights as resources: the same bits as quant-run. (mnist_pytorch ends in a log-softmax in float,
    whose exp and log are the C library's in stock code.)"""
    quantized, inputs = artifacts.quantized("mnist_cntk", "static"), artifacts.inputs("mnist_cntk", 1)
    exited = quant_opt(quantized, tmp_path / "exited.mlir", "--lowbit-exit-upstream")
    assert "dense_resource" in exited.read_text()
    (expected,) = run(quantized, inputs, tmp_path).values()
    (values,) = load(inputs).values()
    found = stock(exited, [values], tmp_path).astype(np.int32).view(np.float32)
    np.testing.assert_array_equal(found, expected.ravel())
