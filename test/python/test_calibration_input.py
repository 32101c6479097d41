"""What is given to calibrate with and is not all used: masks that are none, tables of other tools, copies, resuming."""

import json
import shutil
from pathlib import Path
from typing import Any

import lowbit as package
import numpy as np
import onnx
import pytest
from artifacts import Refused, lowbit, must
from onnx import TensorProto, helper, numpy_helper

SAMPLES = 12


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """z = relu((x * m) w) v, where m is 0 at padded positions of x, and the data for it."""
    random = np.random.default_rng(0)
    weights = [numpy_helper.from_array(random.standard_normal((4, 4)).astype(np.float32), name) for name in "wv"]
    nodes = [
        helper.make_node("Unsqueeze", ["m", "last"], ["m3"]),
        helper.make_node("Mul", ["x", "m3"], ["xm"]),
        helper.make_node("MatMul", ["xm", "w"], ["y"]),
        helper.make_node("Relu", ["y"], ["r"]),
        helper.make_node("MatMul", ["r", "v"], ["z"]),
    ]
    graph = helper.make_graph(
        nodes,
        "graph",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, 4]),
            helper.make_tensor_value_info("m", TensorProto.FLOAT, ["batch", 3]),
        ],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 3, 4])],
        [*weights, numpy_helper.from_array(np.array([2]), "last")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "m.onnx")
    mask = (np.arange(3) < random.integers(1, 4, size=(SAMPLES, 1))).astype(np.float32)
    save_data(tmp_path / "data.npz", mask)
    return tmp_path / "m.onnx"


def save_data(path: Path, mask: np.ndarray) -> None:
    np.savez(path, x=np.random.default_rng(1).standard_normal((SAMPLES, 3, 4)).astype(np.float32), m=mask)


def calibrate(model: Path, *options: object) -> list[object]:
    return ["calibrate", model, "--calibration-data", "data.npz", "-o", "t.json", *options]


def test_a_mask_of_zeros_and_ones(model: Path, tmp_path: Path) -> None:
    must(lowbit(*calibrate(model, "--mask", "m"), cwd=tmp_path))
    with np.load(tmp_path / "data.npz") as data:
        kept = int(data["m"].sum())
    table = json.loads((tmp_path / "t.json").read_text())
    assert kept < SAMPLES * 3
    assert table["mask"] == "m" and table["values"]["r"]["count"] == 4 * kept


@pytest.mark.parametrize("value", [2.0, 0.5, -1.0])
def test_other_values_of_a_mask_are_refused(value: float, model: Path, refused: Refused, tmp_path: Path) -> None:
    with np.load(tmp_path / "data.npz") as data:
        mask = data["m"].copy()
    mask[7, 1] = value
    save_data(tmp_path / "data.npz", mask)
    command = ["quantize", model, "--calibration-data", "data.npz", "-o", "q.mlir", "--mask", "m"]
    refused(command, "sample 7", f"the mask 'm' is {value:g} at [0, 1]", "0 where there is padding")


def test_data_is_no_mask(tmp_path: Path, refused: Refused) -> None:
    """What is multiplied with weights, here through a transpose, holds no padding flags."""
    weights = numpy_helper.from_array(np.eye(4, dtype=np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 1]), helper.make_node("MatMul", ["t", "w"], ["y"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4, 3])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 3, 4])],
        [weights],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), tmp_path / "m.onnx")
    np.savez(tmp_path / "data.npz", x=np.ones((4, 4, 3), np.float32))
    refused(calibrate(Path("m.onnx"), "--mask", "x"), "'x' cannot be the mask: it is data", "leave --mask out")


# --- Tables of other tools


def integers(low: float, high: float) -> list[dict[str, Any]]:
    scale = (high - low) / 255
    encoding = {"bitwidth": 8, "dtype": "int", "is_symmetric": "False", "min": low, "max": high, "scale": scale}
    return [{**encoding, "offset": round(low / scale)}]


FLOAT = [{"bitwidth": 16, "dtype": "float"}]


def write_encodings(path: Path, **activations: list[dict[str, Any]]) -> None:
    known = {"xm": integers(-3, 3), "r": integers(0, 6)}
    path.write_text(
        json.dumps({"version": "0.6.1", "activation_encodings": {**known, **activations}, "param_encodings": {}})
    )


def quantize(model: Path, *options: object) -> list[object]:
    return ["quantize", model, "--calibration-table", "aimet.json", "-o", "q.mlir", *options]


def said(model: Path, folder: Path, *options: object) -> str:
    done = lowbit(*quantize(model, *options), cwd=folder)
    must(done)
    return done.stderr


def test_a_table_that_fits_is_used_without_a_word(model: Path, tmp_path: Path) -> None:
    write_encodings(tmp_path / "aimet.json")
    assert said(model, tmp_path) == ""


def test_names_that_the_model_lacks_are_told(model: Path, tmp_path: Path) -> None:
    missing = {f"absent{i}": integers(0, 1) for i in range(10)}
    write_encodings(tmp_path / "aimet.json", rr=integers(0, 1), y=integers(-1, 1), f=FLOAT, g=FLOAT, **missing)
    told = said(model, tmp_path)
    assert "warning: the calibration table 'aimet.json' has 11 of 14 ranges under names that the model has not" in told
    assert told.count("note: 'absent") == 8 and "note: and 3 more" in told
    assert "has 1 of 14 ranges of values that are not quantized; they are not used: 'y'" in told
    assert "2 encodings ('f', 'g') of floats not used" in told
    write_encodings(tmp_path / "aimet.json", rr=integers(0, 1))
    assert "note: 'rr'; the nearest: 'r'" in said(model, tmp_path)


