"""Reductions, softmax and normalizations against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runner import model, normal

F32, I64 = np.float32, np.int64
Check = Callable[..., str]
REDUCTIONS = ["ReduceSum", "ReduceMean", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2", "ReduceSumSquare"]


@pytest.mark.parametrize("keepdims", [0, 1])
def test_reduce_by_attribute(check: Check, keepdims: int) -> None:
    nodes: list[Any] = []
    for axes in ([1], [-1], [0, 2], [0, 1, 2]):
        name = "_".join(str(a) for a in axes)
        nodes += [(op, ["x"], [f"{op}{name}"], {"axes": axes, "keepdims": keepdims}) for op in REDUCTIONS]
    nodes.append(("ReduceMean", ["x"], ["all"], {"keepdims": keepdims}))
    proto = model(nodes, {"x": (F32, [2, 3, 4])}, {n[2][0]: F32 for n in nodes}, opset=11)
    check(proto, {"x": normal(2, 3, 4)})


def test_reduce_by_input(check: Check) -> None:
    nodes: list[Any] = [(op, ["x", "axes"], [op], {"keepdims": 1}) for op in REDUCTIONS]
    nodes.append(("ReduceSum", ["x"], ["same"], {"noop_with_empty_axes": 1}))
    consts = {"axes": np.array([-2, 0])}
    proto = model(nodes, {"x": (F32, ["n", 3, 4])}, {n[2][0]: F32 for n in nodes}, consts, opset=18)
    check(proto, {"x": normal(2, 3, 4)}, {"x": normal(5, 3, 4)})


def test_mean_over_dynamic_sizes(check: Check) -> None:
    node: Any = ("ReduceMean", ["x"], ["y"], {"axes": [0, 2], "keepdims": 0})
    check(model([node], {"x": (F32, ["a", 3, "b"])}, {"y": F32}), {"x": normal(2, 3, 5)}, {"x": normal(4, 3, 1)})


def test_reduce_integers(check: Check) -> None:
    nodes: list[Any] = [(op, ["x"], [op], {"axes": [1], "keepdims": 0}) for op in ("ReduceMax", "ReduceMin")]
    nodes.append(("ReduceSum", ["x", "axes"], ["ReduceSum"], {"keepdims": 0}))
    proto = model(nodes, {"x": (I64, [2, 3])}, {n[2][0]: I64 for n in nodes}, {"axes": np.array([1])}, opset=13)
    check(proto, {"x": np.array([[1, -5, 2**40], [-1, -2, -3]])})


def test_reduce_of_transposed(check: Check) -> None:
    nodes: list[Any] = [
        ("Transpose", ["x"], ["t"], {"perm": [2, 0, 1]}),
        ("ReduceSum", ["t", "axes"], ["y"], {"keepdims": 1}),
        ("ReduceSum", ["t", "axes"], ["z"], {"keepdims": 0}),
        ("Sub", ["t", "y"], ["w"], {}),
    ]
    outputs = {"y": F32, "z": F32, "w": F32}
    proto = model(nodes, {"x": (F32, [2, 3, 4])}, outputs, {"axes": np.array([1])}, opset=13)
    check(proto, {"x": normal(2, 3, 4)})


@pytest.mark.parametrize("op", ["Softmax", "LogSoftmax"])
@pytest.mark.parametrize("opset", [11, 13])
def test_softmax(check: Check, op: str, opset: int) -> None:
    nodes: list[Any] = [(op, ["x"], [f"axis{k}"], {"axis": k}) for k in (0, 1, 2)]
    nodes.append((op, ["x"], ["default"], {}))
    x = normal(2, 3, 4, scale=20.0)
    check(model(nodes, {"x": (F32, ["n", 3, 4])}, {n[2][0]: F32 for n in nodes}, opset=opset), {"x": x})


def test_softmax_of_channels_last(check: Check) -> None:
    nodes: list[Any] = [("Conv", ["x", "w"], ["c"], {}), ("Softmax", ["c"], ["y"], {"axis": 1})]
    proto = model(nodes, {"x": (F32, [2, 3, 4, 5])}, {"y": F32}, {"w": normal(6, 3, 1, 1)})
    check(proto, {"x": normal(2, 3, 4, 5)})


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("bias", [False, True])
def test_layer_norm(check: Check, axis: int, bias: bool) -> None:
    shape = (4,) if axis == -1 else (3, 4)
    consts = {"s": normal(*shape)} | ({"b": normal(*shape, seed=1)} if bias else {})
    node: Any = ("LayerNormalization", ["x", *consts], ["y"], {"axis": axis, "epsilon": 1e-6})
    check(model([node], {"x": (F32, ["n", 3, 4])}, {"y": F32}, consts), {"x": normal(2, 3, 4) * 3 + 5})


def test_layer_norm_with_large_weights(check: Check) -> None:
    consts = {"s": normal(96), "b": normal(96, seed=1)}
    node: Any = ("LayerNormalization", ["x", "s", "b"], ["y"], {})
    check(model([node], {"x": (F32, [2, 96])}, {"y": F32}, consts), {"x": normal(2, 96)})
