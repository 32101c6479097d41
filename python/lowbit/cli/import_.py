"""lowbit import: ONNX, or linalg or TOSA in MLIR, to MLIR bytecode and a weight store."""

import argparse

from lowbit import compiler
from lowbit.cli.options import add_shape, make_command, model, module_output
from lowbit.files import check_module_output, staged, store_of

_DETAILS = """examples:
  lowbit import model.onnx -o model.mlir
  lowbit import model.onnx -o model.mlir --shape batch=1,seq=128
  lowbit import tosa.mlir -o model.mlir

The module is MLIR bytecode, with linalg on tensors; `quant-opt model.mlir` prints it as text. The weights are in
model.safetensors beside it: keep the two together.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "import", "import a model: ONNX, linalg or TOSA", _DETAILS)
    parser.add_argument("model", metavar="MODEL", type=model, help="ONNX of opset 7 or newer, or MLIR")
    parser.add_argument("-o", dest="output", metavar="OUT.mlir", type=module_output, required=True, help="the module")
    add_shape(parser, "fix open dimensions by name; without it, batch and sequence stay open")
    parser.set_defaults(execute=execute, parser=parser)


def execute(args: argparse.Namespace) -> None:
    check_module_output(args.output, [args.model])
    with staged(store_of(args.output), args.output) as (_, module):
        compiler.import_model(args.model, module, args.shape)
