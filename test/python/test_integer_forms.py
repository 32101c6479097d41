"""What users write between two matrix products, in integer-only mode: near the float model, and the same bits compiled
as interpreted."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from artifacts import load, lowbit, must
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
    "Greater as the output": Form([node("Greater", "m", "k")], {"k": np.float32(0.25)}, output=TensorProto.BOOL, least=15),
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
    "Resize nearest": Form(
        [node("Resize", "m", "", "k", mode="nearest")], {"k": floats(1, 1, 2, 2)}, shape=IMAGE
    ),
    "Resize linear": Form(
        [node("Resize", "m", "", "k", mode="linear")], {"k": floats(1, 1, 2, 2)}, shape=IMAGE
    ),
    "GlobalAveragePool": Form([node("GlobalAveragePool", "m")], shape=IMAGE),
    "AveragePool": Form(
        [node("AveragePool", "m", kernel_shape=[3, 3], pads=[1, 1, 1, 1], strides=[2, 2])], shape=IMAGE
    ),
    "MaxPool": Form([node("MaxPool", "m", kernel_shape=[3, 3], pads=[1, 1, 1, 1])], shape=IMAGE),
    "Gather": Form([node("Gather", "m", "i", axis=1)], {"i": ints(5, 0, 2)}),
    "Concat": Form([node("Tanh", "m", to="t"), node("Concat", "m", "t", axis=1)]),
    "Split": Form([node("Split", "m", "k", to="a b", axis=1), node("Mul", "a", "b")], {"k": ints(3, 3)}),
    "Expand": Form([node("ReduceMax", "m", "axes", to="r"), node("Expand", "r", "k")], {"k": ints(4, 6, 8), "axes": ints(2)}),
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
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, form.shape)],
        [helper.make_tensor_value_info("y", form.output, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 23)])
    onnx.save(onnx.shape_inference.infer_shapes(model), path)


def decibels(expected: Array, actual: Array) -> float:
    expected, actual = expected.astype(np.float64), actual.astype(np.float64)
    noise = np.square(expected - actual).sum()
    return float(10 * np.log10(np.square(expected).sum() / noise)) if noise else float("inf")


def as_integers(
    folder: Path, shape: tuple[int, ...], model: str, argument: str
) -> tuple[dict[str, Array], dict[str, Array]]:
    """The outputs of the model and of its integers, both on data that it was not calibrated on."""
    data = np.random.default_rng(3).normal(0, 1, (16, *shape)).astype(np.float32)
    (folder / "data").mkdir()
    for i, sample in enumerate(data[:12]):
        np.savez(folder / f"data/{i}.npz", **{argument: sample})
    np.savez(folder / "x.npz", **{argument: data[12]})
    must(lowbit("import", model, "-o", "m.mlir", cwd=folder))
    options = ("--calibration-data", "data", "--mode", "integer-only")
    must(lowbit("quantize", "m.mlir", *options, "-o", "q.mlir", cwd=folder))
    must(lowbit("run", "m.mlir", "--inputs", "x.npz", "-o", "f.npz", cwd=folder))
    must(lowbit("run", "q.mlir", "--inputs", "x.npz", "-o", "c.npz", cwd=folder))
    must(lowbit("run", "q.mlir", "--inputs", "x.npz", "-o", "i.npz", "--interpret", cwd=folder))
    compiled, interpreted = load(folder / "c.npz"), load(folder / "i.npz")
    for name in compiled:
        assert (compiled[name] == interpreted[name]).all(), name
    return load(folder / "f.npz"), compiled


@pytest.mark.parametrize("name", FORMS)
def test_near_the_float_and_the_same_bits(name: str, tmp_path: Path) -> None:
    form = FORMS[name]
    save_form(form, tmp_path / "m.onnx")
    expected, actual = as_integers(tmp_path, form.shape, "m.onnx", "x")
    assert decibels(expected["y"], actual["y"]) >= form.least


# What follows a matrix product `%m : tensor<4x8xf32>` in a linalg module, to `%y` of the type that is named.
BODIES = {
    "rounding": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %nine = arith.constant 9.0 : f32
    %half = arith.constant 0.5 : f32
    %x = arith.mulf %a, %nine : f32
    %1 = math.trunc %x : f32
    %2 = math.round %x : f32
    %3 = math.floor %x : f32
    %4 = math.ceil %x : f32
    %5 = math.roundeven %x : f32
    %6 = arith.addf %1, %2 : f32
    %7 = arith.addf %3, %4 : f32
    %8 = arith.addf %6, %7 : f32
    %9 = arith.addf %8, %5 : f32
    linalg.yield %9 : f32
  } -> tensor<4x8xf32>""",
    "remainder, sign, fma": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %nine = arith.constant 9.0 : f32
    %four = arith.constant 4.0 : f32
    %low = arith.constant -2.0 : f32
    %x = arith.mulf %a, %nine : f32
    %1 = arith.remf %x, %four : f32
    %2 = math.copysign %x, %1 : f32
    %3 = math.fma %1, %four, %2 : f32
    %4 = arith.maxnumf %3, %low : f32
    %5 = math.isnan %4 : f32
    %6 = arith.select %5, %low, %4 : f32
    linalg.yield %6 : f32
  } -> tensor<4x8xf32>""",
    "powers": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %two = arith.constant 2.0 : f32
    %three = arith.constant 3 : i32
    %1 = math.fpowi %a, %three : f32, i32
    %2 = math.powf %two, %a : f32
    %3 = math.exp2 %a : f32
    %4 = arith.subf %3, %1 : f32
    %5 = arith.addf %2, %4 : f32
    linalg.yield %5 : f32
  } -> tensor<4x8xf32>""",
    "a position turned": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %ii = arith.index_cast %i : index to i64
    %jj = arith.index_cast %j : index to i64
    %c = arith.constant 117 : i64
    %f = arith.constant -0.37 : f32
    %n = arith.muli %ii, %c : i64
    %p = arith.sitofp %n : i64 to f32
    %q = arith.sitofp %jj : i64 to f32
    %s = arith.mulf %q, %f : f32
    %t = math.exp %s : f32
    %angle = arith.mulf %p, %t : f32
    %sin = math.sin %angle : f32
    %cos = math.cos %angle : f32
    %u = arith.mulf %a, %cos : f32
    %v = arith.mulf %a, %sin : f32
    %w = arith.subf %u, %v : f32
    linalg.yield %w : f32
  } -> tensor<4x8xf32>""",
    "waves": """
  %y = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %nine = arith.constant 9.0 : f32
    %x = arith.mulf %a, %nine : f32
    %1 = math.sin %x : f32
    %2 = math.cos %a : f32
    %3 = arith.mulf %1, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4x8xf32>""",
    "two results": """
  %a:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%m : tensor<4x8xf32>) outs(%e, %e : tensor<4x8xf32>, tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32, %p: f32):
    %t = math.tanh %x : f32
    %u = arith.mulf %t, %x : f32
    linalg.yield %t, %u : f32, f32
  } -> (tensor<4x8xf32>, tensor<4x8xf32>)
  %y = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a#0 : tensor<4x8xf32>) outs(%a#1 : tensor<4x8xf32>) {
  ^bb0(%x: f32, %o: f32):
    %t = arith.addf %x, %o : f32
    linalg.yield %t : f32
  } -> tensor<4x8xf32>""",
    "a sum and a sum of squares": """
  %c = arith.constant 1.5 : f32
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%c : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %a:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%f, %g : tensor<4xf32>, tensor<4xf32>) {
  ^bb0(%x: f32, %s: f32, %t: f32):
    %1 = arith.addf %x, %s : f32
    %2 = math.fma %x, %x, %t : f32
    linalg.yield %1, %2 : f32, f32
  } -> (tensor<4xf32>, tensor<4xf32>)
  %y = linalg.generic {indexing_maps = [#vec, #vec, #vec], iterator_types = ["parallel"]}
      ins(%a#0, %a#1 : tensor<4xf32>, tensor<4xf32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%s: f32, %t: f32, %o: f32):
    %1 = arith.subf %t, %s : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>""",
    "a minimum from what another loop made": """
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%g : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.subf %o, %x : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%s : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.minimumf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>""",
    "a product": """
  %c = arith.constant 2.0 : f32
  %one = arith.constant 1.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%c : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = math.absf %x : f32
    %2 = arith.addf %1, %one : f32
    %3 = arith.mulf %o, %2 : f32
    linalg.yield %3 : f32
  } -> tensor<4xf32>""",
    "the index of a maximum": """
  %low = arith.constant 0xFF800000 : f32
  %none = arith.constant 0 : i64
  %e4 = tensor.empty() : tensor<4xf32>
  %i4 = tensor.empty() : tensor<4xi64>
  %f = linalg.fill ins(%low : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%none : i64) outs(%i4 : tensor<4xi64>) -> tensor<4xi64>
  %a:2 = linalg.generic {indexing_maps = [#id, #row, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%f, %g : tensor<4xf32>, tensor<4xi64>) {
  ^bb0(%x: f32, %v: f32, %k: i64):
    %j = linalg.index 1 : index
    %jj = arith.index_cast %j : index to i64
    %b = arith.cmpf ogt, %x, %v : f32
    %1 = arith.select %b, %x, %v : f32
    %2 = arith.select %b, %jj, %k : i64
    linalg.yield %1, %2 : f32, i64
  } -> (tensor<4xf32>, tensor<4xi64>)
  %y = linalg.generic {indexing_maps = [#vec, #vec, #vec], iterator_types = ["parallel"]}
      ins(%a#0, %a#1 : tensor<4xf32>, tensor<4xi64>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%s: f32, %t: i64, %o: f32):
    %1 = arith.sitofp %t : i64 to f32
    %2 = arith.mulf %s, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4xf32>""",
    "how many are positive": """
  %none = arith.constant 0 : i32
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %i4 = tensor.empty() : tensor<4xi32>
  %g = linalg.fill ins(%none : i32) outs(%i4 : tensor<4xi32>) -> tensor<4xi32>
  %n = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%m : tensor<4x8xf32>) outs(%g : tensor<4xi32>) {
  ^bb0(%x: f32, %k: i32):
    %b = arith.cmpf ogt, %x, %zero : f32
    %1 = arith.extui %b : i1 to i32
    %2 = arith.addi %1, %k : i32
    linalg.yield %2 : i32
  } -> tensor<4xi32>
  %y = linalg.generic {indexing_maps = [#vec, #vec], iterator_types = ["parallel"]}
      ins(%n : tensor<4xi32>) outs(%e4 : tensor<4xf32>) {
  ^bb0(%t: i32, %o: f32):
    %1 = arith.sitofp %t : i32 to f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>""",
    "a mask with infinity, and softmax": """
  %low = arith.constant 0xFF800000 : f32
  %zero = arith.constant 0.0 : f32
  %e4 = tensor.empty() : tensor<4xf32>
  %f = linalg.fill ins(%low : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e4 : tensor<4xf32>) -> tensor<4xf32>
  %k = linalg.generic #same ins(%m : tensor<4x8xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%a: f32, %o: f32):
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %b = arith.cmpi sle, %j, %i : index
    %1 = arith.select %b, %a, %deep : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>
  %h = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%k : tensor<4x8xf32>) outs(%f : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.maximumf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %p = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%k, %h : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %b: f32, %o: f32):
    %1 = arith.subf %x, %b : f32
    %2 = math.exp %1 : f32
    linalg.yield %2 : f32
  } -> tensor<4x8xf32>
  %s = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%p : tensor<4x8xf32>) outs(%g : tensor<4xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.addf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#id, #row, #id], iterator_types = ["parallel", "parallel"]}
      ins(%p, %s : tensor<4x8xf32>, tensor<4xf32>) outs(%e : tensor<4x8xf32>) {
  ^bb0(%x: f32, %b: f32, %o: f32):
    %1 = arith.divf %x, %b : f32
    linalg.yield %1 : f32
  } -> tensor<4x8xf32>""",
    "padding and pooling": """
  %c = arith.constant 0.7 : f32
  %zero = arith.constant 0.0 : f32
  %p = tensor.pad %m low[0, 1] high[1, 2] {
  ^bb0(%i: index, %j: index):
    tensor.yield %c : f32
  } : tensor<4x8xf32> to tensor<5x11xf32>
  %e5 = tensor.empty() : tensor<5xf32>
  %g = linalg.fill ins(%zero : f32) outs(%e5 : tensor<5xf32>) -> tensor<5xf32>
  %y = linalg.generic {indexing_maps = [#id, #row], iterator_types = ["parallel", "reduction"]}
      ins(%p : tensor<5x11xf32>) outs(%g : tensor<5xf32>) {
  ^bb0(%x: f32, %o: f32):
    %1 = arith.addf %x, %o : f32
    linalg.yield %1 : f32
  } -> tensor<5xf32>""",
}
LEAST = {"rounding": 20, "remainder, sign, fma": 15, "waves": 20, "how many are positive": 15}


def save_body(body: str, path: Path) -> None:
    weight = np.random.default_rng(1).normal(0, 8**-0.5, (8, 8)).astype(np.float32)
    result = body[body.rindex("->") + 2 :].strip()
    text = f"""
#id = affine_map<(i, j) -> (i, j)>
#row = affine_map<(i, j) -> (i)>
#vec = affine_map<(i) -> (i)>
func.func @main(%input: tensor<4x8xf32>) -> {result} {{
  %zeros = arith.constant 0.0 : f32
  %deep = arith.constant 0xFF7FFFFF : f32
  %weight = arith.constant dense<{weight.tolist()}> : tensor<8x8xf32>
  %e = tensor.empty() : tensor<4x8xf32>
  %init = linalg.fill ins(%zeros : f32) outs(%e : tensor<4x8xf32>) -> tensor<4x8xf32>
  %m = linalg.matmul ins(%input, %weight : tensor<4x8xf32>, tensor<8x8xf32>) outs(%init : tensor<4x8xf32>) -> tensor<4x8xf32>
{body}
  return %y : {result}
}}
"""
    path.write_text(text.replace("#same", '{indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}'))


@pytest.mark.parametrize("name", BODIES)
def test_what_a_module_spells(name: str, tmp_path: Path) -> None:
    save_body(BODIES[name], tmp_path / "model.mlir")
    expected, actual = as_integers(tmp_path, (4, 8), "model.mlir", "arg0")
    (wanted,), (made,) = expected.values(), actual.values()
    assert decibels(wanted, made) >= LEAST.get(name, 25)
