"""Convolutions of every form become integer, whatever their layout, sizes and padding.

Compiled code gives what the interpreter gives, bit for bit, and the sums of plain C++ loops. What phase 6 gives is what
phase 4 gives up to the rounding of its float sums, so that no zero point is lost on the way.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
import pytest
from artifacts import run, save
from lowbit import compiler
from lowbit.tools import pass_options, run_tool
from onnx import TensorProto, helper, numpy_helper

# Dimensions of image, filter and result. z, y, x are in space; g groups, c and f channels, m multipliers.
FORMS = {
    "conv_1d_nwc_wcf": ("nxc", "xcf", "nxf"),
    "conv_1d_ncw_fcw": ("ncx", "fcx", "nfx"),
    "conv_2d_nhwc_hwcf": ("nyxc", "yxcf", "nyxf"),
    "conv_2d_nhwc_fhwc": ("nyxc", "fyxc", "nyxf"),
    "conv_2d_nchw_fchw": ("ncyx", "fcyx", "nfyx"),
    "conv_2d_ngchw_fgchw": ("ngcyx", "fgcyx", "ngfyx"),
    "conv_2d_ngchw_gfchw": ("ngcyx", "gfcyx", "ngfyx"),
    "conv_2d_nhwgc_gfhwc": ("nyxgc", "gfyxc", "nyxgf"),
    "conv_3d_ndhwc_dhwcf": ("nzyxc", "zyxcf", "nzyxf"),
    "conv_3d_ncdhw_fcdhw": ("nczyx", "fczyx", "nfzyx"),
    "depthwise_conv_1d_nwc_wc": ("nxc", "xc", "nxc"),
    "depthwise_conv_1d_ncw_cw": ("ncx", "cx", "ncx"),
    "depthwise_conv_1d_nwc_wcm": ("nxc", "xcm", "nxcm"),
    "depthwise_conv_2d_nhwc_hwc": ("nyxc", "yxc", "nyxc"),
    "depthwise_conv_2d_nchw_chw": ("ncyx", "cyx", "ncyx"),
    "depthwise_conv_2d_nhwc_hwcm": ("nyxc", "yxcm", "nyxcm"),
    "depthwise_conv_3d_ndhwc_dhwc": ("nzyxc", "zyxc", "nzyxc"),
    "depthwise_conv_3d_ncdhw_cdhw": ("nczyx", "czyx", "nczyx"),
}
SPACE = "zyx"


@dataclass(frozen=True)
class Case:
    """Of z, y and x: the image, the window, its strides and dilations, padding before and after."""

    form: str
    counts: dict[str, int] = field(default_factory=dict)
    image: tuple[int, ...] = (4, 7, 9)
    window: tuple[int, ...] = (2, 3, 2)
    strides: tuple[int, ...] = (1, 1, 1)
    dilations: tuple[int, ...] = (1, 1, 1)
    low: tuple[int, ...] = (0, 1, 2)
    high: tuple[int, ...] = (1, 0, 1)
    dynamic_batch: bool = False
    spelled: bool = False  # as a linalg.generic

    def count(self, letter: str) -> int:
        return self.counts.get(letter, {"n": 2, "g": 2, "c": 3, "f": 5, "m": 2}[letter])

    def shape(self, letters: str, sizes: tuple[int, ...]) -> list[int]:
        return [sizes[SPACE.index(k)] if k in SPACE else self.count(k) for k in letters]

    def padded(self) -> tuple[int, ...]:
        return tuple(i + a + b for i, a, b in zip(self.image, self.low, self.high, strict=True))

    def result(self) -> tuple[int, ...]:
        geometry = zip(self.padded(), self.window, self.strides, self.dilations, strict=True)
        return tuple((size - (d * (k - 1) + 1)) // s + 1 for size, k, s, d in geometry)

    def kind(self, letters: str, sizes: tuple[int, ...]) -> str:
        words = [str(size) for size in self.shape(letters, sizes)]
        if self.dynamic_batch and letters[0] == "n":
            words[0] = "?"
        return f"tensor<{'x'.join([*words, 'f32'])}>"

    def generic(self) -> str:
        """Head of the operation with maps in place of a name."""
        image, weights, result = FORMS[self.form]
        loops = [*result, *(k.upper() if k in SPACE else k for k in weights if k in SPACE or k not in result)]

        def place(letter: str) -> str:
            if letter not in SPACE:
                return letter
            k = SPACE.index(letter)
            return f"{letter} * {self.strides[k]} + {letter.upper()} * {self.dilations[k]}"

        operands = [[place(k) for k in image], [k.upper() if k in SPACE else k for k in weights], list(result)]
        maps = ", ".join(f"affine_map<({', '.join(loops)}) -> ({', '.join(places)})>" for places in operands)
        kinds = ", ".join('"parallel"' if k in result else '"reduction"' for k in loops)
        return f"linalg.generic {{indexing_maps = [{maps}], iterator_types = [{kinds}]}}"

    def module(self, weights: np.ndarray) -> str:
        image, taps, result = FORMS[self.form]
        x, p = self.kind(image, self.image), self.kind(image, self.padded())
        w, y = self.kind(taps, self.window), self.kind(result, self.result())
        space = [k for k in image if k in SPACE]

        def pads(widths: tuple[int, ...]) -> str:
            return ", ".join(str(widths[SPACE.index(k)]) if k in SPACE else "0" for k in image)

        def steps(values: tuple[int, ...]) -> str:
            order = [k for k in SPACE if k in space]
            return f"dense<[{', '.join(str(values[SPACE.index(k)]) for k in order)}]> : tensor<{len(order)}xi64>"

        indices = ", ".join(f"%i{k}: index" for k in range(len(image)))
        head = f"linalg.{self.form} {{dilations = {steps(self.dilations)}, strides = {steps(self.strides)}}}"
        body = ""
        if self.spelled:
            head = self.generic()
            body = """ {
  ^bb0(%a: f32, %b: f32, %acc: f32):
    %product = arith.mulf %b, %a : f32
    %sum = arith.addf %acc, %product : f32
    linalg.yield %sum : f32
  }"""
        return f"""
