"""Latency of the shipped models on this machine: float, and int8 with static and dynamic activations.

    bench.py [--output build/bench] [--threads N] [--models minilm resnet8 ...] [--rounds N]

Every form of a model is measured in turn, several rounds, and the medians are reported, so that a noisy moment does not
hit one form alone. Leaves the modules and results.json in the output folder.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPOSITORY / "test" / "python"))

from inputs import ONNX, PAIRS, samples
from lowbit import compiler, ptq, sts
from lowbit.data import save_arrays
from lowbit.errors import LowbitError
from lowbit.files import store_of
from lowbit.models import minilm
from lowbit.progress import step

SHAPES = {"minilm": {"batch": 1, "seq": 128}}
FORMS = ("float", "static", "dynamic")
CALIBRATION_SAMPLES = 100


def prepare(model: str, folder: Path) -> dict[str, Path]:
    """The module of each form."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx = ONNX.get(model, folder / f"{model}.onnx")
    if model == "minilm":
        minilm.save_minilm(onnx)
        data = folder / f"{model}-calibration"
        sts.write_by_length(sts.load_pairs(PAIRS).calibration(), data)
    else:
        data = folder / f"{model}-calibration.npz"
        save_arrays(data, samples(model, CALIBRATION_SAMPLES))
    modules = {form: folder / f"{model}.{form}.mlir" for form in FORMS}
    compiler.import_model(onnx, modules["float"])
    ptq.quantize_model(modules["float"], modules["static"], calibration_data=data)
    ptq.quantize_model(modules["float"], modules["dynamic"], selection=ptq.Selection(mode="dynamic"))
    return modules


def measure(model: str, folder: Path, threads: int | None, rounds: int) -> dict[str, dict[str, Any]]:
    with step(f"preparing {model}"):
        modules = prepare(model, folder)
    runs: dict[str, list[dict[str, Any]]] = {form: [] for form in FORMS}
    with step(f"measuring {model}") as report:
        for done in range(rounds):
            for form, module in modules.items():
                runs[form].append(compiler.bench_model(module, threads=threads, shapes=SHAPES.get(model)))
            if report:
                report(done + 1, rounds, "rounds")
    result = {}
    for form, several in runs.items():
        result[form] = several[0] | {
            "file_bytes": modules[form].stat().st_size + store_of(modules[form]).stat().st_size
        }
        for key in ("median_ms", "min_ms", "gops", "peak_share"):
            result[form][key] = statistics.median(run[key] for run in several)
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", metavar="FOLDER", type=Path, default=REPOSITORY / "build" / "bench")
    parser.add_argument("--threads", type=int, metavar="N")
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="how often each form is measured (3)")
    parser.add_argument("--models", nargs="+", choices=[*ONNX, "minilm"], default=[*ONNX, "minilm"])
    args = parser.parse_args()
    table = Table("model", "form")
    for heading in ("median ms", "GOP/s", "of peak", "x float", "MB"):
        table.add_column(heading, justify="right")
    results = {}
    try:
        for model in args.models:
            results[model] = measure(model, args.output, args.threads, args.rounds)
            for form, run in results[model].items():
                faster = results[model]["float"]["median_ms"] / run["median_ms"]
                numbers = (f"{run['median_ms']:.3f}", f"{run['gops']:.1f}", f"{run['peak_share']:.0%}", f"{faster:.2f}")
                table.add_row(model, form, *numbers, f"{run['file_bytes'] / 1e6:.2f}")
    except (LowbitError, minilm.ModelFilesError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    (args.output / "results.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    Console(highlight=False).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
