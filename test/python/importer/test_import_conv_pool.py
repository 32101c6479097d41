"""Convolutions, pools and batch norm against ONNX Runtime."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from runner import model, normal

F32 = np.float32
Check = Callable[..., str]


@pytest.mark.parametrize(
    "attrs",
    [
        {},
        {"pads": [1, 2, 0, 1]},
        {"strides": [2, 3], "pads": [1, 1, 1, 1]},
        {"dilations": [2, 1], "pads": [2, 0, 2, 0]},
        {"auto_pad": "SAME_UPPER", "strides": [2, 2]},
        {"auto_pad": "SAME_LOWER", "strides": [2, 1]},
        {"auto_pad": "VALID", "strides": [1, 2]},
    ],
)
@pytest.mark.parametrize("bias", [False, True])
def test_conv(check: Check, attrs: dict[str, Any], bias: bool) -> None:
    consts = {"w": normal(4, 3, 3, 2)} | ({"b": normal(4)} if bias else {})
    proto = model([("Conv", ["x", *consts], ["y"], attrs)], {"x": (F32, [2, 3, 9, 8])}, {"y": F32}, consts)
    text = check(proto, {"x": normal(2, 3, 9, 8)})
    assert 'lowbit.id = "y"' in text
    assert ('lowbit.id = "y/conv"' in text) == bias


@pytest.mark.parametrize(
    ("channels", "features", "group"), [(4, 4, 4), (3, 6, 3), (4, 8, 2), (6, 6, 2)], ids=["dw", "dwm", "g", "g2"]
)
def test_grouped_conv(check: Check, channels: int, features: int, group: int) -> None:
    consts = {"w": normal(features, channels // group, 3, 3), "b": normal(features)}
    node: Any = ("Conv", ["x", "w", "b"], ["y"], {"group": group, "pads": [1, 1, 1, 1], "strides": [2, 2]})
    proto = model([node], {"x": (F32, [2, channels, 7, 6])}, {"y": F32}, consts)
    check(proto, {"x": normal(2, channels, 7, 6)})


@pytest.mark.parametrize("group", [1, 2, 4])
def test_conv_3d(check: Check, group: int) -> None:
    pads = {"pads": [1, 0, 2, 0, 1, 1], "strides": [1, 2, 1], "dilations": [1, 1, 2]}
    consts = {"w": normal(8, 4 // group, 2, 3, 2), "b": normal(8)}
    node: Any = ("Conv", ["x", "w", "b"], ["y"], pads | {"group": group})
    check(model([node], {"x": (F32, [2, 4, 5, 6, 7])}, {"y": F32}, consts), {"x": normal(2, 4, 5, 6, 7)})


@pytest.mark.parametrize(
    "attrs",
    [
        {},
        {"strides": [2, 3]},
        {"strides": [2, 2], "pads": [1, 0, 2, 1], "output_padding": [1, 0]},
        {"dilations": [2, 3], "strides": [3, 1], "pads": [3, 4, 0, 3]},
        {"strides": [4, 5], "output_padding": [3, 2]},  # a stride larger than the window
        {"strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"strides": [3, 2], "auto_pad": "SAME_LOWER", "dilations": [1, 2]},
        {"strides": [2, 1], "auto_pad": "VALID"},
        {"strides": [2, 2], "output_shape": [9, 9]},
        {"strides": [2, 2], "output_shape": [8, 10], "auto_pad": "SAME_UPPER"},
        {"pads": [2, 1, 2, 1]},  # all that the window adds is cut off
    ],
)
@pytest.mark.parametrize("group", [1, 2, 4])
def test_conv_transpose(check: Check, attrs: dict[str, Any], group: int) -> None:
    consts = {"w": normal(4, 6 // group if group < 4 else 1, 3, 2)}
    consts["b"] = normal(consts["w"].shape[1] * group)
    node: Any = ("ConvTranspose", ["x", "w", "b"], ["y"], attrs | {"group": group})
    text = check(model([node], {"x": (F32, [2, 4, 4, 5])}, {"y": F32}, consts), {"x": normal(2, 4, 4, 5)})
    assert 'lowbit.id = "y/conv' in text


def test_conv_transpose_of_one_and_three_dimensions(check: Check) -> None:
    attrs = {"strides": [3], "pads": [1, 2], "dilations": [2]}
    wide = {"strides": [2, 1, 3], "output_padding": [1, 0, 2], "pads": [0, 1, 0, 1, 0, 1]}
    nodes: list[Any] = [("ConvTranspose", ["x", "w"], ["y"], attrs), ("ConvTranspose", ["v", "u"], ["z"], wide)]
    inputs = {"x": (F32, [2, 3, 6]), "v": (F32, [1, 2, 3, 4, 2])}
    consts = {"w": normal(3, 5, 4), "u": normal(2, 3, 2, 3, 3)}
    check(model(nodes, inputs, {"y": F32, "z": F32}, consts), {"x": normal(2, 3, 6), "v": normal(1, 2, 3, 4, 2)})


def test_conv_transpose_of_a_dynamic_size(check: Check) -> None:
    node: Any = ("ConvTranspose", ["x", "w"], ["y"], {"strides": [2, 3], "auto_pad": "SAME_UPPER"})
    proto = model([node], {"x": (F32, ["batch", 3, "h", "w"])}, {"y": F32}, {"w": normal(3, 4, 3, 5)})
    proto.graph.node[0].input[1] = proto.graph.initializer[0].name = "taps"
    check(proto, {"x": normal(2, 3, 4, 5)}, {"x": normal(1, 3, 1, 7)})


@pytest.mark.parametrize("group", [1, 4])
def test_conv_1d(check: Check, group: int) -> None:
    node: Any = ("Conv", ["x", "w", "b"], ["y"], {"group": group, "pads": [2, 1], "strides": [2], "dilations": [2]})
    consts = {"w": normal(8, 4 // group, 3), "b": normal(8)}
    check(model([node], {"x": (F32, [2, 4, 11])}, {"y": F32}, consts), {"x": normal(2, 4, 11)})


def test_conv_weights_at_run_time(check: Check) -> None:
    node: Any = ("Conv", ["x", "w"], ["y"], {})
    proto = model([node], {"x": (F32, [1, 2, 5, 5]), "w": (F32, [3, 2, 3, 3])}, {"y": F32})
    check(proto, {"x": normal(1, 2, 5, 5), "w": normal(3, 2, 3, 3)})


def test_conv_dynamic_batch_and_size(check: Check) -> None:
    nodes: list[Any] = [
        ("Conv", ["x", "w", "b"], ["c"], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
        ("MaxPool", ["c"], ["p"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("GlobalAveragePool", ["p"], ["g"], {}),
        ("Flatten", ["g"], ["y"], {}),
    ]
    consts = {"w": normal(4, 3, 3, 3), "b": normal(4)}
    proto = model(nodes, {"x": (F32, ["batch", 3, "h", "w"])}, {"y": F32, "p": F32}, consts)
    check(proto, {"x": normal(2, 3, 9, 12)}, {"x": normal(1, 3, 8, 7)})
    check(proto, {"x": normal(2, 3, 10, 12)}, shapes={"batch": 2, "h": 10, "w": 12})


def test_chain_moves_nothing_inside(check: Check) -> None:
    """Channels first outside: one transpose at each border, none between."""
    nodes: list[Any] = [
        ("Conv", ["x", "w1", "b1"], ["c1"], {"pads": [1, 1, 1, 1]}),
        ("BatchNormalization", ["c1", "s", "o", "m", "v"], ["n1"], {}),
        ("Relu", ["n1"], ["r1"], {}),
        ("Conv", ["r1", "w2"], ["c2"], {}),
        ("Add", ["c2", "per_channel"], ["a2"], {}),
        ("AveragePool", ["a2"], ["y"], {"kernel_shape": [2, 2]}),
    ]
    consts = {
        "w1": normal(4, 3, 3, 3),
        "b1": normal(4),
        "w2": normal(5, 4, 1, 1),
        "per_channel": normal(5, 1, 1),
        "s": normal(4),
        "o": normal(4, seed=1),
        "m": normal(4, seed=2),
        "v": np.abs(normal(4, seed=3)) + 0.1,
    }
    text = check(model(nodes, {"x": (F32, [2, 3, 6, 5])}, {"y": F32}, consts), {"x": normal(2, 3, 6, 5)})
    assert text.count("linalg.transpose") == 2
    assert '"n1/conv"' in text and '"c1' not in text, "batch norm is folded"


@pytest.mark.parametrize("opset", [7, 9, 14, 17])
def test_batch_norm_alone(check: Check, opset: int) -> None:
    consts = {"s": normal(3), "o": normal(3, seed=1), "m": normal(3, seed=2), "v": np.abs(normal(3, seed=3)) + 0.1}
    node: Any = ("BatchNormalization", ["x", *consts], ["y"], {"epsilon": 1e-3})
    proto = model([node], {"x": (F32, [2, 3, 4])}, {"y": F32}, consts, opset=opset)
    check(proto, {"x": normal(2, 3, 4)})


def test_batch_norm_stays_where_conv_is_read_twice(check: Check) -> None:
    consts = {"w": normal(3, 2, 1, 1), "s": normal(3), "o": normal(3), "m": normal(3), "v": np.ones(3, F32)}
    nodes: list[Any] = [
        ("Conv", ["x", "w"], ["c"], {}),
        ("BatchNormalization", ["c", "s", "o", "m", "v"], ["n"], {}),
        ("Add", ["c", "n"], ["y"], {}),
    ]
    check(model(nodes, {"x": (F32, [1, 2, 3, 3])}, {"y": F32}, consts), {"x": normal(1, 2, 3, 3)})


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
@pytest.mark.parametrize(
    "attrs",
    [
        {"kernel_shape": [2, 3]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 0, 1, 1], "ceil_mode": 1},
        {"kernel_shape": [2, 2], "strides": [2, 2], "auto_pad": "SAME_UPPER"},
        {"kernel_shape": [3, 2], "strides": [2, 2], "auto_pad": "SAME_LOWER"},
    ],
)
def test_pool(check: Check, op: str, attrs: dict[str, Any]) -> None:
    x = normal(2, 3, 8, 9) - 2.0
    nodes: list[Any] = [(op, ["x"], ["y"], attrs)]
    outputs = {"y": F32}
    if op == "AveragePool":
        nodes.append((op, ["x"], ["z"], attrs | {"count_include_pad": 1}))
        outputs["z"] = F32
    check(model(nodes, {"x": (F32, [2, 3, 8, 9])}, outputs, opset=19), {"x": x})


def test_windows_in_the_padding(check: Check) -> None:
    attrs = {"kernel_shape": [2, 2], "dilations": [2, 2], "pads": [1, 1, 1, 1]}
    check(
        model([("AveragePool", ["x"], ["y"], attrs)], {"x": (F32, [1, 2, 1, 3])}, {"y": F32}, opset=19),
        {"x": normal(1, 2, 1, 3)},
    )


def test_pool_1d_and_global(check: Check) -> None:
    nodes: list[Any] = [
        ("MaxPool", ["x"], ["m"], {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
        ("AveragePool", ["x"], ["a"], {"kernel_shape": [3], "strides": [2], "pads": [1, 1]}),
        ("GlobalAveragePool", ["x"], ["ga"], {}),
        ("GlobalMaxPool", ["x"], ["gm"], {}),
    ]
    check(model(nodes, {"x": (F32, [2, 3, 8])}, {n[2][0]: F32 for n in nodes}), {"x": normal(2, 3, 8)})


@pytest.mark.parametrize("op", ["MaxPool", "AveragePool"])
def test_pool_3d(check: Check, op: str) -> None:
    attrs = {"kernel_shape": [2, 3, 2], "strides": [1, 2, 2], "pads": [1, 1, 0, 0, 1, 1]}
    check(model([(op, ["x"], ["y"], attrs)], {"x": (F32, [2, 3, 4, 5, 6])}, {"y": F32}), {"x": normal(2, 3, 4, 5, 6)})


@pytest.mark.parametrize("opset", [10, 11, 13])
def test_enlarge(check: Check, opset: int) -> None:
    attrs = {} if opset < 11 else {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    scales = np.array([1, 1, 2, 3], F32)
    names = ["x", "s"] if opset < 11 else ["x", "roi", "s"]
    consts = {"s": scales} | ({} if opset < 11 else {"roi": np.zeros(0, F32)})
    proto = model([("Resize", names, ["y"], attrs)], {"x": (F32, [1, 2, 3, 4])}, {"y": F32}, consts, opset=opset)
    check(proto, {"x": normal(1, 2, 3, 4)})
