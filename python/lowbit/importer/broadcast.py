"""Elementwise generics with ONNX broadcasting over values of any layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from .body import Body
from .context import Context
from .dims import Dim, same
from .emitter import Operand, tensor_type
from .errors import Unsupported
from .layout import common_order, show, to_order
from .values import Const, Symbolic, Tensor, Value, inverse

Build = Callable[[Body, list[str]], str]


def broadcast_shape(shapes: Sequence[Sequence[Dim]]) -> tuple[Dim, ...]:
    """The ONNX multidirectional broadcast; Unsupported where two sizes are not known to be equal."""
    rank = max((len(shape) for shape in shapes), default=0)
    result: list[Dim] = []
    for axis in range(-rank, 0):
        sizes = [shape[axis] for shape in shapes if len(shape) >= -axis]
        solid = [size for size in sizes if size != 1]
        for other in solid[1:]:
            if not same(solid[0], other):
                raise Unsupported(
                    f"broadcast of {' with '.join(show(s) for s in shapes)}: sizes {solid[0]} and {other} "
                    "are not known to be equal"
                )
        result.append(solid[0] if solid else 1)
    return tuple(result)


def elementwise(
    ctx: Context,
    operands: Sequence[Value],
    build: Build,
    dtype: str,
    value_id: str | None,
    *,
    shape: Sequence[Dim] | None = None,
    work_type: str | None = None,
) -> Tensor:
    """One parallel generic over the broadcast of the operands (and of `shape`), each dimension read where it lies.

    `build` gets the element of each operand and returns the element of the result, of type `dtype`; constants that are
    the same everywhere become scalars of the body.
    """
    operands = [ctx.materialize(v) if isinstance(v, Symbolic) else v for v in operands]
    logical = broadcast_shape([v.logical for v in operands] + ([shape] if shape is not None else []))
    rank = len(logical)
    order = common_order(operands, rank)
    loop_of = inverse(order)
    sizes = [logical[i] for i in order]
    ins: list[Operand] = []
    dtypes: list[str] = []
    sources: list[int | tuple[object, str]] = []
    for value in operands:
        uniform = _uniform(value)
        if uniform is not None:
            sources.append((uniform, value.dtype))
            continue
        sources.append(len(ins))
        ins.append(_operand(ctx, value, logical, order, loop_of))
        dtypes.append(value.dtype)

    def body(region: Body, names: list[str], _: str) -> str:
        elements = [
            names[source] if isinstance(source, int) else region.const(source[0], source[1])  # type: ignore[arg-type]
            for source in sources
        ]
        return build(region, elements)

    out = Operand(ctx.emitter.empty(sizes, dtype), tensor_type(sizes, dtype), tuple(range(rank)))
    work = work_type or operands[0].dtype
    ssa = ctx.emitter.generic(rank, ins, out, [*dtypes, dtype], body, work, value_id)
    return Tensor(ssa, dtype, tuple(sizes), loop_of)


def _uniform(value: Value) -> object | None:
    """The element of a constant that is the same everywhere."""
    if not isinstance(value, Const) or value.array.size == 0:
        return None
    first = value.array.reshape(-1)[:1]
    return first[0].item() if (value.array == first[0]).all() or value.array.size == 1 else None


def _operand(
    ctx: Context, value: Value, logical: Sequence[Dim], order: tuple[int, ...], loop_of: tuple[int, ...]
) -> Operand:
    shift = len(logical) - len(value.logical)
    if isinstance(value, Const):
        return _constant_operand(ctx, value, order, shift)
    tensor = ctx.materialize(value)
    axes = _axes(tensor, logical, loop_of, shift)
    solid = [axis for axis in axes if axis is not None and logical[order[axis]] != 1]
    if solid != sorted(solid) and solid[-1] != max(solid):  # else rows are still read along their last dimension
        wanted = [i - shift for i in order if i >= shift]
        tensor = to_order(ctx, tensor, wanted)
        axes = _axes(tensor, logical, loop_of, shift)
    return Operand(tensor.ssa, tensor_type(tensor.shape, tensor.dtype), axes)


def _axes(tensor: Tensor, logical: Sequence[Dim], loop_of: tuple[int, ...], shift: int) -> tuple[int | None, ...]:
    def axis(position: int, size: Dim) -> int | None:
        target = tensor.order[position] + shift
        return None if size == 1 and logical[target] != 1 else loop_of[target]

    return tuple(axis(p, d) for p, d in enumerate(tensor.shape))


def _constant_operand(ctx: Context, value: Const, order: tuple[int, ...], shift: int) -> Operand:
    """A constant in the order of the result, without its dimensions of size 1."""
    solid = [(loop, i - shift) for loop, i in enumerate(order) if i >= shift and value.array.shape[i - shift] != 1]
    wanted = [i for _, i in solid]
    shape = [value.array.shape[i] for i in wanted]
    squeezed = value.mapped(lambda a: np.ascontiguousarray(a.reshape([d for d in a.shape if d != 1])))
    ranks = np.argsort(np.argsort(wanted)).tolist() if wanted else []
    placed = ctx.reordered(squeezed, ranks, "perm" + "".join(str(r) for r in ranks))
    return Operand(placed.ssa, tensor_type(shape, placed.dtype), tuple(loop for loop, _ in solid))
