"""lowbit quantize: a float model, ONNX or MLIR, to integers."""

import argparse
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from lowbit import choices, compiler, ptq
from lowbit.cli.calibrate import add_mask
from lowbit.cli.options import (
    add_later,
    add_shape,
    add_threads,
    count,
    make_command,
    model,
    module_output,
    one_of,
    output,
)
from lowbit.cli.partial import partial_kept
from lowbit.errors import UsageError
from lowbit.files import check_module_output, data_inputs, input_at, require_file, staged, store_of
from lowbit.progress import step

_DETAILS = """examples:
  lowbit quantize model.onnx --calibration-data calib.npz -o model.int8.mlir
  lowbit quantize model.onnx --calibration-data batches/ --method mse -o model.int8.mlir --report report.html
  lowbit quantize model.onnx --calibration-table table.json -o model.int8.mlir --rule "op=matmul method=percentile:99.9"
  lowbit quantize model.onnx -o model.int8.mlir        (no data: activations are quantized as they come)

Calibration data is an .npz with one array for each input of the model, an .npy for a model with one input, a folder of
such files, or a .txt that lists them. A first dimension larger than the model's holds several samples. Some 100 samples
of what the model will see are usually enough.

The quantized module is MLIR text; its weights are in the .safetensors file of the same name beside it.
"""

_METHOD_HELP = (
    f"how ranges of activations are chosen: {', '.join(choices.METHODS)}, percentile:P; weights stay at minmax, unless "
    "--weights names another (--weights mse) or M is auto"
)

_GO_ON = "lowbit calibrate with the same data and -o {} --resume goes on, and quantize takes it as --calibration-table"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "quantize", "quantize a float model", _DETAILS)
    parser.add_argument("model", metavar="MODEL", type=model, help="ONNX or MLIR")
    parser.add_argument("-o", dest="output", metavar="OUT.mlir", type=module_output, required=True, help="the module")
    data = add_calibration(parser)
    data.add_argument("--save-table", metavar="TABLE.json", type=output, help="keep what was observed on the data")
    add_shape(parser, "fix open dimensions by name")
    add_threads(parser)
    add_selection(parser)
    why = parser.add_argument_group("explanation")
    why.add_argument("--explain", metavar="OUT.json", type=output, help="what became of each operation and value")
    why.add_argument("--report", metavar="OUT.html", type=output, help="the same as one page to read, with figures")
    add_later(parser, "--quantized-io")
    parser.set_defaults(execute=execute, parser=parser)


def add_calibration(parser: argparse.ArgumentParser) -> "argparse._ArgumentGroup":
    data = parser.add_argument_group("calibration")
    data.add_argument("--calibration-data", metavar="D", type=Path, help="inputs to observe the model on")
    data.add_argument("--calibration-table", metavar="TABLE.json", type=Path, help="what lowbit calibrate wrote")
    add_mask(parser)
    return data


def add_selection(parser: argparse.ArgumentParser) -> None:
    how = parser.add_argument_group("selection")
    how.add_argument("--method", metavar="M", help=_METHOD_HELP)
    how.add_argument(
        "--mode",
        metavar="MODE",
        help="static: ranges of activations from calibration (the default with data or a table); "
        "dynamic: ranges measured in every run (the default without); weight-only: activations stay float; "
        "integer-only: static, and no float operation between the quantized inputs and the dequantized results",
    )
    how.add_argument("--weights", metavar="WORDS", help="format, granularity and method of weights: i4,group:32,mse")
    how.add_argument("--activations", metavar="WORDS", help="the same for activations: i8,percentile:99.9")
    how.add_argument("--recipe", metavar="FILE", type=Path, help="rules, one a line: docs/commands.md")
    how.add_argument(
        "--rule", metavar="RULE", action="append", default=[], help="a rule after those of the recipe; the later wins"
    )
    how.add_argument(
        "--prepare", metavar="LIST", help=f"any of {', '.join(choices.PREPARATIONS)}, with commas; or auto"
    )
    how.add_argument(
        "--smooth-quant-strength", metavar="S", help="of smooth-quant: 0 to 1 (0.6, if not given), or search"
    )
    how.add_argument(
        "--held-out", metavar="N", type=count, help="the most samples that auto measures on, and does not observe (32)"
    )


