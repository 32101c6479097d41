"""Sizes that are known when a model runs: compiled code checks them before they bound its accesses, as the interpreter
does, and the run ends with one error."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from lowbit import tools

I8, I32, I64, F32 = np.int8, np.int32, np.int64, np.float32


def matmul(size: str) -> str:
    return f"""
func.func @main(%a: tensor<?x?xf32>, %b: tensor<?x{size}xf32>, %o: tensor<?x{size}xf32>) -> tensor<?x{size}xf32> {{
  %r = linalg.matmul ins(%a, %b : tensor<?x?xf32>, tensor<?x{size}xf32>)
      outs(%o : tensor<?x{size}xf32>) -> tensor<?x{size}xf32>
  return %r : tensor<?x{size}xf32>
}}"""


WINDOW = """
func.func @main(%x: tensor<?xi8>, %w: tensor<?xi8>, %o: tensor<?xi32>) -> tensor<?xi32> {
  %r = lowbit.contract attributes {
      indexing_maps = [affine_map<(m, k) -> (m * 2 + k)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<?xi8>, tensor<?xi8>) outs(%o : tensor<?xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<?xi32>
  return %r : tensor<?xi32>
}"""
FLIPPED = """
func.func @main(%x: tensor<?xi32>, %w: tensor<?xi32>, %o: tensor<?xi32>) -> tensor<?xi32> {
  %r = linalg.generic {
      indexing_maps = [affine_map<(m, k) -> (m - k + 2)>, affine_map<(m, k) -> (k)>, affine_map<(m, k) -> (m)>],
      iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : tensor<?xi32>, tensor<?xi32>) outs(%o : tensor<?xi32>) {
  ^bb0(%a: i32, %b: i32, %acc: i32):
    %p = arith.muli %a, %b : i32
    %s = arith.addi %acc, %p : i32
    linalg.yield %s : i32
  } -> tensor<?xi32>
  return %r : tensor<?xi32>
}"""
SCALES = """
func.func @main(%a: tensor<?x?xf32>, %s: tensor<?xf32>) -> tensor<?x?xf32> {
  %r = lowbit.fake_quant %a as !lowbit.affine<i8, axis = 1> scale(%s : tensor<?xf32>)
      {zero_point = dense<0> : tensor<3xi32>} : tensor<?x?xf32> -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}"""
ZERO_POINTS = """
#mk = affine_map<(m, n, k) -> (m, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>
!w = !lowbit.affine<i8, axis = 1>
func.func @main(%a: tensor<2x?xi8>, %w: tensor<?x?xi8>, %z: tensor<?xi32>, %o: tensor<2x?xi32>) -> tensor<2x?xi32> {
  %q = lowbit.storage_cast %w : tensor<?x?xi8> to tensor<?x?x!w>
  %r = lowbit.contract attributes {
      indexing_maps = [#mk, #kn, #mn],
      iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%a, %q : tensor<2x?xi8>, tensor<?x?x!w>) rhs_zero_point(%z : tensor<?xi32>)
      outs(%o : tensor<2x?xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<2x?xi32>
  return %r : tensor<2x?xi32>
}"""
CAST = """
func.func @main(%a: tensor<?xf32>) -> tensor<4xf32> {
  %c = tensor.cast %a : tensor<?xf32> to tensor<4xf32>
  %r = linalg.add ins(%c, %c : tensor<4xf32>, tensor<4xf32>) outs(%c : tensor<4xf32>) -> tensor<4xf32>
  return %r : tensor<4xf32>
}"""
CONCAT = """
func.func @main(%a: tensor<?x2xf32>, %b: tensor<?x3xf32>) -> tensor<?x5xf32> {
  %r = tensor.concat dim(1) %a, %b : (tensor<?x2xf32>, tensor<?x3xf32>) -> tensor<?x5xf32>
  return %r : tensor<?x5xf32>
}"""
DOT = """
func.func @main(%a: tensor<?xf32>, %b: tensor<?xf32>, %o: tensor<f32>) -> tensor<f32> {
  %r = linalg.dot ins(%a, %b : tensor<?xf32>, tensor<?xf32>) outs(%o : tensor<f32>) -> tensor<f32>
  return %r : tensor<f32>
}"""
SLICE = """
func.func @main(%a: tensor<?xf32>, %n: tensor<3xi64>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %o64 = tensor.extract %n[%c0] : tensor<3xi64>
  %n64 = tensor.extract %n[%c1] : tensor<3xi64>
  %s64 = tensor.extract %n[%c2] : tensor<3xi64>
  %offset = arith.index_cast %o64 : i64 to index
  %size = arith.index_cast %n64 : i64 to index
  %stride = arith.index_cast %s64 : i64 to index
  %s = tensor.extract_slice %a[%offset] [%size] [%stride] : tensor<?xf32> to tensor<?xf32>
  %e = tensor.empty(%size) : tensor<?xf32>
  %r = linalg.add ins(%s, %s : tensor<?xf32>, tensor<?xf32>) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %r : tensor<?xf32>
}"""
PAD = """
func.func @main(%a: tensor<?xf32>, %n: tensor<1xi64>) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %n64 = tensor.extract %n[%c0] : tensor<1xi64>
  %low = arith.index_cast %n64 : i64 to index
  %two = arith.constant 2.0 : f32
  %r = tensor.pad %a low[%low] high[1] {
  ^bb0(%i: index):
    tensor.yield %two : f32
  } : tensor<?xf32> to tensor<?xf32>
  return %r : tensor<?xf32>
}"""
JOINED = """
func.func @main(%a: tensor<?x?xf32>, %b: tensor<?x?xf32>) -> tensor<5x2xf32> {
  %r = tensor.concat dim(0) %a, %b : (tensor<?x?xf32>, tensor<?x?xf32>) -> tensor<5x2xf32>
  return %r : tensor<5x2xf32>
}"""
PADDED = """
func.func @main(%a: tensor<?xf32>, %n: tensor<2xi64>) -> tensor<6xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %low64 = tensor.extract %n[%c0] : tensor<2xi64>
  %high64 = tensor.extract %n[%c1] : tensor<2xi64>
  %low = arith.index_cast %low64 : i64 to index
  %high = arith.index_cast %high64 : i64 to index
  %two = arith.constant 2.0 : f32
  %r = tensor.pad %a low[%low] high[%high] {
  ^bb0(%i: index):
    tensor.yield %two : f32
  } : tensor<?xf32> to tensor<6xf32>
  return %r : tensor<6xf32>
}"""
SOFTMAX = """
func.func @main(%a: tensor<?x?xf32>, %o: tensor<?x?xf32>) -> tensor<?x?xf32> {
  %r = linalg.softmax dimension(1) ins(%a : tensor<?x?xf32>) outs(%o : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}"""
ELEMENT = """
func.func @main(%a: tensor<?xf32>, %n: tensor<1xi64>) -> tensor<1xf32> {
  %c0 = arith.constant 0 : index
  %n64 = tensor.extract %n[%c0] : tensor<1xi64>
  %i = arith.index_cast %n64 : i64 to index
  %x = tensor.extract %a[%i] : tensor<?xf32>
  %r = tensor.from_elements %x : tensor<1xf32>
  return %r : tensor<1xf32>
}"""
EXPAND = """
func.func @main(%a: tensor<?xf32>, %b: tensor<?xf32>) -> tensor<?x4xf32> {
  %zero = arith.constant 0 : index
  %n = tensor.dim %b, %zero : tensor<?xf32>
  %r = tensor.expand_shape %a [[0, 1]] output_shape [%n, 4] : tensor<?xf32> into tensor<?x4xf32>
  return %r : tensor<?x4xf32>
}"""

Shape = tuple[int, ...] | list[int]  # Or the numbers.
CASES: dict[str, tuple[str, list[tuple[type, Shape]], list[tuple[type, Shape]], str]] = {
    "matmul": (
        matmul("?"),
        [(F32, (2, 3)), (F32, (3, 4)), (F32, (2, 4))],
        [(F32, (2, 3)), (F32, (5, 4)), (F32, (2, 4))],
        "'linalg.matmul' op: dimension 0 of operand 1 is 5 and should be 3",
    ),
    "rows": (
        matmul("4"),
        [(F32, (1, 3)), (F32, (3, 4)), (F32, (1, 4))],
        [(F32, (2, 3)), (F32, (3, 4)), (F32, (1, 4))],
        "dimension 0 of operand 2 is 1 and should be 2",
    ),
    "window": (
        WINDOW,
        [(I8, (11,)), (I8, (3,)), (I32, (5,))],
        [(I8, (6,)), (I8, (3,)), (I32, (5,))],
        "dimension 0 of operand 0 is 6 and should be 11",
    ),
    "flipped": (
        FLIPPED,
        [(I32, (7,)), (I32, (3,)), (I32, (5,))],
        [(I32, (9,)), (I32, (4,)), (I32, (5,))],
        "the least index, or 0, of dimension 0 of operand 0 is -1 and should be 0",
    ),
    "scales": (
        SCALES,
        [(F32, (2, 3)), (F32, (3,))],
        [(F32, (2, 3)), (F32, (5,))],
        "is 5 and should be 3",
    ),
    "zero points": (
        ZERO_POINTS,
        [(I8, (2, 3)), (I8, (3, 4)), (I32, (4,)), (I32, (2, 4))],
        [(I8, (2, 3)), (I8, (3, 4)), (I32, (2,)), (I32, (2, 4))],
        "is 4 and should be 2",
    ),
    "cast": (CAST, [(F32, (4,))], [(F32, (3,))], "'tensor.cast' op: dimension 0 is 3 and should be 4"),
    "concat": (
        CONCAT,
        [(F32, (3, 2)), (F32, (3, 3))],
        [(F32, (3, 2)), (F32, (4, 3))],
        "'tensor.concat' op: dimension 0 of operand 1 is 4 and should be 3",
    ),
    "dot": (DOT, [(F32, (4,)), (F32, (4,)), (F32, ())], [(F32, (4,)), (F32, (5,)), (F32, ())], "is 5 and should be 4"),
    "slice": (
        SLICE,
        [(F32, (4,)), (I64, [1, 2, 2])],
        [(F32, (3,)), (I64, [1, 2, 2])],
        "the room for elements of dimension 0 of the source is 1 and should be 2",
    ),
    "slice of nothing": (
        SLICE,
        [(F32, (4,)), (I64, [4, 0, 1])],
        [(F32, (4,)), (I64, [5, 0, 1])],
        "the size of dimension 0 of the source is 4 and should be 5",
    ),
    "slice beyond 64 bits": (
        SLICE,
        [(F32, (4,)), (I64, [0, 4, 1])],
        [(F32, (4,)), (I64, [2**63 - 1, 1, 1])],
        "the size of dimension 0 of the source is 4",
    ),
    "slice backwards": (
        SLICE,
        [(F32, (6,)), (I64, [5, 3, -2])],
        [(F32, (6,)), (I64, [4, 4, -2])],
        "the room for elements of dimension 0 of the source is 3 and should be 4",
    ),
    "slice at the end": (
        SLICE,
        [(F32, (4,)), (I64, [3, 5, 0])],
        [(F32, (4,)), (I64, [4, 1, 1])],
        "the last index of dimension 0 of the source is 3 and should be 4",
    ),
    "steps without end": (
        SLICE,
        [(F32, (4,)), (I64, [3, 1, -(2**63)])],
        [(F32, (4,)), (I64, [3, 2, -(2**63)])],
        "the room for elements of dimension 0 of the source is 1 and should be 2",
    ),
    "pad": (
        PAD,
        [(F32, (4,)), (I64, [2])],
        [(F32, (4,)), (I64, [-1])],
        "the offset, or 0, of dimension 0 is -1 and should be 0",
    ),
    "pad behind": (
        PADDED,
        [(F32, (4,)), (I64, [2, 0])],
        [(F32, (4,)), (I64, [3, -1])],
        "the padding behind, or 0, of dimension 0 is -1 and should be 0",
    ),
    "pad to a size": (
        PADDED,
        [(F32, (4,)), (I64, [1, 1])],
        [(F32, (4,)), (I64, [2, 1])],
        "'tensor.pad' op: dimension 0 of the result is 7 and should be 6",
    ),
    "concat to a size": (
        JOINED,
        [(F32, (2, 2)), (F32, (3, 2))],
        [(F32, (2, 2)), (F32, (2, 2))],
        "'tensor.concat' op: dimension 0 of the result is 4 and should be 5",
    ),
    "concat of a size": (
        JOINED,
        [(F32, (1, 2)), (F32, (4, 2))],
        [(F32, (1, 3)), (F32, (4, 3))],
        "'tensor.concat' op: dimension 1 of the result is 3 and should be 2",
    ),
    "softmax": (
        SOFTMAX,
        [(F32, (2, 3)), (F32, (2, 3))],
        [(F32, (2, 3)), (F32, (2, 2))],
        "is 2 and should be 3",
    ),
    "element": (
        ELEMENT,
        [(F32, (4,)), (I64, [3])],
        [(F32, (4,)), (I64, [4])],
        "the last index of dimension 0 is 3 and should be 4",
    ),
    "expand": (
        EXPAND,
        [(F32, (12,)), (F32, (3,))],
        [(F32, (13,)), (F32, (3,))],
        "the product of the sizes of dimension 0 is 12 and should be 13",
    ),
}


def run(module: Path, inputs: list[tuple[type, Shape]], *options: str) -> subprocess.CompletedProcess[str]:
    data = module.with_suffix(".npz")
    arrays = [np.array(s, t) if isinstance(s, list) else np.ones(s, t) for t, s in inputs]
    np.savez(data, **{f"arg{i}": array for i, array in enumerate(arrays)})
    command = [str(tools.find_tool("quant-run")), str(module), f"--inputs={data}", "--print", *options]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize("case", CASES)
def test_sizes_of_the_run(case: str, tmp_path: Path) -> None:
    text, good, bad, message = CASES[case]
    module = tmp_path / "sizes.mlir"
    module.write_text(text)
    compiled, interpreted = run(module, good), run(module, good, "--interpret")
    assert compiled.returncode == interpreted.returncode == 0, compiled.stderr + interpreted.stderr
    assert compiled.stdout == interpreted.stdout != ""
    compiled, interpreted = run(module, bad), run(module, bad, "--interpret")
    assert compiled.returncode != 0 and interpreted.returncode != 0
    assert compiled.stderr.startswith(f"error: {module}:")
    assert message in compiled.stderr and compiled.stderr.count("error:") == 1, compiled.stderr
    assert compiled.stdout == ""
