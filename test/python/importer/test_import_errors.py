"""Bad input: one clear error that says what to do, and no file left behind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from lowbit.importer import ModelError, import_onnx
from onnx import helper, numpy_helper
from runner import model, normal

F32, I64 = np.float32, np.int64


def fail(tmp_path: Path, source: Path | onnx.ModelProto | bytes, shapes: Mapping[str, int] | None = None) -> str:
    """The message of the import's error; nothing may have been written."""
    path = source if isinstance(source, Path) else tmp_path / "model.onnx"
    if isinstance(source, onnx.ModelProto):
        onnx.save(source, path)
    elif isinstance(source, bytes):
        path.write_bytes(source)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ModelError) as caught:
        import_onnx(path, out / "m.mlir", out / "m.safetensors", shapes)
    assert list(out.iterdir()) == []
    return str(caught.value)


def relu() -> onnx.ModelProto:
    return model([("Relu", ["x"], ["y"], {})], {"x": (F32, ["batch", 3])}, {"y": F32})


def test_missing_file(tmp_path: Path) -> None:
    assert fail(tmp_path, tmp_path / "nothing.onnx").endswith("nothing.onnx: no such file")


def test_folder(tmp_path: Path) -> None:
    assert "is a directory; expected an ONNX file" in fail(tmp_path, tmp_path)


def test_empty_file(tmp_path: Path) -> None:
    assert "the file is empty" in fail(tmp_path, b"")


@pytest.mark.parametrize("content", [b"hello, this is not a model", b"\x00" * 100, b"module {}\n"])
def test_not_onnx(tmp_path: Path, content: bytes) -> None:
    assert "not an ONNX model" in fail(tmp_path, content)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.99])
def test_truncated(tmp_path: Path, share: float) -> None:
    proto = model([("MatMul", ["x", "w"], ["y"], {})], {"x": (F32, [2, 64])}, {"y": F32}, {"w": normal(64, 64)})
    data = proto.SerializeToString()
    assert "truncated" in fail(tmp_path, data[: int(len(data) * share)])


def big_weight() -> onnx.ModelProto:
    return model([("MatMul", ["x", "w"], ["y"], {})], {"x": (F32, [2, 64])}, {"y": F32}, {"w": normal(64, 64)})


def test_two_weights_of_one_name(tmp_path: Path) -> None:
    proto = big_weight()
    proto.graph.initializer.append(proto.graph.initializer[0])
    assert "two initializers are called w" in fail(tmp_path, proto)


def test_weight_shorter_than_declared(tmp_path: Path) -> None:
    proto = big_weight()
    proto.graph.initializer[0].raw_data = b"\0" * 1000
    assert "the weight w does not hold the [64, 64] elements that it declares" in fail(tmp_path, proto)


def test_empty_graph(tmp_path: Path) -> None:
    proto = relu()
    del proto.graph.node[:]
    assert "the graph has no nodes" in fail(tmp_path, proto)


@pytest.mark.parametrize("opset", [6, 9999])
def test_opset(tmp_path: Path, opset: int) -> None:
    proto = relu()
    proto.opset_import[0].version = opset
    message = fail(tmp_path, proto)
    assert f"opset {opset} is " in message and ("7 or newer" in message or "update onnx" in message)


def test_all_unsupported_operators_in_one_error(tmp_path: Path) -> None:
    nodes: list[Any] = [
        ("Sin", ["x"], ["a"], {}),
        ("Relu", ["a"], ["b"], {}),
        ("Cos", ["b"], ["c"], {}),
        ("Sin", ["c"], ["d"], {}),
        ("Pad", ["d", "pads"], ["e"], {"mode": "reflect"}),
        ("Tan", ["x"], ["unused"], {}),
    ]
    proto = model(nodes, {"x": (F32, [2, 3])}, {"e": F32}, {"pads": np.array([0, 1, 0, 1])})
    message = fail(tmp_path, proto)
    assert "4 of 5 nodes cannot be imported (Cos, Pad, Sin)" in message
    assert "Sin: operator not supported (node Sin_a, Sin_d)" in message
    assert "Cos: operator not supported (node Cos_c)" in message
    assert "Pad: mode reflect; constant is supported (node Pad_e)" in message
    assert "Tan" not in message and "Relu" not in message


