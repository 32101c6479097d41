"""Networks without a float operation between the quantize of their inputs and the dequantize of their results."""

import json
import re
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest
from artifacts import MODELS, Artifacts, Refused, load, lowbit, must, run, save, tools_folder
from inputs import INPUT, as_mnist_cntk, as_mnist_pytorch, mnist_test_set
from lowbit import sts
from onnx import TensorProto, helper

PREPARE = {"mnist_cntk": as_mnist_cntk, "mnist_pytorch": as_mnist_pytorch}
ACCURACY = {"mnist_cntk": 0.9885, "mnist_pytorch": 0.9900}


@pytest.mark.parametrize("model", ACCURACY)
def test_accuracy_on_all_images(model: str, artifacts: Artifacts, mnist: Path, tmp_path: Path) -> None:
    images, labels = mnist_test_set(mnist)
    source = save(tmp_path / "images.npz", {INPUT[model]: PREPARE[model](images)})
    (logits,) = run(artifacts.quantized(model, "integer-only"), source, tmp_path).values()
    assert np.mean(logits.reshape(len(labels), -1).argmax(1) == labels) >= ACCURACY[model]


def test_photographs(artifacts: Artifacts, tmp_path: Path) -> None:
    source = artifacts.inputs("resnet8", 300)  # the first 100 calibrate
    (expected,) = run(artifacts.imported("resnet8"), source, tmp_path).values()
    (actual,) = run(artifacts.quantized("resnet8", "integer-only"), source, tmp_path).values()
    assert np.mean(expected[100:].argmax(1) == actual[100:].argmax(1)) >= 0.93
    assert np.abs(expected[100:] - actual[100:]).mean() <= 0.01  # of probabilities


def test_sentences(artifacts: Artifacts) -> None:
    pairs = sts.load_pairs(Path(__file__).parents[1] / "data/minilm_sts/stsb_dev_subset.npz").scored()
    embeddings = sts.embed(artifacts.quantized("minilm", "integer-only"), pairs.sentences)
    assert sts.cosines(embeddings, pairs.golden).mean() >= 0.99


@pytest.mark.parametrize("model", MODELS)
def test_compiled_code_equals_the_interpreter(model: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module, source = artifacts.quantized(model, "integer-only"), artifacts.inputs(model, 2)
    must(lowbit("run", module, "--inputs", source, "-o", tmp_path / "c.npz"))
    must(lowbit("run", module, "--inputs", source, "-o", tmp_path / "i.npz", "--interpret"))
    compiled, interpreted = load(tmp_path / "c.npz"), load(tmp_path / "i.npz")
    for name in compiled:
        assert (compiled[name] == interpreted[name]).all(), name


@pytest.mark.parametrize("model", MODELS)
def test_floats_are_at_the_borders_only(model: str, artifacts: Artifacts) -> None:
    """Read from the text, not with the verifier: what has f32 in its loops reads an argument or makes a result."""
    tool = tools_folder() / "quant-opt"
    text = subprocess.run([tool, artifacts.quantized(model, "integer-only")], capture_output=True, check=True).stdout
    lines = text.decode("utf-8", errors="replace").splitlines()
    body = [line for line in lines if " = linalg." in line or " = tensor." in line or line.startswith("    return ")]
    returned = set(re.findall(r"%[\w#]+", next(line for line in body if line.startswith("    return "))))
    moved = {name for line in body if "f32" in line for name in re.findall(r"^ +(%\w+) = tensor\.", line)}
    checked = 0
    for line in body:
        if " = linalg." not in line or "f32" not in line:
            continue
        checked += 1
        read = re.search(r"ins\(([^)]*)\)", line)
        assert read, line
        sources = set(re.findall(r"%[\w#]+", read[1].split(":")[0]))
        result = line.split(" = ")[0].strip()
        assert sources <= moved | {f"%arg{i}" for i in range(9)} or result in returned, line
    assert 1 <= checked <= 4


def test_every_operation_is_accounted_for(artifacts: Artifacts, tmp_path: Path) -> None:
    model = "mnist_pytorch"
    options = ["--calibration-data", artifacts.calibration(model), "--mode", "integer-only", "--explain", "e.json"]
    must(lowbit("quantize", artifacts.imported(model), *options, "-o", "q.mlir", cwd=tmp_path))
    operations = json.loads((tmp_path / "e.json").read_text())["operations"]
    assert len({operation["name"] for operation in operations}) == len(operations) > 10
    assert {operation["result"] for operation in operations} <= {"integer", "table", "moved", "fused"}


def save_model(path: Path, *nodes: tuple[str, list[str], list[str]]) -> None:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 4]) for name in "xy"]
    weight = helper.make_tensor("w", TensorProto.FLOAT, [4, 4], np.eye(4, dtype=np.float32).ravel())
    made = [helper.make_node(*node, name=node[2][0]) for node in nodes]
    graph = helper.make_graph(made, "g", value[:1], value[1:], [weight])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), path)
    np.savez(path.parent / "d.npz", x=np.linspace(-3, 3, 80, dtype=np.float32).reshape(20, 4))


