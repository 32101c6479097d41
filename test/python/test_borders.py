"""What other operations than contractions read in static mode: integers, unless a rule says otherwise."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import load, lowbit, must, save


def network(folder: Path) -> Path:
    """A residual network: x + f(x), gelu, and a layer after them."""
    rng = np.random.default_rng(7)

    def constant(name: str) -> str:
        rows = ", ".join("[" + ", ".join(f"{v:.4f}" for v in row) + "]" for row in rng.standard_normal((16, 16)) / 4)
        return f"  %{name} = arith.constant dense<[{rows}]> : tensor<16x16xf32>\n"

    body = "".join(constant(name) for name in ("w1", "w2", "w3"))
    like = "tensor<8x16xf32>"
    body += f"""  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : {like}
  %z = linalg.fill ins(%zero : f32) outs(%e : {like}) -> {like}
  %a = linalg.matmul {{lowbit.id = "a"}} ins(%x, %w1 : {like}, tensor<16x16xf32>) outs(%z : {like}) -> {like}
  %g = linalg.generic {{lowbit.id = "gelu", indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}}
      ins(%a : {like}) outs(%e : {like}) {{
  ^bb0(%in: f32, %o: f32):
    %half = arith.constant 0.5 : f32
    %one = arith.constant 1.0 : f32
    %root = arith.constant 0.70710678 : f32
    %0 = arith.mulf %in, %root : f32
    %1 = math.erf %0 : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %in, %2 : f32
    %4 = arith.mulf %3, %half : f32
    linalg.yield %4 : f32
  }} -> {like}
  %b = linalg.matmul {{lowbit.id = "b"}} ins(%g, %w2 : {like}, tensor<16x16xf32>) outs(%z : {like}) -> {like}
  %v = arith.constant dense<0.25> : tensor<16xf32>
  %c = linalg.generic
      {{lowbit.id = "bias", indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}}
      ins(%b, %v : {like}, tensor<16xf32>) outs(%e : {like}) {{
  ^bb0(%in: f32, %bias: f32, %o: f32):
    %0 = arith.addf %in, %bias : f32
    linalg.yield %0 : f32
  }} -> {like}
  %s = linalg.add {{lowbit.id = "sum"}} ins(%c, %x : {like}, {like}) outs(%e : {like}) -> {like}
  %y = linalg.matmul {{lowbit.id = "y"}} ins(%s, %w3 : {like}, tensor<16x16xf32>) outs(%z : {like}) -> {like}
  return %y : {like}
