"""What users write between two matrix products, in integer-only mode: near the float model, and the same bits compiled
as interpreted."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from integers import as_integers, decibels
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Array = NDArray[Any]
SHAPE = (4, 6, 8)  # of the input; the first is the batch
RNG = np.random.default_rng(7)


def node(op: str, *inputs: str, to: str = "y", **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(op, list(inputs), to.split(), name=to.split()[0], **attributes)


@dataclass
class Form:
    """The nodes from `m`, the matrix product, to `y`, and the constants that they read."""

    nodes: list[onnx.NodeProto]
    constants: dict[str, Array] = field(default_factory=dict)
    shape: tuple[int, ...] = SHAPE
    least: float = 25  # dB
    spread: float = 1.0
    output: int = TensorProto.FLOAT
    positive: bool = False  # what is read is at least 0.3
    sizes: tuple[int | str, ...] = ()  # of the model's input, where the run decides some


def floats(*values: float) -> Array:
    return np.array(values, np.float32)


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def one(op: str, /, spread: float = 1.0, positive: bool = False, **attributes: Any) -> Form:
    return Form([node(op, "m", **attributes)], spread=spread, positive=positive)


def reduced(op: str, axis: int = -1, positive: bool = False) -> Form:
    return Form([node(op, "m", "axes", keepdims=0)], {"axes": ints(axis)}, positive=positive)


SCALE, SHIFT = RNG.uniform(0.5, 2, 6).astype(np.float32), RNG.normal(0, 1, 6).astype(np.float32)
IMAGE = (2, 6, 6, 8)
FORMS = {
    "LeakyRelu": one("LeakyRelu", alpha=0.1),
    "PRelu": Form([node("PRelu", "m", "s")], {"s": RNG.uniform(-0.5, 0.5, (6, 1)).astype(np.float32)}),
    "HardSwish": one("HardSwish", spread=3),
    "HardSwish of a clip": Form(
        [
            node("Add", "m", "three", to="a"),
            node("Clip", "a", "zero", "six", to="c"),
            node("Mul", "m", "c", to="p"),
            node("Div", "p", "six"),
        ],
        {"three": np.float32(3), "zero": np.float32(0), "six": np.float32(6)},
        spread=3,
    ),
    "HardSigmoid": one("HardSigmoid", spread=3),
    "Elu": one("Elu", alpha=1.5),
    "Softplus": one("Softplus"),
    "Softsign": Form(
        [node("Abs", "m", to="a"), node("Add", "a", "one", to="d"), node("Div", "m", "d")], {"one": np.float32(1)}
    ),
    "Selu": Form(
        [
            node("Elu", "m", to="e", alpha=1.6732632),
            node("Mul", "e", "gamma"),
        ],
        {"gamma": np.float32(1.050701)},
    ),
    "Mish": Form([node("Softplus", "m", to="s"), node("Tanh", "s", to="t"), node("Mul", "m", "t")]),
    "Thresholded": Form(
        [node("Greater", "m", "k", to="g"), node("Where", "g", "m", "zero")],
        {"k": np.float32(0.5), "zero": np.float32(0)},
    ),
    "Gelu": one("Gelu"),
    "Clip": Form([node("Clip", "m", "low", "high")], {"low": np.float32(-0.7), "high": np.float32(1.3)}),
    "Clip to 6": Form([node("Clip", "m", "low", "high")], {"low": np.float32(0), "high": np.float32(6)}, spread=3),
    "Floor": Form([node("Floor", "m")], spread=9),
    "Ceil": Form([node("Ceil", "m")], spread=9),
    "Round": Form([node("Round", "m")], spread=9),
    "Floor and Cast": Form(
        [
            node("Floor", "m", to="f"),
            node("Cast", "f", to="i"),
            node("Add", "i", "k", to="j"),
            node("Cast", "j"),
        ],
        {"k": ints(3)},
        spread=9,
    ),
    "Pow": Form([node("Pow", "m", "e")], {"e": np.float32(1.7)}, positive=True),
    "Pow of 3": Form([node("Pow", "m", "e")], {"e": np.float32(3)}),
    "Sqrt": one("Sqrt", positive=True),
    "Reciprocal": one("Reciprocal", positive=True),
    "Log": one("Log", positive=True),
    "Where and Greater": Form(
        [node("Greater", "m", "k", to="g"), node("Mul", "m", "s", to="n"), node("Where", "g", "m", "n")],
        {"k": np.float32(0.25), "s": np.float32(-2)},
    ),
    "Where and Less of two": Form(
        [node("Sigmoid", "m", to="n"), node("Less", "m", "n", to="g"), node("Where", "g", "n", "m")],
    ),
    "Mask of comparisons": Form(
        [
            node("Greater", "m", "low", to="g"),
            node("Less", "m", "high", to="l"),
            node("And", "g", "l", to="b"),
            node("Not", "b", to="o"),
            node("Cast", "o", to="f"),
            node("Mul", "m", "f"),
        ],
        {"low": np.float32(-0.3), "high": np.float32(0.4)},
    ),
    "Max and Min of two": Form(
        [node("Tanh", "m", to="t"), node("Max", "m", "t", to="a"), node("Min", "a", "m", to="b"), node("Add", "a", "b")]
    ),
    "Greater as the output": Form(
        [node("Greater", "m", "k")], {"k": np.float32(0.25)}, output=TensorProto.BOOL, least=15
    ),
    "ReduceMean": reduced("ReduceMean"),
    "ReduceMax": reduced("ReduceMax", 1),
    "ReduceMin": reduced("ReduceMin"),
    "ReduceSum": reduced("ReduceSum"),
    "ReduceSumSquare": reduced("ReduceSumSquare"),
    "ReduceL1": reduced("ReduceL1"),
    "ReduceL2": reduced("ReduceL2", 1),
    "Log of a sum of Exp": Form(
        [
            node("ReduceMax", "m", "axes", to="largest", keepdims=1),
            node("Sub", "m", "largest", to="less"),
            node("Exp", "less", to="e"),
            node("ReduceSum", "e", "axes", to="sum", keepdims=1),
            node("Log", "sum", to="log"),
            node("Add", "log", "largest"),
        ],
        {"axes": ints(-1)},
    ),
    "Softmax": one("Softmax", axis=-1),
    "LogSoftmax": one("LogSoftmax", axis=-1),
    "Softmax of the middle": one("Softmax", axis=1),
    "LayerNormalization": Form(
        [node("LayerNormalization", "m", "s", "b", axis=-1)],
        {"s": RNG.uniform(0.5, 2, 8).astype(np.float32), "b": RNG.normal(0, 1, 8).astype(np.float32)},
    ),
    "RMS norm": Form(
        [
            node("Mul", "m", "m", to="squares"),
            node("ReduceMean", "squares", "axes", to="mean", keepdims=1),
            node("Add", "mean", "tiny", to="more"),
            node("Sqrt", "more", to="root"),
            node("Div", "m", "root", to="n"),
            node("Mul", "n", "s"),
        ],
        {"axes": ints(-1), "tiny": np.float32(1e-5), "s": RNG.uniform(0.5, 2, 8).astype(np.float32)},
    ),
    "Instance norm": Form(
        [
            node("ReduceMean", "m", "axes", to="mean", keepdims=1),
            node("Sub", "m", "mean", to="d"),
            node("Pow", "d", "two", to="squares"),
            node("ReduceMean", "squares", "axes", to="variance", keepdims=1),
            node("Add", "variance", "tiny", to="more"),
            node("Sqrt", "more", to="root"),
            node("Div", "d", "root", to="n"),
            node("Mul", "n", "s", to="t"),
            node("Add", "t", "b"),
        ],
        {
            "axes": ints(-1),
            "two": np.float32(2),
            "tiny": np.float32(1e-5),
            "s": SCALE[:, None],
            "b": SHIFT[:, None],
        },
    ),
    "Group norm": Form(
        [
            node("Reshape", "m", "groups", to="g"),
            node("ReduceMean", "g", "axes", to="mean", keepdims=1),
            node("Sub", "g", "mean", to="d"),
            node("Mul", "d", "d", to="squares"),
            node("ReduceMean", "squares", "axes", to="variance", keepdims=1),
            node("Add", "variance", "tiny", to="more"),
            node("Sqrt", "more", to="root"),
            node("Div", "d", "root", to="n"),
            node("Reshape", "n", "whole", to="r"),
            node("Mul", "r", "s", to="t"),
            node("Add", "t", "b"),
        ],
        {
            "groups": ints(4, 3, 16),
            "whole": ints(4, 6, 8),
            "axes": ints(-1),
            "tiny": np.float32(1e-5),
            "s": SCALE[:, None],
            "b": SHIFT[:, None],
        },
    ),
    "BatchNormalization": Form(
        [node("Tanh", "m", to="t"), node("BatchNormalization", "t", "s", "b", "mean", "var")],
        {"s": SCALE, "b": SHIFT, "mean": SHIFT / 3, "var": SCALE**2},
    ),
    "Resize nearest": Form([node("Resize", "m", "", "k", mode="nearest")], {"k": floats(1, 1, 2, 2)}, shape=IMAGE),
    "Resize linear": Form([node("Resize", "m", "", "k", mode="linear")], {"k": floats(1, 1, 2, 2)}, shape=IMAGE),
    "Depthwise of one element": Form(
        [node("Conv", "m", "k", group=6, strides=[2, 1])],
        {"k": floats(*np.linspace(-1, 1, 6)).reshape(6, 1, 1, 1)},
        shape=IMAGE,
    ),
    "GlobalAveragePool": Form([node("GlobalAveragePool", "m")], shape=IMAGE),
    "AveragePool": Form(
        [node("AveragePool", "m", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])], shape=IMAGE
    ),
    "Mean over sizes of the run": Form([node("GlobalAveragePool", "m")], shape=IMAGE, sizes=(2, 6, "height", 8)),
    "Mean over an area of the run": Form(
        [node("ReduceMean", "m", "axes")], {"axes": ints(0, 2)}, shape=IMAGE, sizes=("images", 6, "height", 8)
    ),
    "MaxPool": Form([node("MaxPool", "m", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], shape=IMAGE),
    "Gather": Form([node("Gather", "m", "i", axis=1)], {"i": ints(5, 0, 2)}),
    "Concat": Form([node("Tanh", "m", to="t"), node("Concat", "m", "t", axis=1)]),
    "Split": Form([node("Split", "m", "k", to="a b", axis=1), node("Mul", "a", "b")], {"k": ints(3, 3)}),
    "Expand": Form(
        [node("ReduceMax", "m", "axes", to="r"), node("Expand", "r", "k")], {"k": ints(4, 6, 8), "axes": ints(2)}
    ),
    "Tile": Form([node("Tile", "m", "k")], {"k": ints(1, 2, 1)}),
    "Grouped queries": Form(
        [
            node("Split", "m", "parts", to="q k", axis=1),
            node("Reshape", "q", "many", to="qs"),
            node("Reshape", "k", "few", to="ks"),
            node("Expand", "ks", "wide", to="ke"),
            node("Reshape", "ke", "again", to="kr"),
            node("Transpose", "kr", to="kt", perm=[0, 1, 3, 2]),
            node("MatMul", "qs", "kt", to="scores"),
            node("Softmax", "scores", to="p", axis=-1),
            node("MatMul", "p", "kr"),
        ],
        {
            "parts": ints(4, 2),
            "many": ints(4, 4, 2, 4),
            "few": ints(4, 2, 1, 2, 4),
            "wide": ints(4, 2, 2, 2, 4),
            "again": ints(4, 4, 2, 4),
        },
    ),
    "Rope": Form(
        [
            node("Mul", "positions", "frequencies", to="angle"),
            node("Cos", "angle", to="cos"),
            node("Sin", "angle", to="sin"),
            node("Split", "m", "half", to="a b", axis=-1),
            node("Neg", "b", to="n"),
            node("Concat", "n", "a", to="turned", axis=-1),
            node("Mul", "m", "cos", to="c"),
            node("Mul", "turned", "sin", to="s"),
            node("Add", "c", "s"),
        ],
        {
            "half": ints(4, 4),
            "positions": np.arange(0, 600, 100, dtype=np.float32)[:, None],
            "frequencies": np.tile(10000.0 ** (-np.arange(4) / 4), 2).astype(np.float32),
        },
    ),
}
for form in FORMS.values():
    for made in form.nodes:
        if made.op_type == "Cast":
            to = TensorProto.INT64 if made.output[0] == "i" else TensorProto.FLOAT
            made.attribute.append(helper.make_attribute("to", to))


def save_form(form: Form, path: Path) -> None:
    """x W + b, which is what `nodes` read."""
    width = form.shape[-1]
    weight = np.random.default_rng(1).normal(0, form.spread / width**0.5, (width, width)).astype(np.float32)
    constants = {"w": weight, "offset": np.zeros(width, np.float32), **form.constants}
    start = [node("MatMul", "x", "w", to="product"), node("Add", "product", "offset", to="m")]
    if form.positive:
        constants["third"] = np.float32(0.3)
        start[1].output[0] = "signed"
        start += [node("Abs", "signed", to="magnitude"), node("Add", "magnitude", "third", to="m")]
    graph = helper.make_graph(
        [*start, *form.nodes],
        "form",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, form.sizes or form.shape)],
        [helper.make_tensor_value_info("y", form.output, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)])
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


@pytest.mark.parametrize("name", FORMS)
def test_near_the_float_and_the_same_bits(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    save_form(form, tmp_path / "m.onnx")
    expected, actual = as_integers(tmp_path, form.shape, "m.onnx", "x")
    assert decibels(expected["y"], actual["y"]) >= form.least
