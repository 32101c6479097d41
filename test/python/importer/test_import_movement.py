"""Reshapes, transposes, slices, look-ups and their kin against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runner import model, normal

F32, I64 = np.float32, np.int64
Check = Callable[..., str]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ((2, 3, 4), (6, 4)),
        ((2, 3, 4), (2, 12)),
        ((6, 4), (2, 3, -1)),
        ((2, 3, 4), (4, 6)),
        ((2, 3, 4), (0, -1, 2)),
        ((4, 6), (3, 8)),
        ((1, 4, 1), (4,)),
        ((4,), (1, 4, 1, 1)),
        ((1, 1), ()),
        ((1,), (1, 1, 1)),
        ((2, 6), (2, 1, 6)),
        ((2, 1, 3, 1), (3, 2)),
    ],
)
def test_reshape(check: Check, source: tuple[int, ...], target: tuple[int, ...]) -> None:
    nodes: list[Any] = [("Reshape", ["x", "shape"], ["r"], {}), ("Relu", ["r"], ["y"], {})]
    proto = model(nodes, {"x": (F32, source)}, {"y": F32}, {"shape": np.array(target, I64)})
    check(proto, {"x": normal(*source)})


@pytest.mark.parametrize("perm", [[0, 2, 3, 1], [3, 0, 1, 2], [2, 3, 0, 1], [0, 1, 3, 2]])
@pytest.mark.parametrize("target", [(24, 5), (2, 60), (6, 20), (2, 3, 2, 2, 5), (120,), (4, 30)])
def test_reshape_of_transposed(check: Check, perm: list[int], target: tuple[int, ...]) -> None:
    nodes: list[Any] = [("Transpose", ["x"], ["t"], {"perm": perm}), ("Reshape", ["t", "shape"], ["y"], {})]
    proto = model(nodes, {"x": (F32, [2, 3, 4, 5])}, {"y": F32}, {"shape": np.array(target, I64)})
    check(proto, {"x": normal(2, 3, 4, 5)})


def test_splitting_heads_moves_nothing(imported: Callable[..., str]) -> None:
    nodes: list[Any] = [
        ("Transpose", ["x"], ["t"], {"perm": [1, 0, 2]}),
        ("Reshape", ["t", "shape"], ["r"], {}),
        ("Transpose", ["r"], ["y"], {"perm": [1, 0, 2, 3]}),
    ]
    text = imported(model(nodes, {"x": (F32, ["b", "s", 12])}, {"y": F32}, {"shape": np.array([0, 0, 3, 4])}))
    assert "linalg.transpose" not in text and "tensor.expand_shape" in text


def test_unit_dimensions_move_by_reshape(check: Check) -> None:
    nodes: list[Any] = [("Conv", ["x", "w"], ["c"], {}), ("Flatten", ["c"], ["y"], {})]
    text = check(
        model(nodes, {"x": (F32, [1, 1, 6, 5])}, {"y": F32}, {"w": normal(7, 1, 6, 5)}), {"x": normal(1, 1, 6, 5)}
    )
    assert "linalg.transpose" not in text


def test_squeeze_unsqueeze_flatten(check: Check) -> None:
    nodes: list[Any] = [
        ("Squeeze", ["x"], ["a"], {"axes": [1]}),
        ("Squeeze", ["x"], ["b"], {}),
        ("Unsqueeze", ["x"], ["c"], {"axes": [0, 3]}),
        ("Flatten", ["x"], ["d"], {"axis": 2}),
        ("Flatten", ["x"], ["e"], {"axis": 0}),
        ("Transpose", ["x"], ["t"], {}),
        ("Squeeze", ["t"], ["f"], {"axes": [2]}),
        ("Unsqueeze", ["t"], ["g"], {"axes": [1]}),
    ]
    outputs = {n[2][0]: F32 for n in nodes}
    check(model(nodes, {"x": (F32, [3, 1, 4, 1])}, outputs, opset=11), {"x": normal(3, 1, 4, 1)})


def test_axes_as_input(check: Check) -> None:
    nodes: list[Any] = [("Squeeze", ["x", "one"], ["a"], {}), ("Unsqueeze", ["x", "last"], ["b"], {})]
    consts = {"one": np.array([1]), "last": np.array([-1])}
    proto = model(nodes, {"x": (F32, ["n", 1, 4])}, {"a": F32, "b": F32}, consts, opset=13)
    check(proto, {"x": normal(3, 1, 4)})


@pytest.mark.parametrize(
    ("starts", "ends", "axes", "steps"),
    [
        ([1], [3], [0], [1]),
        ([-2], [2**63 - 1], [1], [1]),
        ([0, 1], [-1, 5], [0, 2], [2, 2]),
        ([0], [100], [2], [3]),
        ([1, 1, 1], [3, 3, 3], None, None),
    ],
)
def test_slice(check: Check, starts: Any, ends: Any, axes: Any, steps: Any) -> None:
    consts = {"s": np.array(starts), "e": np.array(ends)}
    names = ["x", "s", "e"]
    if axes is not None:
        consts |= {"a": np.array(axes), "p": np.array(steps)}
        names += ["a", "p"]
    nodes: list[Any] = [
        ("Slice", names, ["y"], {}),
        ("Transpose", ["x"], ["t"], {"perm": [1, 2, 0]}),
        ("Slice", ["t", *names[1:]], ["z"], {}),
    ]
    check(model(nodes, {"x": (F32, [4, 5, 6])}, {"y": F32, "z": F32}, consts), {"x": normal(4, 5, 6)})


def test_slice_by_attribute(check: Check) -> None:
    node: Any = ("Slice", ["x"], ["y"], {"starts": [1, -3], "ends": [3, 100], "axes": [0, 1]})
    check(model([node], {"x": (F32, [4, 5])}, {"y": F32}, opset=9), {"x": normal(4, 5)})


def test_split(check: Check) -> None:
    nodes: list[Any] = [
        ("Split", ["x"], ["a", "b", "c"], {"axis": 1}),
        ("Split", ["x"], ["d", "e"], {"axis": -1, "split": [1, 3]}),
    ]
    check(model(nodes, {"x": (F32, [2, 6, 4])}, dict.fromkeys("abcde", F32), opset=11), {"x": normal(2, 6, 4)})
    nodes = [
        ("Split", ["x", "sizes"], ["a", "b"], {"axis": 1}),
        ("Split", ["x"], ["c", "d", "e"], {"num_outputs": 3}),
    ]
    proto = model(nodes, {"x": (F32, [5, 6])}, dict.fromkeys("abcde", F32), {"sizes": np.array([2, 4])}, opset=18)
    check(proto, {"x": normal(5, 6)})


def test_concat(check: Check) -> None:
    nodes: list[Any] = [
        ("Concat", ["x", "y", "c"], ["a"], {"axis": 1}),
        ("Transpose", ["x"], ["t"], {"perm": [0, 2, 1]}),
        ("Transpose", ["y"], ["u"], {"perm": [0, 2, 1]}),
        ("Concat", ["t", "u", "d"], ["b"], {"axis": -1}),
    ]
    consts = {"c": normal(2, 1, 4), "d": normal(2, 4, 10)}
    inputs = {"x": (F32, ["n", 3, 4]), "y": (F32, ["n", 5, 4])}
    proto = model(nodes, inputs, {"a": F32, "b": F32}, consts)
    check(proto, {"x": normal(2, 3, 4), "y": normal(2, 5, 4)}, shapes={"n": 2})


def test_pad(check: Check) -> None:
    nodes: list[Any] = [("Pad", ["x", "p", "v"], ["a"], {}), ("Pad", ["x", "p"], ["b"], {"mode": "constant"})]
    consts = {"p": np.array([0, 1, 2, 0, 0, 3]), "v": F32(1.5)}
    check(model(nodes, {"x": (F32, ["n", 3, 4])}, {"a": F32, "b": F32}, consts), {"x": normal(2, 3, 4)})


def test_pad_by_attribute(check: Check) -> None:
    node: Any = ("Pad", ["x"], ["y"], {"pads": [0, 1, 2, 0], "value": -1.0})
    check(model([node], {"x": (F32, [2, 3])}, {"y": F32}, opset=10), {"x": normal(2, 3)})


def test_expand_and_tile(check: Check) -> None:
    nodes: list[Any] = [
        ("Expand", ["x", "s"], ["a"], {}),
        ("Expand", ["x", "t"], ["b"], {}),
        ("Tile", ["x", "r"], ["c"], {}),
    ]
    consts = {"s": np.array([2, 3, 4]), "t": np.array([1, 1]), "r": np.array([2, 3])}
    check(model(nodes, {"x": (F32, [3, 1])}, {"a": F32, "b": F32, "c": F32}, consts), {"x": normal(3, 1)})


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_gather_by_constant(check: Check, axis: int) -> None:
    consts = {
        "one": np.array(1),
        "last": np.array(-1),
        "run": np.array([1, 2]),
        "list": np.array([2, 0, -1]),
        "table": np.array([[0, 1], [2, 0]]),
    }
    nodes: list[Any] = [("Gather", ["x", c], [f"y_{c}"], {"axis": axis}) for c in consts]
    nodes.append(("Transpose", ["x"], ["t"], {"perm": [2, 0, 1]}))
    nodes += [("Gather", ["t", c], [f"z_{c}"], {"axis": axis}) for c in consts]
    outputs = {n[2][0]: F32 for n in nodes if n[0] == "Gather"}
    check(model(nodes, {"x": (F32, [3, 4, 5])}, outputs, consts), {"x": normal(3, 4, 5)})


@pytest.mark.parametrize("kind", [I64, np.int32])
def test_look_up(check: Check, kind: Any) -> None:
    nodes: list[Any] = [("Gather", ["table", "ids"], ["y"], {}), ("Gather", ["x", "ids"], ["z"], {"axis": 1})]
    inputs = {"ids": (kind, ["n", 3]), "x": (F32, [2, 7, 5])}
    proto = model(nodes, inputs, {"y": F32, "z": F32}, {"table": normal(7, 4)})
    ids = np.array([[0, 6, -1], [-7, 3, 2]], kind)
    text = check(proto, {"ids": ids, "x": normal(2, 7, 5)})
    assert text.count("lowbit.check_range") == 2
    assert 'in [-7, 7) "Gather Gather_y: index outside the 7 entries of table"' in text


def test_look_up_outside_the_table(imported: Callable[..., str], run_mlir: Any, tmp_path: Any) -> None:
    imported(model([("Gather", ["table", "ids"], ["y"], {})], {"ids": (I64, [3])}, {"y": F32}, {"table": normal(7, 4)}))
    with pytest.raises(RuntimeError, match=r"index outside the 7 entries of table"):
        run_mlir(tmp_path / "model.mlir", {"ids": np.array([0, 7, 1])})


@pytest.mark.parametrize("mode", ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"])
@pytest.mark.parametrize("size", [(7, 20), (16, 3), (1, 12), (5, 8)])
def test_resize_by_linear_interpolation(check: Check, mode: str, size: tuple[int, int]) -> None:
    attrs = {"mode": "linear", "coordinate_transformation_mode": mode}
    sizes = np.array([2, 3, *size], np.int64)
    proto = model(
        [("Resize", ["x", "", "", "sizes"], ["y"], attrs)], {"x": (F32, [2, 3, 5, 8])}, {"y": F32}, {"sizes": sizes}
    )
    check(proto, {"x": normal(2, 3, 5, 8)}, tolerance=1e-6)
