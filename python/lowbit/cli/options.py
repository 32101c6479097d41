"""Options that several commands share, and those that are not available yet."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from lowbit.errors import UsageError


def make_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, details: str
) -> argparse.ArgumentParser:
    """A subcommand's parser; `details` (examples) stand below its options."""
    return commands.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=details,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def shapes(text: str) -> dict[str, int]:
    """`batch=1,seq=128`"""
    result: dict[str, int] = {}
    for item in text.split(","):
        match = re.fullmatch(r"\s*([^=\s]+)\s*=\s*([0-9]+)\s*", item)
        if not match or int(match[2]) == 0:
            raise argparse.ArgumentTypeError(f"{item!r} is not NAME=SIZE with a size of at least 1: batch=1,seq=128")
        if match[1] in result:
            raise argparse.ArgumentTypeError(f"{match[1]!r} is given twice")
        result[match[1]] = int(match[2])
    return result


def count(text: str) -> int:
    if not re.fullmatch(r"[0-9]+", text) or not 1 <= int(text) <= 4096:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 4096")
    return int(text)


def output(text: str) -> Path:
    if not text or text == "-":
        raise argparse.ArgumentTypeError("a file name is needed: the output is not written to standard output")
    return Path(text)


def module_output(text: str) -> Path:
    path = output(text)
    if path.suffix != ".mlir":
        raise argparse.ArgumentTypeError(f"{text!r} does not end in .mlir: the output is a module, such as model.mlir")
    return path


def model(text: str) -> Path:
    if not text:
        raise argparse.ArgumentTypeError("the name of the model is empty")
    return Path(text)


def mask(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("the name of the input is empty: leave --mask out where nothing is padded")
    return text


def add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--threads", type=count, metavar="N", help="threads to compute on (1, if not given)")


def add_shape(parser: argparse.ArgumentParser, help_text: str) -> None:
    parser.add_argument("--shape", type=shapes, metavar="NAME=SIZE,...", help=help_text)


class NotAvailable(argparse.Action):
    """An option of a later version: naming it is wrong usage, so that it is never taken for done."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> NoReturn:
        parser.error(f"{option_string} is not available in this version")


def add_later(parser: argparse.ArgumentParser, *names: str) -> None:
    for name in names:
        parser.add_argument(name, action=NotAvailable, nargs="?", help=argparse.SUPPRESS)


def one_of(option: str, value: str | None, available: Sequence[str]) -> str | None:
    """A choice among names."""
    if value is None or value in available:
        return value
    raise UsageError(f"{option}: {value!r} is not known; this version has {', '.join(available)}")
