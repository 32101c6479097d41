"""Samples given in Python, written to disk for the tools: a dictionary of arrays, or an iterable of them.

An iterable is read lazily and written in chunks of bounded size, each removed before the next is made, so that neither
memory nor disk ever holds all of it.
"""

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from lowbit.compiler import Shapes, require_data, signature
from lowbit.errors import ArgumentTypeError, ArgumentValueError, LowbitError

Arrays = Mapping[str, np.ndarray]
# A path as the command line takes it, the inputs of one run, or those of several.
Data = str | Path | Arrays | Iterable[Arrays]

# Of one chunk. Each is a start of the compiled model: large enough for that to be a small part of the time.
CHUNK_BYTES = 64 << 20

# The name of one of an iterable in messages.
_ITEM = re.compile(r"item \d+")


def save_arrays(path: Path, arrays: Arrays, what: str = "arrays") -> int:
    """Writes an npz and returns the bytes of its arrays. numpy's own savez takes names as keyword arguments, of which
    `file` is taken."""
    made = arrays_of(arrays, what)
    np.savez(path, **made)  # type: ignore[arg-type]
    return sum(array.nbytes for array in made.values())


def arrays_of(arrays: Arrays, what: str) -> dict[str, np.ndarray]:
    if not isinstance(arrays, Mapping):
        raise ArgumentTypeError(
            f"{what}: expected a dict keyed by input name, got {type(arrays).__name__}", 'such as {"input": array}'
        )
    for name in arrays:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"{what}: expected a dict keyed by input name, got the key {name!r}")
    return {name: _array(value, f"{what}: input {name!r}") for name, value in arrays.items()}


def _array(value: object, what: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:  # numpy's own words for lists of different lengths are long
        raise ArgumentValueError(f"{what}: is ragged: its rows differ in length", "give one sample a run") from error
    if array.dtype.hasobject:
        raise ArgumentTypeError(f"{what}: expected numbers, got an array of {type(array.flat[0]).__name__} objects")
    return array


class Form:
    """What arrays a module takes, by its signature: names, types and sizes."""

    def __init__(self, module: Path, shapes: Shapes | None = None) -> None:
        self._module = module
        self._shapes = shapes or {}

    @cached_property
    def _inputs(self) -> dict[str, Mapping[str, Any]]:
        try:
            return {spec["name"]: spec for spec in signature(self._module)["inputs"]}
        except LowbitError:  # what is wrong with the module, calibration says
            return {}

    def takes(self, arrays: Arrays) -> bool:
        """Whether the arrays fit. The tools have the last word, and say what is wrong."""
        if set(arrays) != set(self._inputs):
            return False
        sizes: dict[str, int] = dict(self._shapes)
        turns = set()
        for name, array in arrays.items():
            spec = self._inputs[name]
            if array.dtype.name not in (spec["dtype"], "int32" if spec["dtype"] == "int64" else spec["dtype"]):
                return False
            if array.ndim != len(spec["shape"]):
                return False
            for axis, (size, wanted, symbol) in enumerate(zip(array.shape, spec["shape"], spec["dims"], strict=True)):
                if wanted is None:
                    if size == 0 or (symbol != "?" and sizes.setdefault(symbol, size) != size):
                        return False
                elif axis == 0 and wanted:
                    turns.add(size // wanted)
                    if size == 0 or size % wanted:
                        return False
                elif size != wanted:
                    return False
        return len(turns) <= 1


class Chunks:
    """The items in folders of about CHUNK_BYTES. A folder is there until the next one is asked for.

    `aliases` gets the names that messages should use for what is written. `form`: the tools check the form of all of
    a folder before they observe any of it; an item that does not fit begins another folder, so that those before it are
    observed. Without a form, all is in one folder.
    """

    def __init__(self, data: Data, folder: Path, aliases: dict[Path, str], form: Form | None) -> None:
        if isinstance(data, np.ndarray | str) or not isinstance(data, Iterable):
            raise ArgumentTypeError(
                f"calibration_data: expected a path, a dict keyed by input name, or several of these, "
                f"got {type(data).__name__}",
                'such as {"input": array}',
            )
        self._runs: Iterator[Arrays] = iter([data] if isinstance(data, Mapping) else data)
        self._folder = folder
        self._aliases = aliases
        self._form = form
        self._is_one = isinstance(data, Mapping)
        self._count = 0
        self._next: Arrays | None = None
        self._failure: BaseException | None = None

    def __iter__(self) -> Iterator[Path]:
        self._advance()
        if self._next is None:
            raise ArgumentValueError("no calibration samples were given", "calibration_data is empty")
        while self._next is not None:
            yield self._write()
            shutil.rmtree(self._folder)
            if self._failure is not None:
                raise self._failure

    @property
    def is_last(self) -> bool:
        """Whether the chunk that was given last is the last one."""
        return self._next is None and self._failure is None

    def _advance(self) -> None:
        self._next = next(self._runs, None)

    def _write(self) -> Path:
        self._folder.mkdir()
        self._aliases[self._folder] = "calibration_data"
        written = 0
        fitting: bool | None = None  # whether those of this chunk fit
        first = self._count
        while self._next is not None and (self._form is None or written < CHUNK_BYTES):
            try:
                arrays = arrays_of(self._next, self._item("calibration_data, "))
                fits = self._form is None or self._form.takes(arrays)
                if fits is not fitting and fitting is not None:
                    break
                fitting = fits
                written += self._save(arrays)
                self._advance()
            except BaseException as error:
                # What came before it is not lost: the failure follows the chunk.
                if self._form is None or self._count == first:
                    raise
                self._failure, self._next = error, None
        return self._folder

    def _item(self, within: str = "") -> str:
        """How messages call the next one."""
        return "calibration_data" if self._is_one else f"{within}item {self._count}"

    def _save(self, arrays: Arrays) -> int:
        """Writes one item; returns its bytes."""
        path = self._folder / f"{self._count:06}.npz"
        self._aliases[path] = self._item()
        try:
            size = save_arrays(path, arrays)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._count += 1
        return size


def in_rows(error: LowbitError, names: Iterable[str]) -> LowbitError:
    """The error in terms of the items of an iterable: what is a sample of a file is a row of one of these."""
    message = error.message
    for name in names:
        if _ITEM.fullmatch(name):
            message = re.sub(rf"('{name}' has .*)\(sample (\d+)\)", r"\1(row \2)", message)
            message = re.sub(rf"\b{name}, sample(s?) (?=\d)", rf"{name}, row\1 ", message)
    # How to go on, who keeps what was observed says.
    return LowbitError(message, *(note for note in error.notes if not note.endswith("resume from it to go on")))


def pieces_of(data: Data, folder: Path, aliases: dict[Path, str], form: Form) -> Iterable[Path]:
    """The data as paths: one, or chunks that are made in `folder` one after the other."""
    if isinstance(data, str | Path):
        return [require_data(Path(data))]
    return Chunks(data, folder, aliases, form)


def on_disk(data: Data, folder: Path, aliases: dict[Path, str]) -> Path:
    """A path for all of the data."""
    if isinstance(data, str | Path):
        return require_data(Path(data))
    return next(iter(Chunks(data, folder, aliases, None)))
