"""Formats, granularities and rules, through the pipeline and compiled code.

Compiled code and the interpreter give the same bits for every format. The error of a contraction has a bound that
follows from the rounding of its operands: each is wrong by half a step at most.
"""

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from artifacts import load, must, save, tools_folder
from safetensors.numpy import load_file, save_file

ROWS, DEPTH, COLUMNS = 6, 24, 8


def opt(model: Path, options: str, output: Path) -> "subprocess.CompletedProcess[str]":
    command = [tools_folder() / "quant-opt", model, f"--quantize-ptq={options}", "-o", output]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def run_both(model: Path, inputs: Path, isa: tuple[str, ...] = ("auto",)) -> dict[str, np.ndarray]:
    """The outputs of compiled code, which have to be those of the interpreter."""
    found = []
    for extra in (["--interpret"], *(["--isa", name] for name in isa)):
        output = model.with_suffix(".npz")
        command = [tools_folder() / "quant-run", model, "--inputs", inputs, "-o", output, *extra]
        must(subprocess.run(list(map(str, command)), capture_output=True, text=True))
        found.append(load(output))
    interpreted, *compiled = found
    for outputs in compiled:
        for name, values in outputs.items():
            assert values.tobytes() == interpreted[name].tobytes(), name
    return interpreted


@pytest.fixture(scope="module")
def layer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """x @ w, and x @ v, with weights in a store."""
    folder = tmp_path_factory.mktemp("recipe")
    random = np.random.default_rng(11)
    weights = {name: random.normal(size=(DEPTH, COLUMNS)).astype(np.float32) for name in "wv"}
    save_file(weights, folder / "layer.safetensors")
    save(folder / "inputs.npz", {"x": random.normal(size=(ROWS, DEPTH)).astype(np.float32)})
    x, w, y = f"tensor<{ROWS}x{DEPTH}xf32>", f"tensor<{DEPTH}x{COLUMNS}xf32>", f"tensor<{ROWS}x{COLUMNS}xf32>"
    products = "".join(
        f"""
    %{name}0 = lowbit.get_parameter @{name} : {w}
    %{name}1 = linalg.matmul {{lowbit.id = "product.{name}"}} ins(%x, %{name}0 : {x}, {w}) outs(%zeros : {y}) -> {y}"""
        for name in "wv"
    )
    (folder / "layer.mlir").write_text(f"""
module attributes {{lowbit.store = "layer.safetensors"}} {{
  lowbit.parameter @w : {w}
  lowbit.parameter @v : {w}
  func.func @main(%x: {x} {{lowbit.name = "x"}}) -> ({y} {{lowbit.name = "w"}}, {y} {{lowbit.name = "v"}}) {{
    %zero = arith.constant 0.0 : f32
    %empty = tensor.empty() : {y}
    %zeros = linalg.fill ins(%zero : f32) outs(%empty : {y}) -> {y}{products}
    return %w1, %v1 : {y}, {y}
  }}
}}
""")
    return folder / "layer.mlir"


@dataclass(frozen=True)
class Case:
    """Options, with the bits of activations and weights, and whether contractions become integer."""

    options: str
    activation: int
    weight: int
    reason: str = ""
    group: int = DEPTH
    asymmetric: bool = False
    rows: bool = False


CASES = [
    Case("", 8, 8),
    Case("rule='format=i4'", 4, 4),
    Case("rule='format=i2'", 2, 2),
    Case("rule='format=i7'", 7, 7),
    Case("weights=i4 activations=i8", 8, 4),
    Case("weights=i8 activations=u5", 5, 8),
    Case("weights=i4,tensor,asymmetric", 8, 4, asymmetric=True),
    Case("weights=u6,tensor", 8, 6),
    Case("activations=i16", 16, 8),
    Case("activations=i16 weights=i4", 16, 4),
    Case("activations=i12 weights=i4,tensor,asymmetric", 12, 4, asymmetric=True),
    Case("activations=i8,row", 8, 8, rows=True),
    Case("activations=u8,row weights=i6,tensor,asymmetric", 8, 6, asymmetric=True, rows=True),
    Case("activations=i16,row weights=i4,tensor,asymmetric", 16, 4, asymmetric=True, rows=True),
    Case("rule='format=i11'", 11, 11, "weights of more than 8 bits"),
    Case("rule='format=u16'", 16, 16, "unsigned operands of more than 8 bits"),
    Case("activations=u8", 8, 8),
    Case("weights=i4,group:8", 8, 4, "operands with blocks", group=8),
    Case("weights=i4,group:7", 8, 4, "operands with blocks", group=7),
    Case("weights=i3,group:5,asymmetric", 8, 3, "operands with blocks", group=5, asymmetric=True),
    Case("weights=i6,asymmetric", 8, 6, "zero points that differ along a channel", asymmetric=True),
]


