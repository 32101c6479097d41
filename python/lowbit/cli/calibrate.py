"""lowbit calibrate: statistics of a model's values on data, as a table to quantize from."""

import argparse
import os
import sys
from pathlib import Path

from lowbit import choices, compiler, ptq
from lowbit.cli.options import add_shape, add_threads, make_command, mask, model, output
from lowbit.cli.partial import partial_kept, partial_of
from lowbit.errors import LowbitError
from lowbit.files import check_output, check_overwrite, data_inputs
from lowbit.progress import step
from lowbit.table import interrupted

_DETAILS = """examples:
  lowbit calibrate model.onnx --calibration-data calib.npz -o table.json
  lowbit calibrate model.onnx --calibration-data batches/ --mask attention_mask -o table.json
  lowbit quantize model.onnx --calibration-table table.json -o model.int8.mlir

The table holds raw ranges and histograms, never scales: every method can choose from it. The order of the data, how it
is batched and the number of threads do not change a byte of it. Tables of shards merge with `lowbit merge-tables`.

When calibration is interrupted, or a sample is bad, the statistics until then are kept; --resume goes on from there.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "calibrate", "observe the values of a model on data", _DETAILS)
    parser.add_argument("model", metavar="MODEL", type=model, help="ONNX or MLIR")
    parser.add_argument(
        "--calibration-data", metavar="D", type=Path, required=True, help="inputs to observe the model on"
    )
    parser.add_argument("-o", dest="output", metavar="TABLE.json", type=output, required=True, help="the table")
    add_mask(parser)
    add_shape(parser, "fix open dimensions by name")
    parser.add_argument(
        "--observe",
        choices=choices.OBSERVED,
        help="operands: what could become integer (the default); all: every float value",
    )
    parser.add_argument("--channels", action="store_true", help="statistics of each channel too: the table grows")
    parser.add_argument(
        "--resume", action="store_true", help="go on from the table that an interrupted run left at TABLE.json"
    )
    add_threads(parser)
    parser.set_defaults(execute=execute, parser=parser)


def add_mask(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mask",
        metavar="NAME",
        type=mask,
        help="the input that is 0 where the others are padding and 1 elsewhere: padding is not observed",
    )


def execute(args: argparse.Namespace) -> None:
    table: Path = args.output
    compiler.require_data(args.calibration_data)
    check_overwrite([table], [args.model], data_inputs(args.calibration_data))
    resume = _resumed(table) if args.resume else None
    _discard_part(table, is_told=not args.resume)
    observation = ptq.Observation(args.shape, args.threads, args.mask, args.observe, args.channels)
    go_on = "the same command with -o {} --resume goes on"
    # Not in a folder that nobody knows of: should this process be killed, the part is found there.
    made = partial_of(check_output(table))
    with (
        partial_kept(made, table, go_on, replaces=resume is not None),
        compiler.opened(args.model) as (module, aliases),
        step(f"observing {args.model.name}") as report,
    ):
        ptq.calibrate_model(
            module,
            made,
            calibration_data=args.calibration_data,
            observation=observation,
            resume=resume,
            aliases={**aliases, made: str(table)},
            report=report,
        )
    os.replace(made, table)


def _discard_part(table: Path, is_told: bool) -> None:
    """Removes what an earlier run left and this one does not go on from."""
    part = partial_of(table)
    if is_told and interrupted(part) is not None:
        print(f"warning: {part}, which an interrupted run left, is replaced; --resume goes on from it", file=sys.stderr)
    part.unlink(missing_ok=True)


def _resumed(table: Path) -> Path | None:
    """The table to go on from; None where nothing is there yet."""
    killed, stopped = interrupted(partial_of(table)), interrupted(table)
    if killed and (not table.exists() or (stopped and killed > stopped)):
        os.replace(partial_of(table), table)
    if not table.exists():
        print(f"warning: --resume: there is no {table} to go on from: every sample is observed", file=sys.stderr)
        return None
    if interrupted(table) is None:
        raise LowbitError(
            f"{table}: is no table that an interrupted run left, so there is nothing to resume",
            "leave out --resume to calibrate anew",
            *[f"{partial_of(table)} is one: give it as -o to go on from it"] * (killed is not None),
        )
    return table
