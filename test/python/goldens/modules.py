"""Writes modules of Lowbit in text, with their inputs, and runs them compiled and by the interpreter.

What is computed is all in the module; numbers enter as arguments, so that nothing is known at compile time but scales,
zero points and shapes. Results of fewer than 32 bits leave the module as i32, by sign or by zero.
"""

import os
import re
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

REPOSITORY = Path(__file__).resolve().parents[3]
# What phase 6 does to quantization, on modules that are quantized already.
LOWERING = ("--lowbit-lower-contract", "--lowbit-lower-qdq", "--canonicalize", "--cse")
TIMEOUT = 120  # seconds, for one module
ELEMENTS = {"float32": "f32", "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64"}

Map = tuple[str, ...]
"""The results of an indexing map, in the loops d0, d1, ..."""
ZeroPoint = int | np.ndarray


@dataclass(frozen=True)
class Affine:
    """An affine format per tensor, along an axis, or in blocks."""

    storage: str
    low: int
    high: int
    axis: int | None = None
    block: tuple[int, ...] | None = None

    @staticmethod
    def whole(storage: str, axis: int | None = None, block: tuple[int, ...] | None = None) -> "Affine":
        width = int(storage.lstrip("ui"))
        if storage.startswith("u"):
            return Affine(storage, 0, (1 << width) - 1, axis, block)
        return Affine(storage, -(1 << (width - 1)), (1 << (width - 1)) - 1, axis, block)

    @property
    def signed(self) -> bool:
        return not self.storage.startswith("u")

    @property
    def plain(self) -> str:
        return self.storage.lstrip("u")

    def __str__(self) -> str:
        bounds = "" if self == Affine.whole(self.storage, self.axis, self.block) else f", {self.low}:{self.high}"
        return f"!lowbit.affine<{self.storage}{bounds}{_granularity(self.axis, self.block)}>"


@dataclass(frozen=True)
class SmallFloat:
    """A format of small floats; the scale is f32."""

    element: str
    axis: int | None = None
    block: tuple[int, ...] | None = None
    signed = False

    @property
    def plain(self) -> str:
        return f"i{self.element[1]}"

    def __str__(self) -> str:
        return f"!lowbit.float<{self.element}{_granularity(self.axis, self.block)}>"


Format = Affine | SmallFloat


def _granularity(axis: int | None, block: tuple[int, ...] | None) -> str:
    if block is not None:
        return f", block = [{', '.join('*' if size < 0 else str(size) for size in block)}]"
    return "" if axis is None else f", axis = {axis}"


@dataclass(frozen=True)
class Value:
    name: str
    shape: tuple[int, ...]
    element: str | Format

    @property
    def type(self) -> str:
        return tensor(self.shape, self.element)

    @property
    def format(self) -> Format:
        assert not isinstance(self.element, str), f"{self.element} is not quantized"
        return self.element


def tensor(shape: Sequence[int], element: object) -> str:
    return f"tensor<{''.join(f'{size}x' for size in shape)}{element}>"


def affine_map(loops: int, results: Map) -> str:
    return f"affine_map<({', '.join(f'd{i}' for i in range(loops))}) -> ({', '.join(results)})>"


def dense(array: np.ndarray) -> str:
    """An attribute with exactly these numbers."""
    element = ELEMENTS[array.dtype.name]
    if element == "f32":
        bits = np.ascontiguousarray(array).view(np.uint32).reshape(array.shape)
        text = re.sub(r"\d+", lambda match: f"0x{int(match[0]):08X}", str(bits.tolist()))
    else:
        text = str(array.tolist())
    return f"dense<{text}> : {tensor(array.shape, element)}"


