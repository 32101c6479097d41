"""Models that are quantized already give what ONNX Runtime gives.

ONNX Runtime makes integer kernels of such a model with its graph optimizations and computes it in float without. Both
are compared with the imported model, run as it is and lowered to integers, compiled and interpreted. Elements may
differ by one step of the output's quantization, where the real value is nearer to a tie than the float arithmetic of
ONNX Runtime is exact; how many do is counted.
"""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from artifacts import load, lowbit, must, save
from inputs import DATA
from qdq_graphs import Graph, convolution, residual

RATE = 1e-4
Arrays = dict[str, np.ndarray]


def reference(model: Path, inputs: Arrays, optimized: bool) -> Arrays:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    levels = onnxruntime.GraphOptimizationLevel
    options.graph_optimization_level = levels.ORT_ENABLE_ALL if optimized else levels.ORT_DISABLE_ALL
    runner = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in runner.get_outputs()]
    return dict(zip(names, runner.run(names, inputs), strict=True))


class Forms:
    """The ways to run one model: imported and quantized, each compiled and interpreted."""

    def __init__(self, model: Path, folder: Path) -> None:
        self.model, self.folder = model, folder
        self.imported, self.quantized = folder / "model.mlir", folder / "model.int8.mlir"
        must(lowbit("import", model, "-o", self.imported))
        done = lowbit("quantize", self.imported, "-o", self.quantized)
        must(done)
        self.remarks = done.stderr

    def run(self, module: Path, inputs: Arrays, *flags: str) -> Arrays:
        source, target = save(self.folder / "in.npz", inputs), self.folder / "out.npz"
        must(lowbit("run", module, "--inputs", source, "-o", target, *flags))
        return load(target)

    def results(self, inputs: Arrays, few: int) -> dict[str, tuple[Arrays, int | None]]:
        """Outputs by the name of the form; interpreters get the first `few` samples."""
        first = {name: array[:few] for name, array in inputs.items()}
        return {
            "imported": (self.run(self.imported, inputs), None),
            "quantized": (self.run(self.quantized, inputs), None),
            "imported, interpreted": (self.run(self.imported, first, "--interpret"), few),
            "quantized, interpreted": (self.run(self.quantized, first, "--interpret"), few),
        }


def steps_between(found: np.ndarray, expected: np.ndarray, scale: float) -> np.ndarray:
    assert found.shape == expected.shape
    return np.abs(np.rint(found.astype(np.float64) / scale) - np.rint(expected.astype(np.float64) / scale))


def compare(forms: Forms, inputs: Arrays, scales: list[float], crossed: float = RATE, few: int = 1) -> None:
    """Every form against both modes of ONNX Runtime.

    `crossed` is the rate allowed between floats and integers: the layers of a network hand their differences on.
    """
    expected = {mode: reference(forms.model, inputs, mode == "optimized") for mode in ("optimized", "plain")}
    results = forms.results(inputs, few)
    for part in ("imported", "quantized"):
        (whole, _), (some, _) = results[part], results[f"{part}, interpreted"]
        for name in whole:
            np.testing.assert_array_equal(some[name], whole[name][:few], err_msg=f"{part}, {name}: interpreted")
    for form in ("imported", "quantized"):
        for mode, wanted in expected.items():
            for (name, right), scale in zip(wanted.items(), scales, strict=True):
                steps = steps_between(results[form][0][name], right, scale)
                count = int((steps != 0).sum())
                assert steps.max() <= 1, f"{form} against {mode}, {name}: {steps.max()} steps"
                rate = RATE if (form == "quantized") == (mode == "optimized") else crossed
                assert count <= rate * steps.size, f"{form} against {mode}, {name}: {count} of {steps.size} differ"


def edges(shape: tuple[int, ...], reach: float) -> np.ndarray:
    """Values beyond the range, NaN left out, infinities, zeros, and ties of a power of two."""
    special = np.array([0.0, -0.0, reach, -reach, 1e30, -1e30, np.inf, -np.inf, 1e-40, 0.5, 1.5, -0.5], np.float32)
    return np.resize(special, shape)


def samples(shape: tuple[int, ...], reach: float, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, reach / 2, shape)
    values[::4] = rng.uniform(-1.2 * reach, 1.2 * reach, values[::4].shape)
    values[-1] = edges(shape[1:], reach)
    return values.astype(np.float32)


@pytest.mark.parametrize("name", ["conv_qdq_s8s8", "conv_qdq_s8s8_perchannel", "conv_qdq_u8u8"])
def test_models_of_onnx_runtime(name: str, tmp_path: Path) -> None:
    model = DATA / "ort_qdq" / f"{name}.onnx"
    compare(Forms(model, tmp_path), {"input": samples((24, 3, 24, 24), 170.0)}, [1.6346682])


