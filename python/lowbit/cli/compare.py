"""lowbit compare: how far one model is from another, at the outputs and layer by layer."""

import argparse
import json
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from lowbit.cli.options import count, make_command, model
from lowbit.cli.quantize import add_calibration, add_selection, calibration_of, selection_of
from lowbit.compare import SQNR_EQUAL, compare_models
from lowbit.effects import MOST_LAYERS, Making
from lowbit.progress import step
from lowbit.ptq import Observation

_DETAILS = """examples:
  lowbit compare model.onnx model.int8.mlir --inputs in.npz
  lowbit compare model.mlir model.int8.mlir --inputs batches/ --json
  lowbit compare model.onnx model.int8.mlir --inputs in.npz --calibration-data calib.npz
  lowbit compare model.onnx model.dynamic.mlir --inputs in.npz --mode dynamic --layers all

A is the reference, usually the float model. Inputs are given as for calibration: an .npz, an .npy, a folder, or a list.
SQNR is the signal to quantization noise ratio in dB: 40 is a hundredth of the signal's amplitude, 20 a tenth.

With the options that B was quantized with, layers are also ranked by what the outputs gain when that layer alone is
not quantized, and recipe lines are printed that mend the worst. Each layer takes one more quantization and run.
"""

_SHOWN_LAYERS = 12


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "compare", "compare two models on the same inputs, layer by layer", _DETAILS)
    parser.add_argument("a", metavar="A", type=model, help="the reference, ONNX or MLIR")
    parser.add_argument("b", metavar="B", type=model, help="the model in question, ONNX or MLIR")
    parser.add_argument("--inputs", metavar="D", type=Path, required=True, help="data to run both on")
    parser.add_argument("--json", action="store_true", help="print JSON (its keys are in docs/commands.md)")
    add_calibration(parser)
    add_selection(parser)
    parser.add_argument(
        "--layers",
        metavar="N",
        type=_layers,
        default=MOST_LAYERS,
        help=f"layers whose effect is measured, those that add the most noise ({MOST_LAYERS}, if not given); or all",
    )
    parser.set_defaults(execute=execute, parser=parser, save_table=None)


def _layers(text: str) -> int:
    return 0 if text == "all" else count(text)


def _making(args: argparse.Namespace) -> Making | None:
    """How B was made; None where nothing is said of it."""
    selection = selection_of(args)
    data, table = calibration_of(args, selection)
    given = (data, table, args.mode, args.weights, args.activations, args.recipe, *args.rule)
    if all(value is None for value in given):
        return None
    return Making(data, table, Observation(mask=args.mask), selection)


def execute(args: argparse.Namespace) -> None:
    making = _making(args)
    with step("comparing") as report:
        result = compare_models(args.a, args.b, args.inputs, report, making, args.layers)
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
    if "effects" in result:
        _show_effects(result, console)
    for line in result["next"]:
        console.print(f"next: {line}", soft_wrap=True)


def _show_effects(result: dict[str, Any], console: Console) -> None:
    recipe = result["recipe"]
    title = f"effect on the outputs of {len(result['effects'])} of {recipe['layers']} layers"
    table = Table("layer, most effect first", title=title, title_justify="left")
    table.add_column("outputs gain dB", justify="right")
    table.add_column("with the line")
    for row in result["effects"]:
        table.add_row(row["id"], _number(row["effect_db"], "+.2f"), row["line"])
    console.print(table)
    if not recipe["lines"]:
        console.print("recipe: no line for one of these layers makes the outputs better by 0.1 dB", soft_wrap=True)
        return
    console.print(
        f"recipe: these lines after those of B bring the outputs from {recipe['before_db']:.1f} to "
        f"{recipe['after_db']:.1f} dB, as measured (lowbit quantize --recipe FILE):",
        soft_wrap=True,
    )
    for line in recipe["lines"]:
        console.print(line, soft_wrap=True, markup=False)
