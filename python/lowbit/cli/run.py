"""lowbit run: a model on inputs from an npz."""

import argparse
from pathlib import Path

from lowbit import compiler
from lowbit.cli.options import add_threads, make_command, model, output
from lowbit.errors import UsageError
from lowbit.files import check_overwrite, require_file, staged
from lowbit.progress import step

_DETAILS = """examples:
  lowbit run model.int8.mlir --inputs in.npz -o out.npz
  lowbit run model.onnx --inputs in.npz -o out.npz --threads 1

in.npz has one array for each input of the model, under its name, and out.npz gets one for each output. A first
dimension that is a multiple of the model's is run in turns and the outputs are joined.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "run", "run a model, float or quantized", _DETAILS)
    parser.add_argument("model", metavar="MODEL", type=model, help="ONNX or MLIR")
    parser.add_argument("--inputs", metavar="IN.npz", type=Path, required=True, help="arrays by input name")
    parser.add_argument("-o", dest="output", metavar="OUT.npz", type=output, required=True, help="arrays by output")
    add_threads(parser)
    parser.add_argument(
        "--interpret", action="store_true", help="evaluate the model plainly instead of compiling it: slow, same bits"
    )
    parser.set_defaults(execute=execute, parser=parser)


def execute(args: argparse.Namespace) -> None:
    if args.interpret and args.threads:
        raise UsageError("--threads is for compiled code: it does not go with --interpret")
    require_file(args.inputs, "the inputs")
    check_overwrite([args.output], [args.model], [args.inputs])
    with staged(args.output) as (result,), compiler.opened(args.model) as (module, aliases):
        with step(f"running {args.model.name}") as report:
            compiler.run_model(
                module,
                args.inputs,
                result,
                threads=args.threads,
                interpret=args.interpret,
                aliases={**aliases, result: str(args.output)},
                report=report,
            )
