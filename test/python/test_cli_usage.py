"""Wrong usage: exit code 2, the usage, one error, and nothing done. Options of later versions say that they are."""

from pathlib import Path

import pytest
from artifacts import lowbit
from inputs import ONNX, PAIRS

MODEL = ONNX["mnist_pytorch"]
DATA = PAIRS  # a file that is there; nothing is read of it
RECIPE = Path(__file__)
QUANTIZE = ["quantize", MODEL, "-o", "q.mlir"]

LATER = [
    ["compile", "q.mlir", "-o", "model.so"],
    [*QUANTIZE, "--quantized-io"],
    [*QUANTIZE, "--calibration-data", "random"],
]

WRONG = [
    ["run", MODEL, "--inputs", "in.npz", "-o", "out.npz", "--interpret", "--threads", "2"],
    [],
    ["frobnicate"],
    ["import"],
    ["import", MODEL],
    ["import", MODEL, "-o", "-"],
    ["import", MODEL, "-o", "weights.safetensors"],
    ["import", MODEL, "-o", "m.onnx"],
    ["quantize", MODEL, "-o", "m.int8"],
    ["quantize", "", "-o", "q.mlir"],
    [*QUANTIZE, "--explain", "./q.mlir"],
    [*QUANTIZE, "--explain", "q.safetensors"],
    [*QUANTIZE, "--explain", MODEL],
    ["import", MODEL, "-o", "m.mlir", "--shape", "batch"],
    ["import", MODEL, "-o", "m.mlir", "--shape", "batch=0"],
    ["import", MODEL, "-o", "m.mlir", "--shape", "batch=-1"],
    ["import", MODEL, "-o", "m.mlir", "--shape", "batch=1,batch=2"],
    ["quantize", MODEL],
    [*QUANTIZE, "--mode", "static"],
    [*QUANTIZE, "--mode", "sometimes"],
    [*QUANTIZE, "--method", "guess"],
    [*QUANTIZE, "--method", "minmax"],
    [*QUANTIZE, "--method", "percentile:"],
    [*QUANTIZE, "--method", "percentile:most"],
    [*QUANTIZE, "--calibration-data", DATA, "--mask", ""],
    ["calibrate", MODEL, "--calibration-data", DATA, "-o", "table.json", "--mask", ""],
    [*QUANTIZE, "--prepare", "polish"],
    [*QUANTIZE, "--prepare", "equalize,equalize"],
    [*QUANTIZE, "--prepare", "auto,equalize"],
    [*QUANTIZE, "--prepare", "equalize", "--smooth-quant-strength", "0.5"],
    [*QUANTIZE, "--prepare", "smooth-quant", "--smooth-quant-strength", "1.5"],
    [*QUANTIZE, "--prepare", "smooth-quant", "--smooth-quant-strength", "strong"],
    [*QUANTIZE, "--held-out", "0"],
    [*QUANTIZE, "--save-table", "t.json"],
    [*QUANTIZE, "--mask", "attention_mask"],
    [*QUANTIZE, "--calibration-data", DATA, "--mode", "dynamic", "--save-table", "t.json"],
    [*QUANTIZE, "--report", "q.mlir"],
    [*QUANTIZE, "--report", "q.safetensors"],
    [*QUANTIZE, "--report", MODEL],
    [*QUANTIZE, "--report", "r", "--explain", "r"],
    [*QUANTIZE, "--report", "r", "--explain", "./r"],
    [*QUANTIZE, "--calibration-data", DATA, "--save-table", DATA],
    [*QUANTIZE, "--calibration-data", DATA, "--save-table", "t", "--report", "t"],
    [*QUANTIZE, "--recipe", RECIPE, "--explain", RECIPE],
    ["calibrate", MODEL, "--calibration-data", DATA],
    ["calibrate", MODEL, "-o", "table.json"],
    ["calibrate", MODEL, "--calibration-data", DATA, "-o", "-"],
    ["calibrate", MODEL, "--calibration-data", DATA, "-o", "table.json", "--observe", "some"],
    ["calibrate", MODEL, "--calibration-data", DATA, "-o", "table.json", "--method", "mse"],
    ["merge-tables", "-o", "table.json"],
    ["merge-tables", "a.json", "b.json"],
    [*QUANTIZE, "--mode", "integer-only"],
    [*QUANTIZE, "--threads", "0"],
    [*QUANTIZE, "--threads", "many"],
    [*QUANTIZE, "--explain", "q.mlir"],
    [*QUANTIZE, "--calib", "d.npz"],
    ["run", MODEL],
    ["run", MODEL, "--inputs", "in.npz"],
    ["bench"],
    ["compare", MODEL, MODEL],
    ["compare", MODEL, "--inputs", "in.npz"],
    ["compare", MODEL, MODEL, "--inputs", "in.npz", "--mode", "dynamic", "--layers", "0"],
    ["compare", MODEL, MODEL, "--inputs", "in.npz", "--mode", "static"],
]


def check(arguments: list[object], folder: Path) -> str:
    done = lowbit(*arguments, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("usage: lowbit")
    assert done.stderr.count("error:") == 1
    assert list(folder.iterdir()) == []
    return done.stderr


def title(arguments: list[object]) -> str:
    return " ".join(str(a) for a in arguments if a is not MODEL) or "nothing"


@pytest.mark.parametrize("arguments", LATER, ids=title)
def test_what_later_versions_bring_is_refused(arguments: list[object], tmp_path: Path) -> None:
    assert "not available in this version" in check(arguments, tmp_path)


@pytest.mark.parametrize("arguments", WRONG, ids=title)
def test_wrong_usage_is_refused(arguments: list[object], tmp_path: Path) -> None:
    check(arguments, tmp_path)


@pytest.mark.parametrize("number", ["0", "-1", "100.1", "nan", "1e3", "1e", ""])
def test_a_percentile_is_in_its_interval(number: str, tmp_path: Path) -> None:
    said = check([*QUANTIZE, "--calibration-data", DATA, "--method", f"percentile:{number}"], tmp_path)
    assert "above 0 and up to 100" in said


@pytest.mark.parametrize(
    "options",
    [["--method", "mse"], ["--prepare", "auto"], ["--save-table", "t"], ["--mask", "m"], ["--held-out", "3"]],
    ids=title,
)
@pytest.mark.parametrize("data", [[], ["--calibration-data", DATA]], ids=title)
def test_what_calibrates_does_not_go_with_dynamic_ranges(
    data: list[object], options: list[object], tmp_path: Path
) -> None:
    said = check([*QUANTIZE, "--mode", "dynamic", *data, *options], tmp_path)
    assert f"{' '.join(map(str, options[: 1 + ('mse' in options)]))} " in said
    assert "--mode dynamic observes nothing" in said


@pytest.mark.parametrize("command", ["", "import", "calibrate", "merge-tables", "quantize", "run", "bench", "compare"])
def test_help_has_examples(command: str) -> None:
    done = lowbit(*filter(None, [command]), "--help")
    assert done.returncode == 0
    assert f"examples:\n  lowbit {command}" in done.stdout
