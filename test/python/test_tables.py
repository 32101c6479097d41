"""Calibration tables from outside: ranges that ONNX Runtime itself wrote, and tables merged by quant-run."""

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from lowbit.tools import find_tool
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization.calibrate import (
    CalibrationDataReader,
    CalibrationMethod,
    TensorsData,
    create_calibrator,
)
from onnxruntime.quantization.quant_utils import write_calibration_table

FINGERPRINT = "0123456789abcdef" * 2

# What lowbit prints for the samples [-0.5, 0, 1] and [0.1, 1.0009765625].
VALUE = {
    "count": 5,
    "histogram": {
        "octaves": [
            {"counts": [1], "exponent": -1, "first": 0, "offsets": [0], "sign": "-"},
            {"counts": [1], "exponent": -4, "first": 76, "offsets": [52429], "sign": "+"},
            {"counts": [1, 1], "exponent": 0, "first": 0, "offsets": [0, 0], "sign": "+"},
        ],
        "zeros": 1,
    },
    "max": 1.0009766,
    "min": -0.5,
    "samples": 2,
    "second_max": 1,
    "second_min": 0.1,
    "sum": {"exact": "0xccecccdp-27", "value": 1.6009765639901161},
    "sum_of_maxima": {"exact": "0x801p-10", "value": 2.0009765625},
    "sum_of_minima": {"exact": "-0x3333333p-27", "value": -0.3999999985098839},
    "sum_of_squares": {"exact": "0x90c3db0a8f5c29p-54", "value": 2.2619540789723396},
}


def merge(tables: list[Path], output: Path) -> subprocess.CompletedProcess[str]:
    command = [str(find_tool("quant-run")), "--merge-tables", *map(str, tables), "-o", str(output)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def write_table(path: Path, **changes: Any) -> Path:
    table = {"fingerprint": FINGERPRINT, "samples": 2, "source": "lowbit", "values": {"x": VALUE}, "version": 1}
    path.write_text(json.dumps({**table, "samples_hash": "c000000000000001", **changes}))
    return path


class Reader(CalibrationDataReader):  # type: ignore[misc]
    """Three batches of normal floats."""

    def __init__(self) -> None:
        self.batches = iter(np.random.default_rng(1).standard_normal((3, 2, 4)).astype(np.float32))

    def get_next(self) -> dict[str, np.ndarray] | None:
        batch = next(self.batches, None)
        return None if batch is None else {"x": batch}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    weights = numpy_helper.from_array(np.random.default_rng(0).standard_normal((4, 3)).astype(np.float32), "w")
    graph = helper.make_graph(
        [helper.make_node("MatMul", ["x", "w"], ["y"]), helper.make_node("Relu", ["y"], ["z"])],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 3])],
        [weights],
    )
    path = tmp_path_factory.mktemp("model") / "m.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def calibrate(model: Path, folder: Path, method: CalibrationMethod, **options: Any) -> TensorsData:
    calibrator = create_calibrator(
        model,
        augmented_model_path=str(folder / "augmented.onnx"),
        calibrate_method=method,
        extra_options=options,
    )
    calibrator.set_execution_providers(["CPUExecutionProvider"])
    calibrator.collect_data(Reader())
    return calibrator.compute_data()


@pytest.mark.parametrize(
    ("method", "options"),
    [
        (CalibrationMethod.MinMax, {}),
        (CalibrationMethod.MinMax, {"symmetric": True}),
        (CalibrationMethod.Entropy, {}),
        (CalibrationMethod.Percentile, {}),
        (CalibrationMethod.Distribution, {"scenario": "same"}),
    ],
)
def test_ranges_of_onnx_runtime(
    model: Path, tmp_path: Path, method: CalibrationMethod, options: dict[str, Any]
) -> None:
    data = calibrate(model, tmp_path, method, **options)
    try:
        write_calibration_table(data, str(tmp_path))  # calibration.json, then its other two files
    except AttributeError:
        assert method == CalibrationMethod.Distribution
    done = merge([tmp_path / "calibration.json"], tmp_path / "out.json")
    assert done.returncode == 0, done.stderr
    table = json.loads((tmp_path / "out.json").read_text())
    assert table["source"] == "onnxruntime"
    assert set(table["ranges"]) == {"x", "y", "z"}
    for name, entry in table["ranges"].items():
        lowest, highest = data[name].range_value
        assert np.float32(entry["min"]) == np.float32(np.min(lowest))
        assert np.float32(entry["max"]) == np.float32(np.max(highest))