func.func @main(%x: {x} {{lowbit.name = "x"}}) -> ({y} {{lowbit.name = "y"}}) {{
  %w = arith.constant dense<"0x{weights.astype("<f4").tobytes().hex().upper()}"> : {w}
  %zero = arith.constant 0.0 : f32
  %i = arith.constant 0 : index
  %n = tensor.dim %x, %i : {x}
  %p = tensor.pad %x low[{pads(self.low)}] high[{pads(self.high)}] {{
  ^bb0({indices}):
    tensor.yield %zero : f32
  }} : {x} to {p}
  %e = tensor.empty({"%n" if self.dynamic_batch else ""}) : {y}
  %f = linalg.fill ins(%zero : f32) outs(%e : {y}) -> {y}
  %y = {head} ins(%p, %w : {p}, {w}) outs(%f : {y}){body} -> {y}
  return %y : {y}
}}
"""


ONES = (1, 1, 1)
NONE = (0, 0, 0)
DEPTHWISE = "depthwise_conv_2d_nhwc_hwc"
MULTIPLIER = "depthwise_conv_2d_nhwc_hwcm"
SOME = (DEPTHWISE, MULTIPLIER, "conv_2d_nhwc_hwcf", "conv_2d_ngchw_fgchw")
CASES = [
    *(Case(form) for form in FORMS),
    *(Case(form, spelled=True, strides=(2, 2, 3), dilations=(2, 1, 2)) for form in FORMS),
    # A window larger than the image, and one batch more than is known.
    *(Case(form, {"n": 3}, (2, 2, 2), (4, 5, 4), low=(2, 2, 1), high=(1, 2, 2), dynamic_batch=True) for form in FORMS),
    # One pixel; a stride larger than the window.
    *(Case(form, {"c": 5}, ONES, (3, 3, 3), low=ONES, high=ONES) for form in SOME),
    *(Case(form, window=(1, 2, 2), strides=(3, 3, 4), low=NONE) for form in SOME),
    *(Case(form, {"c": count}) for form in (DEPTHWISE, "conv_2d_nchw_fchw") for count in (1, 17, 33)),
    *(Case(MULTIPLIER, {"c": c, "m": m}) for c, m in [(1, 3), (33, 2), (4, 1), (2, 17)]),
]
RUNS = [(case, "static") for case in CASES] + [(case, "dynamic") for case in CASES[: len(FORMS)]]


def quantize(source: Path, inputs: Path, mode: str, phase: str, **options: str) -> Path:
    given: dict[str, object] = {"calibration-data": inputs} if mode == "static" else {"mode": "dynamic"}
    target = source.with_suffix(f".{phase}.mlir")
    text = pass_options(given | options | {"compile-to": phase})
    run_tool("quant-opt", [f"--quantize-ptq={text}", source, "-o", target])
    return target


def check(source: Path, inputs: Path, mode: str, count: int = 1, **options: str) -> None:
    """Quantizes a model of `count` convolutions, and compares all that computes it."""
    lowered = quantize(source, inputs, mode, "lower", **options)
    assert not re.search(r'float_reason = "(?!it makes a result|what reads it)', lowered.read_text())
    line = compiler.verify_contractions(lowered, inputs)
    assert line.startswith(f"{count} contractions") and line.rstrip().endswith("0 differ"), line
    y = run(lowered, inputs, source.parent)["y"]
    assert np.array_equal(y, run(lowered, inputs, source.parent, "--interpret")["y"])
    before = run(quantize(source, inputs, mode, "quantize", **options), inputs, source.parent, "--interpret")["y"]
    # Each of the float sums is of at most 200 products.
    assert np.abs(y - before).max() <= 200 * 2.0**-23 * np.abs(before).max()


@pytest.mark.parametrize(("case", "mode"), RUNS, ids=lambda part: part if isinstance(part, str) else part.form)
def test_convolution_is_exact(case: Case, mode: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(CASES.index(case))
    image, taps, _ = FORMS[case.form]
    # Off centre, so that zero points count.
    x = save(tmp_path / "x.npz", {"x": rng.normal(1.5, 1, case.shape(image, case.image)).astype(np.float32)})
    source = tmp_path / "float.mlir"
    source.write_text(case.module(rng.normal(0.1, 1, case.shape(taps, case.window)).astype(np.float32)))
    check(source, x, mode)


@pytest.mark.parametrize("form", FORMS)
def test_a_filter_with_a_zero_point_is_exact(form: str, tmp_path: Path) -> None:
    """The sum of every window of the image is taken out."""
    case = Case(form, strides=(1, 2, 2))
    rng = np.random.default_rng(1)
    image, taps, _ = FORMS[form]
    x = save(tmp_path / "x.npz", {"x": rng.normal(1.5, 1, case.shape(image, case.image)).astype(np.float32)})
    source = tmp_path / "float.mlir"
    source.write_text(case.module(rng.uniform(-0.5, 2, case.shape(taps, case.window)).astype(np.float32)))
    check(source, x, "static", weights="asymmetric,tensor")


@pytest.mark.parametrize("mode", ["static", "dynamic"])
@pytest.mark.parametrize("form", SOME)
def test_a_filter_that_is_an_input_is_exact(form: str, mode: str, tmp_path: Path) -> None:
    case = Case(form, strides=(1, 2, 2))
    rng = np.random.default_rng(2)
    image, taps, _ = FORMS[form]
    weights = rng.uniform(-0.5, 2, case.shape(taps, case.window)).astype(np.float32)
    x = rng.normal(1.5, 1, case.shape(image, case.image)).astype(np.float32)
    source = tmp_path / "float.mlir"
    lines = case.module(weights).splitlines()
    kind = case.kind(taps, case.window)
    text = "\n".join(line for line in lines if "%w = arith.constant" not in line)
    source.write_text(text.replace("(%x:", f'(%w: {kind} {{lowbit.name = "w"}}, %x:'))
    check(source, save(tmp_path / "x.npz", {"x": x, "w": weights}), mode)


IMPORTED = {
    "transposed": (
        "ConvTranspose",
        (4, 3, 3, 2),
        {"strides": [2, 3], "pads": [1, 0, 2, 1], "output_padding": [1, 0]},
        1,
    ),
    "transposed_groups": ("ConvTranspose", (4, 3, 3, 3), {"strides": [2, 2], "group": 2, "dilations": [1, 2]}, 2),
    "transposed_depthwise": ("ConvTranspose", (4, 1, 4, 4), {"strides": [2, 2], "group": 4, "pads": [1] * 4}, 1),
    "grouped": ("Conv", (6, 2, 3, 3), {"group": 2, "pads": [1, 1, 1, 1], "strides": [2, 1]}, 2),
    "multiplier": ("Conv", (8, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1], "strides": [2, 2]}, 1),
    "one_dimension": ("Conv", (5, 4, 3), {"pads": [2, 0], "dilations": [2]}, 1),
    "three_dimensions": ("Conv", (4, 1, 2, 3, 2), {"group": 4, "pads": [1, 0, 1, 0, 2, 1]}, 1),
}


@pytest.mark.parametrize("name", IMPORTED)
def test_imported_convolution_is_exact(name: str, tmp_path: Path) -> None:
    """Splitting into groups, zeros between elements and padding move integers; the bias stays float."""
    op, shape, attributes, count = IMPORTED[name]
    rng = np.random.default_rng(len(name))
    image = (2, 4, *(6, 7, 5)[: len(shape) - 2])
    features = shape[1] * int(attributes.get("group", 1)) if op == "ConvTranspose" else shape[0]
    consts = {"w": rng.normal(0.1, 1, shape), "b": rng.normal(0, 1, features)}
    graph = helper.make_graph(
        [helper.make_node(op, ["x", "w", "b"], ["y"], name="node", **attributes)],
        "test",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, image)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array.astype(np.float32), key) for key, array in consts.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    source = tmp_path / "float.mlir"
    compiler.import_model(tmp_path / "m.onnx", source)
    x = save(tmp_path / "x.npz", {"x": rng.normal(1.5, 1, image).astype(np.float32)})
    check(source, x, "static", count)
