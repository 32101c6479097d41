"""The dialect as a whole: every constraint has a negative test, and long lists of scales stay resources."""

import re
import subprocess
from pathlib import Path

import numpy as np
from lowbit import tools

ROOT = Path(__file__).resolve().parents[2]
LABEL = re.compile(r"\(([A-Z]\d{1,2})\)")
SOURCES = [*ROOT.glob("include/lowbit/Dialect/Lowbit/IR/*.td"), *ROOT.glob("lib/Dialect/Lowbit/IR/*.cpp")]


def test_every_constraint_has_a_negative_test() -> None:
    stated = {label for path in SOURCES for label in LABEL.findall(path.read_text())}
    tests = ROOT.glob("test/Dialect/Lowbit/IR/invalid*.mlir")
    tested = {label for path in tests for label in re.findall(r"expected-error.*?\(([A-Z]\d{1,2})\)", path.read_text())}
    assert len(stated) > 60
    assert stated == tested


def quant_opt(*arguments: str | Path) -> bytes:
    command = [str(tools.find_tool("quant-opt")), *map(str, arguments)]
    # A second is enough for a million scales, unless something is quadratic.
    return subprocess.run(command, capture_output=True, check=True, timeout=120).stdout


def test_a_million_scales_are_one_blob(tmp_path: Path) -> None:
    groups = 1 << 20
    scales = np.random.default_rng(0).uniform(0.5, 2.0, groups).astype("<f4")
    value = f"tensor<{groups}x32x!lowbit.affine<i4, -7:7, block = [1, 32]>>"
    attributes = (
        f"scale = dense_resource<scales> : tensor<{groups}x1xf32>, zero_point = dense<0> : tensor<{groups}x1xi32>"
    )
    blob = (b"\4\0\0\0" + scales.tobytes()).hex()
    source = tmp_path / "groups.mlir"
    source.write_text(
        f"func.func @f(%x: tensor<{groups}x32xf32>) -> {value} {{\n"
        f"  %q = lowbit.quantize %x {{{attributes}}} : tensor<{groups}x32xf32> -> {value}\n"
        f"  return %q : {value}\n}}\n"
        f'{{-# dialect_resources: {{ builtin: {{ scales: "0x{blob}" }} }} #-}}\n'
    )
    binary = tmp_path / "groups.mlirbc"
    quant_opt(source, "--canonicalize", "--emit-bytecode", "-o", binary)
    # Four bytes a scale and nothing else that grows.
    assert 4 * groups < binary.stat().st_size < 4 * groups + 2000
    assert scales.tobytes() in binary.read_bytes()
    assert len(quant_opt(binary, "--mlir-elide-resource-strings-if-larger=16")) < 1000
    assert quant_opt(binary) == quant_opt(source)
