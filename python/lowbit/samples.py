"""Data files for comparing models: an npz, an npy, a folder of them, or a .txt list of them, read one at a time.

The tools read the same forms for calibration; here they are cut into pieces that both models can be run on.
"""

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lowbit.errors import LowbitError

Sample = dict[str, np.ndarray]
Inputs = list[Mapping[str, Any]]  # the `inputs` of a signature


def data_files(path: Path) -> list[Path]:
    """The files of a data path, in order."""
    if path.is_dir():
        files = sorted(p for p in path.iterdir() if p.suffix in (".npz", ".npy"))
        if not files:
            raise LowbitError(f"{path}: no .npz or .npy file is in this folder", "put one file for each run there")
        return files
    if not path.exists():
        raise LowbitError(f"{path}: no such file or folder", "this is where the data should be: check the path")
    if path.suffix in (".npz", ".npy"):
        return [path]
    if path.suffix != ".txt":
        raise LowbitError(f"{path}: data is an .npz, an .npy, a folder of them, or a .txt that lists them")
    lines = (line.strip() for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
    files = [path.parent / line for line in lines if line and not line.startswith("#")]
    if not files:
        raise LowbitError(f"{path}: lists no file", "write one path of an .npz or .npy file a line")
    return files


def read_sample(path: Path, inputs: Inputs) -> Sample:
    """The arrays of one file, under the names of the model's inputs."""
    names = [str(spec["name"]) for spec in inputs]
    try:
        loaded = np.load(path, allow_pickle=False)
    except FileNotFoundError as error:
        raise LowbitError(f"{path}: no such file", "this is where the data should be: check the path") from error
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise LowbitError(f"{path}: cannot be read as .npz or .npy: {error}", "write it with numpy.savez") from error
    if isinstance(loaded, np.ndarray):
        if len(names) != 1:
            raise LowbitError(f"{path}: one array, and the model has {len(names)} inputs: {', '.join(names)}")
        return {names[0]: loaded}
    with loaded:
        if set(loaded.files) != set(names):
            found = ", ".join(sorted(loaded.files)) or "none"
            raise LowbitError(f"{path}: holds {found}, and the model's inputs are {', '.join(names)}")
        try:
            return {name: loaded[name] for name in names}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise LowbitError(f"{path}: cannot be read: {error}", "write it again with numpy.savez") from error


def rows(sample: Sample) -> int:
    """How many samples a file holds: the first dimension of its first array."""
    first = next(iter(sample.values()))
    return int(first.shape[0]) if first.ndim else 1


def static_rows(inputs: Inputs) -> int | None:
    """The first dimension that the model insists on; None where it is open."""
    sizes = [spec["shape"][0] for spec in inputs if spec["shape"]]
    return next((size for size in sizes if size is not None), None)


def pieces(sample: Sample, inputs: Inputs, size: int) -> Iterator[Sample]:
    """The sample in pieces of `size` along the first dimension; whole where inputs do not share that dimension."""
    count = rows(sample)
    shared = all(array.ndim and array.shape[0] == count for array in sample.values())
    if not shared or count <= size:
        yield sample
        return
    for start in range(0, count - count % size if static_rows(inputs) else count, size):
        yield {name: array[start : start + size] for name, array in sample.items()}