@dataclass
class Module:
    lines: list[str] = field(default_factory=list)
    inputs: list[np.ndarray] = field(default_factory=list)
    arguments: list[Value] = field(default_factory=list)
    results: dict[str, Value] = field(default_factory=dict)
    count: int = 0

    def text(self) -> str:
        arguments = ", ".join(f"{value.name}: {value.type}" for value in self.arguments)
        types = ", ".join(f'{value.type} {{lowbit.name = "{name}"}}' for name, value in self.results.items())
        names = ", ".join(value.name for value in self.results.values())
        plain = ", ".join(value.type for value in self.results.values())
        body = "\n".join("  " + line for line in self.lines)
        return f"func.func @main({arguments}) -> ({types}) {{\n{body}\n  return {names} : {plain}\n}}\n"

    def emit(self, shape: Sequence[int], element: str | Format, text: str) -> Value:
        self.count += 1
        value = Value(f"%v{self.count}", tuple(shape), element)
        self.lines.append(f"{value.name} = {text}")
        return value

    def argument(self, array: np.ndarray) -> Value:
        value = Value(f"%a{len(self.inputs)}", array.shape, ELEMENTS[array.dtype.name])
        self.inputs.append(np.ascontiguousarray(array).reshape(array.shape))
        self.arguments.append(value)
        return value

    def result(self, name: str, value: Value) -> None:
        """A tensor that the run returns; codes and integers of less than 32 bits become i32."""
        if not isinstance(value.element, str):
            signed = value.element.signed
            value = self.widened(self.storage(value), signed)
        elif value.element in ("i8", "i16"):
            value = self.widened(value, True)
        assert name not in self.results
        self.results[name] = value

    # Quantization.

    def quantize(
        self,
        x: Value,
        format: Format,
        scale: np.ndarray | Value,
        zero_point: np.ndarray | Value | None = None,
        attributes: str = "",
    ) -> Value:
        operands, known = _parameters(scale, zero_point)
        known += [attributes] if attributes else []
        return self._quantization("quantize", x, format, operands, known)

    def dequantize(self, q: Value, scale: np.ndarray | Value, zero_point: np.ndarray | Value | None = None) -> Value:
        operands, known = _parameters(scale, zero_point)
        return self._quantization("dequantize", q, "f32", operands, known)

    def _quantization(self, op: str, x: Value, element: str | Format, operands: str, known: list[str]) -> Value:
        attributes = f" {{{', '.join(known)}}}" if known else ""
        return self.emit(
            x.shape, element, f"lowbit.{op} {x.name}{operands}{attributes} : {x.type} -> {tensor(x.shape, element)}"
        )

    def requantize(self, x: Value, format: Affine, attributes: str) -> Value:
        result = tensor(x.shape, format)
        return self.emit(x.shape, format, f"lowbit.requantize {x.name} {{{attributes}}} : {x.type} -> {result}")

    def storage(self, q: Value) -> Value:
        plain = q.format.plain
        return self.emit(q.shape, plain, f"lowbit.storage_cast {q.name} : {q.type} to {tensor(q.shape, plain)}")

    def quantized(self, ints: Value, format: Format) -> Value:
        result = tensor(ints.shape, format)
        return self.emit(ints.shape, format, f"lowbit.storage_cast {ints.name} : {ints.type} to {result}")

    def contract(
        self,
        maps: Sequence[Map],
        iterators: str,
        operands: tuple[Value, Value],
        zero_points: tuple[ZeroPoint, ZeroPoint],
        shape: Sequence[int],
        epilogue: tuple[str | Format, Sequence[str]] | None = None,
    ) -> Value:
        """`iterators` is a letter a loop, p or r; `epilogue`: the element, and lines for %y of %acc."""
        element, lines = epilogue or ("i32", [])
        out = tensor(shape, element)
        init = self.emit(shape, element, f"tensor.empty() : {out}")
        all_maps = ", ".join(affine_map(len(iterators), each) for each in maps)
        kinds = ", ".join('"parallel"' if letter == "p" else '"reduction"' for letter in iterators)
        known = "".join(
            f", {side}_zero_point = {dense(np.asarray(zero).astype(np.int32))}"
            for side, zero in zip(("lhs", "rhs"), zero_points, strict=True)
            if np.any(zero)
        )
        body = "".join(f"\n    {line}" for line in lines)
        return self.emit(
            shape,
            element,
            f"lowbit.contract attributes {{indexing_maps = [{all_maps}], iterator_types = [{kinds}]{known}}}\n"
            f"    ins({operands[0].name}, {operands[1].name} : {operands[0].type}, {operands[1].type})"
            f" outs({init.name} : {out}) {{\n  ^bb0(%acc: i32):{body}\n"
            f"    lowbit.yield {'%y' if lines else '%acc'} : {element}\n  }} -> {out}",
        )

    # Arithmetic and data movement on plain tensors.

    def generic(
        self,
        inputs: Sequence[Value],
        maps: Sequence[Map],
        shape: Sequence[int],
        element: str,
        lines: Sequence[str],
    ) -> Value:
        """A parallel loop over the result: `lines` make %y of the elements %x0, %x1, ..."""
        out = tensor(shape, element)
        init = self.emit(shape, element, f"tensor.empty() : {out}")
        identity = tuple(f"d{i}" for i in range(len(shape)))
        all_maps = ", ".join(affine_map(len(shape), each) for each in (*maps, identity))
        kinds = ", ".join(['"parallel"'] * len(shape))
        arguments = "".join(f"%x{i}: {value.element}, " for i, value in enumerate(inputs))
        names = ", ".join(value.name for value in inputs)
        types = ", ".join(value.type for value in inputs)
        ins = f"ins({names} : {types}) " if inputs else ""
        body = "".join(f"\n    {line}" for line in lines)
        return self.emit(
            shape,
            element,
            f"linalg.generic {{indexing_maps = [{all_maps}], iterator_types = [{kinds}]}}"
            f" {ins}outs({init.name} : {out}) {{\n  ^bb0({arguments}%o: {element}):{body}\n"
            f"    linalg.yield %y : {element}\n  }} -> {out}",
        )

    def elementwise(self, inputs: Sequence[Value], lines: Sequence[str], element: str = "f32") -> Value:
        shape = inputs[0].shape
        identity = tuple(f"d{i}" for i in range(len(shape)))
        return self.generic(inputs, [identity] * len(inputs), shape, element, lines)

    def widened(self, ints: Value, signed: bool) -> Value:
        op = "arith.extsi" if signed else "arith.extui"
        return self.elementwise([ints], [f"%y = {op} %x0 : {ints.element} to i32"], "i32")

    def filled(self, shape: Sequence[int], element: str, number: int) -> Value:
        return self.generic([], [], shape, element, [f"%y = arith.constant {number} : {element}"])

    def transpose(self, x: Value, order: Sequence[int]) -> Value:
        shape = [x.shape[axis] for axis in order]
        init = self.emit(shape, x.element, f"tensor.empty() : {tensor(shape, x.element)}")
        text = f"linalg.transpose ins({x.name} : {x.type}) outs({init.name} : {init.type}) permutation = {list(order)}"
        return self.emit(shape, x.element, text)

    def reshape(self, x: Value, shape: Sequence[int]) -> Value:
        """Through rank 1, and rank 0 from there."""
        if tuple(shape) == x.shape:
            return x
        size = int(np.prod(x.shape))
        if len(x.shape) > 1:
            groups = f"[{list(range(len(x.shape)))}]"
            out = tensor([size], x.element)
            x = self.emit([size], x.element, f"tensor.collapse_shape {x.name} {groups} : {x.type} into {out}")
        if len(shape) == 1 and len(x.shape) == 1:
            return x
        out = tensor(shape, x.element)
        if not shape:
            return self.emit(shape, x.element, f"tensor.collapse_shape {x.name} [] : {x.type} into {out}")
        groups = f"[{list(range(len(shape)))}]" if x.shape else "[]"
        text = f"tensor.expand_shape {x.name} {groups} output_shape {list(shape)} : {x.type} into {out}"
        return self.emit(shape, x.element, text)

    def concatenate(self, parts: Sequence[Value], axis: int) -> Value:
        shape = list(parts[0].shape)
        shape[axis] = sum(part.shape[axis] for part in parts)
        names, types = ", ".join(part.name for part in parts), ", ".join(part.type for part in parts)
        element = parts[0].element
        return self.emit(shape, element, f"tensor.concat dim({axis}) {names} : ({types}) -> {tensor(shape, element)}")

    def spread(self, x: Value, low: Sequence[int], high: Sequence[int], step: Sequence[int], number: int) -> Value:
        """x with `number` around it and, for steps above 1, between its elements."""
        if not (any(low) or any(high) or any(size != 1 for size in step)):
            return x
        shape = [
            max(0, (size - 1) * apart + 1) + before + after
            for size, before, after, apart in zip(x.shape, low, high, step, strict=True)
        ]
        assert isinstance(x.element, str)
        base = self.filled(shape, x.element, number)
        text = f"tensor.insert_slice {x.name} into {base.name}{list(low)} {list(x.shape)} {list(step)}"
        return self.emit(shape, x.element, f"{text} : {x.type} into {base.type}")


