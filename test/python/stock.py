"""What stock mlir-opt and mlir-runner compute of a module. They load nothing of lowbit: no plugin, no library."""

import re
import subprocess
from pathlib import Path

import numpy as np
from artifacts import tools_folder

LLVM = Path("/usr/lib/llvm-22")
FROM_TOSA = "tosa-to-linalg-named,tosa-to-linalg,tosa-to-arith{include-apply-rescale=true},tosa-to-tensor"
TO_LLVM = (
    f"builtin.module(func.func({FROM_TOSA},convert-elementwise-to-linalg),"
    "one-shot-bufferize{bufferize-function-boundaries "
    "function-boundary-type-conversion=identity-layout-map},func.func(convert-linalg-to-loops),"
    "expand-strided-metadata,lower-affine,convert-scf-to-cf,convert-math-to-llvm,convert-math-to-libm,convert-to-llvm,"
    "reconcile-unrealized-casts)"
)
ELEMENTS = {"float32": "f32", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64"}


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