def test_a_float_encoding_of_what_is_needed_is_why_it_is_refused(model: Path, refused: Refused, tmp_path: Path) -> None:
    write_encodings(tmp_path / "aimet.json", r=FLOAT)
    refused(quantize(model), "lacks 1 of the values", "note: 'r'", "1 encoding ('r') of floats not used")


def test_merging_says_what_an_import_leaves_out(model: Path, tmp_path: Path) -> None:
    write_encodings(tmp_path / "aimet.json", f=FLOAT)
    done = lowbit("merge-tables", "aimet.json", "-o", "ours.json", cwd=tmp_path)
    must(done)
    assert "aimet.json: remark: 1 encoding ('f') of floats not used" in done.stderr


def test_a_method_without_statistics_to_choose_from_is_told(model: Path, tmp_path: Path) -> None:
    write_encodings(tmp_path / "aimet.json")
    for options in (["--method", "mse"], ["--rule", "role=activation method=entropy"]):
        told = said(model, tmp_path, *options)
        assert "warning: the calibration table has a range and no statistics" in told
        assert "2 values: 'r' (" in told or "2 values: 'xm' (" in told
    assert said(model, tmp_path, "--method", "minmax") == ""


@pytest.mark.parametrize(
    ("rule", "used"), [("role=weight method=mse", [0, 10]), ("role=activation symmetry=symmetric", [-10, 10])]
)
def test_a_range_without_zero_is_told(rule: str, used: list[float], model: Path, tmp_path: Path) -> None:
    write_encodings(tmp_path / "aimet.json", r=integers(1, 10))
    told = said(model, tmp_path, "--rule", rule, "--explain", "e.json")
    assert f"'r' (1 to 10 became {used[0]} to {used[1]})" in told
    values = {value["name"]: value for value in json.loads((tmp_path / "e.json").read_text())["values"]}
    assert values["r"]["range"] == used and values["r"]["warnings"]


# --- Tables of ours


def test_resuming_nothing_is_told(model: Path, tmp_path: Path) -> None:
    done = lowbit(*calibrate(model, "--resume"), cwd=tmp_path)
    must(done)
    assert "warning: --resume: there is no t.json to go on from" in done.stderr
    assert json.loads((tmp_path / "t.json").read_text())["samples"] == SAMPLES


def test_a_copy_of_a_table_is_told(model: Path, tmp_path: Path) -> None:
    must(lowbit(*calibrate(model), cwd=tmp_path))
    shutil.copy(tmp_path / "t.json", tmp_path / "copy.json")
    done = lowbit("merge-tables", "t.json", "copy.json", "-o", "all.json", cwd=tmp_path)
    must(done)
    assert "warning: copy.json and t.json are the same, byte for byte: their samples count twice" in done.stderr
    assert json.loads((tmp_path / "all.json").read_text())["samples"] == 2 * SAMPLES


def test_a_copy_of_a_table_is_told_in_python(model: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    table = package.load(model).calibrate(tmp_path / "data.npz")
    table.save(tmp_path / "copy.json")
    assert table.merge(package.Table.load(tmp_path / "copy.json")).samples == 2 * SAMPLES
    assert "copy.json and the calibration table of " in capfd.readouterr().err


def test_an_iterable_to_calibrate_on_and_few_samples_to_judge_on(model: Path, tmp_path: Path) -> None:
    """What docs/commands.md says of bounding the disk that `auto` takes."""
    with np.load(tmp_path / "data.npz") as data:
        samples = [{name: array[i : i + 1] for name, array in data.items()} for i in range(SAMPLES)]
    loaded = package.load(model)
    table = loaded.calibrate(iter(samples[:8]))
    loaded.quantize(iter(samples[8:]), method="auto", calibration_table=table, explain=tmp_path / "e.json")
    assert json.loads((tmp_path / "e.json").read_text())["held_out"]["of"] == SAMPLES - 8


@pytest.mark.parametrize(
    ("options", "message"),
    [({"mode": "dynamic", "method": "mse"}, "--mode dynamic measures"), ({"mask": ""}, "mask: the name of the input")],
)
def test_what_python_cannot_have(options: dict[str, Any], message: str, model: Path, tmp_path: Path) -> None:
    with pytest.raises(package.LowbitError, match=message):
        package.load(model).quantize(tmp_path / "data.npz", **options)


def test_a_table_of_a_later_version(model: Path, refused: Refused, tmp_path: Path) -> None:
    must(lowbit(*calibrate(model), cwd=tmp_path))
    text = (tmp_path / "t.json").read_text().replace('"version": 1', '"version": 99')
    (tmp_path / "later.json").write_text(text)
    command = ["quantize", model, "--calibration-table", "later.json", "-o", "q.mlir"]
    refused(command, "version: is 99", "reads version 1", "upgrade lowbit")


@pytest.mark.parametrize(
    ("options", "asks"),
    [
        (["--prepare", "auto"], "--prepare auto"),
        (["--prepare", "smooth-quant", "--smooth-quant-strength", "search"], "--smooth-quant-strength search"),
        (["--method", "auto"], "--method auto"),
        (["--rule", "role=weight method=auto"], "the rule method=auto"),
    ],
)
def test_what_compares_outputs_is_named(
    options: list[object], asks: str, model: Path, refused: Refused, tmp_path: Path
) -> None:
    must(lowbit(*calibrate(model, "--channels"), cwd=tmp_path))
    command = ["quantize", model, "--calibration-table", "t.json", "-o", "q.mlir", *options]
    refused(command, f"error: {asks} compares the outputs on samples: give --calibration-data <inputs>")
    refused([*command[:-2], "--held-out", "3"], "--held-out leaves samples out of the table")
