"""The weight store: parameters under unique names, written as one safetensors file.

Equal content is kept once. The file's bytes depend on nothing but the content: entries are sorted by name.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file


class Store:
    """Parameters gathered during import."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self._by_content: dict[tuple[object, ...], str] = {}

    def add(self, array: np.ndarray, name: str) -> str:
        """Keeps an array; returns its name: `name`, made unique, or that of an equal array kept before."""
        array = np.ascontiguousarray(array)
        key = (array.dtype.str, array.shape, hashlib.sha256(array.tobytes()).hexdigest())
        if key in self._by_content:
            return self._by_content[key]
        unique, number = name, 1
        while unique in self.arrays:
            number += 1
            unique = f"{name}.{number}"
        self.arrays[unique] = array
        self._by_content[key] = unique
        return unique

    def write(self, path: Path) -> None:
        """The safetensors file."""
        with replacing(path) as temporary:
            save_file({name: self.arrays[name] for name in sorted(self.arrays)}, temporary)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place on success: the file is there whole, or not at all."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
