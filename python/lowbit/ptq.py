"""Calibration and quantization over files: what is chosen, written as options of `quant-opt --quantize-ptq`.

The command line and the Python API both call these. Paths given for writing are temporary ones or the caller's own (see
files.staged). A default that is not given here is the pipeline's: None is left out.
"""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from lowbit import choices
from lowbit.compiler import OPT_OPTIONS, Shapes, plain, shape_text
from lowbit.errors import LowbitError
from lowbit.files import copies
from lowbit.progress import Report
from lowbit.report import write_report
from lowbit.tools import is_quotable, pass_options, run_tool


@dataclass(frozen=True)
class Observation:
    """How values are observed."""

    shapes: Shapes | None = None
    threads: int | None = None
    mask: str | None = None
    observe: str | None = None
    channels: bool = False

    def options(self) -> dict[str, object]:
        return {
            "shape": shape_text(self.shapes),
            "threads": self.threads,
            "mask": self.mask,
            "observe": self.observe,
            "channels": "true" if self.channels else None,
        }


@dataclass(frozen=True)
class Selection:
    """How ranges and formats are chosen."""

    method: str | None = None
    mode: str | None = None
    recipe: Path | None = None
    rules: Sequence[str] = ()
    weights: str | None = None
    activations: str | None = None
    prepare: Sequence[str] = ()
    smooth_quant_strength: str | None = None
    held_out: int | None = None


def runs_again(selection: Selection) -> bool:
    """Whether choosing runs the model on samples again, so that their statistics alone do not do."""
    words = [word.strip() for given in (selection.weights, selection.activations) for word in (given or "").split(",")]
    texts = [*selection.rules, *(f"method={word}" for word in words)]
    if selection.recipe is not None:
        texts.append(selection.recipe.read_text(encoding="utf-8", errors="replace"))
    return selection.method == "auto" or bool(selection.prepare) or any(map(choices.asks_for_auto, texts))


@dataclass
class _Arguments:
    """Turns paths into what a pass option can hold, and says how messages should call them.

    A pass option has no escape for a quote within quotes: files whose names have odd ones get a link, or are written
    beside and moved.
    """

    folder: Path
    aliases: dict[Path, str]
    moves: list[tuple[Path, Path]] = field(default_factory=list)

    def reads(self, path: Path | None) -> Path | None:
        if path is None or is_quotable(str(path)):
            return path
        link = self.folder / f"input-{len(self.aliases)}{path.suffix}"
        link.symlink_to(path.resolve())
        self.aliases[link] = self.aliases.get(path, str(path))
        return link

    def writes(self, path: Path | None) -> Path | None:
        if path is None or is_quotable(str(path)):
            return path
        made = self.folder / f"output-{len(self.aliases)}{path.suffix}"
        self.aliases[made] = self.aliases.get(path, str(path))
        self.moves.append((made, path))
        return made

    def finish(self) -> None:
        for made, path in self.moves:
            if made.exists():
                shutil.move(made, path)


@contextmanager
def _arguments(aliases: Mapping[Path, str] | None) -> Iterator[_Arguments]:
    """What was written is moved to its place even when the run fails: a table may have been kept."""
    with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
        arguments = _Arguments(Path(folder), dict(aliases or {}))
        try:
            yield arguments
        finally:
            arguments.finish()


def calibrate_model(
    module: Path,
    table: Path,
    *,
    calibration_data: Path,
    observation: Observation | None = None,
    resume: Path | None = None,
    aliases: Mapping[Path, str] | None = None,
    report: Report | None = None,
) -> None:
    """Writes the statistics of the model's values on the data to `table`.

    Where this fails or is interrupted, what was observed until then may be at `table` (see table.is_interrupted).
    """
    with _arguments(aliases) as arguments:
        options = {
            "compile-to": "calibrate",
            "calibration-data": arguments.reads(calibration_data),
            "save-table": arguments.writes(table),
            "resume": arguments.reads(resume),
            **(observation or Observation()).options(),
        }
        # The observed module is of no use to anybody.
        command = [*OPT_OPTIONS, f"--quantize-ptq={pass_options(options)}", plain(module), "-o", "/dev/null"]
        try:
            _run(module, command, arguments.aliases, report)
        except LowbitError as error:
            # What was kept, and how to go on, callers say in their own terms.
            notes = [note for note in error.notes if not note.endswith("resume from it to go on")]
            raise LowbitError(error.message, *notes) from error


def merge_tables(tables: Sequence[Path], output: Path, *, aliases: Mapping[Path, str] | None = None) -> None:
    """Writes the table of all samples of the given ones, which are of one model."""
    run_tool("quant-run", ["--merge-tables", *map(plain, tables), "-o", plain(output)], aliases=aliases)


