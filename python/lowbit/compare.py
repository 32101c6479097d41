"""How far model B is from model A on the same data: the outputs and the values inside that both have.

SQNR is 10 log10(sum a^2 / sum (a-b)^2) in dB over all elements of all samples; cosine is that of the flattened values,
for outputs taken sample by sample. Equal values have no noise: their SQNR is given as SQNR_EQUAL.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from lowbit import compiler, effects, samples
from lowbit.data import save_arrays
from lowbit.errors import LowbitError
from lowbit.files import is_mlir
from lowbit.progress import Report

SQNR_EQUAL = 200.0

HOW_MADE = (
    "to rank layers by their effect on the outputs, and for the recipe lines that mend the worst, say how B was "
    "quantized: the options of `lowbit quantize`, such as --calibration-data D or --mode dynamic"
)

# Values inside are compared on a few runs only: a dump is large, each is a start of both models, and the order of the
# layers settles early. A model with a fixed batch takes so many samples in a run; others take up to OPEN_BATCH_ROWS.
FIXED_BATCH_RUNS = 4
OPEN_BATCH_RUNS = 2
OPEN_BATCH_ROWS = 16


@dataclass
class Difference:
    """Sums over what was compared so far, for one output or value."""

    signal: float = 0.0
    noise: float = 0.0
    dot: float = 0.0
    norm_b: float = 0.0
    max_abs: float = 0.0
    cosines: list[float] = field(default_factory=list)
    broken: int = 0  # elements that are NaN or infinite, and not the same in both

    def add(self, a: np.ndarray, b: np.ndarray, by_row: bool = False) -> None:
        a, b = a.astype(np.float64), b.astype(np.float64)
        # A mask may hold infinities: equal ones differ by nothing and say nothing of the signal.
        usable = np.isfinite(a) & np.isfinite(b)
        self.broken += int(np.sum(~usable & (a != b) & ~(np.isnan(a) & np.isnan(b))))
        a, b = np.where(usable, a, 0.0), np.where(usable, b, 0.0)
        if by_row and a.ndim > 1:
            self.cosines += [cosine(x, y) for x, y in zip(a, b, strict=True)]
        elif by_row:
            self.cosines.append(cosine(a, b))
        a, b = a.ravel(), b.ravel()
        difference = a - b
        self.signal += float(a @ a)
        self.noise += float(difference @ difference)
        self.dot += float(a @ b)
        self.norm_b += float(b @ b)
        self.max_abs = max(self.max_abs, float(np.abs(difference).max(initial=0.0)))

    @property
    def sqnr_db(self) -> float:
        if self.broken:
            return -SQNR_EQUAL
        if self.noise == 0:
            return SQNR_EQUAL
        if self.signal == 0:
            return -SQNR_EQUAL
        return float(np.clip(10 * np.log10(self.signal / self.noise), -SQNR_EQUAL, SQNR_EQUAL))

    @property
    def cosine(self) -> float | None:
        return None if self.broken else _ratio(self.dot, self.signal, self.norm_b)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.ravel(), b.ravel()
    return _ratio(float(a @ b), float(a @ a), float(b @ b))


def _ratio(dot: float, aa: float, bb: float) -> float:
    if aa == 0 or bb == 0:
        return 1.0 if aa == bb else 0.0
    return float(np.clip(dot / np.sqrt(aa * bb), -1.0, 1.0))


def compare_models(
    a: Path,
    b: Path,
    data: Path,
    report: Report | None = None,
    making: effects.Making | None = None,
    layer_limit: int = effects.MOST_LAYERS,
) -> dict[str, Any]:
    """The comparison as docs/commands.md describes its JSON.

    Where `making` says how B was made of A, the effects of up to `layer_limit` layers are measured; of all with 0.
    """
    compiler.require_data(data)
    for model in (a, b):
        is_mlir(model)  # a missing file is found before a long import
    with (
        compiler.opened(a) as (module_a, names_a),
        compiler.opened(b) as (module_b, names_b),
        tempfile.TemporaryDirectory(prefix="lowbit-") as folder,
    ):
        run = _Runs(module_a, module_b, {**names_a, **names_b}, Path(folder))
        inputs = run.check_signatures(str(a), str(b))
        check_finite(samples.data_files(data), inputs)
        outputs: dict[str, Difference] = {}
        pairs = run.outputs(data)
        for name, (x, y) in pairs.items():
            if x.shape != y.shape:
                raise LowbitError(
                    f"output {name!r} is {list(x.shape)} in {a} and {list(y.shape)} in {b}",
                    "compare two forms of one model, such as the float one and a quantized one",
                )
            outputs.setdefault(name, Difference()).add(x, y, by_row=True)
        layers: dict[str, Difference] = {}
        layer_count = 0
        pieces = list(_pieces(samples.data_files(data), inputs, run.rows_per_run))
        for index, (label, piece) in enumerate(pieces):
            if report:
                report(index, len(pieces), "layers")
            for name, (x, y) in run.values(piece, label).items():
                layers.setdefault(name, Difference()).add(x, y)
            layer_count += samples.rows(piece)
        if report:
            report(len(pieces), len(pieces), "layers")
        count = max((len(difference.cosines) for difference in outputs.values()), default=0)
        result = summary(str(a), str(b), count, layer_count, outputs, layers)
        if making is None:
            if any(row["sqnr_db"] < SQNR_EQUAL for row in result["outputs"]):
                result["next"].append(HOW_MADE)
            return result
        result["effects"], result["recipe"] = effects.measured(
            module_a,
            making,
            effects.Runner(lambda module: run.one(module, data), lambda found: nearness(pairs, found)),
            result["layers"],
            {name: y for name, (_, y) in pairs.items()},
            limit=layer_limit,
            aliases=names_a,
            report=report,
        )
    return result


def nearness(pairs: dict[str, tuple[np.ndarray, np.ndarray]], found: dict[str, np.ndarray]) -> float:
    """The mean SQNR of outputs against those of A, which are the first of each pair."""
    differences = []
    for name, (wanted, _) in pairs.items():
        differences.append(Difference())
        differences[-1].add(wanted, found[name])
    return float(np.mean([difference.sqnr_db for difference in differences]))


def check_finite(files: list[Path], inputs: samples.Inputs) -> None:
    """Refuses NaN and infinity in the data: what comes of them says nothing of the models."""
    for path in files:
        for name, array in samples.read_sample(path, inputs).items():
            if array.dtype.kind != "f" or np.isfinite(array).all():
                continue
            place = [int(i) for i in np.argwhere(~np.isfinite(array))[0]]
            value = "NaN" if np.isnan(array[tuple(place)]) else "infinity"
            raise LowbitError(
                f"{path}: input {name!r} has {value} at {place}; expected finite numbers",
                "mend or leave out that sample",
            )


def _pieces(
    files: list[Path], inputs: samples.Inputs, rows_per_run: int | None
) -> Iterator[tuple[str, samples.Sample]]:
    """What the values inside are compared on: a few runs, spread over the files."""
    runs = FIXED_BATCH_RUNS if rows_per_run else OPEN_BATCH_RUNS
    spread = np.linspace(0, len(files) - 1, min(runs, len(files))).round().astype(int)
    for index in spread:
        sample = samples.read_sample(files[index], inputs)
        in_file = samples.pieces(sample, inputs, rows_per_run or OPEN_BATCH_ROWS)
        for piece in islice(in_file, runs // len(spread)):
            yield str(files[index]), piece


class _Runs:
    """Runs both models on the same inputs and pairs what they give."""

    def __init__(self, a: Path, b: Path, names: dict[Path, str], folder: Path) -> None:
        self.models = (a, b)
        self.names = names
        self.folder = folder
        self.rows_per_run: int | None = None

    def check_signatures(self, name_a: str, name_b: str) -> samples.Inputs:
        first, second = (compiler.signature(model, self.names) for model in self.models)
        for kind in ("inputs", "outputs"):
            wanted, got = ([str(spec["name"]) for spec in side[kind]] for side in (first, second))
            if set(wanted) != set(got):
                raise LowbitError(
                    f"{name_a} and {name_b} have different {kind}: {', '.join(wanted)} and {', '.join(got)}",
                    "compare two forms of one model, such as the float one and a quantized one",
                )
        sizes = [samples.static_rows(side["inputs"]) for side in (first, second)]
        self.rows_per_run = max((size for size in sizes if size is not None), default=None)
        inputs: samples.Inputs = first["inputs"]
        return inputs

    def outputs(self, data: Path) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The outputs on all of the data, joined."""
        return self._both(data, {}, dump=False)

    def values(self, sample: samples.Sample, label: str) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """The float values inside that both models have."""
        source = self.folder / "inputs.npz"
        save_arrays(source, sample, label)
        pairs = self._both(source, {source: label}, dump=True)
        return {
            name: (x, y) for name, (x, y) in pairs.items() if x.shape == y.shape and x.dtype.kind == y.dtype.kind == "f"
        }

    def one(self, module: Path, data: Path) -> dict[str, np.ndarray]:
        """The outputs of another form of B."""
        target = self.folder / "one.npz"
        compiler.run_model(module, data, target, aliases=self.names)
        with np.load(target, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}

    def _both(self, data: Path, names: dict[Path, str], dump: bool) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        results = []
        for index, model in enumerate(self.models):
            target = self.folder / f"{index}.npz"
            compiler.run_model(model, data, target, aliases={**self.names, **names}, dump_values=dump)
            results.append(np.load(target, allow_pickle=False))
        with results[0] as a, results[1] as b:
            # Values without a name, as in a module written by hand, are not dumped: there may be no array at all.
            return {name: (a[name], b[name]) for name in a.files if name in set(b.files)}