def weight_steps(case: Case, weights: np.ndarray) -> np.ndarray:
    """The scale of each weight."""
    if "tensor" in case.options:
        groups = [(slice(None), slice(None))]
    else:
        starts = range(0, DEPTH, case.group)
        groups = [(slice(start, start + case.group), slice(c, c + 1)) for start in starts for c in range(COLUMNS)]
    steps = np.empty_like(weights, dtype=np.float64)
    for group in groups:
        part = weights[group].astype(np.float64)
        if case.asymmetric:
            steps[group] = (max(part.max(), 0) - min(part.min(), 0)) / (2**case.weight - 1)
        else:
            steps[group] = np.abs(part).max() / (2 ** (case.weight - 1) - 1)
    return steps


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.options or "default")
def test_every_format_runs(case: Case, layer: Path, tmp_path: Path) -> None:
    quantized, explain = tmp_path / "q.mlir", tmp_path / "e.json"
    done = opt(layer, f"mode=dynamic explain={explain} {case.options}", quantized)
    must(done)
    operations = {entry["name"]: entry for entry in json.loads(explain.read_text())["operations"]}
    outputs = run_both(quantized, layer.parent / "inputs.npz")
    x = load(layer.parent / "inputs.npz")["x"].astype(np.float64)
    for name, weights in load_file(layer.parent / "layer.safetensors").items():
        entry = operations[f"product.{name}"]
        if case.reason:
            assert entry["result"] == "float" and entry["reason"].startswith(case.reason), entry
            assert f"remark: stays float: {case.reason}" in done.stderr
        else:
            assert entry["result"] == "integer", entry
        # Asymmetric ranges are shifted to hold 0 exactly, which costs another half step at the ends.
        half = 1.0 if case.asymmetric else 0.5
        w_error = half * weight_steps(case, weights)
        along = 1 if case.rows else None
        ends = x.min(axis=along, keepdims=True, initial=0), x.max(axis=along, keepdims=True, initial=0)
        x_error = np.broadcast_to((ends[1] - ends[0]) / (2**case.activation - 1), x.shape)
        exact = x @ weights.astype(np.float64)
        bound = np.abs(x) @ w_error + x_error @ np.abs(weights) + x_error @ w_error
        slack = 1e-5 * (np.abs(x) @ np.abs(weights))
        difference = np.abs(outputs[name] - exact)
        assert (difference <= bound + slack).all()
        # And it is quantized: the error is not that of floats.
        assert difference.max() > slack.max() or case.weight > 10


ALONE = [
    Case("", 0, 8),
    Case("weights=i4", 0, 4),
    Case("weights=i2", 0, 2),
    Case("weights=i16", 0, 16),
    Case("weights=u6,tensor", 0, 6),
    Case("weights=i6,asymmetric", 0, 6, asymmetric=True),
    Case("weights=i4,group:8", 0, 4, group=8),
    Case("weights=i4,group:7", 0, 4, group=7),  # does not divide the reduction
    Case("weights=i3,group:6,asymmetric", 0, 3, group=6, asymmetric=True),
]


