"""QuantizeLinear, DequantizeLinear and the operators on integers, against ONNX Runtime, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np
import onnx
import pytest
from lowbit.importer import ModelError, import_onnx
from onnx import helper, numpy_helper
from runner import model, normal

F32 = np.float32
Check = Callable[..., str]

# Ties, their neighbours, the ends of ranges and beyond, infinities, subnormals. Not NaN: ONNX leaves it open.
SPECIAL = np.array(
    [0.0, -0.0, 0.25, 0.75, -0.25, 1.25, 63.75, 64.0, -64.0, -64.25, 1e9, -1e9, np.inf, -np.inf, 1e-40, 7.1], F32
)
X = np.concatenate([SPECIAL, normal(48, scale=20.0)]).reshape(4, 16)
# ONNX Runtime converts to i32 first, which is undefined for these; the rule here is N7.
TAME = np.where(np.abs(X) > 1e6, F32(3.3), X).astype(F32)


def pair(
    zero: np.ndarray | None, scale: Any, opset: int, quantize: dict[str, Any] | None = None, **attrs: Any
) -> onnx.ModelProto:
    """x -> QuantizeLinear -> DequantizeLinear."""
    parameters = ["s"] if zero is None else ["s", "z"]
    consts = {"s": np.asarray(scale, F32)} | ({} if zero is None else {"z": zero})
    nodes = [
        ("QuantizeLinear", ["x", *parameters], ["q"], attrs | (quantize or {})),
        ("DequantizeLinear", ["q", *parameters], ["y"], attrs),
    ]
    return model(nodes, {"x": (F32, ["n", 16])}, {"y": F32}, consts, opset)


INTEGERS = [
    (np.int8, -3, 10),
    (np.uint8, 130, 10),
    (np.int8, 5, 13),
    (np.uint8, 0, 19),
    (np.int16, 100, 21),
    (np.uint16, 32768, 23),
    (ml_dtypes.int4, 1, 21),
    (ml_dtypes.uint4, 7, 21),
]


@pytest.mark.parametrize(("kind", "zero", "opset"), INTEGERS)
def test_integers_per_tensor(check: Check, kind: Any, zero: int, opset: int) -> None:
    check(pair(np.array(zero, kind), 0.5, opset), {"x": TAME}, tolerance=0.0)


@pytest.mark.parametrize(("kind", "zero", "opset"), [row for row in INTEGERS if row[2] >= 13])
@pytest.mark.parametrize("axis", [1, -1])
def test_integers_per_axis(check: Check, kind: Any, zero: int, opset: int, axis: int) -> None:
    scale = np.random.default_rng(0).uniform(0.1, 1.0, 16)
    zeros = (np.full(16, zero) - np.arange(16) % 2).clip(0 if "u" in np.dtype(kind).name else -8).astype(kind)
    check(pair(zeros, scale, opset, axis=axis), {"x": TAME}, tolerance=0.0)


def test_no_zero_point_is_uint8(check: Check) -> None:
    text = check(pair(None, 0.5, 13), {"x": TAME}, tolerance=0.0)
    assert "!lowbit.affine<ui8>" in text


def test_output_dtype(check: Check) -> None:
    text = check(pair(None, 0.5, 21, {"output_dtype": onnx.TensorProto.INT16}), {"x": TAME}, tolerance=0.0)
    assert "!lowbit.affine<i16>" in text


@pytest.mark.parametrize("kind", [ml_dtypes.float8_e4m3fn, ml_dtypes.float8_e5m2])
@pytest.mark.parametrize("saturate", [0, 1])
def test_small_floats(check: Check, kind: Any, saturate: int) -> None:
    check(pair(np.array(0, kind), 0.5, 19, {"saturate": saturate}), {"x": X}, tolerance=0.0)


@pytest.mark.parametrize("kind", [np.int8, ml_dtypes.uint4])
@pytest.mark.parametrize("block", [4, 5])
def test_blocks(check: Check, kind: Any, block: int) -> None:
    rng = np.random.default_rng(1)
    count = -(-16 // block)
    zero = rng.integers(0, 8, (4, count)).astype(kind)
    proto = pair(zero, rng.uniform(0.1, 2.0, (4, count)), 21, axis=1, block_size=block)
    proto.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 4
    check(proto, {"x": TAME}, tolerance=0.0)


@pytest.mark.parametrize("block", [None, 8])
@pytest.mark.parametrize("kind", [np.int8, np.uint8, ml_dtypes.int4, ml_dtypes.uint4])
def test_weights_keep_their_codes(
    imported: Callable[..., str], run_mlir: Callable[..., Any], tmp_path: Path, kind: Any, block: int | None
) -> None:
    """Behind a transpose too: the store holds integers, and no float weight.

    Not against ONNX Runtime, which computes such products with activations that it quantizes to 8 bits.
    """
    rng = np.random.default_rng(2)
    codes = rng.integers(0 if "u" in np.dtype(kind).name else -8, 8, (20, 16)).astype(kind)
    shape = (20, 2) if block else (20,)
    scale, zero = rng.uniform(0.1, 1, shape).astype(F32), rng.integers(0, 3, shape).astype(kind)
    attrs = {"axis": 1, "block_size": block} if block else {"axis": 0}
    nodes = [
        ("DequantizeLinear", ["w", "s", "z"], ["d"], attrs),
        ("Transpose", ["d"], ["t"], {"perm": [1, 0]}),
        ("MatMul", ["x", "t"], ["y"], {}),
    ]
    text = imported(model(nodes, {"x": (F32, ["n", 16])}, {"y": F32}, {"w": codes, "s": scale, "z": zero}, 21))
    assert 'lowbit.parameter @"w.t" : tensor<16x20xi8>' in text
    assert not [line for line in text.splitlines() if "lowbit.parameter" in line and "xf32>" in line]
    spread = [np.repeat(p.astype(np.float64), 8, 1) if block else p.astype(np.float64)[:, None] for p in (scale, zero)]
    x = normal(5, 16)
    expected = x.astype(np.float64) @ ((codes.astype(np.float64) - spread[1]) * spread[0]).T
    np.testing.assert_allclose(run_mlir(tmp_path / "model.mlir", {"x": x})["y"], expected, rtol=1e-5, atol=1e-4)


def test_codes_move_between_the_pair(check: Check) -> None:
    nodes = [
        ("QuantizeLinear", ["x", "s", "z"], ["q"], {}),
        ("Transpose", ["q"], ["t"], {"perm": [0, 2, 1]}),
        ("Reshape", ["t", "shape"], ["r"], {}),
        ("Concat", ["r", "r"], ["c"], {"axis": 1}),
        ("Slice", ["c", "from", "to", "axes"], ["part"], {}),
        ("DequantizeLinear", ["part", "s", "z"], ["y"], {}),
    ]
    consts = {
        "s": F32(0.3),
        "z": np.uint8(9),
        "shape": np.array([0, 12], np.int64),
        "from": np.array([5], np.int64),
        "to": np.array([20], np.int64),
        "axes": np.array([1], np.int64),
    }
    check(
        model(nodes, {"x": (F32, ["n", 3, 4])}, {"y": F32}, consts, 13),
        {"x": normal(5, 3, 4, scale=30.0)},
        tolerance=0.0,
    )


def test_max_pool_of_codes(check: Check) -> None:
    nodes = [
        ("QuantizeLinear", ["x", "s", "z"], ["q"], {}),
        ("MaxPool", ["q"], ["p"], {"kernel_shape": [2, 2], "strides": [2, 2]}),
        ("DequantizeLinear", ["p", "s", "z"], ["y"], {}),
    ]
    consts = {"s": F32(0.3), "z": np.uint8(90)}
    check(
        model(nodes, {"x": (F32, ["n", 3, 6, 6])}, {"y": F32}, consts, 13),
        {"x": normal(2, 3, 6, 6, scale=30.0)},
        tolerance=0.0,
    )


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16])
def test_inputs_and_outputs_of_integers(check: Check, kind: Any) -> None:
    nodes = [
        ("DequantizeLinear", ["a", "s", "z"], ["d"], {}),
        ("Relu", ["d"], ["r"], {}),
        ("QuantizeLinear", ["r", "t", "z"], ["y"], {}),
        ("Cast", ["a"], ["f"], {"to": onnx.TensorProto.FLOAT}),
        ("Cast", ["a"], ["i"], {"to": onnx.TensorProto.INT64}),
    ]
    limits = np.iinfo(kind)
    consts = {"s": F32(0.3), "t": F32(0.7), "z": kind((int(limits.min) + int(limits.max)) // 2)}
    data = np.linspace(limits.min, limits.max, 60).astype(kind).reshape(6, 10)
    outputs = {"y": kind, "f": F32, "i": np.int64}
    check(model(nodes, {"a": (kind, ["n", 10])}, outputs, consts, 21), {"a": data}, tolerance=0.0)


# -- operators on integers


def quantized(nodes: list[Any], consts: dict[str, Any], *shape: Any, domain: str = "") -> onnx.ModelProto:
    """QuantizeLinear of x before the nodes, DequantizeLinear of r after them."""
    first = ("QuantizeLinear", ["x", "xs", "xz"], ["q"], {})
    last = ("DequantizeLinear", ["r", "ys", "yz"], ["y"], {})
    consts = {"xs": F32(0.031), "xz": np.uint8(121), "ys": F32(0.217), "yz": np.uint8(117)} | consts
    proto = model([first, *nodes, last], {"x": (F32, ["n", *shape])}, {"y": F32}, consts, 13)
    if domain:
        proto.opset_import.append(helper.make_opsetid(domain, 1))
        for node in proto.graph.node[1:-1]:
            node.domain = domain
    return proto


W = {"w": np.random.default_rng(3).integers(-128, 128, (6, 5)).astype(np.int8), "wz": np.int8(0)}


def test_qlinear_matmul(check: Check) -> None:
    node = ("QLinearMatMul", ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz"], ["r"], {})
    check(quantized([node], W | {"ws": F32(0.0123)}, 6), {"x": normal(400, 6, scale=2.0)}, tolerance=0.0)


def test_qlinear_conv(check: Check) -> None:
    rng = np.random.default_rng(4)
    consts = {
        "w": rng.integers(-128, 128, (4, 3, 3, 3)).astype(np.int8),
        "ws": rng.uniform(0.002, 0.01, 4).astype(F32),
        "wz": np.zeros(4, np.int8),
        "b": rng.integers(-500, 500, 4).astype(np.int32),
    }
    node = ("QLinearConv", ["q", "xs", "xz", "w", "ws", "wz", "ys", "yz", "b"], ["r"], {"pads": [1, 1, 1, 1]})
    check(quantized([node], consts, 3, 8, 8), {"x": normal(6, 3, 8, 8, scale=2.0)}, tolerance=0.0)


def test_qgemm(check: Check) -> None:
    consts = W | {"ws": F32(0.0123), "b": np.arange(-300, 200, 100).astype(np.int32)}
    node = ("QGemm", ["q", "xs", "xz", "w", "ws", "wz", "b", "ys", "yz"], ["r"], {})
    check(quantized([node], consts, 6, domain="com.microsoft"), {"x": normal(400, 6, scale=2.0)}, tolerance=0.0)


@pytest.mark.parametrize("op", ["QLinearAdd", "QLinearMul"])
def test_qlinear_binary(check: Check, op: str) -> None:
    consts = {"c": np.arange(6).astype(np.uint8) * 40, "cs": F32(0.0173), "cz": np.uint8(90)}
    node = (op, ["q", "xs", "xz", "c", "cs", "cz", "ys", "yz"], ["r"], {})
    check(quantized([node], consts, 6, domain="com.microsoft"), {"x": normal(200, 6, scale=2.0)}, tolerance=0.0)


def test_qlinear_concat(check: Check) -> None:
    node = ("QLinearConcat", ["ys", "yz", "q", "xs", "xz", "q", "xs", "xz"], ["r"], {"axis": 1})
    check(quantized([node], {}, 6, domain="com.microsoft"), {"x": normal(50, 6, scale=2.0)}, tolerance=0.0)


@pytest.mark.parametrize("zero", [None, np.int8(3), np.arange(5, dtype=np.int8)])
def test_dynamic_quantization(check: Check, zero: Any) -> None:
    """What ONNX Runtime's quantize_dynamic writes."""
    nodes = [
        ("DynamicQuantizeLinear", ["x"], ["q", "qs", "qz"], {}),
        ("MatMulInteger", ["q", "w", "qz", *([] if zero is None else ["wz"])], ["acc"], {}),
        ("Cast", ["acc"], ["f"], {"to": onnx.TensorProto.FLOAT}),
        ("Mul", ["qs", "ws"], ["s"], {}),
        ("Mul", ["f", "s"], ["y"], {}),
    ]
    consts = {"w": W["w"], "ws": F32(0.0123)} | ({} if zero is None else {"wz": zero})
    proto = model(nodes, {"x": (F32, ["n", 6])}, {"y": F32}, consts, 13)
    check(proto, {"x": normal(50, 6)}, {"x": np.zeros((2, 6), F32)}, {"x": np.abs(normal(5, 6))}, tolerance=0.0)