def _over_samples(difference: Difference) -> dict[str, float | None]:
    if difference.broken:
        return {"cosine_mean": None, "cosine_min": None, "max_abs": None}
    return {
        "cosine_mean": float(np.mean(difference.cosines)) if difference.cosines else 1.0,
        "cosine_min": min(difference.cosines, default=1.0),
        "max_abs": difference.max_abs,
    }


def summary(
    a: str, b: str, count: int, layer_count: int, outputs: dict[str, Difference], layers: dict[str, Difference]
) -> dict[str, Any]:
    output_rows = [
        {
            "name": name,
            "sqnr_db": difference.sqnr_db,
            **_over_samples(difference),
        }
        for name, difference in outputs.items()
    ]
    layer_rows = [{"id": name, "sqnr_db": d.sqnr_db, "cosine": d.cosine} for name, d in layers.items()]
    output_rows.sort(key=lambda row: (row["sqnr_db"], row["name"]))
    layer_rows.sort(key=lambda row: (row["sqnr_db"], row["id"]))
    return {
        "a": a,
        "b": b,
        "samples": count,
        "layer_samples": layer_count,
        "outputs": output_rows,
        "layers": layer_rows,
        "next": _advice(output_rows, layer_rows, outputs, layers),
    }


def _advice(
    outputs: list[dict[str, Any]],
    layers: list[dict[str, Any]],
    seen_outputs: dict[str, Difference],
    seen_layers: dict[str, Difference],
) -> list[str]:
    """What to do next, from what was seen."""
    if broken := [name for name, difference in seen_outputs.items() if difference.broken]:
        # The values come in the order in which they are computed.
        first = next((name for name, difference in seen_layers.items() if difference.broken), None)
        where = f"; {first!r} is the first value inside where they differ so" if first else ""
        count = sum(difference.broken for difference in seen_outputs.values())
        return [
            f"{', '.join(map(repr, broken))}: {count} elements are NaN or infinite in one model and not equally so "
            f"in the other: look for an overflow, a division by zero or a logarithm of zero{where}"
        ]
    if not outputs or min(row["sqnr_db"] for row in outputs) >= SQNR_EQUAL:
        return ["nothing: the outputs are equal"]
    worst_cosine = min(row["cosine_min"] for row in outputs)  # no output is broken: none is null
    advice = []
    if layers and layers[0]["sqnr_db"] < 20:
        worst = layers[0]["id"]
        advice.append(
            f"`lowbit quantize --explain e.json` shows the range that {worst!r} and its neighbours were given: one far "
            "wider than most of the values is set by outliers in the calibration data"
        )
    if worst_cosine < 0.99:
        advice.append("calibrate on more samples, and on such as the model will see: ranges come from them alone")
        advice.append(
            "try `lowbit quantize --mode dynamic`, which measures activations as they come, and compare again"
        )
    return advice or ["nothing: no output is far off"]
