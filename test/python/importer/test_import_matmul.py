"""MatMul and Gemm against ONNX Runtime: ranks, broadcasting, constants on either side, layouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runner import model, normal

F32 = np.float32
Check = Callable[..., str]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 5)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (4, 5)),
        ((3, 4), (2, 4, 5)),
        ((2, 1, 3, 4), (6, 4, 5)),
        ((1, 3, 4), (2, 4, 5)),
        ((2, 6, 1, 4), (2, 6, 4, 1)),
        ((4,), (2, 4, 5)),
        ((2, 3, 4), (4,)),
    ],
)
@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_matmul(check: Check, a: tuple[int, ...], b: tuple[int, ...], constant: str) -> None:
    data = {"a": normal(*a), "b": normal(*b, seed=1)}
    fed = {name: value for name, value in data.items() if name != constant}
    inputs = {name: (F32, value.shape) for name, value in fed.items()}
    consts = {constant: data[constant]} if constant else {}
    check(model([("MatMul", ["a", "b"], ["y"], {})], inputs, {"y": F32}, consts), fed)


@pytest.mark.parametrize("trans_a", [0, 1])
@pytest.mark.parametrize("trans_b", [0, 1])
@pytest.mark.parametrize("constant", [False, True])
def test_gemm(check: Check, trans_a: int, trans_b: int, constant: bool) -> None:
    a, b = normal(*((4, 3) if trans_a else (3, 4))), normal(*((5, 4) if trans_b else (4, 5)), seed=1)
    attrs: dict[str, Any] = {"transA": trans_a, "transB": trans_b, "alpha": 0.5, "beta": 2.0}
    nodes: list[Any] = [
        ("Gemm", ["a", "b", "c"], ["full"], attrs),
        ("Gemm", ["a", "b", "column"], ["wide"], {"transA": trans_a, "transB": trans_b}),
        ("Gemm", ["a", "b"], ["bare"], attrs),
    ]
    data = {"a": a, "b": b, "c": normal(5), "column": normal(3, 1)}
    fed = {"a": a} if constant else data
    inputs = {name: (F32, value.shape) for name, value in fed.items()}
    consts = {name: value for name, value in data.items() if name not in fed}
    check(model(nodes, inputs, {n[2][0]: F32 for n in nodes}, consts), fed)


def test_plain_products_keep_their_names(imported: Callable[..., str]) -> None:
    inputs = {"a": (F32, [3, 4]), "b": (F32, [2, 3, 4]), "c": (F32, [2, 4, 5])}
    nodes: list[Any] = [("MatMul", ["a", "w"], ["x"], {}), ("MatMul", ["b", "c"], ["y"], {})]
    text = imported(model(nodes, inputs, {"x": F32, "y": F32}, {"w": normal(4, 5)}))
    assert 'linalg.matmul {lowbit.id = "x"}' in text
    assert 'linalg.batch_matmul {lowbit.id = "y"}' in text
    assert "linalg.contract" not in text


def test_transposed_weight_is_stored_transposed(imported: Callable[..., str]) -> None:
    node: Any = ("Gemm", ["a", "w"], ["y"], {"transB": 1})
    text = imported(model([node], {"a": (F32, [3, 40])}, {"y": F32}, {"w": normal(5, 40)}))
    assert 'lowbit.parameter @"w.t" : tensor<40x5xf32>' in text
    assert "linalg.transpose" not in text and "linalg.matmul" in text


@pytest.mark.parametrize("dynamic", [False, True])
def test_attention_moves_nothing(check: Check, dynamic: bool) -> None:
    """The transposes that split and join heads vanish into the maps of the products."""
    heads, size, rows = 4, 8, 6
    nodes: list[Any] = []
    for what, perm in (("q", [0, 2, 1, 3]), ("k", [0, 2, 3, 1]), ("v", [0, 2, 1, 3])):
        nodes += [
            ("MatMul", ["x", f"w{what}"], [f"{what}0"], {}),
            ("Reshape", [f"{what}0", "split"], [f"{what}1"], {}),
            ("Transpose", [f"{what}1"], [what], {"perm": perm}),
        ]
    nodes += [
        ("MatMul", ["q", "k"], ["scores"], {}),
        ("Softmax", ["scores"], ["p"], {"axis": -1}),
        ("MatMul", ["p", "v"], ["context"], {}),
        ("Transpose", ["context"], ["joined"], {"perm": [0, 2, 1, 3]}),
        ("Reshape", ["joined", "merge"], ["y"], {}),
    ]
    consts = {f"w{w}": normal(32, heads * size, seed=i) for i, w in enumerate("qkv")}
    consts |= {"split": np.array([0, 0, heads, size]), "merge": np.array([0, 0, -1])}
    shape: list[Any] = ["batch", "seq", 32] if dynamic else [2, rows, 32]
    text = check(model(nodes, {"x": (F32, shape)}, {"y": F32}, consts), {"x": normal(2, rows, 32)})
    assert "linalg.transpose" not in text
