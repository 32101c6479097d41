"""Bad input through the real commands: one clear error, exit code 1, and no file left behind.

Each case says which words its message must have: the thing at fault, and what was expected instead.
"""

import os
import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from artifacts import Artifacts, Refused, load, lowbit, must
from inputs import INPUT, ONNX, samples
from lowbit.errors import LowbitError
from lowbit.files import staged, store_of
from onnx import TensorProto, helper

MODEL = ONNX["mnist_pytorch"]
NAME = INPUT["mnist_pytorch"]


def broken_models(folder: Path) -> dict[str, tuple[Path, list[str]]]:
    """Files that are no model, each with words of its message."""
    whole = MODEL.read_bytes()
    made = {
        "missing.onnx": (None, ["no such file"]),
        "empty.onnx": (b"", ["empty"]),
        "truncated.onnx": (whole[: len(whole) // 2], ["truncated.onnx"]),
        "text.onnx": (b"this is a letter, not a model\n" * 50, ["text.onnx", "onnx"]),
        "noise.onnx": (np.random.default_rng(0).bytes(5000), ["noise.onnx", "onnx"]),
        "missing.mlir": (None, ["no such file"]),
        "empty.mlir": (b"", ["empty"]),
        "letter.mlir": (b"this is a letter, not a module\n", ["letter.mlir"]),
        "noise.mlir": (b"ML\xefR" + np.random.default_rng(0).bytes(5000), ["noise.mlir"]),
    }
    result = {}
    for name, (content, words) in made.items():
        if content is not None:
            (folder / name).write_bytes(content)
        result[name] = (folder / name, words)
    return result


@pytest.mark.parametrize("name", ["missing", "empty", "truncated", "text", "noise"])
def test_import_refuses(name: str, refused: Refused, tmp_path: Path) -> None:
    path, words = broken_models(tmp_path)[f"{name}.onnx"]
    refused(["import", path, "-o", "out.mlir"], *words)


@pytest.mark.parametrize(
    "name", ["missing.onnx", "empty.onnx", "truncated.onnx", "text.onnx", "noise.onnx"]
    + ["missing.mlir", "empty.mlir", "letter.mlir", "noise.mlir"],
)  # fmt: skip
@pytest.mark.parametrize("command", ["quantize", "run", "bench", "compare"])
def test_a_broken_model_is_refused(
    command: str, name: str, refused: Refused, tmp_path: Path, artifacts: Artifacts
) -> None:
    path, words = broken_models(tmp_path)[name]
    inputs = artifacts.inputs("mnist_pytorch")
    rest: dict[str, list[object]] = {
        "quantize": ["-o", "out.mlir"],
        "run": ["--inputs", inputs, "-o", "out.npz"],
        "bench": [],
        "compare": [MODEL, "--inputs", inputs],
    }
    refused([command, path, *rest[command]], *words)


def test_a_folder_is_not_a_model(refused: Refused, tmp_path: Path) -> None:
    refused(["quantize", tmp_path, "-o", "out.mlir"], "folder")


def test_unsupported_operators_are_all_named(refused: Refused, tmp_path: Path) -> None:
    def value(name: str) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 2])

    nodes = [
        helper.make_node("Frobnicate", ["x"], ["y"], name="first", domain="example"),
        helper.make_node("Twiddle", ["y"], ["z"], name="second", domain="example"),
    ]
    graph = helper.make_graph(nodes, "g", [value("x")], [value("z")])
    opsets = [helper.make_opsetid("", 13), helper.make_opsetid("example", 1)]
    onnx.save(helper.make_model(graph, opset_imports=opsets), tmp_path / "odd.onnx")
    refused(["import", "odd.onnx", "-o", "out.mlir"], "Frobnicate", "first", "Twiddle", "second")


def test_an_unknown_dimension_is_refused(refused: Refused) -> None:
    refused(["import", MODEL, "-o", "out.mlir", "--shape", "lines=3"], "lines")


