"""lowbit quantize: a float model, ONNX or MLIR, to integers."""

import argparse
import sys
from pathlib import Path

from lowbit import compiler
from lowbit.cli.options import (
    add_later,
    add_shape,
    add_threads,
    make_command,
    model,
    module_output,
    one_of,
    output,
)
from lowbit.errors import UsageError
from lowbit.files import check_module_output, data_inputs, input_at, staged, store_of
from lowbit.model import METHODS, MODES
from lowbit.progress import step

_DETAILS = """examples:
  lowbit quantize model.onnx --calibration-data calib.npz -o model.int8.mlir
  lowbit quantize model.onnx --calibration-data batches/ -o model.int8.mlir --explain why.json
  lowbit quantize model.onnx -o model.int8.mlir        (no data: activations are quantized as they come)

Calibration data is an .npz with one array for each input of the model, an .npy for a model with one input, a folder of
such files, or a .txt that lists them. A first dimension larger than the model's holds several samples. Some 100 samples
of what the model will see are usually enough.

The quantized module is MLIR text; its weights are in the .safetensors file of the same name beside it.
"""

LATER_METHODS = ("moving-average", "percentile", "mse", "entropy", "kl", "cross-entropy", "auto")
LATER_MODES = ("integer-only", "weight-only")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "quantize", "quantize a float model", _DETAILS)
    parser.add_argument("model", metavar="MODEL", type=model, help="ONNX or MLIR")
    parser.add_argument(
        "--calibration-data", metavar="D", type=Path, help="inputs to measure the ranges of activations on"
    )
    parser.add_argument("-o", dest="output", metavar="OUT.mlir", type=module_output, required=True, help="the module")
    parser.add_argument("--method", metavar="M", help=f"how ranges are chosen: {', '.join(METHODS)} (the default)")
    parser.add_argument(
        "--mode",
        metavar="MODE",
        help="static: ranges of activations from the calibration data (the default with data); "
        "dynamic: ranges measured in every run (the default without)",
    )
    add_shape(parser, "fix open dimensions by name")
    parser.add_argument(
        "--explain", metavar="OUT.json", type=output, help="what became of each operation, and every range"
    )
    add_threads(parser)
    add_later(parser, "--recipe", "--quantized-io", "--report", "--calibration-table")
    parser.set_defaults(execute=execute, parser=parser)


def execute(args: argparse.Namespace) -> None:
    method = one_of("--method", args.method, METHODS, LATER_METHODS)
    mode = one_of("--mode", args.mode, MODES, LATER_MODES)
    data: Path | None = args.calibration_data
    if mode == "static" and data is None:
        raise UsageError("--mode static needs --calibration-data: ranges of activations come from it")
    if data is not None and str(data) == "random":
        raise UsageError("--calibration-data random is not available in this version")
    if data is None and method is not None:
        raise UsageError("--method chooses ranges from calibration data: give --calibration-data too")
    if args.explain is not None:
        if args.explain.resolve() in (args.output.resolve(), store_of(args.output).resolve()):
            raise UsageError(f"--explain {args.explain} and -o {args.output} name the same file, or its weight store")
        if found := input_at(args.explain, [args.model], data_inputs(data)):
            raise UsageError(f"--explain {args.explain} would overwrite {found}")
    if data is not None:
        compiler.require_data(data)
    check_module_output(args.output, [args.model], data_inputs(data))
    if mode == "dynamic" and data is not None:
        print(f"remark: --mode dynamic measures ranges in every run: {data} is not used", file=sys.stderr)
        data = None
    outputs = [store_of(args.output), *([args.explain] if args.explain else []), args.output]
    with staged(*outputs) as made, compiler.opened(args.model) as (module, aliases):
        with step(f"quantizing {args.model.name}") as report:
            compiler.quantize_model(
                module,
                made[-1],
                calibration_data=data,
                method=method,
                mode=mode,
                shapes=args.shape,
                threads=args.threads,
                explain=made[1] if args.explain else None,
                aliases={
                    **aliases,
                    **{temporary: str(output) for temporary, output in zip(made, outputs, strict=True)},
                },
                report=report,
            )
