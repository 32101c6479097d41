"""Models on disk: what kind a file is, how its store is named, and outputs that appear whole or not at all."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lowbit.errors import LowbitError

_BYTECODE_MAGIC = b"ML\xefR"


def store_of(module: Path) -> Path:
    """The weight store that a module written to `module` gets: model.mlir has model.safetensors beside it."""
    return module.with_suffix(".safetensors") if module.name else module


def require_file(path: Path, what: str) -> Path:
    """The path, if a readable, non-empty file is there."""
    if not path.exists():
        raise LowbitError(f"{path}: no such file", f"the {what} is read from here: check the path")
    if path.is_dir():
        raise LowbitError(f"{path}: is a folder", f"the {what} is one file")
    if not os.access(path, os.R_OK):
        raise LowbitError(f"{path}: permission denied", f"the {what} is read from here")
    if path.stat().st_size == 0:
        raise LowbitError(f"{path}: the file is empty", f"the {what} is read from here: was it written to the end?")
    return path


def is_mlir(path: Path) -> bool:
    """Whether a model file is MLIR, text or bytecode; else it is taken for ONNX. The name decides, then the content."""
    require_file(path, "model")
    if path.suffix in (".mlir", ".mlirbc"):
        return True
    if path.suffix == ".onnx":
        return False
    with path.open("rb") as file:
        start = file.read(4096)
    if start.startswith(_BYTECODE_MAGIC):
        return True
    # Text is MLIR when it opens like it; ONNX is a protocol buffer and has control bytes from the start.
    return b"\0" not in start and bool(re.match(rb"\s*(//|#|!|\"builtin\.module|module\b|func\b)", start))


def check_output(path: Path) -> Path:
    """Refuses an output path that cannot become a file, before any work is done."""
    parent = path.parent
    if not parent.is_dir():
        raise LowbitError(f"{path}: there is no folder {parent}", "make it first, or write elsewhere")
    if path.is_dir():
        raise LowbitError(f"{path}: is a folder", "give the name of the file to write")
    if not os.access(parent, os.W_OK):
        raise LowbitError(f"{path}: the folder {parent} is not writable")
    return path


@contextmanager
def staged(*outputs: Path) -> Iterator[list[Path]]:
    """Yields a temporary path for each output. What the block wrote there moves to the outputs when it succeeds, in
    the order given (a store before its module); when it fails, none of the outputs is left or changed.

    An output that the block did not write is not an error: a module without weights has no store. Temporary files lie
    in the outputs' own folders, so that the move is one rename.
    """
    for output in outputs:
        check_output(output)
    folders: dict[Path, Path] = {}
    try:
        for output in outputs:
            if output.parent not in folders:
                folders[output.parent] = _make_folder(output)
        made = [folders[output.parent] / output.name for output in outputs]
        yield made
        moved: list[Path] = []
        try:
            for source, output in zip(made, outputs, strict=True):
                if source.exists():
                    os.replace(source, output)
                    moved.append(output)
        except OSError as error:
            for output in moved:
                output.unlink(missing_ok=True)
            raise LowbitError(f"{outputs[-1]}: cannot be written: {error.strerror}") from error
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)


def _make_folder(output: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=".lowbit-", dir=output.parent))
    except OSError as error:
        raise LowbitError(f"{output}: cannot be written: {error.strerror}") from error
