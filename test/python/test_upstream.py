"""The exit to upstream dialects: what stock mlir-opt and mlir-runner compute, against quant-run and the rules of TOSA.

Nothing of lowbit is loaded by the stock tools: no plugin, no library.
"""

import re
import subprocess
from pathlib import Path

import numpy as np
from artifacts import Artifacts, load, run, save, tools_folder

LLVM = Path("/usr/lib/llvm-22")
TO_LLVM = (
    "builtin.module(func.func(convert-elementwise-to-linalg),one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},func.func(convert-linalg-to-loops),"
    "expand-strided-metadata,lower-affine,convert-scf-to-cf,convert-math-to-llvm,convert-to-llvm,"
    "reconcile-unrealized-casts)"
)
ELEMENTS = {"float32": "f32", "int8": "i8", "int32": "i32", "int64": "i64"}


def quant_opt(source: Path, target: Path, *options: str) -> Path:
    command = [str(tools_folder() / "quant-opt"), str(source), *options, "-o", str(target)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target


def constant(values: np.ndarray) -> str:
    shape = "x".join(map(str, [*values.shape, ELEMENTS[values.dtype.name]]))
    return f'dense<"0x{values.tobytes().hex().upper()}"> : tensor<{shape}>'


def driver(module: str, inputs: list[np.ndarray]) -> str:
    """The module with a function that calls @main with the inputs and prints the result, floats as their bits."""
    signature = re.search(r"func\.func @main\((.*?)\) -> (tensor<[^>]*>)", module)
    assert signature, "no @main with one result"
    result = signature[2]
    lines = [f"%x{i} = arith.constant {constant(values)}" for i, values in enumerate(inputs)]
    types = [line.rsplit(" : ", 1)[1] for line in lines]
    names = ", ".join(f"%x{i}" for i in range(len(inputs)))
    lines.append(f"%y = func.call @main({names}) : ({', '.join(types)}) -> {result}")
    wide = result[: result.rindex("x") + 1] + "i32>"
    if not result.endswith("xi32>"):
        change = "bitcast" if result.endswith("f32>") else "extsi"
        lines.append(f"%w = arith.{change} %y : {result} to {wide}")
    value = "%y" if result.endswith("xi32>") else "%w"
    lines.append(f"%u = tensor.cast {value} : {wide} to tensor<*xi32>")
    lines.append("func.call @printMemrefI32(%u) : (tensor<*xi32>) -> ()")
    body = "\n    ".join(lines)
    text = (
        "  func.func private @printMemrefI32(tensor<*xi32>) attributes {llvm.emit_c_interface}\n"
        f"  func.func @run() {{\n    {body}\n    return\n  }}\n"
    )
    module, brace, resources = module.partition("\n}\n")
    return f"{module}\n{text}}}\n{resources}" if brace else module


def stock(module: Path, inputs: list[np.ndarray], folder: Path) -> np.ndarray:
    """What mlir-opt and mlir-runner make of the module: i32, or the bits of f32."""
    text = module.read_text()
    assert "lowbit" not in text
    source, lowered = folder / "driver.mlir", folder / "llvm.mlir"
    source.write_text(driver(text, inputs))
    options = ["--pass-pipeline=" + TO_LLVM, "-o", str(lowered)]
    done = subprocess.run([LLVM / "bin" / "mlir-opt", source, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    libraries = ",".join(str(LLVM / "lib" / f"lib{name}.so") for name in ("mlir_runner_utils", "mlir_c_runner_utils"))
    runner = [LLVM / "bin" / "mlir-runner", lowered, "-e", "run", "--entry-point-result=void"]
    done = subprocess.run([*runner, f"--shared-libs={libraries}"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]
    return np.array(re.findall(r"-?\d+", done.stdout.split("data =")[1]), np.int64)


def rescale(values: np.ndarray, multiplier: np.ndarray, shift: np.ndarray, zero: int, double: bool) -> np.ndarray:
    """TOSA 1.0, apply_scale_32 and RESCALE, in 64 bits."""
    values, multiplier, shift = (np.asarray(a, np.int64) for a in (values, multiplier, shift))
    rounding = np.left_shift(np.int64(1), shift - 1)
    if double:
        rounding = rounding + np.where(shift > 31, np.where(values >= 0, 1 << 30, -(1 << 30)), 0)
    return np.clip(np.right_shift(values * multiplier + rounding, shift) + zero, -128, 127)


TOSA = """
func.func @main(%x: tensor<2x6x5x3xi8> {{lowbit.name = "x"}}) -> (tensor<1x2x7xi8> {{lowbit.name = "y"}}) {{
  %w = "tosa.const"() <{{values = {weights}}}> : () -> tensor<4x3x3x3xi8>
  %b = "tosa.const"() <{{values = {bias}}}> : () -> tensor<4xi32>
  %v = "tosa.const"() <{{values = {matrix}}}> : () -> tensor<1x24x7xi8>
  %xz = "tosa.const"() <{{values = dense<-9> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %wz = "tosa.const"() <{{values = dense<4> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %cz = "tosa.const"() <{{values = dense<11> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %z = "tosa.const"() <{{values = dense<0> : tensor<1xi32>}}> : () -> tensor<1xi32>
  %m = "tosa.const"() <{{values = {multipliers}}}> : () -> tensor<4xi32>
  %s = "tosa.const"() <{{values = {shifts}}}> : () -> tensor<4xi8>
  %m1 = "tosa.const"() <{{values = dense<1987654321> : tensor<1xi32>}}> : () -> tensor<1xi32>
  %s1 = "tosa.const"() <{{values = dense<40> : tensor<1xi8>}}> : () -> tensor<1xi8>
  %acc = tosa.conv2d %x, %w, %b, %xz, %wz {{acc_type = i32, pad = array<i64: 1, 0, 1, 1>, stride = array<i64: 2, 2>,
      dilation = array<i64: 1, 1>}} : (tensor<2x6x5x3xi8>, tensor<4x3x3x3xi8>, tensor<4xi32>, tensor<1xi8>,
      tensor<1xi8>) -> tensor<2x3x3x4xi32>
  %q = tosa.rescale %acc, %m, %s, %z, %cz {{scale32 = true, rounding_mode = DOUBLE_ROUND, per_channel = true,
      input_unsigned = false, output_unsigned = false}} : (tensor<2x3x3x4xi32>, tensor<4xi32>, tensor<4xi8>,
      tensor<1xi32>, tensor<1xi8>) -> tensor<2x3x3x4xi8>
  %zero = tosa.const_shape {{values = dense<0> : tensor<4xindex>}} : () -> !tosa.shape<4>
  %part = tosa.const_shape {{values = dense<[2, 2, 3, 4]> : tensor<4xindex>}} : () -> !tosa.shape<4>
  %c = tosa.slice %q, %zero, %part : (tensor<2x3x3x4xi8>, !tosa.shape<4>, !tosa.shape<4>) -> tensor<2x2x3x4xi8>
  %shape = tosa.const_shape {{values = dense<[1, 2, 24]> : tensor<3xindex>}} : () -> !tosa.shape<3>
  %r = tosa.reshape %c, %shape : (tensor<2x2x3x4xi8>, !tosa.shape<3>) -> tensor<1x2x24xi8>
  %p = tosa.matmul %r, %v, %cz, %wz : (tensor<1x2x24xi8>, tensor<1x24x7xi8>, tensor<1xi8>, tensor<1xi8>)
      -> tensor<1x2x7xi32>
  %y = tosa.rescale %p, %m1, %s1, %z, %xz {{scale32 = true, rounding_mode = SINGLE_ROUND, per_channel = false,
      input_unsigned = false, output_unsigned = false}} : (tensor<1x2x7xi32>, tensor<1xi32>, tensor<1xi8>,
      tensor<1xi32>, tensor<1xi8>) -> tensor<1x2x7xi8>
  return %y : tensor<1x2x7xi8>
}}
"""


def test_tosa_model_is_exact(tmp_path: Path) -> None:
    """A convolution, its rescale per channel, a slice, a matrix product, its rescale: TOSA, stock and quant-run."""
    random = np.random.default_rng(7)
    x, w, v = (random.integers(-128, 128, s, np.int8) for s in ((2, 6, 5, 3), (4, 3, 3, 3), (1, 24, 7)))
    bias = random.integers(-3000, 3000, 4, np.int32)
    multipliers = np.array([1073741824, 1500000001, 2147483647, 1234567891], np.int32)
    shifts = np.array([38, 39, 40, 37], np.int8)
    source = tmp_path / "model.mlir"
    values = {"weights": w, "bias": bias, "matrix": v, "multipliers": multipliers, "shifts": shifts}
    source.write_text(TOSA.format(**{name: constant(array) for name, array in values.items()}))

    padded = np.pad(x.astype(np.int64) + 9, ((0, 0), (1, 0), (1, 1), (0, 0)))
    acc = np.zeros((2, 3, 3, 4), np.int64)
    for ky in range(3):
        for kx in range(3):
            window = padded[:, ky : ky + 5 : 2, kx : kx + 5 : 2]
            acc += window @ (w[:, ky, kx].astype(np.int64) - 4).T
    q = rescale(acc + bias, multipliers, shifts, 11, double=True)[:, :2].reshape(1, 2, 24)
    expected = rescale((q - 11) @ (v.astype(np.int64) - 4), 1987654321, 40, -9, double=False)
    assert len(np.unique(expected)) > 5

    converted = quant_opt(source, tmp_path / "converted.mlir", "--lowbit-convert-from-tosa")
    exited = quant_opt(converted, tmp_path / "exited.mlir", "--lowbit-exit-upstream")
    np.testing.assert_array_equal(stock(exited, [x], tmp_path), expected.ravel())

    lowered = quant_opt(converted, tmp_path / "lowered.mlir", "--lowbit-lower-contract", "--lowbit-lower-qdq")
    outputs = run(lowered, save(tmp_path / "x.npz", {"x": x}), tmp_path)
    np.testing.assert_array_equal(outputs["y"], expected)


def test_mnist(artifacts: Artifacts, tmp_path: Path) -> None:
    """Static int8, weights as resources: the same bits as quant-run. (mnist_pytorch ends in a log-softmax in float,
    whose exp and log are the C library's in stock code.)"""
    quantized, inputs = artifacts.quantized("mnist_cntk", "static"), artifacts.inputs("mnist_cntk", 1)
    exited = quant_opt(quantized, tmp_path / "exited.mlir", "--lowbit-exit-upstream")
    assert "dense_resource" in exited.read_text()
    (expected,) = run(quantized, inputs, tmp_path).values()
    (values,) = load(inputs).values()
    found = stock(exited, [values], tmp_path).astype(np.int32).view(np.float32)
    np.testing.assert_array_equal(found, expected.ravel())