"""
    maps = "#id = affine_map<(i, j) -> (i, j)>\n#row = affine_map<(i, j) -> (j)>\n"
    head = 'func.func @main(%x: tensor<8x16xf32> {lowbit.name = "x"}) -> tensor<8x16xf32> {\n'
    path = folder / "network.mlir"
    path.write_text(maps + head + body + "}\n", encoding="utf-8")
    return path


class Quantized:
    def __init__(self, folder: Path, *options: str) -> None:
        rng = np.random.default_rng(8)
        data = save(folder / "data.npz", {"x": rng.standard_normal((64, 16)).astype(np.float32)})
        target, explanation = folder / "q.mlir", folder / "q.json"
        options = ("--calibration-data", str(data), "--explain", str(explanation), *options)
        must(lowbit("quantize", network(folder), "-o", target, *options))
        found = json.loads(explanation.read_text())
        self.operations = {o["name"]: o for o in found["operations"]}
        self.values: list[dict[str, Any]] = found["values"]
        outputs = []
        inputs = save(folder / "inputs.npz", {"x": rng.standard_normal((8, 16)).astype(np.float32)})
        for module, words in ((target, []), (target, ["--interpret"]), (folder / "network.mlir", [])):
            must(lowbit("run", module, "--inputs", inputs, "-o", folder / "out.npz", *words))
            outputs.append(load(folder / "out.npz"))
        assert all(np.array_equal(outputs[0][name], outputs[1][name]) for name in outputs[0])
        (self.y,), (expected,) = outputs[0].values(), outputs[2].values()
        noise = np.square(self.y.astype(np.float64) - expected).sum()
        self.decibels = 10 * np.log10(np.square(expected.astype(np.float64)).sum() / noise)

    def formats(self, role: str) -> set[str]:
        return {value["format"] for value in self.values if value["role"] == role and "format" in value}


def test_everything_is_integer(tmp_path: Path) -> None:
    found = Quantized(tmp_path)
    results = {name: operation["result"] for name, operation in found.operations.items()}
    assert results["gelu"] == "table"
    assert {results[name] for name in ("a", "b", "bias", "sum")} == {"integer"}
    assert found.decibels > 30


def test_a_kept_sum_is_float(tmp_path: Path) -> None:
    """A border that 8 bits are enough for gave the kept operation back to the observer of a contraction."""
    (tmp_path / "all").mkdir()
    everything = Quantized(tmp_path / "all")
    found = Quantized(tmp_path, "--rule", "name=^sum$ op=elementwise keep=float")
    assert found.operations["sum"]["result"] == "float"
    assert found.operations["sum"]["reason"].startswith("kept float by --rule")
    assert not np.array_equal(found.y, everything.y)


def test_a_kept_function_is_no_table(tmp_path: Path) -> None:
    found = Quantized(tmp_path, "--rule", "name=^gelu$ op=elementwise keep=float")
    assert found.operations["gelu"]["result"] == "float"


def test_what_is_computed_in_registers_can_be_kept(tmp_path: Path) -> None:
    """Rules did not find operations that read no observed value."""
    found = Quantized(tmp_path, "--rule", "name=^bias$ keep=float")
    assert found.operations["bias"]["result"] == "float"
    assert found.operations["bias"]["reason"].startswith("kept float by --rule")
    assert {found.operations[name]["result"] for name in ("a", "b")} == {"integer"}
    # It would be half integer.
    assert found.operations["sum"]["result"] == "float"


@pytest.mark.parametrize("rule", ["name=^biass$ keep=float", "name=^bias$ format=i4", "op=matmull keep=float"])
def test_rules_that_name_nothing_are_errors(rule: str, tmp_path: Path) -> None:
    data = save(tmp_path / "data.npz", {"x": np.ones((8, 16), np.float32)})
    target = tmp_path / "q.mlir"
    options = ("--calibration-data", str(data), "--rule", rule)
    answer = lowbit("quantize", network(tmp_path), "-o", target, *options)
    assert answer.returncode == 1 and not target.exists()
    assert f"the rule '{rule}' matches nothing" in answer.stderr and answer.stderr.count("error:") == 1


def test_formats_that_borders_do_not_take(tmp_path: Path) -> None:
    """They were passed over without a word."""
    data = save(tmp_path / "data.npz", {"x": np.ones((8, 16), np.float32)})
    options = ("--calibration-data", str(data), "--rule", "name=^sum$ op=elementwise format=i4")
    answer = lowbit("quantize", network(tmp_path), "-o", tmp_path / "q.mlir", *options)
    assert answer.returncode == 0 and "none of which can take format=i4" in answer.stderr


def test_sixteen_bits_are_for_all(tmp_path: Path) -> None:
    """Where contractions read 16 bits, nothing else is narrowed to 8."""
    found = Quantized(tmp_path, "--activations", "i16")
    assert found.formats("activation") == found.formats("border") == {"!lowbit.affine<i16>"}
    assert found.decibels > 38


@pytest.mark.parametrize("width", ["i16", "i8"])
def test_rules_for_borders(width: str, tmp_path: Path) -> None:
    found = Quantized(tmp_path, "--rule", f"role=border format={width}")
    assert found.formats("border") == {f"!lowbit.affine<{width}>"}