def execute(args: argparse.Namespace) -> None:
    selection = selection_of(args)
    data, table = calibration_of(args, selection)
    extra = [path for path in (args.explain, args.report, args.save_table) if path is not None]
    read = [*data_inputs(args.calibration_data), *(path for path in (args.calibration_table, args.recipe) if path)]
    _check_extra_outputs(args, read)
    check_module_output(args.output, [args.model], read)
    outputs = [store_of(args.output), *extra, args.output]
    with staged(*outputs) as made, compiler.opened(args.model) as (module, aliases):
        where = dict(zip(outputs, made, strict=True))
        saved: AbstractContextManager[None] = nullcontext()
        if args.save_table is not None:
            saved = partial_kept(where[args.save_table], args.save_table, _GO_ON)
        with saved, step(f"quantizing {args.model.name}") as report:
            ptq.quantize_model(
                module,
                where[args.output],
                calibration_data=data,
                calibration_table=table,
                observation=ptq.Observation(args.shape, args.threads, args.mask),
                selection=selection,
                save_table=where.get(args.save_table),
                explain=where.get(args.explain),
                report_page=where.get(args.report),
                aliases={**aliases, **{temporary: str(output) for output, temporary in where.items()}},
                report=report,
            )


def selection_of(args: argparse.Namespace) -> ptq.Selection:
    if args.method is not None and (problem := choices.method_problem(args.method)):
        raise UsageError(f"--method: {problem}")
    prepare = args.prepare.split(",") if args.prepare is not None else []
    if problem := choices.preparation_problem(prepare):
        raise UsageError(f"--prepare: {problem}")
    if args.smooth_quant_strength is not None:
        if not {"smooth-quant", "auto"} & set(prepare):
            raise UsageError("--smooth-quant-strength is for --prepare smooth-quant")
        if problem := choices.strength_problem(args.smooth_quant_strength):
            raise UsageError(f"--smooth-quant-strength: {problem}")
    if args.recipe is not None:
        require_file(args.recipe, "the recipe")
    return ptq.Selection(
        method=args.method,
        mode=one_of("--mode", args.mode, choices.MODES),
        recipe=args.recipe,
        rules=args.rule,
        weights=args.weights,
        activations=args.activations,
        prepare=prepare,
        smooth_quant_strength=args.smooth_quant_strength,
        held_out=args.held_out,
    )


def calibration_of(args: argparse.Namespace, selection: ptq.Selection) -> tuple[Path | None, Path | None]:
    """The data and the table to use."""
    data, table = args.calibration_data, args.calibration_table
    if selection.mode in choices.UNCALIBRATED_MODES:
        _check_uncalibrated(args, selection.mode)
    if selection.mode in ("static", "integer-only") and data is None and table is None:
        raise UsageError(
            f"--mode {selection.mode} needs --calibration-data or --calibration-table: ranges come from them"
        )
    if data is not None and str(data) == "random":
        raise UsageError("--calibration-data random is not available in this version")
    if data is None and table is None and args.method is not None:
        raise UsageError("--method chooses ranges from calibration: give --calibration-data or --calibration-table too")
    if data is None and args.save_table is not None:
        raise UsageError("--save-table keeps what is observed on --calibration-data: give that too")
    if data is None and args.mask is not None:
        raise UsageError("--mask is for --calibration-data: give that too")
    if data is not None:
        compiler.require_data(data)
    if table is not None:
        require_file(table, "the calibration table")
    if selection.mode in choices.UNCALIBRATED_MODES and (data or table):
        print(
            f"remark: --mode {selection.mode} {_WITHOUT_DATA[selection.mode]}: {data or table} is not used",
            file=sys.stderr,
        )
        return None, None
    return data, table


_WITHOUT_DATA = {"dynamic": "measures ranges in every run", "weight-only": "leaves activations float"}


def _check_uncalibrated(args: argparse.Namespace, mode: str) -> None:
    """Nothing is observed where each run measures its own ranges, or none is needed."""
    chooses = args.method not in (None, "minmax")
    for option, is_given, what in (
        (f"--method {args.method}", chooses, "chooses ranges from what is observed"),
        ("--prepare", args.prepare is not None, "changes the model by what is observed"),
        ("--save-table", args.save_table is not None, "keeps what is observed"),
        ("--mask", args.mask is not None, "leaves padding out of what is observed"),
        ("--held-out", args.held_out is not None, "leaves samples out of what is observed"),
    ):
        if is_given:
            raise UsageError(
                f"{option} {what}, and --mode {mode} observes nothing: it {_WITHOUT_DATA[mode]}. "
                "Leave one of the two out"
            )


def _check_extra_outputs(args: argparse.Namespace, read: list[Path]) -> None:
    """Every output has a name of its own, and none is an input."""
    options = (("--explain", args.explain), ("--report", args.report), ("--save-table", args.save_table))
    store = store_of(args.output)
    taken = {args.output.resolve(): f"-o {args.output}", store.resolve(): f"the weight store of -o {args.output}"}
    for option, path in options:
        if path is None:
            continue
        if other := taken.get(path.resolve()):
            raise UsageError(f"{option} {path} and {other} are the same file")
        taken[path.resolve()] = f"{option} {path}"
        if found := input_at(path, [args.model], read):
            raise UsageError(f"{option} {path} would overwrite {found}")
