"""lowbit merge-tables: calibration tables of shards to the table of all samples."""

import argparse
from pathlib import Path

from lowbit import ptq
from lowbit.cli.options import make_command, output
from lowbit.files import check_overwrite, require_file, staged

_DETAILS = """examples:
  lowbit merge-tables a.json b.json -o table.json

The tables are of one model and of different samples: a file that is given twice is refused,
and a copy of one counts twice, with a warning. The result is what one
calibration on all the samples writes, byte for byte.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = make_command(commands, "merge-tables", "merge calibration tables of one model", _DETAILS)
    parser.add_argument("tables", metavar="TABLE", nargs="+", type=Path, help="tables of lowbit calibrate")
    parser.add_argument("-o", dest="output", metavar="OUT.json", type=output, required=True, help="the merged table")
    parser.set_defaults(execute=execute, parser=parser)


def execute(args: argparse.Namespace) -> None:
    for table in args.tables:
        require_file(table, "a calibration table")
    check_overwrite([args.output], [], args.tables)
    ptq.warn_of_copies(args.tables)
    with staged(args.output) as (made,):
        ptq.merge_tables(args.tables, made, aliases={made: str(args.output)})
