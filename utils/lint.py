"""Checks what a compiler does not: formatting, types, file sizes, header comments, the layout, and words.

    lint.py          report every finding, exit 1 if there is one
    lint.py --fix    format C++ and Python in place first

Looks at the files that git tracks or would track.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Hard limits in lines, by suffix. CMake, Markdown and data have none.
MAX_LINES = {".cpp": 600, ".h": 250, ".td": 500, ".py": 500, ".mlir": 400}
MAX_PATH = 75
CPP = {".cpp", ".h"}
TEXT = CPP | {".td", ".def", ".py", ".mlir", ".md", ".txt", ".cmake", ".sh", ".toml", ".in", ".yml", ".json"}

# This file names the words it forbids, so it is not searched for them; licences are not ours to edit.
UNSEARCHED = {"utils/lint.py", "LICENSE"}
WORDS = re.compile(r"\b(TODO|FIXME|XXX)\b|\bsession\b(?<!scope=\"session)", re.IGNORECASE)
FOREIGN_PATHS = re.compile(r"(?<![\w.$}>-])/(work|home|root|Users|opt|tmp)/\w|\.\./shared\b")
FOREIGN_PATHS_ALLOWED = {".ci/run"}

# Folders of test/ that do not mirror lib/.
OTHER_TEST_FOLDERS = {"CAPI", "Regression", "data", "e2e", "python"}


def project_files() -> list[Path]:
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return sorted(Path(name) for name in set(listed.split("\0")) if name and (ROOT / name).is_file())


def read(path: Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8", errors="replace")


def check_sizes(files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        limit = MAX_LINES.get(path.suffix)
        if limit and (count := read(path).count("\n")) > limit:
            yield f"{path}: {count} lines, and {limit} is the most for {path.suffix}: split it by theme"
        if len(str(path)) > MAX_PATH:
            yield f"{path}: a path of {len(str(path))} characters, and {MAX_PATH} is the most"


def check_headers(files: Iterable[Path]) -> Iterator[str]:
    """Every C++ and TableGen file begins by saying what it is; every Python file with code has a docstring."""
    for path in files:
        text = read(path)
        if path.suffix in CPP | {".td"} and not text.startswith("//"):
            yield f"{path}:1: no header comment: begin with `// <what this file holds>`"
        if path.suffix == ".py" and text.strip() and not re.match(r'(#.*\n)*\s*r?"""', text):
            yield f"{path}:1: no docstring"


def check_layout(files: list[Path]) -> Iterator[str]:
    """include/lowbit, lib and test have the same folders, and no C++ file is a place for leftovers."""

    def folders(top: str, suffixes: set[str]) -> set[Path]:
        return {p.parent.relative_to(top) for p in files if p.is_relative_to(top) and p.suffix in suffixes}

    public = folders("include/lowbit", {".h", ".td", ".def"}) - {Path(".")}
    library = folders("lib", CPP) - {Path(".")}
    for folder in sorted(public):
        if not any(other.is_relative_to(folder) for other in library):
            yield f"include/lowbit/{folder}: there is no lib/{folder} with its code"
    for folder in sorted(library):
        if not any(folder.is_relative_to(other) for other in public):
            yield f"lib/{folder}: there is no include/lowbit/{folder} with its interface"
    for folder in sorted(folders("test", {".mlir"}) - {Path(".")}):
        if folder.parts[0] in OTHER_TEST_FOLDERS:
            continue
        if not any(other.is_relative_to(folder) or folder.is_relative_to(other) for other in library):
            yield f"test/{folder}: there is no lib/{folder} that it tests"
    for path in files:
        if path.suffix in CPP and re.match(r"(misc|uncategorized|common|helpers)\.", path.name.lower()):
            yield f"{path}: name the file after what it holds"


def check_words(files: Iterable[Path]) -> Iterator[str]:
    for path in files:
        name = str(path)
        searched = path.suffix in TEXT or path.name in {"Makefile", "run"}
        if not searched or name in UNSEARCHED or name.startswith("test/data/"):
            continue
        for number, line in enumerate(read(path).splitlines(), 1):
            if word := WORDS.search(line):
                yield f"{path}:{number}: the word {word.group(0)!r} should not be here"
            if name not in FOREIGN_PATHS_ALLOWED and (foreign := FOREIGN_PATHS.search(line)):
                yield f"{path}:{number}: {foreign.group(0)!r} is not a path of the project"


def run_tool(title: str, command: list[str]) -> Iterator[str]:
    """One finding, the tool's whole output, when the tool fails."""
    if not shutil.which(command[0]):
        yield f"{title}: {command[0]} is not installed: run utils/setup.sh"
        return
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()
        shown = lines[:60] + ([f"... and {len(lines) - 60} lines more"] if len(lines) > 60 else [])
        yield f"{title}:\n    " + "\n    ".join(shown)


def check_tools(files: list[Path], fix: bool) -> Iterator[str]:
    cpp = [str(p) for p in files if p.suffix in CPP]
    python = [str(p) for p in files if p.suffix == ".py"]
    here = Path(sys.executable).parent
    ruff, mypy = str(here / "ruff"), str(here / "mypy")
    if fix:
        if cpp:
            yield from run_tool("clang-format", ["clang-format-22", "-i", *cpp])
        yield from run_tool("ruff check", [ruff, "check", "--quiet", "--fix", *python])
        yield from run_tool("ruff format", [ruff, "format", "--quiet", *python])
    else:
        if cpp:
            yield from run_tool(
                "clang-format (`make format` mends it)", ["clang-format-22", "--dry-run", "--Werror", *cpp]
            )
        yield from run_tool("ruff check", [ruff, "check", "--quiet", "--output-format=concise", *python])
        yield from run_tool("ruff format (`make format` mends it)", [ruff, "format", "--check", "--quiet", *python])
    yield from run_tool("mypy", [mypy, "--no-error-summary"])
    yield from run_tool("docs/generated", [sys.executable, "utils/gen_docs.py", "--check"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fix", action="store_true", help="format C++ and Python in place first")
    args = parser.parse_args()
    files = project_files()
    findings = [
        *check_tools(files, args.fix),
        *check_sizes(files),
        *check_headers(files),
        *check_layout(files),
        *check_words(files),
    ]
    for finding in findings:
        print(f"lint: {finding}")
    print(f"lint: {len(files)} files, {len(findings)} findings" if findings else f"lint: {len(files)} files, all well")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
