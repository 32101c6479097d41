"""The words that the options take: methods, modes, preparations. The one list of the command line and the Python API.

The pipeline has the last word on what goes together; here a word that it does not know is refused before any work.
"""

import re
from collections.abc import Sequence

METHODS = ("minmax", "moving-average", "percentile", "mse", "entropy", "kl", "cross-entropy", "auto")
MODES = ("static", "dynamic")
LATER_MODES = ("integer-only", "weight-only")
PREPARATIONS = ("equalize", "smooth-quant", "bias-correction")
OBSERVED = ("operands", "all")

_NUMBER = re.compile(r"\d+(\.\d+)?")
_AUTO = re.compile(r"\bmethod=\"?auto\b")


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