def test_int4_weights_differ_at_ties_alone(tmp_path: Path) -> None:
    """The scales of this model make every hundredth real value a tie, and ONNX Runtime computes it in float."""
    model = DATA / "ort_qdq" / "conv.int4_weights.qdq.onnx"
    forms = Forms(model, tmp_path)
    weights = {t.name: onnx.numpy_helper.to_array(t) for t in onnx.load(model).graph.initializer}
    scale = float(weights["output_0_scale"])
    ties = elements = 0
    for seed in range(3):
        x = np.random.default_rng(seed).uniform(-0.1, 1.1, (1, 3, 8, 8)).astype(np.float32)
        codes = np.clip(np.rint(x / weights["input_0_scale"]), 0, 255).astype(np.int64)[0]
        windows = np.lib.stride_tricks.sliding_window_view(codes, (3, 3), axis=(1, 2))
        sums = np.einsum("chwij,fcij->fhw", windows, weights["weight_quantized"].astype(np.int64))
        products = float(weights["input_0_scale"]) * weights["weight_scale"].astype(np.float64)
        shifts = weights["bias_quantized"] * weights["bias_quantized_scale"].astype(np.float64)
        exact = (sums * products[:, None, None] + shifts[:, None, None]) / scale
        is_tie = np.abs(np.abs(exact - np.floor(exact)) - 0.5) < 1e-4
        ties, elements = ties + int(is_tie.sum()), elements + is_tie.size
        for optimized in (True, False):
            expected = reference(model, {"input_0": x}, optimized)["output_0"]
            for module in (forms.imported, forms.quantized):
                steps = steps_between(forms.run(module, {"input_0": x})["output_0"], expected, scale)[0]
                assert steps.max() <= 1
                assert not (steps.astype(bool) & ~is_tie).any(), "elements differ that are no ties"
    assert ties > 0.002 * elements, "the inputs reach no ties"


CONVOLUTIONS = [
    ("int8", "int8", None, 0, {}),
    ("uint8", "int8", 0, 0, {"pads": [1, 1, 1, 1]}),
    ("uint8", "uint8", None, 131, {"strides": [2, 2], "pads": [1, 0, 1, 2]}),
    ("int8", "uint8", 0, 128, {"dilations": [2, 2]}),
    ("int8", "int8", None, -7, {"pads": [2, 2, 2, 2]}),
]


@pytest.mark.parametrize("kind,weights,axis,zero,attrs", CONVOLUTIONS)
def test_convolutions(
    kind: str, weights: str, axis: int | None, zero: int, attrs: dict[str, list[int]], tmp_path: Path
) -> None:
    graph = convolution(np.random.default_rng(3), kind, weights, axis, zero, **attrs)
    forms = write(graph, tmp_path)
    assert "stays float" not in forms.remarks
    assert_integer(forms, 1)
    compare(forms, {"x": samples((48, 5, 11, 9), 3.0)}, scales_of(graph))


@pytest.mark.parametrize("kind", ["int8", "uint8"])
def test_network(kind: str, tmp_path: Path) -> None:
    graph = residual(np.random.default_rng(5), kind)
    forms = write(graph, tmp_path)
    assert "stays float" not in forms.remarks
    assert_integer(forms, 3)
    compare(forms, {"x": samples((4000, 4, 8, 8), 3.0)}, scales_of(graph), crossed=1e-3)


def matmul(rng: np.random.Generator, kind: str, weights: str, axis: int | None, zero: int) -> Graph:
    g = Graph(rng)
    x = g.pair(g.input("x", "n", 7, 48), 3.0, kind)
    product = g.op("MatMul", x, g.weight([48, 33], weights, axis, zero))
    g.outputs = [g.pair(product, 60.0, kind)]  # type: ignore[attr-defined]
    return g


def gemm(rng: np.random.Generator, kind: str) -> Graph:
    g = Graph(rng)
    x = g.pair(g.input("x", "n", 48), 3.0, kind)
    w = g.weight([33, 48], axis=0)
    product = g.op("Relu", g.op("Gemm", x, w, g.bias(x, w, 33), transB=1))
    g.outputs = [g.pair(product, 60.0, kind)]  # type: ignore[attr-defined]
    return g


def attention(rng: np.random.Generator, kind: str) -> Graph:
    g = Graph(rng)
    a = g.pair(g.input("x", "n", 6, 40), 3.0, kind)
    b = g.pair(g.op("Transpose", g.input("y", "n", 6, 40), perm=[0, 2, 1]), 2.0, kind)
    g.outputs = [g.pair(g.op("MatMul", a, b), 20.0, kind)]  # type: ignore[attr-defined]
    return g


