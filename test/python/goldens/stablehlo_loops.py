"""The loops of StableHLO's dot_general, convolution and gather."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modules import Map, Module, Value
from stablehlo import Op


@dataclass(frozen=True)
class Contraction:
    """A contraction's loops, and what is done to its operands before. `shape` is the result's before it is reshaped."""

    maps: tuple[Map, Map, Map]
    iterators: str
    shape: tuple[int, ...]
    depth: int
    left: Callable[[Module, Value, int], Value]
    right: Callable[[Module, Value], Value]


def dot_general(op: Op) -> Contraction:
    lists = r"(\[[\d, ]*\]) x (\[[\d, ]*\])"
    match = re.fullmatch(
        rf"batching_dims = {lists}, contracting_dims = {lists}(, precision = \[[A-Z, ]*\])?", op.attributes
    )
    if not match:
        raise ValueError(f"dot_general with {op.attributes}")
    left_batch, right_batch, left_sum, right_sum = (ast.literal_eval(match[i]) for i in range(1, 5))
    left, right = (kind.shape for kind in op.inputs)
    left_free = [axis for axis in range(len(left)) if axis not in (*left_batch, *left_sum)]
    right_free = [axis for axis in range(len(right)) if axis not in (*right_batch, *right_sum)]
    sizes = [left[axis] for axis in (*left_batch, *left_free)] + [right[axis] for axis in right_free]
    names = [f"d{i}" for i in range(len(sizes) + len(left_sum))]
    sums = names[len(sizes) :]
    free = names[len(left_batch) + len(left_free) : len(sizes)]
    left_names = dict(zip((*left_batch, *left_free, *left_sum), names[: len(sizes) - len(free)] + sums, strict=True))
    right_names = dict(
        zip((*right_batch, *right_free, *right_sum), names[: len(left_batch)] + free + sums, strict=True)
    )
    depth = 1
    for axis in left_sum:
        depth *= left[axis]
    return Contraction(
        (
            tuple(left_names[axis] for axis in range(len(left))),
            tuple(right_names[axis] for axis in range(len(right))),
            tuple(names[: len(sizes)]),
        ),
        "p" * len(sizes) + "r" * len(sums),
        tuple(sizes),
        depth,
        lambda module, x, zero: x,
        lambda module, x: x,
    )


def convolution(op: Op) -> Contraction:
    """Padding and dilation of the input put its zero point in place; groups become a dimension of their own."""
    match = re.fullmatch(
        r"dim_numbers = \[(.*)\]x\[(.*)\]->\[(.*)\], window = \{(.*)\} \{batch_group_count = (\d+) : i64, "
        r"feature_group_count = (\d+) : i64(?:, precision_config = \[(?:#stablehlo<precision \w+>(?:, )?)*\])?\}",
        op.attributes,
    )
    if not match:
        raise ValueError(f"convolution with {op.attributes}")
    left, right, out = (match[i].split(", ") for i in (1, 2, 3))
    batch_groups, feature_groups = int(match[5]), int(match[6])
    groups = batch_groups * feature_groups
    space = [str(i) for i in range(len(left) - 2)]
    window = _window(match[4], len(space))
    left_sizes, right_sizes, out_sizes = (
        dict(zip(letters, kind.shape, strict=True))
        for letters, kind in zip((left, right, out), (*op.inputs, op.type), strict=True)
    )
    # Loops: group, batch, channel out, places out; channel in, places of the window.
    parallel = ["g"] * (groups > 1) + ["b", "o", *space]
    loops = [*parallel, "i", *(f"k{axis}" for axis in space)]
    name = {loop: f"d{index}" for index, loop in enumerate(loops)}
    size = {
        "g": groups,
        "b": left_sizes["b"] // batch_groups,
        "o": right_sizes["o"] // groups,
        "i": right_sizes["i"],
        **{axis: out_sizes[axis] for axis in space},
        **{f"k{axis}": right_sizes[axis] for axis in space},
    }
    place = {
        axis: f"{name[axis]} * {window['stride'][i]} + {name[f'k{axis}']} * {window['rhs_dilate'][i]}"
        for i, axis in enumerate(space)
    }
    group = [name["g"]] if groups > 1 else []
    left_map = {"b": [name["b"]], "f": [name["i"]], **{axis: [place[axis]] for axis in space}}
    right_map = {"o": group + [name["o"]], "i": [name["i"]], **{axis: [name[f"k{axis}"]] for axis in space}}
    out_map = {"b": ["b"], "f": ["g"] * (groups > 1) + ["o"], **{axis: [axis] for axis in space}}
    split = "b" if batch_groups > 1 else "f"
    left_map[split] = group + left_map[split]
    order = [loop for letter in out for loop in out_map[letter]]
    depth = size["i"]
    for axis in space:
        depth *= size[f"k{axis}"]

    def prepare_left(module: Module, x: Value, zero: int) -> Value:
        low, high, step = [0] * len(left), [0] * len(left), [1] * len(left)
        for i, axis in enumerate(space):
            low[left.index(axis)], high[left.index(axis)] = window["pad"][i]
            step[left.index(axis)] = window["lhs_dilate"][i]
        if min((*low, *high)) < 0:
            raise ValueError("convolution with negative padding")
        return _grouped(module, module.spread(x, low, high, step, zero), left.index(split), groups)

    return Contraction(
        (
            tuple(part for letter in left for part in left_map[letter]),
            tuple(part for letter in right for part in right_map[letter]),
            tuple(name[loop] for loop in order),
        ),
        "p" * len(parallel) + "r" * (len(loops) - len(parallel)),
        tuple(size[loop] for loop in order),
        depth,
        prepare_left,
        lambda module, x: _grouped(module, x, right.index("o"), groups),
    )


def _window(text: str, rank: int) -> dict[str, list]:
    window: dict[str, list] = {
        "stride": [1] * rank,
        "pad": [[0, 0]] * rank,
        "lhs_dilate": [1] * rank,
        "rhs_dilate": [1] * rank,
    }
    for key, value in re.findall(r"(\w+) = (\[[^=]*\])", text):
        if key not in window:
            raise ValueError(f"convolution with {key}")
        window[key] = ast.literal_eval(value)
        if len(window[key]) != rank:
            raise ValueError(f"{key} = {value} for {rank} dimensions")
    return window


def _grouped(module: Module, x: Value, axis: int, groups: int) -> Value:
    if groups == 1:
        return x
    return module.reshape(x, [*x.shape[:axis], groups, x.shape[axis] // groups, *x.shape[axis + 1 :]])


def gather_lines(op: Op, source: Value, indices: Value) -> Sequence[str]:
    """The body of the loop over gather's result; %y is the element. Starts are clamped, as the specification says."""
    match = re.fullmatch(
        r"<\{dimension_numbers = #stablehlo.gather<(.*)>(?:, indices_are_sorted = \w+)?, "
        r"slice_sizes = array<i64: (.*)>\}>",
        op.attributes,
    )
    if not match:
        raise ValueError(f"gather with {op.attributes}")
    numbers = {key: ast.literal_eval(value) for key, value in re.findall(r"(\w+) = (\[[^\]]*\]|\d+)", match[1])}
    known = {"offset_dims", "collapsed_slice_dims", "start_index_map", "index_vector_dim"}
    if not numbers.keys() <= known:
        raise ValueError(f"gather with {sorted(numbers.keys() - known)}")
    slices = [int(part) for part in match[2].split(",")]
    offsets: list[int] = numbers.get("offset_dims", [])
    collapsed: list[int] = numbers.get("collapsed_slice_dims", [])
    vector = numbers.get("index_vector_dim", 0)
    rank = len(op.type.shape)
    lines = [f"%i{axis} = linalg.index {axis} : index" for axis in range(rank)]
    lines += ["%zero = arith.constant 0 : i32"]
    batch = [f"%i{axis}" for axis in range(rank) if axis not in offsets]
    starts = {}
    for position, axis in enumerate(numbers["start_index_map"]):
        lines.append(f"%p{axis} = arith.constant {position} : index")
        at = list(batch)
        if vector < len(indices.shape):
            at.insert(vector, f"%p{axis}")
        lines += [
            f"%l{axis} = arith.constant {source.shape[axis] - slices[axis]} : i32",
            f"%e{axis} = tensor.extract {indices.name}[{', '.join(at)}] : {indices.type}",
            f"%f{axis} = arith.maxsi %e{axis}, %zero : i32",
            f"%g{axis} = arith.minsi %f{axis}, %l{axis} : i32",
            f"%s{axis} = arith.index_cast %g{axis} : i32 to index",
        ]
        starts[axis] = f"%s{axis}"
    kept = dict(zip((axis for axis in range(len(slices)) if axis not in collapsed), offsets, strict=True))
    places = []
    for axis in range(len(slices)):
        start, offset = starts.get(axis), kept.get(axis)
        if start and offset is not None:
            lines.append(f"%q{axis} = arith.addi {start}, %i{offset} : index")
            places.append(f"%q{axis}")
        elif start:
            places.append(start)
        elif offset is not None:
            places.append(f"%i{offset}")
        else:
            lines.append(f"%q{axis} = arith.constant 0 : index")
            places.append(f"%q{axis}")
    return [*lines, f"%y = tensor.extract {source.name}[{', '.join(places)}] : {source.type}"]
