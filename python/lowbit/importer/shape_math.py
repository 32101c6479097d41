"""Shape arithmetic, evaluated at import on expressions: Shape -> Gather -> Mul -> Concat chains and their like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy

from .context import Context
from .dims import dim, is_static
from .graph import Node
from .values import Const, Symbolic, Value, plain_element_type, settle


class Undecided(Exception):
    """The result depends on the data, or on symbols in a way that is not an expression."""


Rule = Callable[[Context, Node, list[np.ndarray]], np.ndarray]
_LARGEST = 4096  # elements; shape arithmetic is small


def _each(function: Callable[..., Any]) -> Callable[..., np.ndarray]:
    """Applies to every element, with numpy broadcasting."""

    def apply(*arrays: np.ndarray) -> np.ndarray:
        return np.asarray(np.frompyfunc(function, len(arrays), 1)(*arrays), dtype=object)

    return apply


def _exact(element: Any) -> Any:
    if isinstance(element, (float, np.floating)):
        return sympy.Rational(float(element)) if np.isfinite(element) else sympy.Float(float(element))
    if isinstance(element, (np.bool_, bool)):
        return bool(element)
    return int(element) if isinstance(element, np.integer) else element


def objects(value: Value) -> np.ndarray:
    """The elements of a known value as ints, truth values and expressions."""
    assert isinstance(value, (Const, Symbolic))
    return _each(_exact)(value.array) if isinstance(value, Const) else value.array


def _decide(relation: Any) -> bool:
    if relation in (True, False, sympy.true, sympy.false):
        return bool(relation)
    raise Undecided(str(relation))


def _equal(a: Any, b: Any) -> bool:
    difference = dim(sympy.sympify(a) - sympy.sympify(b))
    if difference == 0:
        return True
    if isinstance(difference, int) or difference.is_zero is False:
        return False
    raise Undecided(f"{a} == {b}")


def _quotient(dtype: str) -> Callable[[Any, Any], Any]:
    def floats(a: Any, b: Any) -> Any:
        return sympy.sympify(a) / b

    def ints(a: Any, b: Any) -> Any:
        if isinstance(a, int) and isinstance(b, int):
            return int(a / b) if abs(a) < 2**50 else a // b
        return sympy.floor(sympy.sympify(a) / b)

    return floats if dtype == "f32" else ints


def _indices(array: np.ndarray) -> np.ndarray:
    if not all(isinstance(x, int) for x in array.reshape(-1)):
        raise Undecided("an index depends on a dynamic dimension")
    return array.astype(np.int64)


def _cast(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    target = plain_element_type(node.attrs["to"])

    def convert(x: Any) -> Any:
        if target == "i1":
            return not _equal(x, 0)
        x = int(x) if isinstance(x, bool) else x
        if target == "f32" or isinstance(x, int) or x.is_integer:
            return x
        return sympy.floor(x)  # sizes are not negative

    return _each(convert)(args[0])


def _gather(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    return np.asarray(np.take(args[0], _indices(args[1]), axis=node.attrs.get("axis", 0)), dtype=object)


def _axes(node: Node, args: list[np.ndarray]) -> list[int] | None:
    if len(args) > 1:
        return [int(x) for x in _indices(args[1]).reshape(-1)]
    return node.attrs.get("axes")


def _unsqueeze(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    axes = _axes(node, args) or []
    return np.expand_dims(args[0], tuple(axes))


def _squeeze(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    axes = _axes(node, args)
    return np.squeeze(args[0], tuple(axes) if axes is not None else None)


def _concat(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(args, axis=node.attrs["axis"])


def _slice(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    lists = [_indices(a).tolist() for a in args[1:]] if len(args) > 1 else [node.attrs["starts"], node.attrs["ends"]]
    if len(args) == 1 and "axes" in node.attrs:
        lists.append(node.attrs["axes"])
    starts, ends = lists[0], lists[1]
    axes = lists[2] if len(lists) > 2 else list(range(len(starts)))
    steps = lists[3] if len(lists) > 3 else [1] * len(starts)
    index: list[slice] = [slice(None)] * args[0].ndim
    for start, end, axis, step in zip(starts, ends, axes, steps, strict=True):
        last = end if step > 0 or end > -(2**31) else None
        index[axis] = slice(start, last, step)
    return args[0][tuple(index)]


def _reshape(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    return args[0].reshape(_indices(args[1]).tolist())


def _constant_of_shape(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    fill = node.attrs.get("value", np.zeros(1, np.float32)).reshape(-1)[0]
    return np.full(_indices(args[0]).tolist(), _exact(fill), dtype=object)


def _expand(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    target = np.broadcast_shapes(args[0].shape, tuple(_indices(args[1]).tolist()))
    return np.broadcast_to(args[0], target)


def _range(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    start, limit, step = (a.reshape(-1)[0] for a in args)
    length = sympy.sympify(limit - start) / step
    if not length.is_number:
        raise Undecided("a range whose length depends on a dynamic dimension")
    return np.array([start + k * step for k in range(int(sympy.ceiling(length)))], dtype=object)


def _arithmetic(function: Callable[..., Any]) -> Rule:
    def rule(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
        result = args[0] if len(args) > 1 else _each(function)(args[0])
        for other in args[1:]:
            result = _each(function)(result, other)
        return result

    return rule


def _divide(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    dtype = result_type(ctx, node)
    return _each(_quotient(dtype))(*args)


def _reduce_prod(ctx: Context, node: Node, args: list[np.ndarray]) -> np.ndarray:
    axes = _axes(node, args)
    keep = bool(node.attrs.get("keepdims", 1))
    result = np.prod(args[0], axis=tuple(axes) if axes is not None else None, keepdims=keep)
    return np.asarray(result, dtype=object)


RULES: dict[str, Rule] = {
    "Cast": _cast,
    "Gather": _gather,
    "Unsqueeze": _unsqueeze,
    "Squeeze": _squeeze,
    "Concat": _concat,
    "Slice": _slice,
    "Reshape": _reshape,
    "ConstantOfShape": _constant_of_shape,
    "Expand": _expand,
    "Range": _range,
    "Div": _divide,
    "ReduceProd": _reduce_prod,
    "Identity": lambda ctx, node, args: args[0],
    "Add": _arithmetic(lambda a, b: a + b),
    "Sub": _arithmetic(lambda a, b: a - b),
    "Mul": _arithmetic(lambda a, b: a * b),
    "Neg": _arithmetic(lambda a: -a),
    "Mod": _arithmetic(lambda a, b: sympy.Mod(a, b)),
    "Max": _arithmetic(lambda a, b: sympy.Max(a, b)),
    "Min": _arithmetic(lambda a, b: sympy.Min(a, b)),
    "Floor": _arithmetic(lambda a: sympy.floor(a)),
    "Ceil": _arithmetic(lambda a: sympy.ceiling(a)),
    "Sqrt": _arithmetic(lambda a: sympy.sqrt(a)),
    "Equal": _arithmetic(_equal),
    "Less": _arithmetic(lambda a, b: _decide(sympy.sympify(a) < b)),
    "Greater": _arithmetic(lambda a, b: _decide(sympy.sympify(a) > b)),
    "Not": _arithmetic(lambda a: not a),
    "And": _arithmetic(lambda a, b: bool(a and b)),
    "Or": _arithmetic(lambda a, b: bool(a or b)),
    "Where": lambda ctx, node, args: _each(lambda c, a, b: a if _decide(c) else b)(*args),
}

_TRUTH = {"Equal", "Less", "Greater", "Not", "And", "Or"}


def result_type(ctx: Context, node: Node) -> str:
    """Element type of a rule's result."""
    if node.op == "Cast":
        return plain_element_type(node.attrs["to"])
    if node.op in _TRUTH:
        return "i1"
    if node.op == "ConstantOfShape":
        fill = node.attrs.get("value", np.zeros(1, np.float32))
        return Const(fill, node.name).dtype
    return ctx.values[node.inputs[1 if node.op == "Where" else 0]].dtype


def evaluate_shape_math(ctx: Context, node: Node) -> Value | None:
    """The result of a node whose inputs are all known or expressions; None where it has to be computed at run time."""
    rule = RULES.get(node.op)
    inputs = [ctx.values[name] for name in node.inputs if name]
    if rule is None or not inputs or len(inputs) != len(node.inputs):
        return None
    if any(not isinstance(v, (Const, Symbolic)) or not all(is_static(d) for d in v.logical) for v in inputs):
        return None
    if any(v.array.size > _LARGEST for v in inputs if isinstance(v, (Const, Symbolic))):
        return None
    try:
        result = rule(ctx, node, [objects(v) for v in inputs])
        return settle(np.asarray(result, dtype=object), result_type(ctx, node), node.outputs[0])
    except (Undecided, TypeError, ValueError, IndexError):
        return None
