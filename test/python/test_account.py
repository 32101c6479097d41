"""Every operation of a model appears once in the explanation, on real models and in every mode.

What the operations are is read from the text of the imported module, not asked of the pass that writes them down.
Models that do not ship are in the folder of LOWBIT_DATA.
"""

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from artifacts import MODELS, Artifacts, lowbit, must, save, tools_folder
from inputs import DATA
from lowbit import compiler

OTHERS = {
    "mobilenet_vww": "mlperf_tiny/mobilenet_vww_float.onnx",
    "autoencoder": "mlperf_tiny/fc_autoencoder_ad_float.onnx",
    "stories260k": "stories260k/stories260k_seq256.onnx",
    "ultraface": "detectors/ultraface_rfb320.onnx",
    "yunet": "detectors/yunet_n_320_320.onnx",
}
QDQ = sorted(path.name for path in (DATA / "ort_qdq").glob("conv*.onnx"))

# What makes a tensor and is no operation of the model: docs/commands.md has the words.
NONE = {
    *("arith.constant", "tensor.empty", "tensor.splat", "tensor.from_elements", "tensor.cast", "tensor.dim"),
    *("linalg.fill", "lowbit.get_parameter", "lowbit.storage_cast", "lowbit.check_range", "lowbit.check_size"),
}

Operation = dict[str, Any]


def imported(model: str, artifacts: Artifacts, folder: Path) -> Path:
    if model in MODELS:
        return artifacts.imported(model)
    source = DATA / "ort_qdq" / model
    if model in OTHERS:
        given = os.environ.get("LOWBIT_DATA")
        source = Path(given or "/nowhere") / OTHERS[model]
        if not source.is_file():
            pytest.skip(f"{OTHERS[model]} does not ship: set LOWBIT_DATA (see test/data/SOURCES.md)")
    module = folder / "model.mlir"
    must(lowbit("import", source, "-o", module))
    return module


def made_up(module: Path, folder: Path) -> Path:
    """Two samples of no meaning."""
    random = np.random.default_rng(0)
    arrays = {}
    for spec in compiler.signature(module)["inputs"]:
        shape = [(2 if at == 0 else 16) if size is None else size for at, size in enumerate(spec["shape"])]
        if spec["name"] == "attention_mask":
            arrays[spec["name"]] = np.ones(shape, np.int64)
        elif spec["dtype"] == "float32":
            arrays[spec["name"]] = random.normal(size=shape).astype(np.float32)
        else:
            arrays[spec["name"]] = random.integers(1, 400, shape)
    return save(folder / "data.npz", arrays)


def quant_opt(module: Path, options: str, *flags: str, output: str = "/dev/null") -> "subprocess.CompletedProcess[str]":
    command = [tools_folder() / "quant-opt", "--mlir-print-op-on-diagnostic=false", module]
    command += [f"--quantize-ptq={options}", "-o", output, *flags]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    must(done)
    return done


def operations_of(text: str) -> tuple[list[str], list[str]]:
    """The ids of the operations of `@main`, and the statements that make a tensor and have none."""
    body = text[text.index("func.func @main") :]
    statements = re.split(r"\n    (?=%|return |lowbit\.)", body)[1:]
    ids, nameless = [], []
    for statement in statements:
        kind = re.match(r"%[\w:, %#]+ = \"?([\w.]+)", statement)
        if found := re.search(r'lowbit\.id = "((?:[^"\\]|\\.)*)"', statement):
            ids.append(found[1])
        elif kind and kind[1] not in NONE and re.search(r"tensor<", statement) and not kind[1].startswith("arith."):
            nameless.append(statement)
    return ids, nameless


@pytest.mark.parametrize("mode", ["dynamic", "static", "integer-only"])
@pytest.mark.parametrize("model", [*MODELS, *OTHERS, *QDQ])
def test_every_operation_appears_once(model: str, mode: str, artifacts: Artifacts, tmp_path: Path) -> None:
    module = imported(model, artifacts, tmp_path)
    explain, text = tmp_path / "explain.json", tmp_path / "imported.mlir"
    quant_opt(module, "compile-to=import", output=str(text))
    ids, nameless = operations_of(text.read_text(encoding="utf-8"))
    assert not nameless, "these compute, and have no name"
    assert len(ids) == len(set(ids)) >= 8

    options = f"mode={mode} explain='{explain}'"
    if mode != "dynamic":
        options += f" calibration-data='{made_up(module, tmp_path)}'"
    done = quant_opt(module, options, "--mlir-pass-statistics", "--remarks-filter=lowbit")
    explanation = json.loads(explain.read_text())
    operations = explanation["operations"]
    names = [operation["name"] for operation in operations]
    assert len(names) == len(set(names))
    # What no output depends on is not in the text any more.
    assert {o["name"] for o in operations if o["result"] != "removed"} == set(ids)
    for operation in operations:
        check(operation, set(names))
    if mode == "integer-only":
        assert not explanation["counts"]["float"]
    assert explanation["counts"]["integer"]

    counts = Counter(operation["result"] for operation in operations)
    assert {result: n for result, n in explanation["counts"].items() if n} == counts
    assert counted(done.stderr) == sorted(counts.values())
    assert remarked(done.stderr) == Counter((o["name"], o["result"]) for o in operations)


