"""The `lowbit` command. One file a subcommand; this one parses, dispatches and turns errors into exit codes.

Exit codes: 0 success, 1 bad input (one diagnostic on standard error), 2 wrong usage.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from lowbit import __version__
from lowbit.cli import bench, calibrate, compare, import_, merge_tables, quantize, run
from lowbit.errors import LowbitError, UsageError

COMMANDS = (import_, calibrate, merge_tables, quantize, run, bench, compare)

# Named in the design and not here yet: asking for one is an error that says so.
LATER_COMMANDS = ("compile",)

_EPILOG = """examples:
  lowbit import model.onnx -o model.mlir
  lowbit quantize model.onnx --calibration-data calib.npz -o model.int8.mlir
  lowbit calibrate model.onnx --calibration-data calib.npz -o table.json
  lowbit run model.int8.mlir --inputs in.npz -o out.npz
  lowbit compare model.onnx model.int8.mlir --inputs in.npz

`lowbit COMMAND --help` says more about one of them.
"""


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="lowbit",
        description="Turns trained float models into integer code.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"lowbit {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for module in COMMANDS:
        module.add_parser(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    parser = make_parser()
    if arguments and arguments[0] in LATER_COMMANDS:
        parser.error(f"the command {arguments[0]!r} is not available in this version")
    args = parser.parse_args(arguments)
    ending = [signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as it is under nohup
        ending.append(signal.SIGHUP)
    previous = {number: signal.signal(number, _terminate) for number in ending}
    try:
        args.execute(args)
        sys.stdout.flush()
    except UsageError as error:
        args.parser.error(str(error))
    except LowbitError as error:
        print(error.diagnostic(), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # Whoever read our output has enough of it. Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except MemoryError:
        print("error: out of memory", file=sys.stderr)
        return 1
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        print(f"error: {where}{error.strerror or error}", file=sys.stderr)
        return 1
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
    return 0


def _terminate(number: int, frame: FrameType | None) -> None:
    """Leaves through the `finally` blocks that remove temporary files."""
    sys.exit(128 + number)
