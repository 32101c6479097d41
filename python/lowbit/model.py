"""The Python API: `lowbit.load(path).quantize(calibration_data=...).run(inputs)`, the verbs of the command line."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from lowbit import choices, compiler, ptq
from lowbit.data import Arrays, Chunks, Data, Form, in_rows, on_disk, pieces_of, save_arrays
from lowbit.errors import ArgumentValueError, LowbitError
from lowbit.files import check_module_output, check_overwrite, data_inputs, is_mlir, require_file, staged, store_of
from lowbit.ptq import Observation, Selection
from lowbit.table import Table, calibrate_into, interrupted, kept_on_failure


def load(path: str | Path, shapes: compiler.Shapes | None = None) -> "Model":
    """Loads a model from ONNX or MLIR. `shapes` fixes open dimensions: `{"batch": 1}`, or `{"arg0.0": 1}`."""
    choices.check_kinds(path=path, shapes=shapes)
    source = Path(path)
    folder = tempfile.TemporaryDirectory(prefix="lowbit-")
    try:
        if shapes or not is_mlir(source):
            module = Path(folder.name) / "model.mlir"
            compiler.import_model(source, module, shapes)
            return Model(module, str(source), folder, [source.resolve()])
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

    def calibrate(
        self,
        data: Data,
        *,
        mask: str | None = None,
        observe: str | None = None,
        channels: bool = False,
        shapes: compiler.Shapes | None = None,
        threads: int | None = None,
    ) -> Table:
        """Statistics of the model's values on the data, for `quantize(calibration_table=...)`.

        An iterable is read as it is used. Where one of its items is bad, the error names it, "item 3" being the fourth,
        and the row within it; `table` of the error has what was observed before.
        """
        observation = observation_of(shapes, threads, mask, observe, channels)
        table = Table.new(f"the calibration table of {self._name}")
        aliases = dict(self._aliases)
        pieces = pieces_of(data, table.path.with_name("data"), aliases, Form(self._module, shapes))
        calibrate_into(table, self._module, pieces, observation, aliases)
        return table

    def quantize(
        self,
        calibration_data: Data | None = None,
        mode: str | None = None,
        method: str | None = None,
        threads: int | None = None,
        explain: str | Path | None = None,
        *,
        calibration_table: str | Path | Table | None = None,
        recipe: str | Path | None = None,
        rules: Sequence[str] = (),
        weights: str | None = None,
        activations: str | None = None,
        prepare: str | Sequence[str] = (),
        smooth_quant_strength: float | str | None = None,
        held_out: int | None = None,
        mask: str | None = None,
        shapes: compiler.Shapes | None = None,
        report: str | Path | None = None,
    ) -> "Model":
        """A quantized model. Without data or a table, activations are quantized as they come (`mode="dynamic"`).

        `method` is of activations; `weights="mse"` gives weights another than minmax. For `auto` and preparations an
        iterable is written to a temporary folder as a whole: to bound that, give the table of `calibrate` along with
        the few samples to judge on.
        """
        choices.check_kinds(
            explain=explain,
            report=report,
            calibration_table=None if isinstance(calibration_table, Table) else calibration_table,
        )
        selection = _selection(mode, method, recipe, rules, weights, activations, prepare)
        selection = _with_search(selection, smooth_quant_strength, held_out)
        observation = observation_of(shapes, threads, mask, None, False)
        if mode in ("static", "integer-only") and calibration_data is None and calibration_table is None:
            raise ArgumentValueError(f"mode {mode!r} needs calibration_data or a calibration_table")
        if mode in choices.UNCALIBRATED_MODES:
            calibration_data = calibration_table = None
        table = _table_path(calibration_table)
        outputs = [Path(path) for path in (explain, report) if path is not None]
        data = Path(calibration_data) if isinstance(calibration_data, str | Path) else None
        read = [*data_inputs(data), *(path for path in (table, selection.recipe) if path)]
        check_overwrite(outputs, self._sources, read)
        if len({path.resolve() for path in outputs}) < len(outputs):
            raise ArgumentValueError(f"explain and report name the same file, {outputs[0]}")
        folder = tempfile.TemporaryDirectory(prefix="lowbit-")
        module = Path(folder.name) / "model.mlir"
        aliases = dict(self._aliases)
        if isinstance(calibration_table, Table):
            aliases[calibration_table.path] = repr(calibration_table)
        with tempfile.TemporaryDirectory(prefix="lowbit-") as scratch, staged(*outputs) as made:
            samples = None
            observed = Table.new("calibration_data")
            if calibration_data is not None:
                samples = self._samples(calibration_data, selection, observation, Path(scratch), aliases, observed)
                table = table or (observed.path if samples is None else None)
            aliases |= {path: str(output) for output, path in zip(outputs, made, strict=True)}
            is_read_here = samples is not None and data is None and table is None
            with _kept_observations(observed, aliases) if is_read_here else nullcontext() as part:
                ptq.quantize_model(
                    self._module,
                    module,
                    calibration_data=samples,
                    calibration_table=table,
                    observation=observation,
                    selection=selection,
                    save_table=part,
                    explain=made[0] if explain is not None else None,
                    report_page=made[-1] if report is not None else None,
                    aliases=aliases,
                )
        return Model(module, f"{self._name} (quantized)", folder, self._sources)

    def _samples(
        self,
        data: Data,
        selection: Selection,
        observation: Observation,
        folder: Path,
        aliases: dict[Path, str],
        table: Table,
    ) -> Path | None:
        """The data on disk where it is little, or the choice runs the model on it again; else `table` gets it."""
        if isinstance(data, str | Path) or ptq.runs_again(selection):
            return on_disk(data, folder / "data", aliases)
        chunks = Chunks(data, folder / "data", aliases, Form(self._module, observation.shapes))
        pieces = iter(chunks)
        first = next(pieces)
        if chunks.is_last:
            return first
        calibrate_into(table, self._module, chain([first], pieces), observation, aliases)
        return None

    def save(self, path: str | Path) -> None:
        """Writes the module as MLIR, and its weight store beside it: q.mlir and q.safetensors."""
        choices.check_kinds(path=path)
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
        choices.check_kinds(shapes=shapes)
        _check_threads(threads)
        with tempfile.TemporaryDirectory(prefix="lowbit-") as folder:
            source, names = None, dict(self._aliases)
            if inputs is not None:
                source = Path(folder) / "inputs.npz"
                save_arrays(source, inputs, "inputs")
                names[source] = "inputs"
            return compiler.bench_model(self._module, inputs=source, threads=threads, shapes=shapes, aliases=names)


@contextmanager
def _kept_observations(table: Table, aliases: dict[Path, str]) -> Iterator[Path]:
    """Yields where to save the table. Where the data was not read to its end, the error takes along what was."""
    part = table.path.with_name("part.json")
    aliases[part] = "the calibration table"
    with kept_on_failure(table, part):
        try:
            yield part
        except BaseException as error:
            if interrupted(part) is None:
                part.unlink(missing_ok=True)
            if isinstance(error, LowbitError):
                raise in_rows(error, aliases.values()) from error
            raise


def observation_of(
    shapes: compiler.Shapes | None, threads: int | None, mask: str | None, observe: str | None, channels: bool
) -> Observation:
    choices.check_kinds(shapes=shapes, mask=mask, observe=observe, channels=channels)
    _check_threads(threads)
    if observe is not None and observe not in choices.OBSERVED:
        raise ArgumentValueError(f"observe {observe!r} is not known: {', '.join(choices.OBSERVED)}")
    if mask == "":
        raise ArgumentValueError("mask: the name of the input is empty; leave it out where nothing is padded")
    return Observation(shapes, threads, mask, observe, channels)


def _selection(
    mode: str | None,
    method: str | None,
    recipe: str | Path | None,
    rules: Sequence[str],
    weights: str | None,
    activations: str | None,
    prepare: str | Sequence[str],
) -> Selection:
    """The choices, checked."""
    choices.check_kinds(mode=mode, method=method, recipe=recipe, rules=rules, weights=weights, activations=activations)
    choices.check_kinds(prepare=prepare)
    if method is not None and (problem := choices.method_problem(method)):
        raise ArgumentValueError(f"method {problem}")
    if mode is not None and mode not in choices.MODES:
        raise ArgumentValueError(f"mode {mode!r} is not known; there is {', '.join(choices.MODES)}")
    names = prepare.split(",") if isinstance(prepare, str) else list(prepare or ())
    if problem := choices.preparation_problem(names):
        raise ArgumentValueError(f"prepare: {problem}")
    return Selection(
        method=method,
        mode=mode,
        recipe=None if recipe is None else require_file(Path(recipe), "the recipe"),
        rules=[rules] if isinstance(rules, str) else list(rules or ()),
        weights=weights,
        activations=activations,
        prepare=names,
    )


def _with_search(selection: Selection, strength: float | str | None, held_out: int | None) -> Selection:
    choices.check_kinds(smooth_quant_strength=strength, held_out=held_out)
    if strength is not None and (problem := choices.strength_problem(str(strength))):
        raise ArgumentValueError(f"smooth_quant_strength: {problem}")
    if held_out is not None and held_out < 1:
        raise ArgumentValueError(f"held_out: {held_out!r} is not a number of samples")
    return replace(selection, smooth_quant_strength=None if strength is None else str(strength), held_out=held_out)


def _table_path(table: str | Path | Table | None) -> Path | None:
    if table is None:
        return None
    if isinstance(table, Table):
        return table.path
    return require_file(Path(table), "the calibration table")


def _check_threads(threads: int | None) -> None:
    choices.check_kinds(threads=threads)
    if threads is not None and not 1 <= threads <= 4096:
        raise ArgumentValueError(f"threads: {threads!r} is not a number from 1 to 4096")
