"""all-MiniLM-L6-v2 on the 650 sentence pairs that calibration does not see."""

from dataclasses import dataclass

import numpy as np
import pytest
from artifacts import Artifacts
from inputs import PAIRS
from lowbit import sts
from lowbit.files import store_of

MAX_FILE_RATIO = 0.27


@dataclass
class Reference:
    pairs: sts.Pairs
    embeddings: np.ndarray
    spearman: float


@pytest.fixture(scope="module")
def reference(artifacts: Artifacts) -> Reference:
    pairs = sts.load_pairs(PAIRS).scored()
    embeddings = sts.embed(artifacts.imported("minilm"), pairs.sentences)
    return Reference(pairs, embeddings, sts.spearman(embeddings, pairs.scores))


def test_float_embeddings_are_the_original_ones(reference: Reference) -> None:
    assert len(reference.pairs.scores) == 650
    assert sts.cosines(reference.embeddings, reference.pairs.golden).min() > 0.99999


@pytest.mark.parametrize(("mode", "spearman_bar", "cosine_bar"), [("static", 0.01, 0.985), ("dynamic", 0.006, 0.992)])
def test_int8_accuracy(
    mode: str, spearman_bar: float, cosine_bar: float, artifacts: Artifacts, reference: Reference
) -> None:
    embeddings = sts.embed(artifacts.quantized("minilm", mode), reference.pairs.sentences)
    assert abs(sts.spearman(embeddings, reference.pairs.scores) - reference.spearman) <= spearman_bar
    assert sts.cosines(embeddings, reference.embeddings).mean() >= cosine_bar


@pytest.mark.parametrize("mode", ["static", "dynamic"])
def test_file_size(mode: str, artifacts: Artifacts) -> None:
    module = artifacts.quantized("minilm", mode)
    size = module.stat().st_size + store_of(module).stat().st_size
    assert size <= MAX_FILE_RATIO * artifacts.onnx("minilm").stat().st_size
