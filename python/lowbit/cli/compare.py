"""lowbit compare: how far one model is from another, at the outputs and layer by layer."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lowbit.cli.options import make_command, model
from lowbit.compare import SQNR_EQUAL, compare_models
from lowbit.progress import step

_DETAILS = """examples:
  lowbit compare model.onnx model.int8.mlir --inputs in.npz
  lowbit compare model.mlir model.int8.mlir --inputs batches/ --json

A is the reference, usually the float model. Inputs are given as for calibration: an .npz, an .npy, a folder, or a list.
SQNR is the signal to quantization noise ratio in dB: 40 is a hundredth of the signal's amplitude, 20 a tenth.
"""

_SHOWN_LAYERS = 12


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "compare", "compare two models on the same inputs, layer by layer", _DETAILS)
    parser.add_argument("a", metavar="A", type=model, help="the reference, ONNX or MLIR")
    parser.add_argument("b", metavar="B", type=model, help="the model in question, ONNX or MLIR")
    parser.add_argument("--inputs", metavar="D", type=Path, required=True, help="data to run both on")
    parser.add_argument("--json", action="store_true", help="print JSON (its keys are in docs/commands.md)")
    parser.set_defaults(execute=execute, parser=parser)


def execute(args: argparse.Namespace) -> None:
    with step("comparing") as report:
        result = compare_models(args.a, args.b, args.inputs, report)
    if args.json:
        print(json.dumps(result, indent=2, allow_nan=False))
    else:
        show(result, Console(highlight=False))


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _db(value: float) -> str:
    return "equal" if value >= SQNR_EQUAL else f"{value:.1f}"


def show(result: dict[str, Any], console: Console) -> None:
    outputs = Table("output", title=f"{result['samples']} samples", title_justify="left")
    for heading in ("SQNR dB", "cosine mean", "min", "max abs difference"):
        outputs.add_column(heading, justify="right")
    for row in result["outputs"]:
        cosines = (_number(row["cosine_mean"], ".5f"), _number(row["cosine_min"], ".5f"))
        outputs.add_row(row["name"], _db(row["sqnr_db"]), *cosines, _number(row["max_abs"], ".3g"))
    console.print(outputs)
    layers = Table("layer, worst first", title=f"{result['layer_samples']} samples", title_justify="left")
    for heading in ("SQNR dB", "cosine"):
        layers.add_column(heading, justify="right")
    for row in result["layers"][:_SHOWN_LAYERS]:
        layers.add_row(row["id"], _db(row["sqnr_db"]), _number(row["cosine"], ".5f"))
    if rest := len(result["layers"]) - _SHOWN_LAYERS:
        if rest > 0:
            layers.add_row(f"... and {rest} more (--json has all)", "", "")
    console.print(layers)
    for line in result["next"]:
        console.print(f"next: {line}", soft_wrap=True)
