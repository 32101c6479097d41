"""Memory and time of calibration on this machine, through the commands.

    calibration.py [memory] [bert] [time] [--output build/bench/calibration] [--threads N]

memory  peak resident memory of `lowbit calibrate` on 32 and on 32,768 images of digits
bert    the same for a model of BERT-base's shape (110 M parameters, random weights), 128 tokens
time    MiniLM, 100 samples of 128 tokens: `lowbit quantize` with each method against `lowbit run` of the float model

Peak memory is the largest resident set of any process of the command, as the system counts it (pages of mapped files
included).
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "test" / "python"))

from inputs import INPUT, ONNX, as_mnist_pytorch, digits
from lowbit.models import minilm
from lowbit.progress import step

LOWBIT = Path(sys.executable).parent / "lowbit"
TOKENS = 128
METHODS = ("minmax", "moving-average", "percentile", "mse", "entropy", "cross-entropy")
BERT_BASE = {
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "vocab_size": 30522,
}


# A process begins with the memory of the one that it was forked from, which counts: so a small one starts the command.
_MEASURED = """
import resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)
sys.exit(code)
"""


def lowbit(*arguments: object) -> tuple[float, int]:
    """Runs a command: its seconds, and the peak memory in bytes of the largest of its processes."""
    command = [sys.executable, "-I", "-S", "-c", _MEASURED, str(LOWBIT), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"lowbit {' '.join(map(str, arguments))} failed:\n{done.stderr}")
    seconds, peak = done.stdout.split()
    return float(seconds), int(peak)


def bench_memory(folder: Path, threads: list[object]) -> dict[str, Any]:
    model = folder / "mnist.mlir"
    lowbit("import", ONNX["mnist_pytorch"], "-o", model)
    random, seen = np.random.default_rng(0), digits(1000)
    peaks = {}
    for count in (32, 32768):
        data = folder / f"digits-{count}.npz"
        images = as_mnist_pytorch(seen[random.integers(0, len(seen), count)])
        np.savez(data, **{INPUT["mnist_pytorch"]: images})  # type: ignore[arg-type]
        table = folder / f"digits-{count}.json"
        seconds, peak = lowbit("calibrate", model, "--calibration-data", data, "-o", table, *threads)
        peaks[str(count)] = {"seconds": seconds, "peak_bytes": peak}
    growth = peaks["32768"]["peak_bytes"] / peaks["32"]["peak_bytes"] - 1
    return {"samples": peaks, "growth": growth}


def make_bert(folder: Path) -> Path:
    """MiniLM's graph with BERT-base's sizes and random weights."""
    import onnx
    from safetensors import safe_open
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    source = minilm.model_folder()
    old = json.loads((source / "config.json").read_text(encoding="utf-8"))
    sizes = {old["hidden_size"]: BERT_BASE["hidden_size"], old["intermediate_size"]: BERT_BASE["intermediate_size"]}
    tensors = {}
    with safe_open(source / "model.safetensors", "np") as file:
        for name in sorted(file.keys()):
            layer = re.fullmatch(r"(.*encoder\.layer\.)(\d+)(\..*)", name)
            if layer and layer[2] != "0":
                continue
            names = [f"{layer[1]}{i}{layer[3]}" for i in range(BERT_BASE["num_hidden_layers"])] if layer else [name]
            shape = [sizes.get(size, size) for size in file.get_slice(name).get_shape()]
            for each in names:
                if "LayerNorm.weight" in each:
                    tensors[each] = np.ones(shape, np.float32)
                else:
                    tensors[each] = 0.02 * random.standard_normal(shape, dtype=np.float32)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(old | BERT_BASE), encoding="utf-8")
    save_file(tensors, folder / "model.safetensors")
    path = folder / "bert.onnx"
    onnx.save(minilm.build_minilm(folder), path)
    return path


def tokens(words: int, count: int) -> dict[str, np.ndarray]:
    ids = np.random.default_rng(1).integers(1000, words, (count, TOKENS))
    return {"input_ids": ids, "attention_mask": np.ones_like(ids)}


def bench_bert(folder: Path, threads: list[object]) -> dict[str, Any]:
    model, data = make_bert(folder / "bert"), folder / "bert.npz"
    np.savez(data, **tokens(BERT_BASE["vocab_size"], 8))  # type: ignore[arg-type]
    seconds, peak = lowbit("calibrate", model, "--calibration-data", data, "-o", folder / "bert.json", *threads)
    return {"seconds": seconds, "peak_bytes": peak}


def bench_time(folder: Path, threads: list[object]) -> dict[str, Any]:
    onnx, model, data = folder / "minilm.onnx", folder / "minilm.mlir", folder / "minilm.npz"
    minilm.save_minilm(onnx)
    lowbit("import", onnx, "-o", model, "--shape", f"batch=1,seq={TOKENS}")
    np.savez(data, **tokens(BERT_BASE["vocab_size"], 100))  # type: ignore[arg-type]
    run, _ = lowbit("run", model, "--inputs", data, "-o", folder / "out.npz", *threads)
    seconds = {}
    for method in METHODS:
        arguments = ("--calibration-data", data, "--method", method, "-o", folder / "minilm.int8.mlir")
        seconds[method], _ = lowbit("quantize", model, *arguments, *threads)
    return {"float_run_seconds": run, "quantize_seconds": seconds, "bar_seconds": 2 * run + 5}


BENCHES = {"memory": bench_memory, "bert": bench_bert, "time": bench_time}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("benches", nargs="*", choices=[*BENCHES, []], metavar="BENCH", help=", ".join(BENCHES))
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=REPOSITORY / "build" / "bench" / "calibration")
    parser.add_argument("--threads", type=int, metavar="N")
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    threads: list[object] = ["--threads", args.threads] if args.threads else []
    results: dict[str, Any] = {}
    for name in args.benches or BENCHES:
        with step(f"measuring {name}"):
            results[name] = BENCHES[name](args.output, threads)
    (args.output / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    table = Table("what", "seconds", "peak MiB")
    for count, one in results.get("memory", {}).get("samples", {}).items():
        table.add_row(f"calibrate, {count} images", f"{one['seconds']:.1f}", f"{one['peak_bytes'] / 2**20:.1f}")
    if bert := results.get("bert"):
        table.add_row("calibrate, BERT-base shape", f"{bert['seconds']:.1f}", f"{bert['peak_bytes'] / 2**20:.0f}")
    if times := results.get("time"):
        table.add_row("MiniLM, float run", f"{times['float_run_seconds']:.1f}", "")
        for method, seconds in times["quantize_seconds"].items():
            table.add_row(f"MiniLM, quantize, {method}", f"{seconds:.1f}", "")
    Console(highlight=False).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