@pytest.mark.parametrize("case", ALONE, ids=lambda case: case.options or "default")
def test_weights_alone(case: Case, layer: Path, tmp_path: Path) -> None:
    """Every bit of an activation counts: the error is that of the weights, and of f32 sums."""
    quantized, explain = tmp_path / "q.mlir", tmp_path / "e.json"
    must(opt(layer, f"mode=weight-only explain={explain} {case.options}", quantized))
    explained = json.loads(explain.read_text())
    kind = "u" if "=u" in case.options else "i"
    spread = "in groups" if "group" in case.options else "per tensor" if "tensor" in case.options else "per channel"
    reason = f"its left operand is not quantized: weights {kind}{case.weight} {spread}, computed in f32"
    operations = {entry["name"]: entry for entry in explained["operations"]}
    (activation,) = (value for value in explained["values"] if value["role"] == "activation")
    assert activation["reason"] == "mode=weight-only leaves activations float" and "format" not in activation
    outputs = run_both(quantized, layer.parent / "inputs.npz", isa=("auto", "portable"))
    x = load(layer.parent / "inputs.npz")["x"].astype(np.float64)
    for name, weights in load_file(layer.parent / "layer.safetensors").items():
        assert operations[f"product.{name}"]["reason"] == reason
        w_error = (1.0 if case.asymmetric else 0.5) * weight_steps(case, weights)
        slack = 1e-5 * (np.abs(x) @ np.abs(weights))
        difference = np.abs(outputs[name] - x @ weights.astype(np.float64))
        assert (difference <= np.abs(x) @ w_error + slack).all()
        assert difference.max() > slack.max() or case.weight > 10


def test_what_is_kept_float_is_float_whole(layer: Path, tmp_path: Path) -> None:
    """One of two readers of x stays float, to the bit; the other is as if there were no rule."""
    inputs = layer.parent / "inputs.npz"
    outputs = {}
    for name, options in {
        "none": "mode=dynamic",
        "one": "mode=dynamic rule='name=product.w keep=float'",
        "all": "mode=dynamic rule='name=^x$ keep=float'",
    }.items():
        must(opt(layer, options, tmp_path / f"{name}.mlir"))
        outputs[name] = run_both(tmp_path / f"{name}.mlir", inputs)
    must(opt(layer, "compile-to=import", tmp_path / "float.mlir"))
    plain = run_both(tmp_path / "float.mlir", inputs)
    for name in "wv":
        assert outputs["all"][name].tobytes() == plain[name].tobytes()
    assert outputs["one"]["w"].tobytes() == plain["w"].tobytes()
    assert outputs["one"]["v"].tobytes() == outputs["none"]["v"].tobytes()


CONCAT = """
func.func @main(%a: tensor<4x8xf32> {lowbit.name = "a"}, %b: tensor<4x8xf32> {lowbit.name = "b"})
    -> (tensor<4x4xf32> {lowbit.name = "ya"}, tensor<8x4xf32> {lowbit.name = "y"}) {
  %w = arith.constant dense<0.25> : tensor<8x4xf32>
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4x4xf32>
  %z4 = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %e8 = tensor.empty() : tensor<8x4xf32>
  %z8 = linalg.fill ins(%zero : f32) outs(%e8 : tensor<8x4xf32>) -> tensor<8x4xf32>
  %ya = linalg.matmul ins(%a, %w : tensor<4x8xf32>, tensor<8x4xf32>) outs(%z4 : tensor<4x4xf32>) -> tensor<4x4xf32>
  %yb = linalg.matmul ins(%b, %w : tensor<4x8xf32>, tensor<8x4xf32>) outs(%ya : tensor<4x4xf32>) -> tensor<4x4xf32>
  %c = tensor.concat dim(0) %a, %b {lowbit.id = "c"} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<8x8xf32>
  %y = linalg.matmul ins(%c, %w : tensor<8x8xf32>, tensor<8x4xf32>) outs(%z8 : tensor<8x4xf32>) -> tensor<8x4xf32>
  return %yb, %y : tensor<4x4xf32>, tensor<8x4xf32>
}
"""


