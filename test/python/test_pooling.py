"""Pooling on integers, of every layout, against numpy: exact, compiled and interpreted.

A maximum of dequantized values is the dequantized maximum; a sum is float(sum of integers - count * zp) * scale.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from artifacts import run, save
from lowbit.tools import run_tool
from numpy.lib.stride_tricks import sliding_window_view

LAYOUTS = {"nwc": "nxc", "ncw": "ncx", "nhwc": "nyxc", "nchw": "ncyx", "ndhwc": "nzyxc"}
KINDS = {"nwc": ("max", "min", "sum"), "ndhwc": ("max", "min", "sum"), "nhwc": ("max", "min", "sum")}
SPACE = "zyx"
SCALE, ZERO_POINT = np.float32(0.3), -11


@dataclass(frozen=True)
class Window:
    """Of z, y and x; no sizes: the whole image, spelled as a reduction."""

    image: tuple[int, ...]
    sizes: tuple[int, ...]
    strides: tuple[int, ...] = (1, 1, 1)
    dilations: tuple[int, ...] = (1, 1, 1)
    low: tuple[int, ...] = (0, 0, 0)
    high: tuple[int, ...] = (0, 0, 0)
    batch: int = 2
    channels: int = 17
    dynamic: bool = False
    storage: str = "i8"


WINDOWS = {
    "plain": Window((3, 6, 7), (2, 3, 2)),
    "strides": Window((4, 9, 8), (2, 2, 3), (3, 2, 4), low=(1, 1, 2), high=(0, 1, 1)),
    "dilations": Window((5, 9, 11), (2, 3, 3), (1, 2, 1), (2, 1, 3), low=(1, 0, 2), high=(1, 0, 2), channels=33),
    "one": Window((1, 1, 1), (3, 3, 2), low=(1, 2, 1), high=(2, 1, 1), channels=1),
    "larger": Window((2, 2, 3), (3, 4, 5), low=(2, 2, 3), high=(2, 3, 4), channels=3),
    "dynamic": Window((3, 6, 7), (2, 3, 3), (1, 2, 2), low=(1, 1, 1), high=(1, 1, 1), batch=3, dynamic=True),
    "unsigned": Window((3, 6, 7), (2, 3, 2), storage="ui8"),
    "wide": Window((3, 6, 7), (2, 3, 2), storage="i16", low=(1, 1, 1)),
    "whole": Window((3, 6, 7), ()),
}


class Module:
    """One function of integers that pools them in several ways."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.lines: list[str] = []
        self.results: list[tuple[str, str]] = []

    def pick(self, letters: str, sizes: tuple[int, ...]) -> list[int]:
        counts = {"n": self.window.batch, "c": self.window.channels}
        return [sizes[SPACE.index(k)] if k in SPACE else counts[k] for k in letters]

    def kind(self, letters: str, sizes: tuple[int, ...], element: str = "f32") -> str:
        words = [str(size) for size in self.pick(letters, sizes)]
        if self.window.dynamic and letters[:1] == "n":
            words[0] = "?"
        return f"tensor<{'x'.join([*words, element])}>"

    def padded(self) -> tuple[int, ...]:
        w = self.window
        return tuple(i + a + b for i, a, b in zip(w.image, w.low, w.high, strict=True))

    def result(self) -> tuple[int, ...]:
        w = self.window
        sizes = zip(self.padded(), w.sizes, w.strides, w.dilations, strict=True)
        return tuple((size - (d * (k - 1) + 1)) // s + 1 for size, k, s, d in sizes)

    def add(self, layout: str, kind: str) -> None:
        letters, w = LAYOUTS[layout], self.window
        name = f"{layout}_{kind}"
        start = {"max": "0xFF800000", "min": "0x7F800000", "sum": "0.0"}[kind]
        x, p = self.kind(letters, w.image), self.kind(letters, self.padded())
        self.lines.append(f"%{name}_start = arith.constant {start} : f32")
        source = f"%{layout}_d"
        if any(w.low) or any(w.high):
            low, high = (", ".join(str(v) for v in self.zeros(letters, pads)) for pads in (w.low, w.high))
            indices = ", ".join(f"%i{k}: index" for k in range(len(letters)))
            self.lines += [
                f"%{name}_p = tensor.pad {source} low[{low}] high[{high}] {{",
                f"^bb0({indices}):",
                f"  tensor.yield %{name}_start : f32",
                f"}} : {x} to {p}",
            ]
            source = f"%{name}_p"
        y = self.reduced(letters) if not w.sizes else self.kind(letters, self.result())
        self.lines += [
            f"%{name}_e = tensor.empty({'%n' if w.dynamic else ''}) : {y}",
            f"%{name}_f = linalg.fill ins(%{name}_start : f32) outs(%{name}_e : {y}) -> {y}",
        ]
        if w.sizes:
            self.pool(letters, layout, kind, name, f"{source} : {p}", y)
        else:
            self.reduce(letters, kind, name, f"{source} : {p}", y)
        self.results.append((name, y))

    def zeros(self, letters: str, pads: tuple[int, ...]) -> list[int]:
        return [pads[SPACE.index(k)] if k in SPACE else 0 for k in letters]

    def reduced(self, letters: str) -> str:
        return self.kind("".join(k for k in letters if k not in SPACE), ())

    def pool(self, letters: str, layout: str, kind: str, name: str, source: str, y: str) -> None:
        space = [k for k in SPACE if k in letters]
        window = self.kind("".join(space), self.window.sizes)

        def steps(values: tuple[int, ...]) -> str:
            numbers = [values[SPACE.index(k)] for k in space]
            return f"dense<{numbers}> : tensor<{len(numbers)}xi64>"

        value, kind_of_value = source.split(" : ")
        head = f"{{dilations = {steps(self.window.dilations)}, strides = {steps(self.window.strides)}}}"
        self.lines += [
            f"%{name}_w = tensor.empty() : {window}",
            f"%{name} = linalg.pooling_{layout}_{kind} {head} ins({value}, %{name}_w : {kind_of_value}, {window}) "
            f"outs(%{name}_f : {y}) -> {y}",
        ]

    def reduce(self, letters: str, kind: str, name: str, source: str, y: str) -> None:
        kept = ", ".join(k for k in letters if k not in SPACE)
        loops = ", ".join(letters)
        kinds = ", ".join('"reduction"' if k in SPACE else '"parallel"' for k in letters)
        op = {"max": "maximumf", "min": "minnumf", "sum": "addf"}[kind]
        self.lines.append(
            f"%{name} = linalg.generic {{indexing_maps = [affine_map<({loops}) -> ({loops})>, "
            f"affine_map<({loops}) -> ({kept})>], iterator_types = [{kinds}]}} ins({source}) outs(%{name}_f : {y}) {{\n"
            f"  ^bb0(%a: f32, %acc: f32):\n    %r = arith.{op} %a, %acc : f32\n    linalg.yield %r : f32\n  }} -> {y}"
        )

    def text(self) -> str:
        w = self.window
        plain = f"i{w.storage.lstrip('ui')}"
        arguments, heads = [], []
        for layout, letters in LAYOUTS.items():
            x, ints = self.kind(letters, w.image), self.kind(letters, w.image, plain)
            q = self.kind(letters, w.image, f"!lowbit.affine<{w.storage}>")
            arguments.append(f'%{layout}: {ints} {{lowbit.name = "{layout}"}}')
            zero_point = ZERO_POINT if w.storage[0] == "i" else 100
            heads += [
                f"%{layout}_q = lowbit.storage_cast %{layout} : {ints} to {q}",
                f"%{layout}_d = lowbit.dequantize %{layout}_q {{scale = dense<{float(SCALE)!r}> : tensor<f32>, "
                f"zero_point = dense<{zero_point}> : tensor<i32>}} : {q} -> {x}",
            ]
        first = self.kind(LAYOUTS["nwc"], w.image, plain)
        heads.append(f"%i = arith.constant 0 : index\n  %n = tensor.dim %nwc, %i : {first}")
        kinds = ", ".join(f'{y} {{lowbit.name = "{name}"}}' for name, y in self.results)
        body = "\n  ".join([*heads, *self.lines])
        names, types = ", ".join(f"%{name}" for name, _ in self.results), ", ".join(y for _, y in self.results)
        return f"func.func @main({', '.join(arguments)}) -> ({kinds}) {{\n  {body}\n  return {names} : {types}\n}}\n"


def reference(window: Window, letters: str, kind: str, ints: np.ndarray) -> np.ndarray:
    low, high = (np.iinfo(ints.dtype).min, np.iinfo(ints.dtype).max)
    zero_point = ZERO_POINT if window.storage[0] == "i" else 100
    neutral = {"max": low, "min": high, "sum": zero_point}[kind]
    space = [axis for axis, k in enumerate(letters) if k in SPACE]
    wide = ints.astype(np.int64)
    combine = {"max": np.max, "min": np.min, "sum": np.sum}[kind]
    if not window.sizes:
        combined, count = combine(wide, axis=tuple(space)), int(np.prod([ints.shape[axis] for axis in space]))
    else:
        place = [SPACE.index(letters[axis]) for axis in space]
        pads = [(0, 0)] * ints.ndim
        for axis, k in zip(space, place, strict=True):
            pads[axis] = (window.low[k], window.high[k])
        wide = np.pad(wide, pads, constant_values=int(neutral))
        reach = [window.dilations[k] * (window.sizes[k] - 1) + 1 for k in place]
        views = sliding_window_view(wide, reach, axis=space)
        pick: list[slice] = [slice(None)] * views.ndim
        for position, (axis, k) in enumerate(zip(space, place, strict=True)):
            pick[axis] = slice(None, None, window.strides[k])
            pick[ints.ndim + position] = slice(None, None, window.dilations[k])
        views = views[tuple(pick)]
        combined = combine(views, axis=tuple(range(ints.ndim, views.ndim)))
        count = int(np.prod([window.sizes[k] for k in place]))
    steps = combined - zero_point * (count if kind == "sum" else 1)
    return np.asarray(steps.astype(np.float32) * SCALE)


@pytest.mark.parametrize("name", WINDOWS)
def test_pooling_is_exact(name: str, tmp_path: Path) -> None:
    window = WINDOWS[name]
    module = Module(window)
    for layout in LAYOUTS:
        for kind in KINDS.get(layout, ("max", "sum")):
            module.add(layout, kind)
    rng = np.random.default_rng(len(name))
    dtype = {"i8": np.int8, "ui8": np.uint8, "i16": np.int16}[window.storage]
    limits = np.iinfo(dtype)
    arrays = {
        layout: rng.integers(limits.min, limits.max + 1, module.pick(letters, window.image)).astype(dtype)
        for layout, letters in LAYOUTS.items()
    }
    # The function's arguments are signless.
    given = {k: v.view(np.int8) if dtype == np.uint8 else v for k, v in arrays.items()}
    inputs = save(tmp_path / "x.npz", given)
    source, lowered = tmp_path / "pool.mlir", tmp_path / "lowered.mlir"
    source.write_text(module.text())
    passes = ["lowbit-fold-qdq", "lowbit-lower-pooling", "lowbit-lower-qdq", "canonicalize", "cse"]
    run_tool("quant-opt", [*(f"--{p}" for p in passes), source, "-o", lowered])
    text = lowered.read_text()
    assert "lowbit.float_reason" not in text and "pooling_" not in text
    compiled, interpreted = run(lowered, inputs, tmp_path), run(lowered, inputs, tmp_path, "--interpret")
    assert len(compiled) == len(module.results)
    for output, values in compiled.items():
        layout, kind = output.split("_")
        assert np.array_equal(values, reference(window, LAYOUTS[layout], kind, arrays[layout])), output
        assert np.array_equal(values, interpreted[output]), output
