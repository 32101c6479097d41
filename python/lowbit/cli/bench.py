"""lowbit bench: the latency of a model."""

import argparse
import json
from pathlib import Path

from lowbit import compiler
from lowbit.cli.options import add_shape, add_threads, make_command, model
from lowbit.files import require_file
from lowbit.progress import step

_DETAILS = """examples:
  lowbit bench model.int8.mlir
  lowbit bench model.onnx --shape batch=1,seq=128 --threads 1 --json

Without --inputs, inputs are made up, and --shape must fix what is open. A multiply-add counts as two operations. The
share of the peak is against what this machine's dot-product instructions reach for the model's number format.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "bench", "measure the latency of a model", _DETAILS)
    parser.add_argument("model", metavar="MODEL", type=model, help="ONNX or MLIR")
    parser.add_argument("--inputs", metavar="IN.npz", type=Path, help="arrays by input name")
    add_threads(parser)
    add_shape(parser, "sizes of open dimensions by name")
    parser.add_argument("--json", action="store_true", help="print JSON (its keys are in docs/commands.md)")
    parser.set_defaults(execute=execute, parser=parser)


def execute(args: argparse.Namespace) -> None:
    if args.inputs:
        require_file(args.inputs, "the inputs")
    with compiler.opened(args.model) as (module, aliases), step(f"measuring {args.model.name}") as report:
        result = compiler.bench_model(
            module, inputs=args.inputs, threads=args.threads, shapes=args.shape, aliases=aliases, report=report
        )
    if args.json:
        print(json.dumps(result, indent=2, allow_nan=False))
        return
    print(f"median  {result['median_ms']:.3f} ms   (min {result['min_ms']:.3f})")
    if result["gops"] is not None:
        share = f" ({result['peak_share']:.0%} of the peak)" if result["peak_share"] is not None else ""
        print(f"speed   {result['gops']:.1f} GOP/s{share}")
    print(f"on      {result['target']}, threads: {result['threads']}")
