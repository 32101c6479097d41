"""Calibration tables that the pipeline of quant-opt writes and reads."""

import json
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from artifacts import Artifacts
from inputs import INPUT, samples
from observing import MODEL, SAMPLES, archive, must, observers, tool


@pytest.fixture
def whole(artifacts: Artifacts, tmp_path: Path) -> Path:
    """A table of all values, of the samples in whole.npz."""
    module = observers(artifacts, MODEL, tmp_path, "observe=all channels=true")
    data = archive(tmp_path / "whole.npz", samples(MODEL, SAMPLES)[INPUT[MODEL]])
    must(tool("quant-run", module, "--observe", tmp_path / "whole.json", "--inputs", data))
    return tmp_path / "whole.json"


@pytest.fixture
def quantize(artifacts: Artifacts, tmp_path: Path) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    def run(options: str, model: str = MODEL) -> "subprocess.CompletedProcess[str]":
        arguments = [artifacts.imported(model), f"--quantize-ptq={options}", "-o", tmp_path / "q.mlir"]
        return tool("quant-opt", *arguments)

    return run


def test_a_saved_table_gives_the_same_model(
    quantize: Callable[..., "subprocess.CompletedProcess[str]"], whole: Path, tmp_path: Path
) -> None:
    table, module = tmp_path / "saved.json", tmp_path / "q.mlir"
    must(quantize(f"calibration-data={tmp_path / 'whole.npz'} save-table={table}"))
    from_data = module.read_bytes()
    must(quantize(f"calibration-table={table}"))
    assert module.read_bytes() == from_data
    # A table may have more than is read of it.
    must(quantize(f"calibration-table={whole}"))
    assert module.read_bytes() == from_data


def test_tables_that_do_not_fit(
    quantize: Callable[..., "subprocess.CompletedProcess[str]"], whole: Path, tmp_path: Path
) -> None:
    table = json.loads(whole.read_text())

    def refuse(changed: Mapping[str, object], *words: str, options: str = "", model: str = MODEL) -> None:
        path = tmp_path / "changed.json"
        path.write_text(json.dumps(changed))
        for written in tmp_path.glob("q.*"):
            written.unlink()
        done = quantize(f"calibration-table={path}{options}", model)
        assert done.returncode == 1
        assert done.stderr.count("error: ") == 1
        assert all(word in done.stderr for word in (f"'{path}'", *words)), done.stderr
        assert not (tmp_path / "q.mlir").exists()

    refuse(table, "is of another model: its fingerprint is", table["fingerprint"], model="mnist_cntk")
    must(quantize(f"calibration-data={tmp_path / 'whole.npz'} save-table={tmp_path / 'operands.json'}"))
    operands = json.loads((tmp_path / "operands.json").read_text())["values"]
    values = dict(table["values"])
    name, near = max(operands, key=len), max(operands, key=len) + "_"
    renamed = {**{k: v for k, v in values.items() if k != name}, near: values[name]}
    refuse({**table, "values": renamed}, "lacks 1 of the values", f"'{name}'; the nearest: ", f"'{near}'")
    refuse({**table, "values": {**values, "new": values[name]}}, "has 1 values that the model has not", "'new'")

    # A table of another tool may have more values, but not less.
    entry = {"bitwidth": 8, "is_symmetric": "True", "min": -1.27, "max": 1.27, "offset": -127, "scale": 0.01}
    ranges = {k: [entry] for k in values}
    encodings = {"version": "0.6.1", "activation_encodings": {**ranges, "other": ranges[name]}, "param_encodings": {}}
    path = tmp_path / "imported.json"
    path.write_text(json.dumps(encodings))
    must(quantize(f"calibration-table={path} compile-to=calibrate"))
    assert "max = 1.270000e+00 : f32, min = -1.270000e+00 : f32" in (tmp_path / "q.mlir").read_text()
    del encodings["activation_encodings"][name]  # type: ignore[attr-defined]
    refuse(encodings, "lacks 1 of the values", f"'{name}'")

    (tmp_path / "partial.json").write_text(json.dumps({**table, "interrupted_of": 100}))
    done = quantize(f"calibration-table={tmp_path / 'partial.json'}")
    must(done)
    assert "warning: the calibration table" in done.stderr
    assert "it has seen 64 of 100 samples" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        "calibration-data=d.npz calibration-table=t.json",
        "save-table=t.json",
        "resume=t.json calibration-table=t.json",
        "mask=m",
        "mode=dynamic calibration-table=t.json",
    ],
)
def test_options_that_do_not_go_together(
    options: str, quantize: Callable[..., "subprocess.CompletedProcess[str]"]
) -> None:
    done = quantize(options)
    assert done.returncode == 1
    assert "quantize-ptq: " in done.stderr
