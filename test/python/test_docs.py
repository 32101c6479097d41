"""The commands in README.md and docs/ are run: each file's blocks in order, in one folder.

In a ```console block the lines after `$ ` are commands; ```sh and ```python blocks are run whole. A block after the
line `<!-- not run: why -->` is left alone. `test/data` and `build/lib` are there under these names, and the
commands are on the PATH.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from artifacts import Artifacts, tools_folder
from inputs import REPOSITORY

PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")), REPOSITORY / "benchmarks" / "README.md"]
BLOCK = re.compile(r"(<!-- not run: [^>]+-->\n+)?^```(console|sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def scripts(page: Path) -> list[tuple[str, str]]:
    """The language and text of each block that is to be run."""
    found = []
    for skip, language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if skip:
            continue
        if language == "console":
            text = "".join(line[2:] + "\n" for line in text.splitlines() if line.startswith("$ "))
        found.append((language, text))
    return found


WITH_COMMANDS = [page for page in PAGES if scripts(page)]


@pytest.mark.parametrize("page", WITH_COMMANDS, ids=lambda page: page.name)
def test_commands_of_the_page(page: Path, artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "data").symlink_to(REPOSITORY / "test" / "data")
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "lib").symlink_to(tools_folder().parent / "lib")
    folders = [tools_folder(), Path(sys.executable).parent, *os.environ["PATH"].split(os.pathsep)]
    environment = {**os.environ, "PATH": os.pathsep.join(map(str, folders))}
    for language, text in scripts(page):
        command = [sys.executable, "-c", text] if language == "python" else ["bash", "-euo", "pipefail", "-c", text]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, f"{text}\n{done.stderr}"


def test_pages_have_commands() -> None:
    assert {"README.md", "commands.md"} <= {page.name for page in WITH_COMMANDS}


def test_every_command_is_documented() -> None:
    text = (REPOSITORY / "docs" / "commands.md").read_text(encoding="utf-8")
    for command in ("import", "calibrate", "merge-tables", "quantize", "run", "bench", "compare"):
        assert f"## lowbit {command}" in text