def check(operation: Operation, names: set[str]) -> None:
    """What an entry says is whole."""
    assert operation.get("reason") != "simplified away", operation
    assert ("change" in operation) == (operation["result"] == "float"), operation
    assert ("reason" in operation) >= (operation["result"] in ("float", "removed")), operation
    if operation["result"] in ("integer", "table"):
        assert re.fullmatch(r"i8 table|i16 table|([\w<>!.:\-= ,]+ )?-> \w+", operation["format"]), operation
    if operation["result"] == "fused":
        assert operation["into"] in names, operation
    assert operation.get("into") != operation["name"], operation


def counted(text: str) -> list[int]:
    """The numbers of the account's statistics that are not 0."""
    numbers = [int(number) for number in re.findall(r"(\d+) (?:AccountOperations|\w+ +- operations)", text)]
    return sorted(number for number in numbers if number)


def remarked(text: str) -> Counter[tuple[str, str]]:
    kinds = {"float": "Missed", "removed": "Analysis"}
    found = re.findall(r"remark: (?:loc\(.*?\): )?\[(\w+)\] (.*?) \| Category:lowbit:(\w+) \|", text)
    for kind, _, result in found:
        assert kind == kinds.get(result, "Passed")
    return Counter((name, result) for _, name, result in found)


def test_explanations_of_earlier_phases(artifacts: Artifacts, tmp_path: Path) -> None:
    """Nothing is integer yet, and the explanation says so; code that has no names left is explained all the same."""
    module, explain = artifacts.imported("mnist_pytorch"), tmp_path / "explain.json"
    quant_opt(module, f"mode=dynamic explain='{explain}' compile-to=fold")
    early = json.loads(explain.read_text())["operations"]
    assert {o["reason"] for o in early if o["result"] == "float"} == {"the pipeline ends before phase 6"}
    quant_opt(module, f"mode=dynamic explain='{explain}'")
    lowered = json.loads(explain.read_text())["operations"]
    quant_opt(module, f"mode=dynamic explain='{explain}' compile-to=codegen")
    assert json.loads(explain.read_text())["operations"] == lowered
    assert [o["name"] for o in early] == [o["name"] for o in lowered]


def test_parameters_of_operations(artifacts: Artifacts, tmp_path: Path) -> None:
    """An operation names the values that it reads, and has the parameters that its result is held in."""
    module, explain = artifacts.imported("mnist_pytorch"), tmp_path / "explain.json"
    quant_opt(module, f"explain='{explain}' calibration-data='{artifacts.calibration('mnist_pytorch')}'")
    explanation = json.loads(explain.read_text())
    values = {value["name"]: value for value in explanation["values"]}
    contractions = [o for o in explanation["operations"] if o.get("format") == "i8 x i8 -> i32"]
    assert len(contractions) == 4
    for operation in contractions:
        assert sorted(values[name]["role"] for name in operation["reads"]) == ["activation", "weight"]
    held = [operation for operation in explanation["operations"] if "parameters" in operation]
    assert held
    for operation in held:
        value = values[operation["name"]]
        assert operation["parameters"] == {"format": value["format"], **value["parameters"]}


def test_quantization_of_the_model_itself(tmp_path: Path) -> None:
    """Both ends are conversions that stay, what is between them is folded into the convolution."""
    must(lowbit("import", DATA / "ort_qdq" / "conv_qdq_u8u8.onnx", "-o", tmp_path / "m.mlir"))
    quant_opt(tmp_path / "m.mlir", f"explain='{tmp_path / 'e.json'}'")
    operations = {o["name"]: o for o in json.loads((tmp_path / "e.json").read_text())["operations"]}
    convolution = "output_QuantizeLinearInput/conv"
    assert operations["input_QuantizeLinear/quantize"]["format"] == "f32 -> i8"
    assert operations["input_QuantizeLinear/quantize"]["parameters"]["zero_point"] == [115]
    assert operations["input_DequantizeLinear"]["result"] == "fused"
    assert operations["input_DequantizeLinear"]["into"] == convolution
    weight = operations["conv1.weight_quantized.hwcf/dequantize"]
    assert (weight["result"], weight["into"]) == ("fused", convolution)
    assert weight["reason"] == "computed at compile time: it depends on constants only"
    assert operations[convolution]["format"] == "i8 x i8 -> i32"
