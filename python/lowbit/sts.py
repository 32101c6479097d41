"""The sentence pairs of test/data/minilm_sts: reading, batching, embedding and scoring.

A pair has a score from 0 to 5 for how alike its sentences are. A model is scored by Spearman's rank correlation between
these and the cosine of the two embeddings. The first CALIBRATION_PAIRS calibrate, and the others are scored.
"""

import tempfile
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lowbit import compiler
from lowbit.errors import LowbitError
from lowbit.model import save_arrays
from lowbit.progress import Report

CALIBRATION_PAIRS = 100

# Each group of sentences is one start of quant-run, which compiles the model: two groups balance that against padding.
_LENGTH_LIMITS = (24,)


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


def batches(
    sentences: Sequence[np.ndarray], limits: Sequence[int] | None = None
) -> Iterator[tuple[list[int], dict[str, np.ndarray]]]:
    """Groups sentences of equal length, or with `limits` those between two limits, padded to the longest of the group
    with the mask at 0. Yields their indices and the model's inputs."""
    groups: dict[int, list[int]] = {}
    for index, ids in enumerate(sentences):
        groups.setdefault(len(ids) if limits is None else bisect_left(limits, len(ids)), []).append(index)
    for _, indices in sorted(groups.items()):
        longest = max(len(sentences[i]) for i in indices)
        ids = np.zeros((len(indices), longest), np.int64)
        mask = np.zeros_like(ids)
        for row, index in enumerate(indices):
            ids[row, : len(sentences[index])] = sentences[index]
            mask[row, : len(sentences[index])] = 1
        yield indices, {"input_ids": ids, "attention_mask": mask}


def write_calibration(pairs: Pairs, folder: Path) -> Path:
    """The calibration sentences as a folder of npz files, one for each length, so that nothing is padded."""
    folder.mkdir(parents=True, exist_ok=True)
    for _, inputs in batches(pairs.calibration()):
        save_arrays(folder / f"length-{inputs['input_ids'].shape[1]:03}.npz", inputs)
    return folder


def embed(
    module: Path, sentences: Sequence[np.ndarray], threads: int | None = None, report: Report | None = None
) -> np.ndarray:
    """The model's embedding of each sentence, one sentence in a run."""
    result: np.ndarray | None = None
    done = 0
    with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
        source, target = Path(folder) / "in.npz", Path(folder) / "out.npz"
        for indices, inputs in batches(sentences, _LENGTH_LIMITS):
            save_arrays(source, inputs)
            compiler.run_model(module, source, target, threads=threads, shapes={"batch": 1})
            with np.load(target, allow_pickle=False) as outputs:
                embeddings = outputs[outputs.files[0]]
            if result is None:
                result = np.zeros((len(sentences), embeddings.shape[1]), np.float32)
            result[indices] = embeddings
            done += len(indices)
            if report:
                report(done, len(sentences), "sentences")
    assert result is not None
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
