"""The Python API: the same verbs as the command line."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import lowbit as package
import numpy as np
import pytest
from artifacts import Artifacts, load, lowbit, must
from inputs import INPUT, ONNX
from lowbit.files import store_of

MODEL = "mnist_pytorch"


def test_load_quantize_run_save(artifacts: Artifacts, tmp_path: Path) -> None:
    arrays = load(artifacts.inputs(MODEL))
    model = package.load(ONNX[MODEL])
    assert [spec["name"] for spec in model.signature["inputs"]] == [INPUT[MODEL]]
    quantized = model.quantize(calibration_data=load(artifacts.calibration(MODEL)), method="minmax")
    (expected,), (actual,) = model.run(arrays).values(), quantized.run(arrays).values()
    assert np.array_equal(expected.argmax(1), actual.argmax(1))

    quantized.save(tmp_path / "my model.mlir")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["my model.mlir", "my model.safetensors"]
    (again,) = package.load(tmp_path / "my model.mlir").run(arrays).values()
    assert np.array_equal(again, actual)


def test_the_command_line_does_the_same(artifacts: Artifacts, tmp_path: Path) -> None:
    package.load(ONNX[MODEL]).quantize(calibration_data=artifacts.calibration(MODEL)).save(tmp_path / "a.mlir")
    must(lowbit("quantize", ONNX[MODEL], "--calibration-data", artifacts.calibration(MODEL), "-o", tmp_path / "b.mlir"))
    assert store_of(tmp_path / "a.mlir").read_bytes() == store_of(tmp_path / "b.mlir").read_bytes()


def test_several_runs_as_calibration_data(artifacts: Artifacts) -> None:
    (array,) = load(artifacts.calibration(MODEL)).values()
    model = package.load(artifacts.imported(MODEL))
    parts = [{INPUT[MODEL]: array[:50]}, {INPUT[MODEL]: array[50:]}]
    inputs = load(artifacts.inputs(MODEL))
    (split,) = model.quantize(calibration_data=parts).run(inputs).values()
    (whole,) = model.quantize(calibration_data={INPUT[MODEL]: array}).run(inputs).values()
    assert np.array_equal(split, whole)


def test_bench() -> None:
    result = package.load(ONNX[MODEL]).bench(threads=1)
    assert result["median_ms"] > 0


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(package.LowbitError, match="no such file"):
        package.load(tmp_path / "absent.onnx")
    model = package.load(ONNX[MODEL])
    with pytest.raises(ValueError, match="percentile"):
        model.quantize(method="guess")
    with pytest.raises(ValueError, match="smooth-quant"):
        model.quantize(prepare="polish")
    with pytest.raises(package.LowbitError, match="no such file"):
        model.quantize(recipe=tmp_path / "absent.txt")
    with pytest.raises(package.LowbitError, match="no such file"):
        model.quantize(calibration_table=tmp_path / "absent.json")
    with pytest.raises(ValueError, match="needs calibration_data"):
        model.quantize(mode="static")
    with pytest.raises(package.LowbitError, match="picture"):
        model.run({"picture": np.zeros((1, 1, 28, 28), np.float32)})


def test_save_overwrites_no_input(tmp_path: Path) -> None:
    must(lowbit("import", ONNX[MODEL], "-o", tmp_path / "f.mlir"))
    (tmp_path / "other.safetensors").write_text("somebody's")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    quantized = package.load(tmp_path / "f.mlir").quantize()
    for name in ("f.mlir", "f.int8", "other.mlir"):
        with pytest.raises(package.LowbitError, match=name):
            quantized.save(tmp_path / name)
    with pytest.raises(package.LowbitError, match=r"f\.safetensors"):
        quantized.quantize(explain=tmp_path / "f.safetensors")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_arguments_of_the_wrong_kind_are_refused() -> None:
    model = package.load(ONNX[MODEL])
    array = np.zeros((2, 1, 28, 28), np.float32)
    keyed = "a dict keyed by input name"
    for inputs in (array, [array], {0: array}):
        with pytest.raises(package.LowbitError, match=keyed):
            model.run(inputs)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=keyed):
            model.quantize(calibration_data=inputs)  # type: ignore[arg-type]
    for threads in (0, -1, True, 1.5):
        with pytest.raises(package.LowbitError, match="threads"):
            model.quantize(threads=threads)  # type: ignore[arg-type]
        with pytest.raises(package.LowbitError, match="threads"):
            model.run({INPUT[MODEL]: array}, threads=threads)  # type: ignore[arg-type]
    for empty in ([], {}):
        with pytest.raises(package.LowbitError):
            model.quantize(calibration_data=empty)
    with pytest.raises(package.LowbitError, match="no calibration samples were given"):
        model.quantize(calibration_data=[])
    with pytest.raises(package.LowbitError, match="mode 'weights' is not known"):
        model.quantize(mode="weights")


WRONG = {
    "method": [3, ["mse"], b"mse"],
    "mode": [3, ["static"]],
    "weights": [3, ["i4", "mse"], True],
    "activations": [3, ["i4"]],
    "rules": [3, [3], ["role=weight method=mse", None], b"role=weight"],
    "prepare": [3, [3], {"equalize": 1}],
    "recipe": [3, ["r.txt"]],
    "explain": [3, ["e.json"]],
    "report": [3, True],
    "calibration_table": [3, ["t.json"], {}],
    "smooth_quant_strength": [True, [0.5]],
    "held_out": [True, 1.5, "3"],
    "mask": [3, ["m"], True],
    "shapes": [3, "batch=1", {"batch": "1"}, {0: 1}, {"batch": True}],
    "threads": [True, 1.5, "2"],
    "observe": [3, ["all"]],
    "channels": [3, "true"],
}
CALIBRATE_ONLY = ("observe", "channels")


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_kinds_of_arguments(name: str, value: object) -> None:
    model = package.load(ONNX[MODEL])
    data = {INPUT[MODEL]: np.zeros((2, 1, 28, 28), np.float32)}
    calls: list[Callable[..., object]] = [] if name in CALIBRATE_ONLY else [model.quantize]
    if name in (*CALIBRATE_ONLY, "mask", "shapes", "threads"):
        calls.append(model.calibrate)
    for call in calls:
        for others in ({}, {"method": "auto"} if call == model.quantize and name != "method" else {}):
            with pytest.raises(TypeError, match=rf"^{name}(\[\d\])?: expected .*, got ") as caught:
                call(data, **others, **{name: value})
            assert isinstance(caught.value, package.LowbitError)


def test_kinds_of_paths() -> None:
    model = package.load(ONNX[MODEL])
    for call in (package.load, package.Table.load, model.save):
        with pytest.raises(TypeError, match=r"^path: expected a path, got int 3$") as caught:
            call(3)  # type: ignore[arg-type]
        assert isinstance(caught.value, package.LowbitError)


def test_messages_name_samples_and_no_temporary_path() -> None:
    model = package.load(ONNX[MODEL])
    good = np.zeros((1, 1, 28, 28), np.float32)
    for bad in (np.full_like(good, np.nan), good[:, :, :5], good.astype(np.float64)):
        with pytest.raises(package.LowbitError) as caught:
            model.quantize(calibration_data=[{INPUT[MODEL]: good}, {INPUT[MODEL]: bad}])
        assert "item 1" in str(caught.value)
        assert tempfile.gettempdir() not in str(caught.value)


def _failing(good: dict[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    yield good
    yield good
    raise OSError("the disk is gone")


@pytest.mark.parametrize("bad", ["nan", "key", "shape", "dtype", "kind", "generator"])
@pytest.mark.parametrize("verb", ["calibrate", "quantize"])
def test_a_bad_item_loses_nothing_of_those_before(verb: str, bad: str) -> None:
    model, name = package.load(ONNX[MODEL]), INPUT[MODEL]
    array = np.zeros((3, 1, 28, 28), np.float32)
    broken = array.copy()
    broken[1, 0, 2, 5] = np.nan
    items: dict[str, object] = {
        "nan": {name: broken},
        "key": {"picture": array},
        "shape": {name: array[:, :, :5]},
        "dtype": {name: array.astype(np.float64)},
        "kind": 3,
    }
    good = {name: array}
    data = _failing(good) if bad == "generator" else iter([good, good, items[bad], good])
    with pytest.raises(
        package.IncompleteError, match="disk is gone" if bad == "generator" else r"\bitem 2\b"
    ) as caught:
        getattr(model, verb)(data)
    message = str(caught.value)
    assert caught.value.table.samples == 6
    assert message.count("6 samples were kept") == 1 and "resume" not in message and "lost" not in message
    assert tempfile.gettempdir() not in message
    if bad == "nan":
        assert "'item 2' has NaN at [1, 0, 2, 5] (row 1)" in message
    assert model.quantize(calibration_table=caught.value.table).signature == model.signature


def test_one_dict_is_no_list_of_items() -> None:
    array = np.zeros((3, 1, 28, 28), np.float32)
    array[2] = np.inf
    with pytest.raises(package.LowbitError, match=r"in 'calibration_data' has infinity at \[2, 0, 0, 0\] \(sample 2\)"):
        package.load(ONNX[MODEL]).quantize({INPUT[MODEL]: array})


def test_a_quantized_model_is_not_quantized_again(artifacts: Artifacts) -> None:
    for mode in ("static", "dynamic"):
        with pytest.raises(package.LowbitError, match="is quantized already"):
            package.load(artifacts.quantized(MODEL, mode)).quantize()
