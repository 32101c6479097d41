"""The Python API: `lowbit.load(path).quantize(calibration_data=...).run(inputs)`, the verbs of the command line."""

import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lowbit import compiler
from lowbit.errors import ArgumentTypeError, ArgumentValueError, LowbitError
from lowbit.files import check_module_output, check_overwrite, is_mlir, staged, store_of

Arrays = Mapping[str, np.ndarray]
# A path as the command line takes it, the inputs of one run, or those of several.
Data = str | Path | Arrays | Iterable[Arrays]

METHODS = ("minmax",)
MODES = ("static", "dynamic")


def load(path: str | Path, shapes: compiler.Shapes | None = None) -> "Model":
    """Loads a model from ONNX or MLIR. `shapes` fixes open dimensions of an ONNX model: `{"batch": 1}`."""
    source = Path(path)
    folder = tempfile.TemporaryDirectory(prefix="lowbit-")
    try:
        if not is_mlir(source):
            module = Path(folder.name) / "model.mlir"
            compiler.import_model(source, module, shapes)
            return Model(module, str(source), folder, [source.resolve()])
        if shapes:
            raise LowbitError(f"{source}: shapes are fixed when ONNX is imported, and this is MLIR")
        return Model(source.resolve(), str(source), folder, [source.resolve()])
    except BaseException:
        folder.cleanup()
        raise


class Model:
    """A module on disk with its weight store. Made by `load` and by the methods here."""

    def __init__(self, module: Path, name: str, folder: tempfile.TemporaryDirectory[str], sources: list[Path]) -> None:
        self._module = module
        self._name = name
        self._folder = folder  # lives as long as the model does
        self._sources = sources  # what the user gave: never written to
        self._aliases = {module: name}
        if module.parent == Path(folder.name):  # the store has a temporary name too
            self._aliases |= {store_of(module): f"the weights of {name}", module.parent: name}

    def __repr__(self) -> str:
        return f"lowbit.Model({self._name!r})"

    @property
    def signature(self) -> dict[str, Any]:
        """Names, types and shapes of the inputs and outputs."""
        return compiler.signature(self._module, self._aliases)

    def quantize(
        self,
        calibration_data: Data | None = None,
        mode: str | None = None,
        method: str = "minmax",
        threads: int | None = None,
        explain: str | Path | None = None,
    ) -> "Model":
        """A quantized model. Without data, activations are quantized as they come (`mode="dynamic"`)."""
        if method not in METHODS:
            raise ArgumentValueError(f"method {method!r} is not available in this version: {', '.join(METHODS)}")
        if mode is not None and mode not in MODES:
            raise ArgumentValueError(f"mode {mode!r} is not available in this version: {', '.join(MODES)}")
        if mode == "static" and calibration_data is None:
            raise ArgumentValueError("mode 'static' needs calibration_data")
        _check_threads(threads)
        if explain is not None:
            check_overwrite([Path(explain)], self._sources)
        folder = tempfile.TemporaryDirectory(prefix="lowbit-")
        module = Path(folder.name) / "model.mlir"
        aliases = dict(self._aliases)
        data = None if calibration_data is None else _on_disk(calibration_data, Path(folder.name) / "data", aliases)
        compiler.quantize_model(
            self._module,
            module,
            calibration_data=None if mode == "dynamic" else data,
            method=method if data else None,
            mode=mode,
            threads=threads,
            explain=None if explain is None else Path(explain),
            aliases=aliases,
        )
        return Model(module, f"{self._name} (quantized)", folder, self._sources)

    def save(self, path: str | Path) -> None:
        """Writes the module as MLIR, and its weight store beside it: q.mlir and q.safetensors."""
        output = Path(path)
        if output.suffix != ".mlir":
            raise LowbitError(f"{output}: does not end in .mlir", "a model is saved as a module, such as model.mlir")
        check_module_output(output, self._sources)
        with staged(store_of(output), output) as (made_store, module):
            names = {**self._aliases, made_store: str(store_of(output)), module: str(output)}
            compiler.copy_module(self._module, module, aliases=names)

    def run(self, inputs: Arrays, threads: int | None = None) -> dict[str, np.ndarray]:
        """The outputs by name. A first dimension that is a multiple of the model's is run in turns."""
        _check_threads(threads)
        with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
            source, result = Path(folder) / "inputs.npz", Path(folder) / "outputs.npz"
            save_arrays(source, inputs, "inputs")
            names = {**self._aliases, source: "inputs"}
            compiler.run_model(self._module, source, result, threads=threads, aliases=names)
            with np.load(result, allow_pickle=False) as arrays:
                return {name: arrays[name] for name in arrays.files}

    def bench(
        self, inputs: Arrays | None = None, threads: int | None = None, shapes: compiler.Shapes | None = None
    ) -> dict[str, Any]:
        """Latency: median_ms, min_ms, gops, peak_share, threads, target."""
        _check_threads(threads)
        with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
            source, names = None, dict(self._aliases)
            if inputs is not None:
                source = Path(folder) / "inputs.npz"
                save_arrays(source, inputs, "inputs")
                names[source] = "inputs"
            return compiler.bench_model(self._module, inputs=source, threads=threads, shapes=shapes, aliases=names)


def save_arrays(path: Path, arrays: Arrays, what: str = "arrays") -> None:
    """Writes an npz; numpy's own savez takes names as keyword arguments, of which `file` is taken."""
    if not isinstance(arrays, Mapping):
        raise ArgumentTypeError(
            f"{what}: expected a dict keyed by input name, got {type(arrays).__name__}", 'such as {"input": array}'
        )
    for name in arrays:
        if not isinstance(name, str):
            raise ArgumentTypeError(f"{what}: expected a dict keyed by input name, got the key {name!r}")
    np.savez(path, **{name: np.asarray(value) for name, value in arrays.items()})  # type: ignore[arg-type]


def _check_threads(threads: int | None) -> None:
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool) or not 1 <= threads <= 4096):
        raise ArgumentValueError(f"threads: {threads!r} is not a number from 1 to 4096")


def _on_disk(data: Data, folder: Path, aliases: dict[Path, str]) -> Path:
    """A path for the data; `aliases` gets the names that messages should use for what is written."""
    if isinstance(data, str | Path):
        return compiler.require_data(Path(data))
    if isinstance(data, np.ndarray) or not isinstance(data, Iterable):
        raise ArgumentTypeError(
            f"calibration_data: expected a path, a dict keyed by input name, or several of these, "
            f"got {type(data).__name__}",
            'such as {"input": array}',
        )
    folder.mkdir()
    aliases[folder] = "calibration_data"
    runs: Iterable[Arrays] = [data] if isinstance(data, Mapping) else data
    index = -1
    for index, arrays in enumerate(runs):
        path = folder / f"{index:06}.npz"
        aliases[path] = f"sample {index}"
        save_arrays(path, arrays, f"calibration_data, sample {index}")
    if index < 0:
        raise ArgumentValueError("no calibration samples were given", "calibration_data is empty")
    return folder