def _parameters(scale: np.ndarray | Value, zero_point: np.ndarray | Value | None) -> tuple[str, list[str]]:
    operands, known = "", []
    for name, given in (("scale", scale), ("zero_point", zero_point)):
        if isinstance(given, Value):
            operands += f" {name}({given.name} : {given.type})"
        elif given is not None:
            known.append(f"{name} = {dense(given)}")
    return operands, known


def _tool(name: str, *arguments: object) -> None:
    tool = Path(os.environ.get("LOWBIT_TOOLS") or REPOSITORY / "build" / "bin") / name
    done = subprocess.run([str(tool), *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT)
    if done.returncode:
        raise RuntimeError(f"{name} failed with {done.returncode}:\n{done.stderr}")


def compiled(module: Module, folder: Path) -> dict[str, np.ndarray]:
    """What the lowered and compiled module returns."""
    source, lowered = folder / "module.mlir", folder / "lowered.mlir"
    source.write_text(module.text(), encoding="utf-8")
    _tool("quant-opt", source, *LOWERING, "-o", lowered)
    return _run(lowered, module, folder)


def interpreted(module: Module, folder: Path) -> dict[str, np.ndarray]:
    """What the interpreter makes of the module as it is, without any lowering."""
    source = folder / "module.mlir"
    source.write_text(module.text(), encoding="utf-8")
    return _run(source, module, folder, "--interpret")


def _run(path: Path, module: Module, folder: Path, *options: str) -> dict[str, np.ndarray]:
    arguments: list[object] = [path, "--inputs"]
    if module.inputs:
        np.savez(folder / "in.npz", **{f"arg{i}": array for i, array in enumerate(module.inputs)})  # type: ignore[arg-type]
        arguments.append(folder / "in.npz")
    else:
        arguments.append("random")
    _tool("quant-run", *arguments, "-o", folder / "out.npz", *options)
    with np.load(folder / "out.npz") as archive:
        return {name: archive[name] for name in archive.files}


EXECUTORS: dict[str, Callable[[Module, Path], dict[str, np.ndarray]]] = {
    "compiled": compiled,
    "interpreted": interpreted,
}