@pytest.mark.parametrize("zero", [None, np.uint8(130)])
def test_conv_integer(check: Check, zero: Any) -> None:
    nodes = [
        ("QuantizeLinear", ["x", "s", "z"], ["q"], {}),
        ("ConvInteger", ["q", "w", "z", *([] if zero is None else ["wz"])], ["acc"], {"pads": [1, 1, 1, 1]}),
        ("Cast", ["acc"], ["y"], {"to": onnx.TensorProto.FLOAT}),
    ]
    codes = np.random.default_rng(5).integers(0, 256, (4, 3, 3, 3)).astype(np.uint8)
    consts = {"s": F32(0.03), "z": np.uint8(7), "w": codes} | ({} if zero is None else {"wz": zero})
    check(model(nodes, {"x": (F32, ["n", 3, 6, 6])}, {"y": F32}, consts, 13), {"x": normal(4, 3, 6, 6)}, tolerance=0.0)


# -- refused


def message_of(proto: onnx.ModelProto, folder: Any) -> str:
    onnx.save(proto, folder / "m.onnx")
    with pytest.raises(ModelError) as caught:
        import_onnx(folder / "m.onnx", folder / "m.mlir", folder / "m.safetensors")
    assert not (folder / "m.mlir").exists() and not (folder / "m.safetensors").exists()
    return str(caught.value)


