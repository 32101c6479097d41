"""Samples given in Python, written to disk for the tools: a dictionary of arrays, or an iterable of them.

An iterable is read lazily and written in chunks of bounded size, each removed before the next is made, so that neither
memory nor disk ever holds all of it.
"""

import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from lowbit.compiler import require_data
from lowbit.errors import ArgumentTypeError, ArgumentValueError

Arrays = Mapping[str, np.ndarray]
# A path as the command line takes it, the inputs of one run, or those of several.
Data = str | Path | Arrays | Iterable[Arrays]

# Of one chunk. Each is a start of the compiled model: large enough for that to be a small part of the time.
CHUNK_BYTES = 64 << 20


def save_arrays(path: Path, arrays: Arrays, what: str = "arrays") -> int:
    """Writes an npz and returns the bytes of its arrays. numpy's own savez takes names as keyword arguments, of which
    `file` is taken."""
    if not isinstance(arrays, Mapping):
        raise ArgumentTypeError(
            f"{what}: expected a dict keyed by input name, got {type(arrays).__name__}", 'such as {"input": array}'
        )
    for name in arrays:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"{what}: expected a dict keyed by input name, got the key {name!r}")
    made = {name: _array(value, f"{what}: input {name!r}") for name, value in arrays.items()}
    np.savez(path, **made)  # type: ignore[arg-type]
    return sum(array.nbytes for array in made.values())


def _array(value: object, what: str) -> np.ndarray:
    try:
        array = np.asarray(value)
    except ValueError as error:  # numpy's own words for lists of different lengths are long
        raise ArgumentValueError(f"{what}: is ragged: its rows differ in length", "give one sample a run") from error
    if array.dtype.hasobject:
        raise ArgumentTypeError(f"{what}: expected numbers, got an array of {type(array.flat[0]).__name__} objects")
    return array


class Chunks:
    """The samples in folders of about CHUNK_BYTES. A folder is there until the next one is asked for.

    `aliases` gets the names that messages should use for what is written. `is_whole` puts all in one folder.
    """

    def __init__(self, data: Data, folder: Path, aliases: dict[Path, str], is_whole: bool = False) -> None:
        if isinstance(data, np.ndarray | str) or not isinstance(data, Iterable):
            raise ArgumentTypeError(
                f"calibration_data: expected a path, a dict keyed by input name, or several of these, "
                f"got {type(data).__name__}",
                'such as {"input": array}',
            )
        self._runs: Iterator[Arrays] = iter([data] if isinstance(data, Mapping) else data)
        self._folder = folder
        self._aliases = aliases
        self._is_whole = is_whole
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
        first = self._count
        while self._next is not None and (self._is_whole or written < CHUNK_BYTES):
            try:
                written += self._save(self._next)
                self._advance()
            except BaseException as error:
                # What came before it is not lost: the failure follows the chunk.
                if self._is_whole or self._count == first:
                    raise
                self._failure, self._next = error, None
        return self._folder

    def _save(self, arrays: Arrays) -> int:
        """Writes one sample; returns its bytes."""
        path = self._folder / f"{self._count:06}.npz"
        self._aliases[path] = f"sample {self._count}"
        try:
            size = save_arrays(path, arrays, f"calibration_data, sample {self._count}")
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        self._count += 1
        return size


def pieces_of(data: Data, folder: Path, aliases: dict[Path, str]) -> Iterable[Path]:
    """The data as paths: one, or chunks that are made in `folder` one after the other."""
    if isinstance(data, str | Path):
        return [require_data(Path(data))]
    return Chunks(data, folder, aliases)


def on_disk(data: Data, folder: Path, aliases: dict[Path, str]) -> Path:
    """A path for all of the data."""
    if isinstance(data, str | Path):
        return require_data(Path(data))
    return next(iter(Chunks(data, folder, aliases, is_whole=True)))
