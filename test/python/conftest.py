"""What the Python tests share. They need the tools in build/bin (or LOWBIT_TOOLS), and say so when these are absent."""

import os
from pathlib import Path

import pytest
from artifacts import Artifacts, Refused, lowbit, refuse, tools_folder
from inputs import mnist_folder


def pytest_configure(config: pytest.Config) -> None:
    missing = [tool for tool in ("quant-opt", "quant-run") if not os.access(tools_folder() / tool, os.X_OK)]
    if missing:
        pytest.exit(f"{' and '.join(missing)} not found in {tools_folder()}: run `make build`", returncode=3)
    os.environ["LOWBIT_TOOLS"] = str(tools_folder())


@pytest.fixture(scope="session")
def artifacts() -> Artifacts:
    return Artifacts()


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder of MNIST's test images. They do not ship, for their licence is not certain."""
    folder = mnist_folder()
    if folder is None:
        pytest.skip("MNIST's test images do not ship: set LOWBIT_DATA (see test/data/SOURCES.md)")
    return folder


@pytest.fixture
def refused(tmp_path: Path) -> Refused:
    """Runs a command that must be refused, and checks that the folder is as it was."""

    def run(arguments: list[object], *words: str) -> None:
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        refuse(lowbit(*arguments, cwd=tmp_path), *words)
        after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        assert set(after) == set(before), "files were left or removed"
        assert {p: t for p, t in after.items() if p.is_file()} == {p: t for p, t in before.items() if p.is_file()}

    return run