Q = ("QuantizeLinear", ["x", "s", "z"], ["q"], {})
DQ = ("DequantizeLinear", ["q", "s", "z"], ["y"], {})
REFUSED: dict[str, tuple[list[Any], dict[str, Any], int, str]] = {
    "a scale of 0": ([Q, DQ], {"s": F32(0), "z": np.uint8(0)}, 13, "QuantizeLinear: scale 0.0; scales are finite and"),
    "a negative scale": ([Q, DQ], {"s": F32(-1), "z": np.uint8(0)}, 13, "scale -1.0"),
    "scales of another length": (
        [Q, DQ],
        {"s": np.ones(5, F32), "z": np.zeros(5, np.uint8)},
        13,
        "scale of shape [5]; a number, or 6 along axis 1, is expected",
    ),
    "types that differ": (
        [Q, ("DequantizeLinear", ["q", "s", "z2"], ["y"], {})],
        {"s": F32(1), "z": np.uint8(0), "z2": np.int8(0)},
        13,
        "",
    ),
    "arithmetic on codes": (
        [Q, ("Relu", ["q"], ["r"], {}), ("DequantizeLinear", ["r", "s", "z"], ["y"], {})],
        {"s": F32(1), "z": np.int8(0)},
        14,
        "Relu: on quantized elements (q is i8); put it behind DequantizeLinear",
    ),
    "an int32 result that is read": (
        [
            Q,
            ("MatMulInteger", ["q", "w"], ["acc"], {}),
            ("Cast", ["acc"], ["wide"], {"to": onnx.TensorProto.INT64}),
            ("Cast", ["wide"], ["y"], {"to": onnx.TensorProto.FLOAT}),
        ],
        {"s": F32(1), "z": np.int8(0), "w": np.ones((6, 2), np.int8)},
        13,
        "MatMulInteger: the int32 result is read by Cast; a Cast to float32 is expected",
    ),
    "a scale of the run for each channel": (
        [("Abs", ["x"], ["s"], {}), Q, DQ],
        {"z": np.uint8(0)},
        13,
        "a scale that is computed for each channel",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_reason(case: str, tmp_path: Any) -> None:
    nodes, consts, opset, words = REFUSED[case]
    message = message_of(model(nodes, {"x": (F32, ["n", 6])}, {"y": F32}, consts, opset), tmp_path)
    assert words in message, message


def test_int4_results_are_refused(tmp_path: Any) -> None:
    proto = model([Q], {"x": (F32, ["n", 6])}, {"q": ml_dtypes.int4}, {"s": F32(1), "z": ml_dtypes.int4(0)}, 21)
    assert "output q holds elements of i4, which data files do not" in message_of(proto, tmp_path)


def test_int4_inputs_are_refused(tmp_path: Any) -> None:
    proto = model([DQ], {"q": (ml_dtypes.int4, ["n", 6])}, {"y": F32}, {"s": F32(1), "z": ml_dtypes.int4(0)}, 21)
    message = message_of(proto, tmp_path)
    assert "input q: element type int4: float32, int64, int32, bool and integers of 8 and 16 bits" in message


def test_fused_operators_of_onnx_runtime_are_refused(tmp_path: Any) -> None:
    weight = np.zeros((4, 1, 8), np.uint8)
    node = helper.make_node(
        "MatMulNBits", ["x", "w", "s"], ["y"], domain="com.microsoft", K=16, N=4, bits=4, block_size=16
    )
    graph = helper.make_graph(
        [node],
        "g",
        [helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, ["n", 16])],
        [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(np.ones(4, F32), "s")],
    )
    domains = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    message = message_of(helper.make_model(graph, opset_imports=domains, ir_version=8), tmp_path)
    assert "com.microsoft.MatMulNBits: a fused operator of ONNX Runtime" in message