def test_channels_of_onnx_runtime_become_one_range(model: Path, tmp_path: Path) -> None:
    data = calibrate(model, tmp_path, CalibrationMethod.MinMax, per_channel=True)
    with pytest.raises(ValueError, match="size 1"):  # from the files that it writes after the JSON
        write_calibration_table(data, str(tmp_path))
    done = merge([tmp_path / "calibration.json"], tmp_path / "out.json")
    assert "data.z: the ranges of its 3 channels became one that covers them" in done.stderr
    ranges = json.loads((tmp_path / "out.json").read_text())["ranges"]
    lowest, highest = data["y"].range_value
    assert lowest.size == 3
    assert np.float32(ranges["y"]["min"]) == lowest.min()
    assert np.float32(ranges["y"]["max"]) == highest.max()


def test_merged_tables_add_up(tmp_path: Path) -> None:
    tables = [write_table(tmp_path / f"{i}.json") for i in range(3)]
    outputs = []
    for order in ([0, 1, 2], [2, 0, 1]):
        done = merge([tables[i] for i in order], tmp_path / "all.json")
        assert (done.returncode, done.stdout, done.stderr) == (0, "3 tables, 1 value, 6 samples\n", "")
        outputs.append((tmp_path / "all.json").read_bytes())
    assert outputs[0] == outputs[1]
    assert json.loads(outputs[0])["samples_hash"] == "4000000000000003"
    value = json.loads(outputs[0])["values"]["x"]
    assert value["count"] == 15
    assert value["samples"] == 6
    assert [octave["counts"] for octave in value["histogram"]["octaves"]] == [[3], [3], [3, 3]]
    assert value["sum"]["value"] == float(np.float32(0.1)) * 3 + 3 * 1.5009765625
    assert (value["second_min"], value["second_max"]) == (-0.5, 1.0009766)


def test_an_interrupted_part_marks_the_whole(tmp_path: Path) -> None:
    whole = write_table(tmp_path / "a.json")
    part = write_table(tmp_path / "b.json", interrupted_of=7)
    done = merge([whole, part], tmp_path / "all.json")
    assert done.stdout == "2 tables, 1 value, 4 samples of 9 (a run was interrupted)\n"
    assert json.loads((tmp_path / "all.json").read_text())["interrupted_of"] == 9


def test_refusals_are_one_line_and_leave_no_file(tmp_path: Path) -> None:
    good = write_table(tmp_path / "good.json")
    other = write_table(tmp_path / "other.json", fingerprint="f" * 32)
    damaged = write_table(tmp_path / "damaged.json", values={"x": {**VALUE, "count": 6}})
    (tmp_path / "short.json").write_bytes(good.read_bytes()[:100])
    (tmp_path / "link.json").symlink_to(good)
    for tables, message in [
        ([good, other], "they are of different models, with fingerprints"),
        ([good, damaged], "damaged.json': values.x.histogram: has counts of 5 in all, and 'count' is 6; "),
        ([good, tmp_path / "short.json"], "short.json': is not JSON: "),
        ([good, tmp_path / "none.json"], "cannot read the calibration table '"),
        ([good, good], "give each table once, or its samples count twice"),
        ([good, tmp_path / "link.json"], "give each table once, or its samples count twice"),
    ]:
        done = merge(tables, tmp_path / "all.json")
        assert done.returncode == 1
        assert done.stderr.count("\n") == 1
        assert message in done.stderr
        assert not (tmp_path / "all.json").exists()
    before = good.read_bytes()
    done = merge([good], good)
    assert "is both read and written" in done.stderr
    assert good.read_bytes() == before