MATMULS: dict[str, tuple[Callable[[], Graph], dict[str, tuple[int, ...]]]] = {
    "matmul of int8": (lambda: matmul(np.random.default_rng(1), "int8", "int8", None, 0), {"x": (120, 7, 48)}),
    "matmul of uint8 and a column's scales": (
        lambda: matmul(np.random.default_rng(2), "uint8", "int8", 1, 0),
        {"x": (120, 7, 48)},
    ),
    "matmul of zero points": (
        lambda: matmul(np.random.default_rng(3), "uint8", "uint8", None, 99),
        {"x": (120, 7, 48)},
    ),
    "gemm": (lambda: gemm(np.random.default_rng(4), "int8"), {"x": (800, 48)}),
    "two run-time operands": (
        lambda: attention(np.random.default_rng(5), "uint8"),
        {"x": (800, 6, 40), "y": (800, 6, 40)},
    ),
}


@pytest.mark.parametrize("case", MATMULS)
def test_matrix_products(case: str, tmp_path: Path) -> None:
    build, shapes = MATMULS[case]
    graph = build()
    forms = write(graph, tmp_path)
    assert "stays float" not in forms.remarks
    assert_integer(forms, 1)
    inputs = {name: samples(shape, 3.0, seed) for seed, (name, shape) in enumerate(shapes.items())}
    compare(forms, inputs, scales_of(graph))


def write(graph: Graph, folder: Path) -> Forms:
    onnx.save(graph.model(*graph.outputs), folder / "model.onnx")  # type: ignore[attr-defined]
    return Forms(folder / "model.onnx", folder)


def scales_of(graph: Graph) -> list[float]:
    return [float(graph.scales[name]) for name in graph.outputs]  # type: ignore[attr-defined]


def assert_integer(forms: Forms, count: int) -> None:
    """The contractions of the quantized module, all of integers."""
    found = set(re.findall(rb"[\w./:#]+\.i32\b", forms.quantized.read_bytes()))
    assert len(found) == count, found


def partly(rng: np.random.Generator) -> Graph:
    """A layer that is quantized, one whose operands are not, and one of int16."""
    g = Graph(rng, opset=21)
    x = g.pair(g.input("x", "n", 40), 3.0, "uint8")
    first = g.op("Relu", g.op("MatMul", x, g.weight([40, 24])))
    second = g.op("MatMul", first, g.constant(rng.normal(0, 0.2, (24, 16)).astype(np.float32)))
    third = g.op("MatMul", g.pair(second, 10.0, "int16"), g.weight([16, 9]))
    g.outputs = [third]  # type: ignore[attr-defined]
    return g


def test_what_has_no_parameters_is_quantized_as_the_mode_says(tmp_path: Path) -> None:
    graph = partly(np.random.default_rng(6))
    onnx.save(graph.model(*graph.outputs), tmp_path / "model.onnx")  # type: ignore[attr-defined]
    inputs = {"x": samples((200, 40), 3.0)}
    data = save(tmp_path / "data.npz", {"x": inputs["x"][:-1]})
    (expected,) = reference(tmp_path / "model.onnx", inputs, False).values()
    for options, remark in (([], "activations are quantized dynamically"), (["--calibration-data", data], "")):
        target = tmp_path / "q.mlir"
        done = lowbit("quantize", tmp_path / "model.onnx", "-o", target, *options)
        must(done)
        assert remark in done.stderr
        assert "stays float" not in done.stderr
        found = set(re.findall(rb"[\w./:#]+\.i32\b", target.read_bytes()))
        assert len(found) == 3, found
        must(lowbit("run", target, "--inputs", save(tmp_path / "in.npz", inputs), "-o", tmp_path / "out.npz"))
        (actual,) = load(tmp_path / "out.npz").values()
        noise = np.square(actual[:-1].astype(np.float64) - expected[:-1]).mean()
        assert 10 * np.log10(np.square(expected[:-1].astype(np.float64)).mean() / noise) > 30.0


@pytest.mark.parametrize("height,width", [(48, 80), (100, 31)])
def test_what_comes_before_quantization(height: int, width: int, tmp_path: Path) -> None:
    """Bytes of an image, normalized, resized and padded, in float: exactly what ONNX Runtime gives."""
    model = DATA / "ort_qdq" / "qdq_minimal_model.onnx"
    must(lowbit("import", model, "-o", tmp_path / "m.mlir", "--shape", f"height={height},width={width}"))
    image = np.random.default_rng(0).integers(0, 256, (2, 3, height, width)).astype(np.uint8)
    (expected,) = reference(model, {"input": image}, True).values()
    must(
        lowbit(
            "run",
            tmp_path / "m.mlir",
            "--inputs",
            save(tmp_path / "in.npz", {"input": image}),
            "-o",
            tmp_path / "o.npz",
        )
    )
    (actual,) = load(tmp_path / "o.npz").values()
    np.testing.assert_array_equal(actual, expected)