@pytest.mark.parametrize("ratio", [1.0, 1.05, 1.3, 10.0])
@pytest.mark.parametrize("method", ["minmax", "mse"])
def test_branches_of_a_concat_share_or_are_rescaled(ratio: float, method: str, tmp_path: Path) -> None:
    """With one choice for both, the integers of the whole are those of the parts. A choice that costs a part more
    than 1 dB is not shared, and the log says where integers change."""
    random = np.random.default_rng(5)
    base = random.uniform(-1, 1, size=(2, 64, 8)).astype(np.float32)
    base[:, 0, 0], base[:, 5, 0] = -1, 1
    a, b = base[0], base[1] * np.float32(ratio)
    save(tmp_path / "data.npz", {"a": a, "b": b})
    (tmp_path / "m.mlir").write_text(CONCAT)
    options = f"calibration-data={tmp_path / 'data.npz'} method={method} explain={tmp_path / 'e.json'}"
    must(opt(tmp_path / "m.mlir", options, tmp_path / "q.mlir"))
    explained = json.loads((tmp_path / "e.json").read_text())
    values = {value["name"]: value for value in explained["values"]}

    def codes(name: str, x: np.ndarray) -> np.ndarray:
        parameters = values[name]["parameters"]
        quotient = np.float32(x) / np.float32(parameters["scale"][0])
        return np.clip(np.round(quotient) + parameters["zero_point"][0], -128, 127)

    loss = 20 * np.log10(ratio)
    if loss < 1:
        assert values["a"]["parameters"] == values["b"]["parameters"] == values["c"]["parameters"]
        assert values["a"]["shared_with"] == ["b", "c"]
        np.testing.assert_array_equal(codes("c", np.vstack([a, b])), np.vstack([codes("a", a), codes("b", b)]))
        assert [entry["values"] for entry in explained["constraints"]] == [["a", "b", "c"]]
    else:
        assert values["b"]["parameters"] == values["c"]["parameters"] != values["a"]["parameters"]
        shared, cut = explained["constraints"]
        assert shared["values"] == ["b", "c"] and cut["values"] == ["a", "b", "c"] and cut["apart"] == ["a"]
        assert cut["rescaled_at"] == [{"before": "c", "op": "tensor.concat", "operand": 0, "elements": 32}]
        # Of uniform data, as near as half a thousand numbers come to it.
        cost = float(re.search(r"would cost 'a' ([0-9.]+) dB", cut["reason"])[1])
        assert cost == pytest.approx(loss, abs=0.5)
    run_both(tmp_path / "q.mlir", save(tmp_path / "in.npz", {"a": a[:4], "b": b[:4]}))


def test_a_group_is_cut_where_fewest_elements_are_rescaled(tmp_path: Path) -> None:
    """x of 8x8 is pooled to 4x4 before it is joined with larger values: the pooled ones are rescaled."""
    (tmp_path / "m.mlir").write_text("""
func.func @main(%x: tensor<1x8x8x4xf32> {lowbit.name = "x"}, %b: tensor<1x4x4x4xf32> {lowbit.name = "b"})
    -> (tensor<1x8x8x2xf32> {lowbit.name = "y"}, tensor<2x4x4x2xf32> {lowbit.name = "z"}) {
  %w = arith.constant dense<0.25> : tensor<1x1x4x2xf32>
  %zero = arith.constant 0.0 : f32
  %lowest = arith.constant 0xFF800000 : f32
  %e = tensor.empty() : tensor<1x8x8x2xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<1x8x8x2xf32>) -> tensor<1x8x8x2xf32>
  %y = linalg.conv_2d_nhwc_hwcf ins(%x, %w : tensor<1x8x8x4xf32>, tensor<1x1x4x2xf32>) outs(%f : tensor<1x8x8x2xf32>)
      -> tensor<1x8x8x2xf32>
  %ep = tensor.empty() : tensor<1x4x4x4xf32>
  %fp = linalg.fill ins(%lowest : f32) outs(%ep : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %window = tensor.empty() : tensor<2x2xf32>
  %p = linalg.pooling_nhwc_max {lowbit.id = "p", strides = dense<2> : tensor<2xi64>}
      ins(%x, %window : tensor<1x8x8x4xf32>, tensor<2x2xf32>) outs(%fp : tensor<1x4x4x4xf32>) -> tensor<1x4x4x4xf32>
  %c = tensor.concat dim(0) %p, %b {lowbit.id = "c"} : (tensor<1x4x4x4xf32>, tensor<1x4x4x4xf32>)
      -> tensor<2x4x4x4xf32>
  %ez = tensor.empty() : tensor<2x4x4x2xf32>
  %fz = linalg.fill ins(%zero : f32) outs(%ez : tensor<2x4x4x2xf32>) -> tensor<2x4x4x2xf32>
  %z = linalg.conv_2d_nhwc_hwcf ins(%c, %w : tensor<2x4x4x4xf32>, tensor<1x1x4x2xf32>)
      outs(%fz : tensor<2x4x4x2xf32>) -> tensor<2x4x4x2xf32>
  return %y, %z : tensor<1x8x8x2xf32>, tensor<2x4x4x2xf32>
}
""")
    random = np.random.default_rng(6)
    x = random.uniform(-1, 1, size=(16, 8, 8, 4)).astype(np.float32)
    b = random.uniform(-20, 20, size=(16, 4, 4, 4)).astype(np.float32)
    save(tmp_path / "data.npz", {"x": x, "b": b})
    options = f"calibration-data={tmp_path / 'data.npz'} explain={tmp_path / 'e.json'}"
    must(opt(tmp_path / "m.mlir", options, tmp_path / "q.mlir"))
    (cut,) = json.loads((tmp_path / "e.json").read_text())["constraints"]
    assert cut["values"] == ["c", "x"]
    assert cut["rescaled_at"] == [{"before": "c", "op": "tensor.concat", "operand": 0, "elements": 64}]