def test_operator_of_another_domain(tmp_path: Path) -> None:
    proto = relu()
    proto.graph.node[0].domain = "com.example"
    proto.opset_import.append(helper.make_opsetid("com.example", 1))
    assert "com.example.Relu: operator not supported (node Relu_y)" in fail(tmp_path, proto)


def test_half_precision(tmp_path: Path) -> None:
    proto = model([("Relu", ["x"], ["y"], {})], {"x": (np.float16, [3])}, {"y": np.float16})
    assert "input x: element type float16: float32, int64, int32, bool and integers of 8 and 16 bits are" in fail(
        tmp_path, proto
    )


def test_double_weights(tmp_path: Path) -> None:
    nodes: list[Any] = [("Cast", ["x"], ["d"], {"to": 11}), ("Add", ["d", "w"], ["y"], {})]
    proto = model(nodes, {"x": (F32, [3])}, {"y": np.float64}, {"w": np.zeros(3)})
    assert "element type double" in fail(tmp_path, proto)


def test_unknown_dimension(tmp_path: Path) -> None:
    message = fail(tmp_path, relu(), {"bach": 1})
    assert "no dynamic dimension is called bach" in message and "did you mean batch?" in message


def test_dimension_of_a_fixed_model(tmp_path: Path) -> None:
    proto = model([("Relu", ["x"], ["y"], {})], {"x": (F32, [3])}, {"y": F32})
    assert "none, all its sizes are fixed" in fail(tmp_path, proto, {"batch": 1})


def test_size_zero(tmp_path: Path) -> None:
    assert "dimension batch is set to 0; sizes are 1 or more" in fail(tmp_path, relu(), {"batch": 0})


def test_external_data_missing(tmp_path: Path) -> None:
    proto = model([("MatMul", ["x", "w"], ["y"], {})], {"x": (F32, [2, 64])}, {"y": F32}, {"w": normal(64, 64)})
    onnx.save(proto, tmp_path / "big.onnx", save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()
    message = fail(tmp_path, tmp_path / "big.onnx")
    assert "1 weights are kept in weights.bin, which is missing" in message


def test_data_dependent_shape(tmp_path: Path) -> None:
    proto = model([("Reshape", ["x", "s"], ["y"], {})], {"x": (F32, [4]), "s": (I64, [2])}, {"y": F32})
    assert "the shape (input 1, s) depends on the data" in fail(tmp_path, proto)


def test_output_folder_missing(tmp_path: Path) -> None:
    onnx.save(relu(), tmp_path / "model.onnx")
    with pytest.raises(ModelError, match="does not exist; make it first"):
        import_onnx(tmp_path / "model.onnx", tmp_path / "no" / "m.mlir", tmp_path / "m.safetensors")


def test_constant_index_outside(tmp_path: Path) -> None:
    proto = model([("Gather", ["x", "i"], ["y"], {})], {"x": (F32, [3, 2])}, {"y": F32}, {"i": np.array(3)})
    assert "outside a dimension of 3" in fail(tmp_path, proto)


def test_initializer_names_are_escaped(tmp_path: Path) -> None:
    """Odd names are data, not syntax."""
    proto = model([("Add", ['x"y\\', "w é"], ["z\n"], {})], {'x"y\\': (F32, [20])}, {"z\n": F32}, {"w é": normal(20)})
    assert numpy_helper.to_array(proto.graph.initializer[0]).shape == (20,)
    onnx.save(proto, tmp_path / "odd.onnx")
    import_onnx(tmp_path / "odd.onnx", tmp_path / "odd.mlir", tmp_path / "odd.safetensors")
    text = (tmp_path / "odd.mlir").read_text(encoding="utf-8")
    assert 'lowbit.parameter @"w \\C3\\A9"' in text and 'lowbit.name = "x\\22y\\5C"' in text
