"""Physical layout: transposing and reshaping values, lazily where the perm of a Tensor can say it.

A reshape that stays inside runs of dimensions which lie together keeps the layout: only other ones move data.
"""

from __future__ import annotations

from collections.abc import Sequence

from .body import Body
from .context import Context
from .dims import Dim, divide, product, same
from .dims import text as dim_text
from .emitter import Operand, bracket, tensor_type
from .errors import Unsupported
from .values import Const, Tensor, Value, identity, inverse

Group = tuple[list[int], list[int]]


def show(shape: Sequence[Dim]) -> str:
    return "[" + ", ".join(dim_text(d) for d in shape) + "]"


def group_dims(source: Sequence[Dim], target: Sequence[Dim]) -> list[Group]:
    """Splits both shapes into runs of equal product, as short as they can be; Unsupported when there are none."""
    groups: list[Group] = []
    i = j = 0
    while i < len(source) and j < len(target):
        ins, outs = [i], [j]
        a, b = source[i], target[j]
        i, j = i + 1, j + 1
        while not same(a, b):
            grow_source = i < len(source) and (divide(b, a) is not None or _smaller(a, b) or j >= len(target))
            if grow_source:
                a = product([a, source[i]])
                ins.append(i)
                i += 1
            elif j < len(target):
                b = product([b, target[j]])
                outs.append(j)
                j += 1
            else:
                raise Unsupported(f"reshape of {show(source)} to {show(target)}: the sizes cannot be matched")
        groups.append((ins, outs))
    rest_in, rest_out = list(range(i, len(source))), list(range(j, len(target)))
    if any(source[k] != 1 for k in rest_in) or any(target[k] != 1 for k in rest_out):
        raise Unsupported(f"reshape of {show(source)} to {show(target)}: the sizes cannot be matched")
    if not groups:
        return [(rest_in, rest_out)] if rest_in or rest_out else []
    groups[-1][0].extend(rest_in)
    groups[-1][1].extend(rest_out)
    return groups


def _smaller(a: Dim, b: Dim) -> bool:
    """Which side of a run grows first: only equal products end it, so this guides and never decides."""
    return isinstance(a, int) and isinstance(b, int) and a < b


def write_reshape(
    ctx: Context, ssa: str, dtype: str, source: Sequence[Dim], target: Sequence[Dim], value_id: str | None
) -> str:
    """collapse_shape, then expand_shape, of physical dimensions; nothing when the shapes are equal."""
    if len(source) == len(target) and all(same(a, b) for a, b in zip(source, target, strict=True)):
        return ssa
    groups = group_dims(source, target)
    shape = [product(source[k] for k in ins) for ins, _ in groups]
    collapse = len(shape) < len(source)
    expand = len(shape) < len(target)
    emitter = ctx.emitter
    if not target:  # to a scalar: every dimension is 1
        text = f"tensor.collapse_shape {ssa} [] {emitter.attributes(value_id)}"
        return emitter.value(f"{text}: {tensor_type(source, dtype)} into {tensor_type([], dtype)}")
    if not source:
        text = f"tensor.expand_shape {ssa} [] output_shape {bracket(list(target))} {emitter.attributes(value_id)}"
        return emitter.value(f"{text}: {tensor_type([], dtype)} into {tensor_type(target, dtype)}")
    if collapse:
        runs = bracket([bracket(ins) for ins, _ in groups])
        attributes = emitter.attributes(None if expand else value_id)
        kinds = f"{tensor_type(source, dtype)} into {tensor_type(shape, dtype)}"
        ssa = emitter.value(f"tensor.collapse_shape {ssa} {runs} {attributes}: {kinds}")
    if expand and any(sum(not isinstance(target[k], int) for k in outs) > 1 for _, outs in groups):
        return _write_split(ctx, ssa, dtype, shape, target, [outs for _, outs in groups], value_id)
    if expand:
        runs = bracket([bracket(outs) for _, outs in groups])
        attributes = emitter.attributes(value_id)
        kinds = f"{tensor_type(shape, dtype)} into {tensor_type(target, dtype)}"
        sizes = emitter.sizes(target)
        ssa = emitter.value(f"tensor.expand_shape {ssa} {runs} output_shape {sizes} {attributes}: {kinds}")
    return ssa


def _write_split(
    ctx: Context,
    ssa: str,
    dtype: str,
    source: Sequence[Dim],
    target: Sequence[Dim],
    runs: Sequence[list[int]],
    value_id: str | None,
) -> str:
    """An expand_shape that makes several dynamic dimensions of one, as a copy.

    MLIR 22 crashes when it lowers such an expand_shape (--expand-strided-metadata).
    """
    sizes = [ctx.emitter.index(d) for d in target]

    def body(b: Body, _: list[str], __: str) -> str:
        places = []
        for run in runs:
            place = b.emit(f"linalg.index {run[0]} : index")
            for k in run[1:]:
                row = b.op("arith.muli", place, sizes[k], dtype="index")
                place = b.op("arith.addi", row, b.emit(f"linalg.index {k} : index"), dtype="index")
            places.append(place)
        return b.emit(f"tensor.extract {ssa}{bracket(places)} : {tensor_type(source, dtype)}")

    loops = len(target)
    out = Operand(ctx.emitter.empty(target, dtype), tensor_type(target, dtype), tuple(range(loops)))
    return ctx.emitter.generic(loops, [], out, [dtype], body, dtype, value_id)