def test_rules_and_data_with_warnings(tmp_path: Path) -> None:
    """A heavy tail and a range that still grows are one warning each; the explanation has all candidates."""
    random = np.random.default_rng(8)
    a = random.normal(size=(4 * 64, 8)).astype(np.float32)
    b = random.normal(size=(4 * 64, 8)).astype(np.float32)
    b[17, 3] = 1000
    save(tmp_path / "data.npz", {"a": a, "b": b})
    (tmp_path / "m.mlir").write_text(CONCAT)
    options = f"calibration-data={tmp_path / 'data.npz'} method=percentile:99.9 explain={tmp_path / 'e.json'}"
    done = opt(tmp_path / "m.mlir", options + " rule='name=^a$ method=entropy format=i6'", tmp_path / "q.mlir")
    must(done)
    assert done.stderr.count("warning: heavy tails: few elements stretch the range; 2 values: ") == 1
    assert done.stderr.count("warning: too few calibration samples: ranges still grow; 2 values: ") == 1
    values = {value["name"]: value for value in json.loads((tmp_path / "e.json").read_text())["values"]}
    methods = ["minmax", "moving-average", "percentile:99.9", "percentile:99.99", "mse", "entropy"]
    for name in "abc":
        assert [candidate["method"] for candidate in values[name]["candidates"]] == methods
        assert values[name]["samples"] == 64
    assert values["a"]["method"] == "entropy" and values["a"]["rule"] == "rule: name=^a$ method=entropy format=i6"
    assert values["a"]["format"] == "!lowbit.affine<i8, -32:31>"
    assert values["b"]["method"] == "percentile:99.9" and 0 < values["b"]["clipped"] < 0.003
    assert values["b"]["range"][1] < 10 and len(values["b"]["warnings"]) == 2
    chosen = next(c for c in values["b"]["candidates"] if c["method"] == "percentile:99.9")
    assert "shared_with" in values["b"] or chosen["sqnr_db"] == values["b"]["sqnr_db"]


def test_what_a_method_makes_of_a_value_is_said(tmp_path: Path) -> None:
    """Much that is clipped is a warning, another method than the one asked for a remark."""
    array = np.random.default_rng(8).normal(size=(4 * 16, 8)).astype(np.float32)
    save(tmp_path / "data.npz", {"a": array, "b": array})
    (tmp_path / "m.mlir").write_text(CONCAT)
    data = f"calibration-data={tmp_path / 'data.npz'}"
    done = opt(tmp_path / "m.mlir", data + " method=percentile:37.5", tmp_path / "q.mlir")
    must(done)
    assert "warning: ranges clip more than a tenth of the elements" in done.stderr
    done = opt(tmp_path / "m.mlir", data + " rule='name=^a$ method=cross-entropy'", tmp_path / "q.mlir")
    must(done)
    assert "the method cannot choose here; another one did; 1 value: 'a' (cross-entropy: no rows" in done.stderr


def test_a_recipe_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "m.mlir").write_text(CONCAT)
    for number, content in enumerate((b"\xff\xfe", b"PK\x03\x04\0\0")):
        recipe = tmp_path / f"{number}.npz"
        recipe.write_bytes(content)
        done = opt(tmp_path / "m.mlir", f"recipe={recipe}", tmp_path / "q.mlir")
        assert done.returncode == 1 and f"the recipe '{recipe}' is not text" in done.stderr
