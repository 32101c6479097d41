"""Elementwise operators against ONNX Runtime: every operator, broadcasting, layouts, constants, opsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runner import model, normal

F32, I64, BOOL = np.float32, np.int64, np.bool_
Check = Callable[..., str]


def test_unary_float(check: Check) -> None:
    ops: list[tuple[str, dict[str, object]]] = [
        ("Relu", {}),
        ("Abs", {}),
        ("Neg", {}),
        ("Sigmoid", {}),
        ("LeakyRelu", {"alpha": 0.2}),
        ("Elu", {"alpha": 1.5}),
        ("HardSigmoid", {"alpha": 0.3, "beta": 0.4}),
        ("HardSwish", {}),
        ("Erf", {}),
        ("Tanh", {}),
        ("Exp", {}),
        ("Floor", {}),
        ("Ceil", {}),
        ("Round", {}),
        ("Reciprocal", {}),
        ("Softplus", {}),
        ("Gelu", {}),
        ("Identity", {}),
    ]
    nodes: list[Any] = [(op, ["x"], [f"y_{op}"], attrs) for op, attrs in ops]
    nodes.append(("Gelu", ["x"], ["y_gelu_tanh"], {"approximate": "tanh"}))
    outputs = {outs[0]: F32 for _, _, outs, _ in nodes}
    x = normal(3, 5, 7, scale=3.0)
    x[0, 0, :4] = [0.5, 1.5, -0.5, 2.5]  # ties of Round
    check(model(nodes, {"x": (F32, [3, 5, 7])}, outputs, opset=20), {"x": x})


def test_unary_of_positive(check: Check) -> None:
    nodes: list[Any] = [(op, ["x"], [op], {}) for op in ("Log", "Sqrt")]
    nodes += [("Pow", ["x", c], [f"pow_{c}"], {}) for c in ("two", "half", "three", "odd", "whole", "minus")]
    consts = {
        "two": F32(2),
        "half": F32(0.5),
        "three": F32(3),
        "odd": F32(1.7),
        "whole": np.int64(2),
        "minus": F32(-0.5),
    }
    proto = model(nodes, {"x": (F32, [4, 3])}, {n[2][0]: F32 for n in nodes}, consts)
    check(proto, {"x": np.abs(normal(4, 3)) + 0.1})


def test_nan_and_infinity_pass(check: Check) -> None:
    nodes: list[Any] = [("Relu", ["x"], ["r"], {}), ("Max", ["x", "y"], ["m"], {}), ("Min", ["x", "y"], ["n"], {})]
    proto = model(nodes, {"x": (F32, [4]), "y": (F32, [4])}, {"r": F32, "m": F32, "n": F32})
    x = np.array([np.nan, np.inf, -np.inf, 1], F32)
    check(proto, {"x": x, "y": np.array([1, 2, np.nan, -3], F32)})


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul", "Div", "Pow"])
@pytest.mark.parametrize(
    ("a", "b"), [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (4,)), ((2, 3, 4), (3, 1)), ((2, 1, 4), (3, 1)), ((3,), (2, 1, 1))]
)
def test_broadcast(check: Check, op: str, a: tuple[int, ...], b: tuple[int, ...]) -> None:
    proto = model([(op, ["a", "b"], ["y"], {})], {"a": (F32, a), "b": (F32, b)}, {"y": F32})
    check(proto, {"a": np.abs(normal(*a)) + 0.5, "b": normal(*b, seed=1) + 3})


def test_broadcast_with_constants(check: Check) -> None:
    consts = {
        "row": normal(4),
        "column": normal(3, 1),
        "full": normal(2, 3, 4),
        "scalar": F32(2.5),
        "one": normal(1, 1, 1),
        "bigger": np.full((5, 2, 3, 4), 2.0, F32),
    }
    nodes: list[Any] = [("Mul", ["x", c], [f"y_{c}"], {}) for c in consts] + [("Sub", ["row", "x"], ["left"], {})]
    check(model(nodes, {"x": (F32, [2, 3, 4])}, {n[2][0]: F32 for n in nodes}, consts), {"x": normal(2, 3, 4)})


def test_layouts_meet(check: Check) -> None:
    """Operands that lie differently, with constants between them."""
    nodes: list[Any] = [
        ("Transpose", ["x"], ["xt"], {"perm": [0, 2, 3, 1]}),
        ("Add", ["xt", "c"], ["a"], {}),
        ("Mul", ["a", "y"], ["b"], {}),
        ("Add", ["b", "row"], ["d"], {}),
        ("Transpose", ["d"], ["back"], {"perm": [0, 3, 1, 2]}),
        ("Add", ["back", "x"], ["z"], {}),
        ("Add", ["z", "per_channel"], ["w"], {}),
    ]
    consts = {"c": normal(4, 5, 3), "per_channel": normal(3, 1, 1, seed=2)}
    inputs = {"x": (F32, [2, 3, 4, 5]), "y": (F32, [2, 4, 5, 3]), "row": (F32, [5, 1])}
    proto = model(nodes, inputs, {"w": F32, "d": F32}, consts)
    check(proto, {"x": normal(2, 3, 4, 5), "y": normal(2, 4, 5, 3), "row": normal(5, 1)})


def test_variadic(check: Check) -> None:
    nodes: list[Any] = [(op, ["a", "b", "c"], [op], {}) for op in ("Sum", "Mean", "Max", "Min")]
    nodes.append(("Sum", ["a"], ["single"], {}))
    inputs = {"a": (F32, [2, 3]), "b": (F32, [3]), "c": (F32, [2, 1])}
    check(model(nodes, inputs, {n[2][0]: F32 for n in nodes}), {"a": normal(2, 3), "b": normal(3), "c": normal(2, 1)})


def test_compare_and_logic(check: Check) -> None:
    nodes: list[Any] = [
        (op, ["a", "b"], [op], {}) for op in ("Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual")
    ]
    nodes += [(op, ["Greater", "m"], [op], {}) for op in ("And", "Or", "Xor")]
    nodes += [("Not", ["m"], ["Not"], {}), ("Where", ["m", "a", "b"], ["chosen"], {})]
    outputs = {n[2][0]: BOOL for n in nodes} | {"chosen": F32}
    inputs = {"a": (F32, [3, 4]), "b": (F32, [4]), "m": (BOOL, [3, 1])}
    a = np.round(normal(3, 4))
    check(model(nodes, inputs, outputs), {"a": a, "b": np.zeros(4, F32), "m": np.array([[True], [False], [True]])})


def test_integers(check: Check) -> None:
    nodes: list[Any] = [(op, ["a", "b"], [op], {}) for op in ("Add", "Sub", "Mul", "Max", "Min", "Equal", "Less")]
    nodes += [("Div", ["a", "three"], ["Div"], {}), ("Abs", ["a"], ["Abs"], {}), ("Neg", ["a"], ["Neg"], {})]
    outputs = {n[2][0]: I64 for n in nodes} | {"Equal": BOOL, "Less": BOOL}
    proto = model(nodes, {"a": (I64, [5]), "b": (I64, [5])}, outputs, {"three": np.array([3])})
    check(proto, {"a": np.array([-7, -1, 0, 5, 2**40]), "b": np.array([3, -1, 2, 5, 1])})


def test_cast(check: Check) -> None:
    kinds = {"f": (1, F32), "l": (7, I64), "i": (6, np.int32), "b": (9, BOOL)}
    nodes: list[Any] = [
        ("Cast", [source], [f"{source}_{target}"], {"to": code})
        for source in kinds
        for target, (code, _) in kinds.items()
    ]
    outputs = {f"{s}_{t}": kind for s in kinds for t, (_, kind) in kinds.items()}
    inputs = {name: (kind, [4]) for name, (_, kind) in kinds.items()}
    data = np.array([-2.7, 0.0, 1.0, 3.9])
    check(model(nodes, inputs, outputs), {name: data.astype(kind) for name, (_, kind) in kinds.items()})


@pytest.mark.parametrize("opset", [7, 10])
def test_clip_by_attribute(check: Check, opset: int) -> None:
    proto = model([("Clip", ["x"], ["y"], {"min": -0.5, "max": 0.75})], {"x": (F32, [9])}, {"y": F32}, opset=opset)
    check(proto, {"x": normal(9)})


def test_clip_by_input(check: Check) -> None:
    nodes: list[Any] = [
        ("Clip", ["x", "lo", "hi"], ["both"], {}),
        ("Clip", ["x", "", "hi"], ["upper"], {}),
        ("Clip", ["x", "lo"], ["lower"], {}),
        ("Clip", ["x"], ["none"], {}),
        ("Clip", ["x", "lo", "bound"], ["at_run_time"], {}),
    ]
    outputs = {n[2][0]: F32 for n in nodes}
    proto = model(nodes, {"x": (F32, [9]), "bound": (F32, [])}, outputs, {"lo": F32(-0.5), "hi": F32(0.5)})
    check(proto, {"x": normal(9), "bound": np.array(0.25, F32)})


def test_prelu(check: Check) -> None:
    proto = model([("PRelu", ["x", "s"], ["y"], {})], {"x": (F32, [2, 3, 4])}, {"y": F32}, {"s": normal(3, 1)})
    check(proto, {"x": normal(2, 3, 4)})


@pytest.mark.parametrize("opset", [7, 9, 13, 15, 17, 21])
def test_opsets(check: Check, opset: int) -> None:
    nodes: list[Any] = [("Add", ["x", "c"], ["a"], {}), ("Relu", ["a"], ["r"], {}), ("Dropout", ["r"], ["y"], {})]
    check(model(nodes, {"x": (F32, [2, 3])}, {"y": F32}, {"c": normal(3)}, opset=opset), {"x": normal(2, 3)})
