"""Modules of others, linalg and TOSA, through every command.

The values are those of numpy where sums are exact, and those of the interpreter always.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from artifacts import Artifacts, Refused, lowbit, must, run, save
from stock import LLVM, constant, quant_opt
from test_interpreter import check_outputs

# Values of a few small integers: every sum is exact, in whatever order.
RANDOM = np.random.default_rng(3)


def integers(*shape: int, least: int = -4, most: int = 4) -> np.ndarray:
    return RANDOM.integers(least, most + 1, shape).astype(np.float32)


NETWORK = """
func.func @classify(%x: tensor<?x8x8x3xf32>) -> tensor<?x5xf32> {{
  %z = "tosa.const"() <{{values = dense<0.0> : tensor<1xf32>}}> : () -> tensor<1xf32>
  %w = "tosa.const"() <{{values = {filter}}}> : () -> tensor<4x3x3x3xf32>
  %b = "tosa.const"() <{{values = {bias}}}> : () -> tensor<4xf32>
  %m = "tosa.const"() <{{values = {matrix}}}> : () -> tensor<1x16x5xf32>
  %c = "tosa.const"() <{{values = {last}}}> : () -> tensor<1x5xf32>
  %0 = tosa.conv2d %x, %w, %b, %z, %z {{acc_type = f32, pad = array<i64: 1, 1, 1, 1>, stride = array<i64: 1, 1>,
      dilation = array<i64: 1, 1>}} : (tensor<?x8x8x3xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>, tensor<1xf32>,
      tensor<1xf32>) -> tensor<?x8x8x4xf32> loc("conv1")
  %1 = tosa.clamp %0 {{min_val = 0.0 : f32, max_val = 64.0 : f32}} : (tensor<?x8x8x4xf32>) -> tensor<?x8x8x4xf32>
  %2 = tosa.max_pool2d %1 {{kernel = array<i64: 3, 3>, pad = array<i64: 1, 0, 1, 0>, stride = array<i64: 2, 2>}}
      : (tensor<?x8x8x4xf32>) -> tensor<?x4x4x4xf32>
  %3 = tosa.avg_pool2d %2, %z, %z {{acc_type = f32, kernel = array<i64: 2, 2>, pad = array<i64: 0, 0, 0, 0>,
      stride = array<i64: 2, 2>}} : (tensor<?x4x4x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x2x2x4xf32>
  %s = tosa.const_shape {{values = dense<[1, -1, 16]> : tensor<3xindex>}} : () -> !tosa.shape<3>
  %4 = tosa.reshape %3, %s : (tensor<?x2x2x4xf32>, !tosa.shape<3>) -> tensor<1x?x16xf32>
  %5 = tosa.matmul %4, %m, %z, %z : (tensor<1x?x16xf32>, tensor<1x16x5xf32>, tensor<1xf32>, tensor<1xf32>)
      -> tensor<1x?x5xf32> loc("fc")
  %t = tosa.const_shape {{values = dense<[-1, 5]> : tensor<2xindex>}} : () -> !tosa.shape<2>
  %6 = tosa.reshape %5, %t : (tensor<1x?x5xf32>, !tosa.shape<2>) -> tensor<?x5xf32>
  %7 = tosa.add %6, %c : (tensor<?x5xf32>, tensor<1x5xf32>) -> tensor<?x5xf32> loc("scores")
  return %7 : tensor<?x5xf32>
}}
"""


class Network:
    """A convolution, clamp, both poolings and a classifier, as TOSA text."""

    def __init__(self, folder: Path) -> None:
        self.filter, self.bias = integers(4, 3, 3, 3), integers(4)
        self.matrix, self.last = integers(1, 16, 5), integers(1, 5)
        names = {"filter": self.filter, "bias": self.bias, "matrix": self.matrix, "last": self.last}
        self.path = folder / "network.mlir"
        self.path.write_text(NETWORK.format(**{name: constant(array) for name, array in names.items()}))

    def expected(self, x: np.ndarray) -> np.ndarray:
        padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
        image = np.zeros((len(x), 8, 8, 4), np.float32)
        for ky, kx in np.ndindex(3, 3):
            image += padded[:, ky : ky + 8, kx : kx + 8] @ self.filter[:, ky, kx].T
        image = np.clip(image + self.bias, 0, 64)
        image = np.pad(image, ((0, 0), (1, 0), (1, 0), (0, 0)), constant_values=-np.inf)
        windows = np.lib.stride_tricks.sliding_window_view(image, (3, 3), (1, 2))[:, ::2, ::2].max((-1, -2))
        means = windows.reshape(len(x), 2, 2, 2, 2, 4).mean((2, 4))
        scores: np.ndarray = means.reshape(len(x), 16) @ self.matrix[0] + self.last
        return scores


def test_tosa_network(tmp_path: Path) -> None:
    """Float is exact, text and bytecode; its integers come from calibration and explain every operation."""
    network = Network(tmp_path)
    x = integers(6, 8, 8, 3)
    inputs = save(tmp_path / "in.npz", {"arg0": x})
    np.testing.assert_array_equal(run(network.path, inputs, tmp_path)["out0"], network.expected(x))
    check_outputs(network.path, inputs, tmp_path)
    code = tmp_path / "code.mlirbc"
    subprocess.run([LLVM / "bin" / "mlir-opt", network.path, "--emit-bytecode", "-o", code], check=True)
    np.testing.assert_array_equal(run(code, inputs, tmp_path)["out0"], network.expected(x))

    table, quantized, explain = (tmp_path / name for name in ("table.json", "q.mlir", "explain.json"))
    must(lowbit("calibrate", network.path, "--calibration-data", inputs, "-o", table))
    must(lowbit("quantize", network.path, "--calibration-table", table, "-o", quantized, "--explain", explain))
    check_outputs(quantized, inputs, tmp_path)
    operations = {entry["name"]: entry for entry in json.loads(explain.read_text())["operations"]}
    assert {"conv1", "conv1/conv", "conv1/pad", "clamp_0", "max_pool2d_0", "avg_pool2d_0", "scores"} <= set(operations)
    assert operations["conv1/conv"]["result"] == "integer"
    report = json.loads(must(lowbit("compare", network.path, quantized, "--inputs", inputs, "--json")))
    assert report["outputs"][0]["sqnr_db"] > 30
    assert {"conv1", "clamp_0", "scores"} <= {layer["id"] for layer in report["layers"]}


def test_what_was_imported_stays(tmp_path: Path, artifacts: Artifacts) -> None:
    """An imported module goes in again unchanged, byte for byte, and quantizes to the bytes of the original."""
    network = Network(tmp_path)
    for source in (network.path, artifacts.imported("mnist_pytorch")):
        folders = [tmp_path / f"{source.stem}-{i}" for i in range(3)]
        for folder, model in zip(folders, [source, *(f / "m.mlir" for f in folders)], strict=False):
            folder.mkdir()
            must(lowbit("import", model, "-o", folder / "m.mlir"))
        texts = [(folder / "m.mlir").read_bytes() for folder in folders]
        assert texts[1] == texts[2]
        quantized = []
        for model in (source, folders[0] / "m.mlir"):
            target = folders[0] / "q.mlir"
            must(lowbit("quantize", model, "--mode", "dynamic", "-o", target))
            quantized.append(target.read_bytes())
        assert quantized[0] == quantized[1]


ATTENTION = """
!rows = tensor<2x6x8xf32>
!scores = tensor<2x6x6xf32>
!weights = tensor<2x8x8xf32>
!keys = tensor<2x8x6xf32>
!column = tensor<2x6x1xf32>
!one = tensor<1xf32>
func.func @attend(%x: !rows, %bias: tensor<1x6x6xf32>) -> (!rows, tensor<2x6xi32>) {{
  %z = "tosa.const"() <{{values = dense<0.0> : !one}}> : () -> !one
  %q = "tosa.const"() <{{values = {query}}}> : () -> tensor<1x8x8xf32>
  %scale = "tosa.const"() <{{values = dense<0.125> : tensor<1x1x1xf32>}}> : () -> tensor<1x1x1xf32>
  %shift = "tosa.const"() <{{values = dense<0> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %n = tosa.const_shape {{values = dense<[2, 1, 1]> : tensor<3xindex>}} : () -> !tosa.shape<3>
  %w = tosa.tile %q, %n : (tensor<1x8x8xf32>, !tosa.shape<3>) -> !weights
  %0 = tosa.matmul %x, %w, %z, %z : (!rows, !weights, !one, !one) -> !rows
  %k = tosa.transpose %x {{perms = array<i32: 0, 2, 1>}} : (!rows) -> !keys
  %1 = tosa.matmul %0, %k, %z, %z : (!rows, !keys, !one, !one) -> !scores
  %2 = tosa.mul %1, %scale, %shift : (!scores, tensor<1x1x1xf32>, tensor<1xi8>) -> !scores
  %3 = tosa.add %2, %bias : (!scores, tensor<1x6x6xf32>) -> !scores
  %4 = tosa.reduce_max %3 {{axis = 2 : i32}} : (!scores) -> !column
  %5 = tosa.sub %3, %4 : (!scores, !column) -> !scores
  %6 = tosa.exp %5 : (!scores) -> !scores
  %7 = tosa.reduce_sum %6 {{axis = 2 : i32}} : (!scores) -> !column
  %8 = tosa.reciprocal %7 : (!column) -> !column
  %9 = tosa.mul %6, %8, %shift : (!scores, !column, tensor<1xi8>) -> !scores
  %10 = tosa.matmul %9, %x, %z, %z : (!scores, !rows, !one, !one) -> !rows
  %11 = tosa.argmax %3 {{axis = 2 : i32}} : (!scores) -> tensor<2x6xi32>
  return %10, %11 : !rows, tensor<2x6xi32>
}}
"""


def test_tosa_attention(tmp_path: Path) -> None:
    query, x = integers(1, 8, 8), integers(2, 6, 8)
    bias = np.where(np.tri(6, dtype=bool), 0, -np.inf).astype(np.float32)[None]
    model = tmp_path / "attention.mlir"
    model.write_text(ATTENTION.format(query=constant(query)))
    scores = (x @ query) @ x.transpose(0, 2, 1) * 0.125 + bias
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    inputs = save(tmp_path / "in.npz", {"arg0": x, "arg1": bias})
    outputs = run(model, inputs, tmp_path)
    check_outputs(model, inputs, tmp_path)
    np.testing.assert_array_equal(outputs["out1"], scores.argmax(-1))
    # exp is a formula of ours: no other library gives its last bit.
    np.testing.assert_allclose(outputs["out0"], shares @ x, rtol=2e-6, atol=2e-6)
    calibration = save(tmp_path / "c.npz", {"arg0": x, "arg1": np.maximum(bias, -100)})
    must(lowbit("quantize", model, "--calibration-data", calibration, "-o", tmp_path / "q.mlir"))
    check_outputs(tmp_path / "q.mlir", calibration, tmp_path)
    quantized = run(tmp_path / "q.mlir", calibration, tmp_path)["out0"]
    assert 10 * np.log10((outputs["out0"] ** 2).sum() / ((outputs["out0"] - quantized) ** 2).sum()) > 25


# Operator, types of the operands, type of the result, attributes; operands are arguments.
OPERATORS = {
    "max_pool2d": (
        "1x4x4x2xf32",
        "1x2x2x2xf32",
        "{kernel = array<i64: 3, 3>, pad = array<i64: 1, 0, 1, 0>, stride = array<i64: 2, 2>}",
    ),
    "reduce_max": ("3x4xf32", "3x1xf32", "{axis = 1 : i32}"),
    "reduce_min": ("3x4xf32", "3x1xf32", "{axis = 1 : i32}"),
    "reduce_product": ("3x4xf32", "3x1xf32", "{axis = 1 : i32}"),
    "argmax": ("3x4xf32", "3xi32", "{axis = 1 : i32}"),
    "reverse": ("3x4xf32", "3x4xf32", "{axis = 1 : i32}"),
    "cast": ("3x4xf32", "3x4xi32", ""),
    "floor": ("3x4xf32", "3x4xf32", ""),
}


def numpy_of(name: str, x: np.ndarray) -> np.ndarray:
    if name == "max_pool2d":
        padded = np.pad(x, ((0, 0), (1, 0), (1, 0), (0, 0)), constant_values=-np.inf)
        pooled: np.ndarray = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (1, 2))[:, ::2, ::2].max((-1, -2))
        return pooled
    simple = {
        "reduce_max": lambda: x.max(1, keepdims=True),
        "reduce_min": lambda: x.min(1, keepdims=True),
        "reduce_product": lambda: x.prod(1, keepdims=True),
        "argmax": lambda: x.argmax(1).astype(np.int32),
        "reverse": lambda: x[:, ::-1],
        "cast": lambda: np.clip(np.rint(x.astype(np.float64)), -(2**31), 2**31 - 1).astype(np.int32),
        "floor": lambda: np.floor(x),
    }
    result: np.ndarray = simple[name]()
    return result


@pytest.mark.parametrize("name", OPERATORS)
def test_tosa_operator(name: str, tmp_path: Path) -> None:
    """Infinities and halves included: a maximum of -inf is -inf, and a cast rounds half to even and saturates."""
    kind, result, attributes = OPERATORS[name]
    model = tmp_path / "m.mlir"
    model.write_text(
        f"func.func @main(%x: tensor<{kind}>) -> tensor<{result}> {{\n"
        f"  %0 = tosa.{name} %x {attributes} : (tensor<{kind}>) -> tensor<{result}>\n  return %0 : tensor<{result}>\n}}"
    )
    shape = [int(size) for size in kind.split("x")[:-1]]
    x = integers(*shape, least=-9, most=9) / 2
    x[0] = np.inf if name == "reduce_min" else -np.inf
    x.flat[-1] = 3e9
    inputs = save(tmp_path / "in.npz", {"arg0": x})
    np.testing.assert_array_equal(run(model, inputs, tmp_path)["out0"], numpy_of(name, x))
    check_outputs(model, inputs, tmp_path)


TORCH = """
#row = affine_map<(d0, d1) -> (d0)>
#all = affine_map<(d0, d1) -> (d0, d1)>
#swap = affine_map<(d0, d1) -> (d1, d0)>
module attributes {{torch.debug_module_name = "Words"}} {{
  ml_program.global private mutable @global_seed(dense<0> : tensor<i64>) : tensor<i64>
  ml_program.global private @fc.weight({weight}) : tensor<6x4xf32>
  func.func private @relu(%x: tensor<?x6xf32>) -> tensor<?x6xf32> {{
    %zero = arith.constant 0.0 : f32
    %0 = linalg.generic {{indexing_maps = [#all, #all], iterator_types = ["parallel", "parallel"]}}
        ins(%x : tensor<?x6xf32>) outs(%x : tensor<?x6xf32>) {{
    ^bb0(%in: f32, %out: f32):
      %1 = arith.cmpf ugt, %in, %zero : f32
      %2 = arith.select %1, %in, %zero : f32
      linalg.yield %2 : f32
    }} -> tensor<?x6xf32>
    return %0 : tensor<?x6xf32>
  }}
  func.func @forward(%ids: tensor<?xi64>, %more: tensor<?x4xf32>, %unread: tensor<3xi1>)
      -> (tensor<?x6xf32>, tensor<?xi64>, tensor<2xf32>) {{
    %c0 = arith.constant 0 : index
    %c5_i64 = arith.constant 5 : i64
    %c0_i64 = arith.constant 0 : i64
    %zero = arith.constant 0.0 : f32
    %table = arith.constant {table}
    %bias = arith.constant {bias}
    %two = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
    %n = tensor.dim %ids, %c0 : tensor<?xi64>
    %m = tensor.dim %more, %c0 : tensor<?x4xf32>
    %same = arith.cmpi eq, %n, %m : index
    cf.assert %same, "mismatched size for broadcast"
    %e = tensor.empty(%n) : tensor<?x4xf32>
    %0 = linalg.generic {{indexing_maps = [#row, #all], iterator_types = ["parallel", "parallel"]}}
        ins(%ids : tensor<?xi64>) outs(%e : tensor<?x4xf32>) {{
    ^bb0(%in: i64, %out: f32):
      %i = arith.index_cast %in : i64 to index
      %j = linalg.index 1 : index
      %less = arith.cmpi slt, %in, %c5_i64 : i64
      cf.assert %less, "index must be smaller than dim size"
      %not = arith.cmpi sge, %in, %c0_i64 : i64
      cf.assert %not, "index must be larger or equal to 0"
      %v = tensor.extract %table[%i, %j] : tensor<5x4xf32>
      linalg.yield %v : f32
    }} -> tensor<?x4xf32>
    %1 = linalg.add ins(%0, %more : tensor<?x4xf32>, tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
    %w = ml_program.global_load_const @fc.weight : tensor<6x4xf32>
    %et = tensor.empty() : tensor<4x6xf32>
    %t = linalg.generic {{indexing_maps = [#all, #swap], iterator_types = ["parallel", "parallel"]}}
        ins(%w : tensor<6x4xf32>) outs(%et : tensor<4x6xf32>) {{
    ^bb0(%in: f32, %out: f32):
      linalg.yield %in : f32
    }} -> tensor<4x6xf32>
    %eo = tensor.empty(%n) : tensor<?x6xf32>
    %init = linalg.broadcast ins(%bias : tensor<6xf32>) outs(%eo : tensor<?x6xf32>) dimensions = [0]
    %2 = linalg.matmul ins(%1, %t : tensor<?x4xf32>, tensor<4x6xf32>) outs(%init : tensor<?x6xf32>) -> tensor<?x6xf32>
    %3 = call @relu(%2) : (tensor<?x6xf32>) -> tensor<?x6xf32>
    return %3, %ids, %two : tensor<?x6xf32>, tensor<?xi64>, tensor<2xf32>
  }}
}}
"""


@pytest.fixture
def torch_module(tmp_path: Path) -> tuple[Path, dict[str, np.ndarray]]:
    """An embedding, a sum, a linear layer and relu, as torch-mlir writes them."""
    arrays = {"weight": integers(6, 4), "table": integers(5, 4), "bias": integers(6)}
    path = tmp_path / "torch.mlir"
    path.write_text(TORCH.format(**{name: constant(array) for name, array in arrays.items()}))
    return path, arrays


def test_linalg_of_torch(torch_module: tuple[Path, dict[str, np.ndarray]], tmp_path: Path, refused: Refused) -> None:
    model, arrays = torch_module
    ids, more = np.array([4, 0, 2]), integers(3, 4)
    feeds = {"arg0": ids, "arg1": more, "arg2": np.array([True, False, True])}
    inputs = save(tmp_path / "in.npz", feeds)
    expected = np.maximum((arrays["table"][ids] + more) @ arrays["weight"].T + arrays["bias"], 0)
    outputs = run(model, inputs, tmp_path)
    np.testing.assert_array_equal(outputs["out0"], expected)
    np.testing.assert_array_equal(outputs["out1"], ids)
    np.testing.assert_array_equal(outputs["out2"], np.array([1, 2], np.float32))
    check_outputs(model, inputs, tmp_path)

    explain, target = tmp_path / "e.json", tmp_path / "q.mlir"
    must(lowbit("quantize", model, "--calibration-data", inputs, "-o", target, "--explain", explain))
    check_outputs(target, inputs, tmp_path)
    values = {value["name"]: value for value in json.loads(explain.read_text())["values"]}
    assert values["fc.weight"]["role"] == "weight"
    assert "table" in {value["role"] for value in values.values()}

    outside = save(tmp_path / "outside.npz", {**feeds, "arg0": np.array([4, 5, 2])})
    uneven = save(tmp_path / "uneven.npz", {**feeds, "arg1": integers(2, 4)})
    unnamed = save(tmp_path / "unnamed.npz", {"ids": ids})
    for command in (["run", model], ["run", target]):
        refused([*command, "--inputs", outside, "-o", "o.npz"], "index 5", "out of range [0, 5)")
        refused([*command, "--inputs", uneven, "-o", "o.npz"], "mismatched size for broadcast")
        refused([*command, "--inputs", unnamed, "-o", "o.npz"], "'arg0', 'arg1'", "'arg2'")


def test_refused_modules(tmp_path: Path, refused: Refused) -> None:
    """Each is one error that says what to do."""
    half = tmp_path / "half.mlir"
    half.write_text("func.func @main(%x: tensor<4xf16>) -> tensor<4xf16> { return %x : tensor<4xf16> }")
    foreign = tmp_path / "foreign.mlir"
    foreign.write_text(
        "func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {\n"
        "  %0 = stablehlo.add %x, %x : tensor<4xf32>\n  return %0 : tensor<4xf32>\n}"
    )
    two = tmp_path / "two.mlir"
    two.write_text("func.func @a() { return }\nfunc.func @b() { return }")
    source = tmp_path / "source.mlir"
    source.write_text("func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> { return %x : tensor<4xf32> }")
    later = quant_opt(source, tmp_path / "later.mlir", "--emit-bytecode")
    code = bytearray(later.read_bytes())
    assert code[:4] == b"ML\xefR"
    code[4] = (99 << 1) | 1  # the version, one byte of a variable length
    later.write_bytes(code)
    for command in ("quantize", "import"):
        refused([command, half, "-o", "o.mlir"], "models come in f32")
        refused([command, foreign, "-o", "o.mlir"], "stablehlo-opt --stablehlo-legalize-to-linalg")
        refused([command, two, "-o", "o.mlir"], "2 public functions", "@a is public", "@b is public")
        refused([command, later, "-o", "o.mlir"], "version 99")
