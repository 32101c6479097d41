"""Starts the C++ tools quant-opt and quant-run, and turns their failures into one error each.

In: a tool's name, its arguments, and how the files among them should be called in messages (temporary files have names
that mean nothing to a user). Out: the tool's standard output; its warnings and remarks go to standard error, with
options as the command line spells them (spelling.py). A tool that fails, or is killed by a signal, becomes one
LowbitError: its first error with the notes, and nothing else.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lowbit.errors import LowbitError
from lowbit.progress import Report
from lowbit.spelling import in_cli_words

_PROGRESS = re.compile(r"progress: (\d+)/(\d+)(?: (.*))?$")
# `error: text`, `file.mlir:3:4: error: text`, `quant-opt: error: text`
_HEAD = re.compile(r"^(?:(?P<where>.*?): )?(?P<kind>error|warning|remark|note): (?P<text>.*)$")
# A location that is only a name, as a value of an imported model has.
_NAMED_PLACE = re.compile(r'^<unknown>:0: (error|warning|remark|note): loc\("(.*?)"\): ')
# One that is none, and one in a text that the user gave as an option.
_NO_PLACE = re.compile(r"^<unknown>:0: (?=(?:error|warning|remark|note): )")
_OPTION_PLACE = re.compile(r"^(--[a-z-]+)(?::\d+)+: ")
_ONNX_PLACE = re.compile(r"^(.*\.onnx):\d+:\d+: ")
_LONGEST_LINE = 400
_MOST_PLACES = 6


def find_tool(name: str) -> Path:
    """The tool from $LOWBIT_TOOLS, else from the package, the source tree's build, or the PATH."""
    package = Path(__file__).resolve().parent
    if folder := os.environ.get("LOWBIT_TOOLS"):
        folders = [Path(folder)]
    else:
        folders = [package / "bin", package.parent.parent / "build" / "bin"]
    for candidate in (folder / name for folder in folders):
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return candidate.absolute()
    if not os.environ.get("LOWBIT_TOOLS") and (found := shutil.which(name)):
        return Path(found)
    raise LowbitError(
        f"the tool {name} was not found",
        "looked in " + ", ".join(str(f) for f in folders) + ("" if os.environ.get("LOWBIT_TOOLS") else " and the PATH"),
        "run `make build` in the source tree, or name the folder that has it in the environment variable LOWBIT_TOOLS",
    )


def pass_options(options: Mapping[str, object]) -> str:
    """Options as a pass of quant-opt reads them: `a=1 b='with space'`. None is left out."""
    return " ".join(f"{name}={_quoted(str(value))}" for name, value in options.items() if value is not None)


def is_quotable(value: str) -> bool:
    """Whether a pass option can hold the value: its syntax has no escape for a quote within quotes."""
    return value == value.strip() and not ("'" in value and '"' in value)


def _quoted(value: str) -> str:
    if re.fullmatch(r"[\w@%+:./-]+", value):
        return value
    return f'"{value}"' if "'" in value else f"'{value}'"


def _as_user_reads(line: str) -> str:
    """A line of a diagnostic without places that mean nothing to a user, and in the words of the command line."""
    # Where an imported model says something as a whole, its place is a line of the text that the importer wrote.
    line = _NAMED_PLACE.sub(r"\2: \1: ", _ONNX_PLACE.sub(r"\1: ", line))
    line = _OPTION_PLACE.sub(r"\1: ", _NO_PLACE.sub("", line))
    head = _HEAD.match(line.rstrip())
    return line[: head.start("text")] + in_cli_words(head["text"]) if head else line


def _is_text(line: str) -> bool:
    return line.replace("\t", " ").isprintable() and "\ufffd" not in line


@dataclass
class _Diagnostic:
    kind: str
    lines: list[str] = field(default_factory=list)

    def text(self) -> str:
        """All of it; a note that is of the same place does not repeat it."""
        head = _HEAD.match(self.lines[0])
        place = f"{head['where']}: note: " if head and head["where"] else "note: "
        first, *rest = self.lines
        return "\n".join([first, *("note: " + r.removeprefix(place) if r.startswith(place) else r for r in rest)])


def _parse(stderr: Sequence[str]) -> list[_Diagnostic]:
    """Groups lines into diagnostics: an error, warning or remark with the notes and source lines that follow it."""
    found: list[_Diagnostic] = []
    in_binary = False
    for line in stderr:
        line = line.rstrip()
        # A place in an ONNX file is shown with the bytes there, which mean nothing to a reader.
        in_binary = not _is_text(line) or (in_binary and line.strip() in ("", "^"))
        if in_binary:
            continue
        head = _HEAD.match(line)
        if head and head["kind"] != "note":
            found.append(_Diagnostic(head["kind"]))
        elif not found:
            if not line:
                continue
            found.append(_Diagnostic("text"))
        found[-1].lines.append(line if len(line) <= _LONGEST_LINE else line[:_LONGEST_LINE] + " ...")
    return found


