"""The commands on good input: what they write, what they print, and odd file names."""

import json
import shutil
import signal
import subprocess
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from artifacts import LOWBIT, Artifacts, load, lowbit, must
from inputs import INPUT, ONNX
from lowbit.compare import SQNR_EQUAL

MODEL = "mnist_pytorch"


def test_import_writes_bytecode_and_store(tmp_path: Path) -> None:
    assert must(lowbit("import", ONNX[MODEL], "-o", "m.mlir", cwd=tmp_path)) == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == ["m.mlir", "m.safetensors"]
    assert (tmp_path / "m.mlir").read_bytes().startswith(b"ML\xefR")


def test_import_fixes_shapes(artifacts: Artifacts, tmp_path: Path) -> None:
    module = tmp_path / "m.mlir"
    must(lowbit("import", artifacts.onnx("minilm"), "-o", module, "--shape", "batch=1,seq=16"))
    arrays = {name: value[:3, :16] for name, value in load(artifacts.inputs("minilm")).items()}
    np.savez(tmp_path / "in.npz", **arrays)
    must(lowbit("run", module, "--inputs", tmp_path / "in.npz", "-o", tmp_path / "out.npz"))
    (joined,) = load(tmp_path / "out.npz").values()
    assert joined.shape == (3, 384), "three turns of one sentence"


def test_quantize_takes_onnx_and_mlir_alike(artifacts: Artifacts, tmp_path: Path) -> None:
    options = ["--calibration-data", artifacts.calibration(MODEL)]
    must(lowbit("quantize", ONNX[MODEL], "-o", tmp_path / "q.mlir", *options))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["q.mlir", "q.safetensors"]
    (tmp_path / "again").mkdir()
    must(lowbit("quantize", artifacts.imported(MODEL), "-o", tmp_path / "again" / "q.mlir", *options))
    for name in ("q.mlir", "q.safetensors"):
        assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_quantize_without_data_says_how_to_calibrate(tmp_path: Path) -> None:
    done = lowbit("quantize", ONNX[MODEL], "-o", tmp_path / "q.mlir")
    must(done)
    assert "remark:" in done.stderr
    assert "calibration-data" in done.stderr


def test_dynamic_mode_says_that_data_is_not_used(artifacts: Artifacts, tmp_path: Path) -> None:
    options = ["--mode", "dynamic", "--calibration-data", artifacts.calibration(MODEL)]
    done = lowbit("quantize", artifacts.imported(MODEL), "-o", tmp_path / "q.mlir", *options)
    must(done)
    assert "is not used" in done.stderr


def test_explain_accounts_for_every_operation(artifacts: Artifacts, tmp_path: Path) -> None:
    options = ["--calibration-data", artifacts.calibration(MODEL), "--explain", tmp_path / "e.json"]
    must(lowbit("quantize", artifacts.imported(MODEL), "-o", tmp_path / "q.mlir", *options))
    explained = json.loads((tmp_path / "e.json").read_text())
    results = [operation["result"] for operation in explained["operations"]]
    assert set(results) <= {"integer", "table", "fused", "moved", "float"}
    assert results.count("integer") >= 4
    for operation in explained["operations"]:
        assert {"name", "op", "location", "result"} <= set(operation)
        assert operation["result"] != "float" or operation["reason"]
    assert explained["values"]


@pytest.mark.parametrize("folder", ["with space", "a,b", "it's", "both'\"", "x=1 {y}", "füße"])
def test_odd_paths(folder: str, artifacts: Artifacts, tmp_path: Path) -> None:
    place = tmp_path / folder
    place.mkdir()
    shutil.copy(ONNX[MODEL], place / "my model.onnx")
    shutil.copy(artifacts.calibration(MODEL), place / "my data.npz")
    names = ["--calibration-data", place / "my data.npz", "--explain", place / "why not.json"]
    must(lowbit("quantize", place / "my model.onnx", "-o", place / "my q.mlir", *names))
    must(lowbit("run", "my q.mlir", "--inputs", "my data.npz", "-o", "my out.npz", cwd=place))
    found = {p.name for p in place.iterdir()}
    assert found == {"my model.onnx", "my data.npz", "my q.mlir", "my q.safetensors", "why not.json", "my out.npz"}


def test_data_forms_are_equal(artifacts: Artifacts, tmp_path: Path) -> None:
    """An npz, an npy, a folder and a list of the same samples give the same module."""
    (array,) = load(artifacts.calibration(MODEL)).values()
    np.save(tmp_path / "d.npy", array)
    (tmp_path / "folder").mkdir()
    np.savez(tmp_path / "folder" / "0.npz", **{INPUT[MODEL]: array[:60]})
    np.savez(tmp_path / "folder" / "1.npz", **{INPUT[MODEL]: array[60:]})
    (tmp_path / "list.txt").write_text("# two files\nfolder/0.npz\n\nfolder/1.npz\n")
    expected = artifacts.quantized(MODEL, "static").read_text()
    for data in ("d.npy", "folder", "list.txt"):
        module = tmp_path / artifacts.quantized(MODEL, "static").name
        must(lowbit("quantize", artifacts.imported(MODEL), "-o", module, "--calibration-data", tmp_path / data))
        assert module.read_text() == expected, data


