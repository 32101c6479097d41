"""The words that the options take: methods, modes, preparations. The one list of the command line and the Python API.

The pipeline has the last word on what goes together; here a word that it does not know is refused before any work.
"""

import os
import re
import reprlib
from collections.abc import Callable, Mapping, Sequence

from lowbit.errors import ArgumentTypeError

METHODS = ("minmax", "moving-average", "percentile", "mse", "entropy", "kl", "cross-entropy", "auto")
MODES = ("static", "dynamic", "weight-only", "integer-only")
UNCALIBRATED_MODES = ("dynamic", "weight-only")  # nothing is observed
PREPARATIONS = ("equalize", "smooth-quant", "bias-correction")
OBSERVED = ("operands", "all")

_NUMBER = re.compile(r"\d+(\.\d+)?([eE][-+]?\d+)?")
_AUTO = re.compile(r"\bmethod=\"?auto\b")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)  # True is an int to Python


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike)


def _is_sizes(value: object) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value)) and all(map(_is_integer, value.values()))


_TEXT = ("text", _is_text)
_TEXTS = ("text or a sequence of texts", lambda value: _is_text(value) or _is_sequence(value))
_PATH = ("a path", _is_path)
_INTEGER = ("an integer", _is_integer)

# What the arguments of the Python API may be; None stands for one that is not given.
_KINDS: dict[str, tuple[str, Callable[[object], bool]]] = {
    "activations": _TEXT,
    "calibration_table": ("a path or a lowbit.Table", _is_path),  # of the two, a Table is not asked about
    "channels": ("True or False", lambda value: isinstance(value, bool)),
    "explain": _PATH,
    "held_out": _INTEGER,
    "mask": _TEXT,
    "method": _TEXT,
    "mode": _TEXT,
    "observe": _TEXT,
    "path": _PATH,
    "prepare": _TEXTS,
    "recipe": _PATH,
    "report": _PATH,
    "rules": _TEXTS,
    "shapes": ("a dict of names of dimensions to integers", _is_sizes),
    "smooth_quant_strength": (
        "a number or text",
        lambda value: _is_text(value) or _is_integer(value) or isinstance(value, float),
    ),
    "threads": _INTEGER,
    "weights": _TEXT,
}


def _is_sequence(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, bytes | bytearray)


def check_kinds(**arguments: object) -> None:
    """Refuses arguments that are not of their kind, before anything is done with them."""
    for name, value in arguments.items():
        kind, is_one = _KINDS[name]
        if value is None:
            continue
        if not is_one(value):
            raise _unexpected(name, kind, value)
        if kind == _TEXTS[0] and isinstance(value, Sequence):
            for index, text in enumerate(value):
                if not _is_text(text):
                    raise _unexpected(f"{name}[{index}]", "text", text)


def _unexpected(name: str, kind: str, value: object) -> ArgumentTypeError:
    return ArgumentTypeError(f"{name}: expected {kind}, got {type(value).__name__} {reprlib.repr(value)}")


def method_problem(method: str) -> str | None:
    """What is wrong with the name of a method; None where nothing is."""
    if method in METHODS:
        return None
    name, colon, number = method.partition(":")
    if name == "percentile" and colon:
        if _NUMBER.fullmatch(number) and 0 < float(number) <= 100:
            return None
        return f"{method!r}: percentile takes a number above 0 and up to 100, such as percentile:99.9"
    return f"{method!r} is not known; there is {', '.join(METHODS)}, and percentile:P with P above 0 and up to 100"


def preparation_problem(prepare: Sequence[str]) -> str | None:
    """What is wrong with a list of preparations: `auto` alone, or any of the others, each once."""
    for name in prepare:
        if name not in (*PREPARATIONS, "auto"):
            return f"{name!r} is not known; there is {', '.join(PREPARATIONS)}, or auto"
    if len(set(prepare)) < len(prepare):
        return "one is named twice"
    if "auto" in prepare and len(prepare) > 1:
        return "auto tries all of them: it stands alone"
    return None


def strength_problem(strength: str) -> str | None:
    """What is wrong with the strength of smooth-quant."""
    if strength == "search":
        return None
    try:
        is_share = 0 <= float(strength) <= 1
    except ValueError:
        is_share = False
    return None if is_share else f"{strength!r} is neither a number from 0 to 1 nor search"


def asks_for_auto(rules: str) -> bool:
    """Whether the text of a recipe gives some value the method auto."""
    return any(_AUTO.search(line.split(" #")[0]) for line in rules.splitlines() if not line.startswith("#"))