def _gathered(diagnostics: list[_Diagnostic]) -> list[str]:
    """The texts, where those that say the same of several places become one."""
    places: dict[str, list[str]] = {}
    for diagnostic in diagnostics:
        head = _HEAD.match(diagnostic.lines[0]) if len(diagnostic.lines) == 1 else None
        if head and head["where"]:
            places.setdefault(f"{head['kind']}: {head['text']}", []).append(head["where"])
        else:
            places.setdefault(diagnostic.text(), [])
    texts = []
    for text, where in places.items():
        more = f" and {len(where) - _MOST_PLACES} more" if len(where) > _MOST_PLACES else ""
        texts.append(", ".join(where[:_MOST_PLACES]) + f"{more}: {text}" if where else text)
    return texts


def _failure(tool: str, code: int, diagnostics: list[_Diagnostic]) -> LowbitError:
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        notes = ["this is a bug in Lowbit: please report it with the input and the command"]
        if name == "SIGKILL":
            notes = ["the system may have run out of memory"]
        return LowbitError(f"{tool} was ended by signal {name}", *notes, "LOWBIT_DEBUG=1 shows all that it printed")
    errors = [d for d in diagnostics if d.kind == "error"]
    if not errors:
        last = next((line for d in reversed(diagnostics) for line in reversed(d.lines) if line), "")
        return LowbitError(f"{tool} failed with exit code {code}" + (f": {last}" if last else ""))
    head = _HEAD.match(errors[0].lines[0])
    assert head
    where = head["where"]
    message = head["text"] if where in (None, tool) else f"{where}: {head['text']}"
    notes, excerpt = [], []
    for line in errors[0].lines[1:]:
        note = _HEAD.match(line)
        if note and note["kind"] == "note":
            notes.append(note["text"])
        elif line.strip() and not notes:
            excerpt.append(line)
    if excerpt and len(excerpt) <= 2:
        message = "\n".join([message, *excerpt])
    if len(errors) > 1:
        notes.append(f"{len(errors) - 1} more errors follow from the same input")
    return LowbitError(message, *notes)


def _end(child: "subprocess.Popen[str]") -> None:
    """Ends a tool and what it started, with a moment to remove its temporary files."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=5)
            return


def _communicate(
    command: list[str], temporary: Path, cwd: Path | None, report: Report | None
) -> tuple[int, str, list[str]]:
    """Runs the command: its exit code, standard output, and the lines of its standard error that are not progress.

    Its temporary files go to `temporary`, so that none is left however it ends.
    """
    environment = {**os.environ, "TMPDIR": str(temporary), "LOWBIT_END_WITH_PARENT": "1"}
    environment.pop("LOWBIT_PROGRESS", None)
    if report:
        environment["LOWBIT_PROGRESS"] = "1"
    try:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
            cwd=cwd,
            process_group=0,  # quant-opt starts quant-run: both end together
        )
    except OSError as error:
        raise LowbitError(f"{command[0]} cannot be started: {error.strerror}") from error
    stdout, stderr = child.stdout, child.stderr
    assert stdout and stderr
    output: list[str] = []
    reader = threading.Thread(target=lambda: output.append(stdout.read()), daemon=True)
    reader.start()
    lines: list[str] = []
    try:
        for line in stderr:
            if match := _PROGRESS.match(line.rstrip("\n")):
                if report:
                    report(int(match[1]), int(match[2]), match[3] or "")
            else:
                lines.append(line)
        child.wait()
        reader.join()
    except BaseException:
        _end(child)
        raise
    return child.returncode, "".join(output), lines


def run_tool(
    name: str,
    arguments: Sequence[str | Path],
    *,
    aliases: Mapping[Path, str] | None = None,
    report: Report | None = None,
    cwd: Path | None = None,
    quiet: bool = False,
) -> str:
    """Runs the tool and returns its standard output; raises LowbitError when it fails.

    `aliases` gives the names that messages should use for temporary files. `quiet`: warnings and remarks are not shown.
    """
    command = [str(find_tool(name)), *map(str, arguments)]
    with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
        code, output, lines = _communicate(command, Path(folder), cwd, report)
    if os.environ.get("LOWBIT_DEBUG"):
        print("+ " + " ".join(command), *(line.rstrip() for line in lines), sep="\n", file=sys.stderr)
    # Longest first, so that a folder's alias does not eat the name of a file within it.
    for path, shown in sorted((aliases or {}).items(), key=lambda item: -len(str(item[0]))):
        lines = [line.replace(str(path), shown) for line in lines]
    diagnostics = _parse([_as_user_reads(line) for line in lines])
    if code:
        raise _failure(name, code, diagnostics)
    for text in _gathered(diagnostics) if not quiet else ():
        print(text, file=sys.stderr)
    return output
