"""Models on disk: what kind a file is, how its store is named, and outputs that appear whole or not at all."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lowbit.errors import LowbitError

_BYTECODE_MAGIC = b"ML\xefR"


def store_of(module: Path) -> Path:
    """The weight store that a module written to `module` gets: model.mlir has model.safetensors beside it."""
    return module.with_suffix(".safetensors") if module.name else module


def require_file(path: Path, what: str) -> Path:
    """The path, if a readable, non-empty file is there; `what` says what it is for: "the model", "the inputs"."""
    if not path.exists():
        raise LowbitError(f"{path}: no such file", f"this is where {what} should be: check the path")
    if path.is_dir():
        raise LowbitError(f"{path}: is a folder", f"one file with {what} is needed")
    if not os.access(path, os.R_OK):
        raise LowbitError(f"{path}: permission denied", f"this file with {what} has to be readable")
    if path.stat().st_size == 0:
        raise LowbitError(f"{path}: the file is empty", f"it should hold {what}: was it written to the end?")
    return path


def is_mlir(path: Path) -> bool:
    """Whether a model file is MLIR, text or bytecode; else it is taken for ONNX. The name decides, then the content."""
    require_file(path, "the model")
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
    if path.exists() and not path.is_file():
        raise LowbitError(f"{path}: is a device or a pipe", "outputs are renamed to their place: give a file to write")
    if not os.access(parent, os.W_OK):
        raise LowbitError(f"{path}: the folder {parent} is not writable")
    return path


def data_inputs(data: Path | None) -> list[Path]:
    """The files that a data path stands for: itself, what is in the folder, or what the list names."""
    if data is None:
        return []
    if data.is_dir():
        return [data, *data.iterdir()]
    if data.suffix == ".txt" and data.is_file():
        lines = (line.strip() for line in data.read_text(encoding="utf-8", errors="replace").splitlines())
        return [data, *(data.parent / line for line in lines if line and not line.startswith("#"))]
    return [data]


def _reads(model: Path, path: Path) -> str | None:
    """What `path` is to a command that reads the model: "the model", its "weights", or nothing."""
    path, own = path.resolve(), model.resolve()
    if path == own:
        return "the model that is read"
    if model.suffix == ".onnx" or not model.is_file():
        return None
    for module in {model.absolute(), own}:
        if path == store_of(module).resolve():
            return f"the weight store of {model}"
        # A renamed module keeps the name of its store as text, in bytecode too.
        if path.is_file() and os.path.relpath(path, module.parent).encode() in own.read_bytes():
            return f"the weight store of {model}"
    return None


def input_at(path: Path, models: Iterable[Path], data: Iterable[Path] = ()) -> str | None:
    """What would be lost if a command that reads these models and data wrote to `path`; None where nothing would."""
    for model in models:
        if found := _reads(model, path):
            return found
    return "data that is read" if any(path.resolve() == item.resolve() for item in data) else None


def check_overwrite(outputs: Sequence[Path], models: Iterable[Path], data: Iterable[Path] = ()) -> None:
    """Refuses outputs that are inputs. Paths are compared with links followed."""
    models, data = list(models), list(data)
    for path in outputs:
        if found := input_at(path, models, data):
            written = "" if path == outputs[-1] else f" (written along with {outputs[-1]})"
            raise LowbitError(
                f"{path}: the output{written} would overwrite {found}",
                "give the output another name, or another folder",
            )


def copies(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Pairs of different files, the first of a content and a later one that has the same, byte for byte."""
    first: dict[bytes, Path] = {}
    for path in paths:
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").digest()
        known = first.setdefault(content, path)
        if not path.samefile(known):
            yield known, path


def check_module_output(output: Path, models: Iterable[Path], data: Iterable[Path] = ()) -> None:
    """Refuses a module's output path where the module or its store would overwrite an input, or a weight file that no
    earlier module of this name wrote."""
    check_output(output)
    store = store_of(output)
    check_overwrite([store, output], models, data)
    if os.path.lexists(store) and not os.path.lexists(output):
        raise LowbitError(
            f"{output}: its weights go to {store}, and that file is there without {output.name}: it belongs to "
            "something else",
            f"give the output another name, or remove {store} if it is not needed",
        )


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
        _move_all(made, outputs)
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)


def _move_all(made: Sequence[Path], outputs: Sequence[Path]) -> None:
    """Moves what was made to the outputs. When one move fails, all outputs are again what they were."""
    undo: list[tuple[Path, Path | None]] = []
    try:
        for index, (source, output) in enumerate(zip(made, outputs, strict=True)):
            if not source.exists():
                continue
            earlier = None
            if os.path.lexists(output):
                earlier = source.parent / f"{output.name}.{index}~"
                undo.append((output, earlier))
                os.replace(output, earlier)
            else:
                undo.append((output, None))
            os.replace(source, output)
    except BaseException as error:
        for output, earlier in reversed(undo):
            if earlier is None:
                output.unlink(missing_ok=True)
            elif os.path.lexists(earlier):
                os.replace(earlier, output)
        if isinstance(error, OSError):
            raise LowbitError(f"{outputs[-1]}: cannot be written: {error.strerror}") from error
        raise


def _make_folder(output: Path) -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix=".lowbit-", dir=output.parent))
    except OSError as error:
        raise LowbitError(f"{output}: cannot be written: {error.strerror}") from error
