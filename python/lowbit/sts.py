"""The sentence pairs of test/data/minilm_sts: reading, batching, embedding and scoring.

A pair has a score from 0 to 5 for how alike its sentences are. A model is scored by Spearman's rank correlation between
these and the cosine of the two embeddings. The first CALIBRATION_PAIRS calibrate, and the others are scored.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lowbit import compiler
from lowbit.data import save_arrays
from lowbit.errors import LowbitError
from lowbit.progress import Report

CALIBRATION_PAIRS = 100


@dataclass
class Pairs:
    """Sentences 2 i and 2 i + 1 are pair i."""

    sentences: list[np.ndarray]  # token ids
    scores: np.ndarray
    golden: np.ndarray  # the original model's embedding of each sentence

    def calibration(self) -> list[np.ndarray]:
        return self.sentences[: 2 * CALIBRATION_PAIRS]

    def scored(self) -> "Pairs":
        start = CALIBRATION_PAIRS
        return Pairs(self.sentences[2 * start :], self.scores[start:], self.golden[2 * start :])


def load_pairs(path: Path) -> Pairs:
    if not path.is_file():
        raise LowbitError(f"{path}: no such file", "the sentence pairs are in the source tree: run this from there")
    with np.load(path, allow_pickle=False) as data:
        sides = [(data[f"ids_{s}"].astype(np.int64), data[f"len_{s}"], data[f"emb_{s}"]) for s in "ab"]
        scores = data["score"].astype(np.float64)
    sentences = [ids[i, : lengths[i]] for i in range(len(scores)) for ids, lengths, _ in sides]
    golden = np.stack([embeddings[i] for i in range(len(scores)) for _, _, embeddings in sides])
    return Pairs(sentences, scores, golden)


def pad(sentences: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """The model's inputs for several sentences: padded to the longest, with the mask at 0 there."""
    ids = np.zeros((len(sentences), max(map(len, sentences))), np.int64)
    mask = np.zeros_like(ids)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = sentence
        mask[row, : len(sentence)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def write_by_length(sentences: Sequence[np.ndarray], folder: Path) -> list[int]:
    """Writes a folder of npz files, one for each length, so that nothing is padded and one start of quant-run takes
    them all. Returns the indices of the sentences in the order of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    groups: dict[int, list[int]] = {}
    for index, ids in enumerate(sentences):
        groups.setdefault(len(ids), []).append(index)
    order = []
    for length, indices in sorted(groups.items()):
        save_arrays(folder / f"length-{length:03}.npz", pad([sentences[index] for index in indices]))
        order += indices
    return order


def embed(
    module: Path, sentences: Sequence[np.ndarray], threads: int | None = None, report: Report | None = None
) -> np.ndarray:
    """The model's embedding of each sentence, one sentence in a run."""
    with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
        data, target = Path(folder) / "data", Path(folder) / "out.npz"
        order = write_by_length(sentences, data)
        compiler.run_model(module, data, target, threads=threads, shapes={"batch": 1}, report=report)
        with np.load(target, allow_pickle=False) as outputs:
            (embeddings,) = outputs.values()
    result = np.empty_like(embeddings)
    result[order] = embeddings
    return result


def cosines(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Row by row."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    product: np.ndarray = (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))
    return product


def spearman(embeddings: np.ndarray, scores: np.ndarray) -> float:
    """Of the pairs' similarities against their scores."""
    from scipy.stats import spearmanr

    return float(spearmanr(cosines(embeddings[0::2], embeddings[1::2]), scores).statistic)