def test_bench_json(artifacts: Artifacts) -> None:
    result = json.loads(must(lowbit("bench", artifacts.quantized(MODEL, "static"), "--threads", 1, "--json")))
    assert {"median_ms", "min_ms", "gops", "peak_share", "threads", "target"} <= set(result)
    assert 0 < result["min_ms"] <= result["median_ms"]
    assert result["threads"] == 1
    assert "median" in must(lowbit("bench", artifacts.quantized(MODEL, "static")))


def test_compare_ranks_layers(artifacts: Artifacts) -> None:
    pair = [artifacts.imported(MODEL), artifacts.quantized(MODEL, "static")]
    command = ["compare", *pair, "--inputs", artifacts.inputs(MODEL, 20)]
    result = json.loads(must(lowbit(*command, "--json")))
    assert result["samples"] == 20
    (output,) = result["outputs"]
    assert set(output) == {"name", "sqnr_db", "cosine_mean", "cosine_min", "max_abs"}
    assert 10 < output["sqnr_db"] < SQNR_EQUAL
    assert 0.98 < output["cosine_min"] <= output["cosine_mean"] <= 1
    assert len(result["layers"]) >= 4
    assert all(set(layer) == {"id", "sqnr_db", "cosine"} for layer in result["layers"])
    noise = [layer["sqnr_db"] for layer in result["layers"]]
    assert noise == sorted(noise)
    assert result["next"]
    printed = must(lowbit(*command))
    assert "worst first" in printed
    assert "next:" in printed


def test_compare_of_equal_models(artifacts: Artifacts) -> None:
    module = artifacts.imported(MODEL)
    result = json.loads(must(lowbit("compare", ONNX[MODEL], module, "--inputs", artifacts.inputs(MODEL), "--json")))
    assert all(row["sqnr_db"] == SQNR_EQUAL for row in result["outputs"] + result["layers"])
    assert result["next"] == ["nothing: the outputs are equal"]


def test_compare_with_open_dimensions(artifacts: Artifacts) -> None:
    pair = [artifacts.imported("minilm"), artifacts.quantized("minilm", "static")]
    result = json.loads(must(lowbit("compare", *pair, "--inputs", artifacts.inputs("minilm"), "--json")))
    assert result["outputs"][0]["cosine_mean"] > 0.98
    assert len(result["layers"]) > 40


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_command_leaves_nothing(
    number: signal.Signals, artifacts: Artifacts, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    options = ["--calibration-data", str(artifacts.calibration("minilm")), "-o", str(tmp_path / "out" / "q.mlir")]
    command = [str(LOWBIT), "quantize", str(artifacts.imported("minilm")), *options]
    # A job in the background of a shell inherits that SIGINT is ignored.
    listen = partial(signal.signal, number, signal.SIG_DFL)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=listen) as started:
        # The run on the data has begun when quant-run writes its files.
        deadline = time.monotonic() + 60
        while not list((tmp_path / "temporary").rglob("*.json")) and time.monotonic() < deadline:
            time.sleep(0.05)
        started.send_signal(number)
        _, errors = started.communicate(timeout=60)
    assert started.returncode == 128 + number
    assert errors == ""
    assert list((tmp_path / "out").iterdir()) == []
    assert list((tmp_path / "temporary").iterdir()) == []


# A module without a lowbit.id: the quantity is the logarithm of the input, which is not finite at 0.
BY_HAND = """
#map = affine_map<(d0, d1) -> (d0, d1)>
func.func @main(%x: tensor<2x2xf32>) -> tensor<2x2xf32> {
  %empty = tensor.empty() : tensor<2x2xf32>
  %y = linalg.generic {indexing_maps = [#map, #map], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<2x2xf32>) outs(%empty : tensor<2x2xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = math.OPERATION %a : f32
    linalg.yield %0 : f32
  } -> tensor<2x2xf32>
  return %y : tensor<2x2xf32>
}
"""


def test_compare_of_modules_by_hand(tmp_path: Path) -> None:
    """Values get names by position, and a NaN in an output is no equality."""
    for operation in ("log", "absf"):
        (tmp_path / f"{operation}.mlir").write_text(BY_HAND.replace("OPERATION", operation))
    np.savez(tmp_path / "in.npz", arg0=np.array([[1, 2], [-1, 3]], np.float32))
    command = ["compare", "log.mlir", "absf.mlir", "--inputs", "in.npz", "--json"]
    done = lowbit(*command, cwd=tmp_path)
    result = json.loads(must(done))
    assert done.stderr == ""
    assert [layer["id"] for layer in result["layers"]] == ["generic_0"]
    (output,) = result["outputs"]
    assert output["sqnr_db"] == -SQNR_EQUAL
    assert output["cosine_min"] is None
