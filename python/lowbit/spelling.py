"""What the tools say of their options, in the spelling of the command line.

In: the text of one diagnostic of quant-opt or quant-run. Out: the same, where options of `--quantize-ptq` are called as
`lowbit` calls them: `calibration-data=<inputs>` becomes `--calibration-data <inputs>`, `the option mask` `--mask`. What
stands in quotes is the user's own and stays. A diagnostic names an option in one of these forms:

    NAME=VALUE          of a name that is no word of a recipe
    the option NAME     the option 'NAME', the option NAME=VALUE: of any name
    NAME                of a name that is no word of a sentence
    NAME: ...           at the start: what is wrong within the option's text
"""

import re

# Options of --quantize-ptq, all of which have the name that the command line has.
OPTIONS = (
    "activations",
    "calibration-data",
    "calibration-table",
    "channels",
    "explain",
    "held-out",
    "mask",
    "method",
    "mode",
    "observe",
    "prepare",
    "recipe",
    "resume",
    "rule",
    "save-table",
    "shape",
    "smooth-quant-strength",
    "threads",
    "weights",
)
# `method=mse` is also what a rule of a recipe says, and stays.
_RECIPE_WORDS = ("method",)
# Names that mean an option wherever they stand.
_UNMISTAKABLE = ("calibration-data", "calibration-table", "save-table", "smooth-quant-strength")


def _any_of(names: tuple[str, ...]) -> str:
    return "|".join(sorted(names, key=len, reverse=True))


_PIPELINE = re.compile(r'--quantize-ptq="([^"]*)"')
_PREFIX = re.compile(r"^quantize-ptq: ")
_START = re.compile(rf"^({_any_of(OPTIONS)}): ")
_NAMED = re.compile(rf"\bthe option '?({_any_of(OPTIONS)})(?![-\w])'?(?:=(?=[\w<./-]))?")
_GIVEN = re.compile(rf"(?<![-\w=./])({_any_of(tuple(n for n in OPTIONS if n not in _RECIPE_WORDS))})=(?=[\w<./-])")
_BARE = re.compile(rf"(?<![-\w=./])({_any_of(_UNMISTAKABLE)})(?![-\w=./])")
_QUOTED = re.compile(r"('[^']*')")


def in_cli_words(text: str) -> str:
    """The text of a diagnostic as a user of the command line should read it."""
    text = _START.sub(r"--\1: ", _PREFIX.sub("", text))
    text = _PIPELINE.sub(lambda match: match[1], text)
    text = _NAMED.sub(lambda match: f"--{match[1]}" + " " * match[0].endswith("="), text)
    parts = _QUOTED.split(text)
    parts[::2] = [_BARE.sub(r"--\1", _GIVEN.sub(r"--\1 ", part)) for part in parts[::2]]
    return "".join(parts)