# Each function on values from -3 to 3, through an 8-bit matrix product; the error that 8 bits in and out explain.
FUNCTIONS = {
    "Tanh": np.tanh,
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Exp": np.exp,
    "Relu": lambda x: np.maximum(x, 0),
    "Softplus": lambda x: np.log1p(np.exp(x)),
    "HardSwish": lambda x: x * np.clip(x / 6 + 0.5, 0, 1),
}


@pytest.mark.parametrize("op", FUNCTIONS)
def test_functions_are_near_the_float(op: str, tmp_path: Path) -> None:
    save_model(tmp_path / "m.onnx", ("MatMul", ["x", "w"], ["m"]), (op, ["m"], ["y"]))
    done = lowbit(
        "quantize", "m.onnx", "--calibration-data", "d.npz", "--mode", "integer-only", "-o", "q.mlir", cwd=tmp_path
    )
    if op in ("HardSwish", "Softplus") and "Unsupported" in done.stderr + done.stdout:
        pytest.fail(done.stderr)
    must(done)
    must(lowbit("run", "q.mlir", "--inputs", "d.npz", "-o", "o.npz", cwd=tmp_path))
    x = load(tmp_path / "d.npz")["x"]
    step = 6 / 255
    slope = np.abs(np.diff(FUNCTIONS[op](np.linspace(-3.1, 3.1, 1000))) / (6.2 / 999)).max()
    error = np.abs(load(tmp_path / "o.npz")["y"] - FUNCTIONS[op](x)).max()
    assert error <= 1.1 * step * slope


def test_a_table_without_the_ranges_of_all_values_is_refused(
    refused: Refused, artifacts: Artifacts, tmp_path: Path
) -> None:
    model = artifacts.imported("mnist_pytorch")
    must(
        lowbit(
            "calibrate", model, "--calibration-data", artifacts.calibration("mnist_pytorch"), "-o", tmp_path / "t.json"
        )
    )
    refused(["quantize", model, "--calibration-table", "t.json", "--mode", "integer-only", "-o", "q.mlir"], "observe")


def test_an_operation_without_an_integer_form_is_named(refused: Refused, tmp_path: Path) -> None:
    start = [("MatMul", ["x", "w"], ["m"]), ("Exp", ["m"], ["e"]), ("Softmax", ["m"], ["s"])]
    save_model(tmp_path / "m.onnx", *start, ("Pow", ["e", "s"], ["p"]), ("Tanh", ["p"], ["y"]))
    refused(
        ["quantize", "m.onnx", "--calibration-data", "d.npz", "--mode", "integer-only", "-o", "q.mlir"],
        "integer-only contract: 1 offender",
    )