def to_order(ctx: Context, value: Value, order: Sequence[int], value_id: str | None = None) -> Tensor:
    """The value with its logical dimensions lying in `order` (outermost first).

    Constants are transposed at import. Where only dimensions of size 1 move, it is a reshape.
    """
    order = tuple(order)
    if isinstance(value, Const):
        moved = ctx.reordered(value, order, "perm" + "".join(str(i) for i in order))
        return Tensor(moved.ssa, moved.dtype, moved.shape, inverse(order))
    value = ctx.materialize(value)
    if value.order == order:
        return value
    shape = tuple(value.logical[i] for i in order)
    moves = [value.perm[i] for i in order]  # physical source dimension of each target dimension
    solid = [p for p in moves if value.shape[p] != 1]
    if solid == sorted(solid):
        ssa = write_reshape(ctx, value.ssa, value.dtype, value.shape, shape, value_id)
        return Tensor(ssa, value.dtype, shape, inverse(order))
    emitter = ctx.emitter
    kind = tensor_type(shape, value.dtype)
    empty = emitter.empty(shape, value.dtype)
    ssa = emitter.value(
        f"linalg.transpose ins({value.ssa} : {tensor_type(value.shape, value.dtype)}) outs({empty} : {kind}) "
        f"permutation = {bracket(moves)} {emitter.attributes(value_id)}".rstrip()
    )
    return Tensor(ssa, value.dtype, shape, inverse(order))


def plain_layout(ctx: Context, value: Value, value_id: str | None = None) -> Tensor:
    """The value lying as ONNX sees it."""
    return to_order(ctx, value, identity(len(value.logical)), value_id)


def reshape(ctx: Context, value: Value, target: Sequence[Dim], value_id: str | None) -> Value:
    """ONNX Reshape to known logical sizes."""
    if isinstance(value, Const) and all(isinstance(d, int) for d in target):
        return value.mapped(lambda a: a.reshape(list(target)))
    tensor = ctx.materialize(value)
    target = tuple(target)
    if not same(product(tensor.logical), product(target)):
        raise Unsupported(f"reshape of {show(tensor.logical)} to {show(target)}: different numbers of elements")
    kept = _reshape_in_layout(tensor, target)
    if kept is None:
        tensor = plain_layout(ctx, tensor)
        kept = (target, identity(len(target)))
    shape, perm = kept
    ssa = write_reshape(ctx, tensor.ssa, tensor.dtype, tensor.shape, shape, value_id)
    return Tensor(ssa, tensor.dtype, tuple(shape), perm)


def _reshape_in_layout(tensor: Tensor, target: tuple[Dim, ...]) -> tuple[tuple[Dim, ...], tuple[int, ...]] | None:
    """Physical shape and perm after the reshape when no data has to move, else None. Sizes of 1 do not count."""
    sources = [i for i, d in enumerate(tensor.logical) if d != 1]
    targets = [i for i, d in enumerate(target) if d != 1]
    solid = [p for p, d in enumerate(tensor.shape) if d != 1]
    rank = {p: k for k, p in enumerate(solid)}
    places = [rank[tensor.perm[i]] for i in sources]
    try:
        groups = group_dims([tensor.logical[i] for i in sources], [target[i] for i in targets])
    except Unsupported:
        return None
    for ins, _ in groups:
        run = [places[k] for k in ins]
        if run != list(range(run[0], run[0] + len(run))):
            return None
    groups = sorted(groups, key=lambda group: places[group[0][0]])
    order = [targets[k] for _, outs in groups for k in outs]
    for i, size in enumerate(target):  # a dimension of size 1 lies behind the one before it
        if size == 1:
            order.insert(order.index(i - 1) + 1 if i else 0, i)
    return tuple(target[i] for i in order), inverse(tuple(order))


def common_order(values: Sequence[Value], rank: int) -> tuple[int, ...]:
    """The layout that most of the largest run-time values have; a moved one wins a tie."""
    tensors = [v for v in values if isinstance(v, Tensor) and len(v.shape) == rank]
    if not tensors:
        return identity(rank)
    solid = max(sum(d != 1 for d in t.shape) for t in tensors)
    votes: dict[tuple[int, ...], int] = {}
    for t in tensors:
        if sum(d != 1 for d in t.shape) == solid:
            votes[t.order] = votes.get(t.order, 0) + 1
    return max(votes, key=lambda order: (votes[order], order != identity(rank)))


def transposed(value: Value, perm: Sequence[int]) -> Value:
    """ONNX Transpose: only the view changes."""
    if isinstance(value, Tensor):
        return Tensor(value.ssa, value.dtype, value.shape, tuple(value.perm[i] for i in perm))
    if isinstance(value, Const):
        return value.mapped(lambda a: a.transpose(perm), value.name + ".t")
    raise Unsupported("transposition of shape arithmetic")
