"""What each quantized layer costs at the outputs, and the recipe lines that mend the worst.

The model is quantized again as B was, but with a line for one layer: `keep=float`, or a better method where nothing may
be float. What the outputs gain over B is the effect of the layer: it is measured, not estimated. Lines are then added
up, largest gain first, for as long as the outputs get better.
"""

import json
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from lowbit import ptq
from lowbit.errors import LowbitError
from lowbit.progress import Report

MOST_LAYERS = 8
# Lines that are offered, and the least that one has to gain to be.
MOST_LINES = 3
LEAST_GAIN_DB = 0.1

# The formats of what rules reach: contractions and look-ups.
RULED = re.compile(r"^i\d+ x i\d+ -> i\d+$|^i\d+ table$")

Outputs = dict[str, np.ndarray]
Row = dict[str, Any]


@dataclass(frozen=True)
class Making:
    """How B was made of A: what `lowbit quantize` was given."""

    calibration_data: Path | None = None
    calibration_table: Path | None = None
    observation: ptq.Observation = field(default_factory=ptq.Observation)
    selection: ptq.Selection = field(default_factory=ptq.Selection)


@dataclass(frozen=True)
class Runner:
    """Runs a module on the data, and says how near its outputs are to those of A, in dB."""

    run: Callable[[Path], Outputs]
    nearness: Callable[[Outputs], float]


def pattern_of(name: str) -> str:
    """A regular expression for this one name; what would need an escape, or end the word, is any character."""
    kept = "_-/:%@,#~="
    return "^" + "".join(c if (c.isascii() and c.isalnum()) or c in kept else "." for c in name) + "$"


def line_for(name: str, mode: str | None) -> str:
    """What may mend the layer: it stays float, or gets the range of the least error where that is not allowed."""
    return f"name={pattern_of(name)} " + ("method=mse" if mode == "integer-only" else "keep=float")


def added_noise(layers: Sequence[Row], operation: Mapping[str, Any]) -> float:
    """The noise of the layer's value beyond that of what it reads, relative to the signals."""
    noise = {row["id"]: 10 ** (-row["sqnr_db"] / 10) for row in layers}
    read = max((noise.get(name, 0.0) for name in operation["reads"]), default=0.0)
    return float(noise.get(operation["name"], 0.0) - read)


class Effects:
    """Quantizes the model again and again, in a folder of its own."""

    def __init__(self, module: Path, making: Making, folder: Path, aliases: Mapping[Path, str]) -> None:
        self.module, self.making, self.folder, self.aliases = module, making, folder, aliases
        self.table = making.calibration_table
        self.count = 0

    def quantized(self, lines: Sequence[str], explain: Path | None = None) -> Path:
        """The module with these lines after those of B."""
        self.count += 1
        target = self.folder / f"{self.count}.mlir"
        selection = replace(self.making.selection, rules=[*self.making.selection.rules, *lines])
        data, saved = self.making.calibration_data, None
        if data is not None and not ptq.runs_again(selection):
            # Statistics do not depend on the lines: they are taken once.
            if self.table is not None:
                data = None
            else:
                saved = self.folder / "table.json"
        ptq.quantize_model(
            self.module,
            target,
            calibration_data=data,
            calibration_table=self.table,
            observation=self.making.observation if data else replace(self.making.observation, mask=None),
            selection=selection,
            save_table=saved,
            explain=explain,
            aliases=self.aliases,
            quiet=True,
        )
        self.table = saved or self.table
        return target


def measure(
    effects: Effects, runner: Runner, layers: Sequence[Row], wanted: Outputs, limit: int, report: Report | None
) -> tuple[list[Row], Row]:
    """The effects of the layers, greatest first, and the lines: `wanted` is what B gives, which has to come again."""
    explain = effects.folder / "explain.json"
    again = runner.run(effects.quantized([], explain))
    if any(not np.array_equal(again[name], array, equal_nan=True) for name, array in wanted.items()):
        raise LowbitError(
            "B is not what these options make of A: the outputs differ",
            "give compare the options that B was quantized with, so that one layer at a time can be changed",
        )
    operations = json.loads(explain.read_text(encoding="utf-8"))["operations"]
    found = [o for o in operations if o.get("reads") and RULED.search(o.get("format", ""))]
    found.sort(key=lambda operation: (-added_noise(layers, operation), operation["name"]))
    tried = found[:limit] if limit else found
    before = runner.nearness(again)
    rows: list[Row] = []
    for index, operation in enumerate(tried):
        if report:
            report(index, len(tried), operation["name"])
        line = line_for(operation["name"], effects.making.selection.mode)
        after = _nearness(effects, runner, [line])
        rows.append({"id": operation["name"], "effect_db": None if after is None else after - before, "line": line})
    rows.sort(key=lambda row: (-(row["effect_db"] if row["effect_db"] is not None else -np.inf), row["id"]))
    if report:
        report(len(tried), len(tried), "recipe")
    return rows, _recipe(effects, runner, rows, before, len(found))


def _nearness(effects: Effects, runner: Runner, lines: Sequence[str]) -> float | None:
    """None where the model cannot be quantized so: its one layer, or one whose integers the mode needs."""
    try:
        return runner.nearness(runner.run(effects.quantized(lines)))
    except LowbitError as error:
        if "nothing to quantize" in error.message or "integer-only" in error.message:
            return None
        raise


def _recipe(effects: Effects, runner: Runner, rows: Sequence[Row], before: float, layers: int) -> Row:
    """The lines that together are better than without the last of them, each proven by a run."""
    lines: list[str] = []
    best = before
    for row in rows[:MOST_LINES]:
        if row["effect_db"] is None or row["effect_db"] < LEAST_GAIN_DB:
            break
        after = before + row["effect_db"] if not lines else _nearness(effects, runner, [*lines, row["line"]])
        if after is not None and after >= best + LEAST_GAIN_DB:
            lines.append(row["line"])
            best = after
    return {"lines": lines, "before_db": before, "after_db": best, "layers": layers}


def measured(
    module: Path,
    making: Making,
    runner: Runner,
    layers: Sequence[Row],
    wanted: Outputs,
    *,
    limit: int = MOST_LAYERS,
    aliases: Mapping[Path, str] | None = None,
    report: Report | None = None,
) -> tuple[list[Row], Row]:
    """See `measure`; the folder goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="lowbit-effects-") as folder:
        effects = Effects(module, making, Path(folder), aliases or {})
        return measure(effects, runner, layers, wanted, limit, report)
