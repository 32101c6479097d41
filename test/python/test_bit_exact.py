"""Every integer contraction of the compiled models gives what plain C++ arithmetic gives, bit for bit."""

import re

import pytest
from artifacts import MODELS, Artifacts
from lowbit import compiler

# Contractions that each model has, so that none is left out unseen.
CONTRACTIONS = {"mnist_cntk": 3, "mnist_pytorch": 4, "resnet8": 10, "minilm": 48}


@pytest.mark.parametrize("mode", ["static", "dynamic"])
@pytest.mark.parametrize("model", MODELS)
def test_contractions_are_exact(model: str, mode: str, artifacts: Artifacts) -> None:
    line = compiler.verify_contractions(artifacts.quantized(model, mode), artifacts.inputs(model, 8))
    match = re.search(r"(\d+) contractions, (\d+) elements, (\d+) differ", line)
    assert match, line
    contractions, elements, differ = map(int, match.groups())
    assert differ == 0
    assert contractions >= CONTRACTIONS[model]
    assert elements > 0