def warn_of_copies(tables: Sequence[Path], names: Mapping[Path, str] | None = None) -> None:
    """Says which tables are copies of one another. They are merged all the same: data may have a sample twice."""
    names = names or {}
    for first, copy in copies(tables):
        print(
            f"warning: {names.get(copy, copy)} and {names.get(first, first)} are the same, byte for byte: their "
            "samples count twice; leave one out, unless the data did have these samples twice",
            file=sys.stderr,
        )


def quantize_model(
    module: Path,
    output: Path,
    *,
    calibration_data: Path | None = None,
    calibration_table: Path | None = None,
    observation: Observation | None = None,
    selection: Selection | None = None,
    save_table: Path | None = None,
    explain: Path | None = None,
    report_page: Path | None = None,
    aliases: Mapping[Path, str] | None = None,
    report: Report | None = None,
    quiet: bool = False,
) -> None:
    """Writes the quantized module as text, its store beside it, to `explain` what became of each operation and value,
    and to `report_page` the same for reading. `quiet`: warnings and remarks are not shown."""
    selection = selection or Selection()
    with _arguments(aliases) as arguments:
        account = explain or (arguments.folder / "explain.json" if report_page else None)
        seen = arguments.folder / "seen.json" if report_page and (calibration_data or calibration_table) else None
        rules = _rules_file(selection, arguments)
        options = {
            "calibration-data": arguments.reads(calibration_data),
            "calibration-table": arguments.reads(calibration_table),
            "save-table": arguments.writes(save_table),
            "selection-table": seen,
            "method": selection.method,
            "mode": selection.mode,
            "recipe": arguments.reads(rules),
            "weights": selection.weights,
            "activations": selection.activations,
            "prepare": ",".join(selection.prepare) or None,
            "smooth-quant-strength": selection.smooth_quant_strength,
            "held-out": selection.held_out,
            "explain": arguments.writes(account),
            **(observation or Observation()).options(),
        }
        for name in ("mask", "weights", "activations"):
            _check_quotable(f"--{name}", options[name])
        command = [*OPT_OPTIONS, f"--quantize-ptq={pass_options(options)}", plain(module), "-o", plain(output)]
        _run(module, command, arguments.aliases, report, quiet)
        arguments.finish()
        if account is not None:
            if selection.rules and rules:
                _name_rules(account, arguments.aliases, rules)
            if report_page is not None:
                title = arguments.aliases.get(module, str(module))
                write_report(account, seen, report_page, Path(title).name)


def _check_quotable(option: str, value: object) -> None:
    if value is not None and not is_quotable(str(value)):
        raise LowbitError(f"{option} {value!r}: blanks at the ends, or both kinds of quotes, cannot be passed on")


def _rules_file(selection: Selection, arguments: _Arguments) -> Path | None:
    """The recipe, or one of it and the rules after it: a rule may hold commas and quotes, and an option could not."""
    if not selection.rules:
        return selection.recipe
    lines = _recipe_lines(selection.recipe) if selection.recipe else []
    path = arguments.folder / "rules.txt"
    if selection.recipe:
        arguments.aliases[path] = arguments.aliases.get(selection.recipe, str(selection.recipe))
    for rule in selection.rules:
        if len(rule.splitlines()) != 1:
            raise LowbitError(f"--rule {rule!r}: expected one rule on one line", "give --rule once for each rule")
        lines.append(rule)
        arguments.aliases[Path(f"{path}:{len(lines)}")] = "--rule"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def _recipe_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise LowbitError(f"{path}: is not UTF-8 text: {error}", "a recipe is text, one rule a line") from error


def _name_rules(account: Path, aliases: Mapping[Path, str], rules: Path) -> None:
    """Calls the rules in the account what the user called them."""
    text = account.read_text(encoding="utf-8")
    own = {str(name): shown for name, shown in aliases.items() if str(name).startswith(str(rules))}
    for name in sorted(own, key=len, reverse=True):
        # Within a string of JSON.
        text = text.replace(json.dumps(name)[1:-1], json.dumps(own[name])[1:-1])
    account.write_text(text, encoding="utf-8")


def _run(
    module: Path, command: Sequence[str], aliases: Mapping[Path, str], report: Report | None, quiet: bool = False
) -> None:
    try:
        run_tool("quant-opt", command, aliases=aliases, report=report, quiet=quiet)
    except LowbitError as error:
        if "nothing to quantize" in error.message and _is_quantized(module):
            name = aliases.get(module, str(module))
            raise LowbitError(f"{name}: is quantized already", "take the float model that it came from") from error
        raise


def _is_quantized(module: Path) -> bool:
    """Whether the module has integer contractions that a quantization made; their ids end so."""
    return re.search(rb"\.i32\b", module.read_bytes()) is not None
