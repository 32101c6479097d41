"""`lowbit compare` with the options of B: the effect of each layer, and recipe lines that do what they promise."""

import json
from pathlib import Path
from typing import Any

import pytest
from artifacts import Artifacts, Refused, lowbit, must
from lowbit.effects import LEAST_GAIN_DB, added_noise, line_for, pattern_of

MODEL = "resnet8"


def compared(artifacts: Artifacts, quantized: Path, *options: object) -> dict[str, Any]:
    pair = [artifacts.imported(MODEL), quantized, "--inputs", artifacts.inputs(MODEL, 40)]
    result: dict[str, Any] = json.loads(must(lowbit("compare", *pair, *options, "--json")))
    return result


def test_lines_mend_what_they_say(artifacts: Artifacts, tmp_path: Path) -> None:
    """B has a rule that spoils one layer. It is found, and the lines bring the outputs to where they were said to."""
    rule = "name=^conv_17/conv$ role=weight format=i3"
    spoiled = ["--calibration-data", artifacts.calibration(MODEL), "--rule", rule]
    b, c = tmp_path / "b.mlir", tmp_path / "c.mlir"
    must(lowbit("quantize", artifacts.imported(MODEL), "-o", b, *spoiled))
    result = compared(artifacts, b, *spoiled, "--layers", "all")
    effects, recipe = result["effects"], result["recipe"]
    assert len(effects) == recipe["layers"] >= 10
    gains = [row["effect_db"] for row in effects]
    assert gains == sorted(gains, reverse=True)
    assert effects[0]["id"] == "conv_17/conv"
    assert effects[0]["line"] == recipe["lines"][0] == "name=^conv_17/conv$ keep=float"
    assert recipe["before_db"] == pytest.approx(result["outputs"][0]["sqnr_db"])
    assert recipe["after_db"] >= recipe["before_db"] + gains[0]

    (tmp_path / "recipe.txt").write_text("".join(f"{line}\n" for line in [rule, *recipe["lines"]]))
    must(lowbit("quantize", artifacts.imported(MODEL), "-o", c, *spoiled[:2], "--recipe", tmp_path / "recipe.txt"))
    assert compared(artifacts, c)["outputs"][0]["sqnr_db"] == pytest.approx(recipe["after_db"])


def test_layers_of_a_dynamic_model(artifacts: Artifacts) -> None:
    quantized = artifacts.quantized(MODEL, "dynamic")
    result = compared(artifacts, quantized, "--mode", "dynamic", "--layers", 2)
    assert len(result["effects"]) == 2
    assert result["recipe"]["layers"] == 10
    pair = [artifacts.imported(MODEL), quantized, "--inputs", artifacts.inputs(MODEL, 40)]
    printed = must(lowbit("compare", *pair, "--mode", "dynamic", "--layers", 2))
    assert "effect on the outputs of 2 of 10 layers" in printed
    assert all(line in printed.splitlines() for line in result["recipe"]["lines"])


def test_where_nothing_may_be_float(artifacts: Artifacts) -> None:
    """The lines for integer-only models keep them integer-only."""
    model = "mnist_pytorch"
    options = ["--calibration-data", artifacts.calibration(model), "--mode", "integer-only", "--layers", "3"]
    pair = [artifacts.imported(model), artifacts.quantized(model, "integer-only"), "--inputs", artifacts.inputs(model)]
    result = json.loads(must(lowbit("compare", *pair, *options, "--json")))
    assert len(result["effects"]) == 3
    assert all(row["line"].endswith(" method=mse") and row["effect_db"] is not None for row in result["effects"])
    for line in result["recipe"]["lines"]:
        assert next(row for row in result["effects"] if row["line"] == line)["effect_db"] >= LEAST_GAIN_DB


def test_without_the_options_of_b_it_says_what_to_give(artifacts: Artifacts) -> None:
    result = compared(artifacts, artifacts.quantized(MODEL, "dynamic"))
    assert "effects" not in result
    assert "--calibration-data D or --mode dynamic" in result["next"][-1]


def test_other_options_than_those_of_b_are_refused(artifacts: Artifacts, refused: Refused) -> None:
    pair = [artifacts.imported(MODEL), artifacts.quantized(MODEL, "dynamic"), "--inputs", artifacts.inputs(MODEL)]
    words = ("B is not what these options make of A", "the options that B was quantized with")
    refused(["compare", *pair, "--calibration-data", artifacts.calibration(MODEL)], *words)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [("conv1/conv", "^conv1/conv$"), ("layer.0 (a)", "^layer.0..a.$"), ('x"#1', "^x.#1$"), ("größe", "^gr..e$")],
)
def test_patterns_stand_in_recipes_as_they_are(name: str, pattern: str) -> None:
    assert pattern_of(name) == pattern
    assert line_for(name, "static") == f"name={pattern} keep=float"
    assert line_for(name, "integer-only") == f"name={pattern} method=mse"


def test_noise_is_that_of_the_layer_alone() -> None:
    layers = [{"id": "x", "sqnr_db": 20.0}, {"id": "y", "sqnr_db": 10.0}, {"id": "z", "sqnr_db": 10.0}]
    assert added_noise(layers, {"name": "y", "reads": ["x", "w"]}) == pytest.approx(0.1 - 0.01)
    assert added_noise(layers, {"name": "z", "reads": ["y"]}) == 0