@pytest.fixture
def own_copy(artifacts: Artifacts, tmp_path: Path) -> Path:
    """A module with its store that a test may damage."""
    for path in (artifacts.imported("mnist_pytorch"), store_of(artifacts.imported("mnist_pytorch"))):
        shutil.copy(path, tmp_path)
    return tmp_path / artifacts.imported("mnist_pytorch").name


def test_truncated_bytecode_is_refused(refused: Refused, own_copy: Path) -> None:
    own_copy.write_bytes(own_copy.read_bytes()[: own_copy.stat().st_size // 2])
    refused(["quantize", own_copy, "-o", "out.mlir"], own_copy.name)


def test_a_missing_store_is_refused(refused: Refused, own_copy: Path) -> None:
    store_of(own_copy).unlink()
    refused(["quantize", own_copy, "-o", "out.mlir"], store_of(own_copy).name)


def test_a_truncated_store_is_refused(refused: Refused, own_copy: Path) -> None:
    store = store_of(own_copy)
    store.write_bytes(store.read_bytes()[: store.stat().st_size // 2])
    refused(["quantize", own_copy, "-o", "out.mlir"], store.name)


def test_truncated_text_is_refused(refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    text = artifacts.quantized("mnist_pytorch", "static").read_bytes()
    (tmp_path / "half.mlir").write_bytes(text[: len(text) // 2])
    refused(["run", "half.mlir", "--inputs", artifacts.inputs("mnist_pytorch"), "-o", "out.npz"], "half.mlir")


GOOD = samples("mnist_pytorch", 4)[NAME]


def with_value(value: float) -> np.ndarray:
    changed = GOOD.copy()
    changed[2, 0, 5, 5] = value
    return changed


# What is wrong, the arrays of the npz, and words of the message.
BAD_ARRAYS: dict[str, tuple[dict[str, np.ndarray], list[str]]] = {
    "wrong name": ({"picture": GOOD}, ["picture", NAME]),
    "extra name": ({NAME: GOOD, "picture": GOOD}, ["picture"]),
    "no array": ({}, [NAME]),
    "wrong rank": ({NAME: GOOD[0, 0]}, ["28"]),
    "wrong shape": ({NAME: GOOD[:, :, :27]}, ["27", "28"]),
    "integers": ({NAME: GOOD.astype(np.int64)}, ["int64", "float32"]),
    "doubles": ({NAME: GOOD.astype(np.float64)}, ["float64", "float32"]),
    "no sample": ({NAME: GOOD[:0]}, [NAME]),
    "nan": ({NAME: with_value(np.nan)}, ["nan"]),
    "infinity": ({NAME: with_value(np.inf)}, ["inf"]),
    "minus infinity": ({NAME: with_value(-np.inf)}, ["inf"]),
}


@pytest.mark.parametrize("case", BAD_ARRAYS)
def test_bad_calibration_arrays_are_refused(case: str, refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    arrays, words = BAD_ARRAYS[case]
    np.savez(tmp_path / "calib.npz", **arrays)
    module = artifacts.imported("mnist_pytorch")
    refused(["quantize", module, "--calibration-data", "calib.npz", "-o", "out.mlir"], *words)


@pytest.mark.parametrize("case", ["wrong name", "wrong shape", "doubles", "no sample"])
def test_bad_inputs_are_refused(case: str, refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    arrays, words = BAD_ARRAYS[case]
    np.savez(tmp_path / "in.npz", **arrays)
    refused(["run", artifacts.imported("mnist_pytorch"), "--inputs", "in.npz", "-o", "out.npz"], *words)


def make_bad_file(case: str, folder: Path) -> tuple[Path, list[str]]:
    path = folder / "calib.npz"
    if case == "missing":
        return path, ["no such file"]
    if case == "empty file":
        path.touch()
        return path, ["empty"]
    if case == "truncated":
        np.savez(path, **{NAME: GOOD})
        path.write_bytes(path.read_bytes()[:-200])
        return path, ["calib.npz"]
    if case == "text":
        path.write_text("these are no arrays")
        return path, ["calib.npz"]
    if case == "pickle":
        np.savez(path, **{NAME: np.array([{"a": 1}], dtype=object)})
        return path, ["calib.npz"]
    if case == "empty folder":
        path.mkdir()
        return path, [".npz"]
    if case == "unknown suffix":
        (folder / "calib.csv").write_text("1,2,3\n")
        return folder / "calib.csv", ["calib.csv", ".npz"]
    assert case == "list of nothing"
    (folder / "calib.txt").write_text("absent.npz\n")
    return folder / "calib.txt", ["absent.npz"]


FILE_CASES = ["missing", "empty file", "truncated", "text", "pickle", "empty folder", "unknown suffix"]


@pytest.mark.parametrize("case", [*FILE_CASES, "list of nothing"])
def test_bad_calibration_files_are_refused(case: str, refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    path, words = make_bad_file(case, tmp_path)
    module = artifacts.imported("mnist_pytorch")
    refused(["quantize", module, "--calibration-data", path.name, "-o", "out.mlir"], *words)


@pytest.mark.parametrize("case", [*FILE_CASES, "list of nothing"])
def test_bad_files_are_refused_by_compare(case: str, refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    path, words = make_bad_file(case, tmp_path)
    module = artifacts.imported("mnist_pytorch")
    refused(["compare", module, module, "--inputs", path.name], *words)


# ONNX counts negative indices from the end: -30522 is the first row.
@pytest.mark.parametrize("token", [30522, -30523])
@pytest.mark.parametrize("command", ["quantize", "run"])
def test_a_token_outside_the_table_is_refused(
    command: str, token: int, refused: Refused, artifacts: Artifacts, tmp_path: Path
) -> None:
    arrays = load(artifacts.inputs("minilm"))
    arrays["input_ids"][1, 3] = token
    np.savez(tmp_path / "in.npz", **arrays)
    module = artifacts.imported("minilm")
    rest = {
        "quantize": ["--calibration-data", "in.npz", "-o", "out.mlir"],
        "run": ["--inputs", "in.npz", "-o", "out.npz"],
    }
    refused([command, module, *rest[command]], str(token), "30522")


def test_a_model_with_nothing_to_quantize_is_refused(refused: Refused, tmp_path: Path) -> None:
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 2]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", value[:1], value[1:])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)]), tmp_path / "relu.onnx")
    refused(["quantize", "relu.onnx", "-o", "out.mlir"], "quantiz")


@pytest.mark.parametrize("output", ["absent/out.mlir", "folder.mlir"])
def test_an_output_that_cannot_be_written_is_refused(output: str, refused: Refused, tmp_path: Path) -> None:
    (tmp_path / "folder.mlir").mkdir()
    refused(["import", MODEL, "-o", output], "folder")


@pytest.mark.parametrize("option", ["-o", "--report"])
def test_an_output_does_not_take_the_place_of_a_pipe(option: str, refused: Refused, tmp_path: Path) -> None:
    """Regression: a device that an output named was replaced with a file."""
    os.mkfifo(tmp_path / "pipe.mlir")
    rest = [] if option == "-o" else ["-o", "out.mlir"]
    refused(["quantize", MODEL, *rest, option, "pipe.mlir"], "pipe.mlir", "device or a pipe")
    assert (tmp_path / "pipe.mlir").is_fifo()


def test_a_failure_leaves_an_earlier_output_as_it_was(refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    (tmp_path / "out.mlir").write_text("earlier")
    (tmp_path / "out.safetensors").write_text("earlier")
    np.savez(tmp_path / "calib.npz", **{NAME: with_value(np.nan)})
    refused(["quantize", MODEL, "--calibration-data", "calib.npz", "-o", "out.mlir"], "nan")
    assert (tmp_path / "out.mlir").read_text() == (tmp_path / "out.safetensors").read_text() == "earlier"


def copies(artifacts: Artifacts, folder: Path) -> None:
    """f.mlir with its store, same.onnx, link.mlir (a link to f.mlir), a Hugging Face folder's model.safetensors."""
    module = artifacts.imported("mnist_pytorch")
    must(lowbit("import", MODEL, "-o", folder / "f.mlir"))
    shutil.copy(MODEL, folder / "same.onnx")
    shutil.copy(store_of(module), folder / "model.safetensors")
    shutil.copy(artifacts.inputs("mnist_pytorch"), folder / "in.npz")
    (folder / "link.mlir").symlink_to("f.mlir")
    shutil.copy(folder / "f.mlir", folder / "renamed.mlir")  # its store is still f.safetensors


OVERWRITES: dict[str, tuple[list[str], list[str]]] = {
    "a foreign store": (["quantize", "same.onnx", "-o", "model.mlir"], ["model.mlir", "model.safetensors"]),
    "a foreign store, import": (["import", "same.onnx", "-o", "model.mlir"], ["model.mlir", "model.safetensors"]),
    "the module": (["quantize", "f.mlir", "-o", "f.mlir"], ["f.mlir"]),
    "the module, spelled differently": (["quantize", "f.mlir", "-o", "./f.mlir"], ["f.mlir"]),
    "the module, by its link": (["quantize", "link.mlir", "-o", "f.mlir"], ["f.mlir"]),
    "the link": (["quantize", "f.mlir", "-o", "link.mlir"], ["link.mlir"]),
    "a renamed module's store": (["quantize", "renamed.mlir", "-o", "f.mlir"], ["f.safetensors", "renamed.mlir"]),
    "the inputs": (["run", "same.onnx", "--inputs", "in.npz", "-o", "in.npz"], ["in.npz"]),
    "the model of a run": (["run", "same.onnx", "--inputs", "in.npz", "-o", "same.onnx"], ["same.onnx"]),
    "the store of a run": (["run", "f.mlir", "--inputs", "in.npz", "-o", "f.safetensors"], ["f.safetensors"]),
}


@pytest.mark.parametrize("case", OVERWRITES)
def test_no_output_overwrites_an_input(case: str, refused: Refused, artifacts: Artifacts, tmp_path: Path) -> None:
    copies(artifacts, tmp_path)
    arguments, words = OVERWRITES[case]
    refused(list(arguments), *words)


@pytest.mark.parametrize(
    "arguments", [["quantize", "model.safetensors", "-o", "model.mlir"], ["import", "same.onnx", "-o", "same.onnx"]]
    + [["quantize", "f.mlir", "-o", "f.int8"], ["quantize", "f.mlir", "-o", "q.mlir", "--explain", "f.safetensors"]]
    + [["quantize", "f.mlir", "-o", "q.mlir", "--explain", "link.mlir"]],
    ids=" ".join,
)  # fmt: skip
def test_inputs_survive_wrong_names(arguments: list[str], artifacts: Artifacts, tmp_path: Path) -> None:
    copies(artifacts, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert lowbit(*arguments, cwd=tmp_path).returncode in (1, 2)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_earlier_output_is_written_again(tmp_path: Path) -> None:
    for _ in range(2):
        must(lowbit("import", MODEL, "-o", "m.mlir", cwd=tmp_path))


def test_a_failed_move_restores_earlier_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, module = tmp_path / "m.safetensors", tmp_path / "m.mlir"
    for path in (store, module):
        path.write_text("earlier")
    replace = os.replace

    def fail(source: Path, target: Path) -> None:
        if target == module and source.read_text() == "new":
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(LowbitError, match="No space left"), staged(store, module) as made:
        for path in made:
            path.write_text("new")
    assert store.read_text() == module.read_text() == "earlier"
    assert sorted(tmp_path.iterdir()) == [module, store]


@pytest.mark.parametrize("case", ["nan", "infinity", "minus infinity"])
def test_compare_refuses_data_that_is_not_finite(
    case: str, refused: Refused, artifacts: Artifacts, tmp_path: Path
) -> None:
    arrays, words = BAD_ARRAYS[case]
    np.savez(tmp_path / "in.npz", **arrays)
    module = artifacts.imported("mnist_pytorch")
    refused(["compare", module, module, "--inputs", "in.npz"], "in.npz", "[2, 0, 5, 5]", *words)
