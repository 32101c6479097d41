"""Shape arithmetic and dynamic dimensions: evaluated at import, exact at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runner import model, normal

F32, I64, BOOL = np.float32, np.int64, np.bool_
Check = Callable[..., str]


def shape_chain() -> Any:
    """View of [batch, seq, 12] as [batch * seq, 3, 4] and back, the way exporters write it."""
    nodes: list[Any] = [
        ("Shape", ["x"], ["s"], {}),
        ("Gather", ["s", "zero"], ["batch"], {}),
        ("Gather", ["s", "one"], ["seq"], {}),
        ("Mul", ["batch", "seq"], ["rows"], {}),
        ("Unsqueeze", ["rows", "axes"], ["rows1"], {}),
        ("Concat", ["rows1", "three_four"], ["flat"], {"axis": 0}),
        ("Reshape", ["x", "flat"], ["r"], {}),
        ("Relu", ["r"], ["q"], {}),
        ("Unsqueeze", ["batch", "axes"], ["batch1"], {}),
        ("Unsqueeze", ["seq", "axes"], ["seq1"], {}),
        ("Concat", ["batch1", "seq1", "minus"], ["full"], {"axis": 0}),
        ("Reshape", ["q", "full"], ["y"], {}),
    ]
    consts = {
        "zero": np.array(0),
        "one": np.array(1),
        "axes": np.array([0]),
        "three_four": np.array([3, 4]),
        "minus": np.array([-1]),
    }
    return model(nodes, {"x": (F32, ["batch", "seq", 12])}, {"y": F32, "q": F32}, consts)


def test_shape_chain(check: Check) -> None:
    text = check(shape_chain(), {"x": normal(2, 5, 12)}, {"x": normal(1, 1, 12)})
    assert 'lowbit.dims = ["batch", "seq", "12"]' in text
    assert 'lowbit.dims = ["batch*seq", "3", "4"]' in text


def test_fixed_by_shapes(check: Check) -> None:
    text = check(shape_chain(), {"x": normal(2, 5, 12)}, shapes={"batch": 2, "seq": 5})
    assert "?" not in text


def test_fixed_in_part(check: Check) -> None:
    check(shape_chain(), {"x": normal(2, 5, 12)}, {"x": normal(7, 5, 12)}, shapes={"seq": 5})


def test_positions_and_masks(check: Check) -> None:
    """Range, ConstantOfShape, Expand, Equal and Where on shapes; a slice that a dynamic size ends."""
    nodes: list[Any] = [
        ("Shape", ["ids"], ["s"], {}),
        ("Gather", ["s", "one"], ["seq"], {}),
        ("Range", ["zero", "seq", "one"], ["positions"], {}),
        ("Gather", ["table", "positions"], ["a"], {}),
        ("Unsqueeze", ["seq", "axes"], ["seq1"], {}),
        ("Slice", ["table", "axes", "seq1", "axes"], ["b"], {}),
        ("Add", ["a", "b"], ["rows"], {}),
        ("ConstantOfShape", ["s"], ["ones"], {"value": _tensor(np.ones(1, F32))}),
        ("Equal", ["s", "minus"], ["wild"], {}),
        ("ConstantOfShape", ["two"], ["fill"], {"value": _tensor(np.ones(1, I64))}),
        ("Where", ["wild", "fill", "s"], ["target"], {}),
        ("Expand", ["half", "target"], ["halves"], {}),
        ("Add", ["ones", "halves"], ["weights"], {}),
        ("Unsqueeze", ["weights", "last"], ["column"], {}),
        ("Mul", ["column", "rows"], ["y"], {}),
    ]
    consts = {
        "zero": np.array(0),
        "one": np.array(1),
        "axes": np.array([0]),
        "minus": np.array(-1),
        "two": np.array([2]),
        "half": F32(0.5),
        "last": np.array([-1]),
        "table": normal(9, 20),
    }
    proto = model(nodes, {"ids": (I64, ["batch", "seq"])}, {"y": F32, "positions": I64}, consts)
    check(proto, {"ids": np.zeros((2, 9), I64)}, {"ids": np.zeros((3, 1), I64)})


def test_sizes_as_values(check: Check) -> None:
    """Shape arithmetic that becomes data: a float scale, and the shape itself as an output."""
    nodes: list[Any] = [
        ("Shape", ["x"], ["s"], {}),
        ("Gather", ["s", "one"], ["n"], {}),
        ("Cast", ["n"], ["f"], {"to": 1}),
        ("Sqrt", ["f"], ["root"], {}),
        ("Div", ["x", "root"], ["y"], {}),
        ("Add", ["x", "f"], ["z"], {}),
        ("Size", ["x"], ["count"], {}),
    ]
    proto = model(nodes, {"x": (F32, ["a", "b"])}, {"y": F32, "z": F32, "s": I64, "count": I64}, {"one": np.array(1)})
    check(proto, {"x": normal(3, 4)}, {"x": normal(2, 9)})


def test_floor_and_concat_of_sizes(check: Check) -> None:
    nodes: list[Any] = [
        ("MaxPool", ["x"], ["p"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("Concat", ["x", "x"], ["c"], {"axis": 3}),
        ("Shape", ["p"], ["ps"], {}),
        ("Slice", ["c", "zeros", "ends", "axes"], ["head"], {}),
        ("Pad", ["x", "pads"], ["wide"], {}),
    ]
    consts = {
        "zeros": np.array([0]),
        "ends": np.array([-1]),
        "axes": np.array([3]),
        "pads": np.array([0, 0, 1, 0, 0, 0, 0, 2]),
    }
    outputs = {"p": F32, "c": F32, "head": F32, "wide": F32, "ps": I64}
    proto = model(nodes, {"x": (F32, [1, 2, "h", "w"])}, outputs, consts)
    check(proto, {"x": normal(1, 2, 5, 6)}, {"x": normal(1, 2, 4, 3)})


def test_unnamed_dimensions_get_names(imported: Callable[..., str]) -> None:
    text = imported(model([("Relu", ["x"], ["y"], {})], {"x": (F32, [None, 3])}, {"y": F32}))
    assert 'lowbit.dims = ["x_d0", "3"]' in text


def test_equal_names_are_one_dimension(check: Check) -> None:
    proto = model([("Add", ["a", "b"], ["y"], {})], {"a": (F32, ["n", 3]), "b": (F32, ["n", 1])}, {"y": F32})
    check(proto, {"a": normal(4, 3), "b": normal(4, 1)})


def test_different_names_do_not_broadcast(imported: Callable[..., str]) -> None:
    proto = model([("Add", ["a", "b"], ["y"], {})], {"a": (F32, ["n", 3]), "b": (F32, ["m", 3])}, {"y": F32})
    with pytest.raises(Exception, match="sizes n and m are not known to be equal"):
        imported(proto)


def _tensor(array: np.ndarray) -> Any:
    from onnx import numpy_helper

    return numpy_helper.from_array(array)
