"""MatMul and Gemm: contractions whose indexing maps take in the layouts of the operands.

linalg.matmul and linalg.batch_matmul where the maps are the plain ones, else linalg.contract. They accumulate in f32.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..broadcast import elementwise
from ..context import Context, handles
from ..dims import Dim, same
from ..emitter import affine_map, bracket, tensor_type
from ..errors import Unsupported
from ..graph import Node
from ..layout import reshape, show, transposed
from ..values import Const, Tensor, Value, identity, inverse
from .elementwise import need_float


@handles("MatMul")
def matmul(ctx: Context, node: Node) -> Value:
    a, b = ctx.value(node, 0), ctx.value(node, 1)
    need_float(a)
    need_float(b)
    if not a.logical or not b.logical:
        raise Unsupported("a scalar operand")
    batch = max(len(a.logical), len(b.logical), 2) - 2
    a_axes = _labels(len(a.logical), batch, ["m", "k"])
    b_axes = _labels(len(b.logical), batch, ["k", "n"]) if len(b.logical) > 1 else ["k"]
    a_axes = a_axes if len(a.logical) > 1 else ["k"]
    used = {*a_axes, *b_axes}
    out_axes = [label for label in [*(f"b{i}" for i in range(batch)), "m", "n"] if label in used]
    return contract(ctx, a, a_axes, b, b_axes, out_axes, node.outputs[0])


def _labels(rank: int, batch: int, last: list[str]) -> list[str]:
    return [f"b{i}" for i in range(batch - (rank - 2), batch)] + last


@handles("Gemm")
def gemm(ctx: Context, node: Node) -> Value:
    a, b = ctx.value(node, 0), ctx.value(node, 1)
    need_float(a)
    if len(a.logical) != 2 or len(b.logical) != 2:
        raise Unsupported(f"operands {show(a.logical)} and {show(b.logical)}; matrices are expected")
    a = transposed(a, (1, 0)) if node.attrs.get("transA", 0) else a
    b = transposed(b, (1, 0)) if node.attrs.get("transB", 0) else b
    alpha, beta = float(node.attrs.get("alpha", 1.0)), float(node.attrs.get("beta", 1.0))
    name = node.outputs[0]
    biased = node.has_input(2) and beta != 0.0
    if isinstance(b, Const) and alpha != 1.0:
        b, alpha = Const((b.array * np.float32(alpha)).astype(np.float32), f"{b.name}.alpha"), 1.0
    plain_product = not biased and alpha == 1.0
    result = contract(ctx, a, ["m", "k"], b, ["k", "n"], ["m", "n"], name if plain_product else f"{name}/matmul")
    if alpha != 1.0:
        scaled = f"{name}/scaled" if biased else name
        result = elementwise(ctx, [result], lambda r, v: r.op("arith.mulf", v[0], r.const(alpha)), "f32", scaled)
    if not biased:
        return result
    bias = ctx.value(node, 2)
    if isinstance(bias, Const) and beta != 1.0:
        bias, beta = Const((bias.array * np.float32(beta)).astype(np.float32), f"{bias.name}.beta"), 1.0
    if beta != 1.0:
        bias = elementwise(ctx, [bias], lambda r, v: r.op("arith.mulf", v[0], r.const(beta)), "f32", f"{name}/beta")
    return elementwise(ctx, [result, bias], lambda r, v: r.op("arith.addf", *v), "f32", name)


def contract(
    ctx: Context, a: Value, a_axes: list[str], b: Value, b_axes: list[str], out_axes: list[str], value_id: str
) -> Tensor:
    """Sums a * b over the labels that the result does not have. A size of 1 broadcasts against another size."""
    sizes: dict[str, Dim] = {}
    for value, labels in ((a, a_axes), (b, b_axes)):
        for label, size in zip(labels, value.logical, strict=True):
            known = sizes.get(label, 1)
            if known != 1 and size != 1 and not same(known, size):
                raise Unsupported(f"product of {show(a.logical)} and {show(b.logical)}: {known} against {size}")
            sizes[label] = size if known == 1 else known
    left, left_axes = _operand(ctx, a, a_axes, sizes)
    right, right_axes = _operand(ctx, b, b_axes, sizes)
    order = _result_order(ctx, value_id, len(out_axes))
    shape = [sizes[out_axes[i]] for i in order]
    loops = [*out_axes, *(label for label in sizes if label not in out_axes)]
    maps = [left_axes, right_axes, [out_axes[i] for i in order]]
    out = ctx.emitter.filled(shape, "f32", "0.0")
    ins = [(t.ssa, tensor_type(t.shape, t.dtype)) for t in (left, right)]
    attributes = ctx.emitter.attributes(value_id)
    head = f"{_operation(loops, maps)} {attributes}".rstrip()
    ssa = ctx.emitter.structured(head, ins, (out, tensor_type(shape, "f32")))
    return Tensor(ssa, "f32", tuple(shape), inverse(order))


def _operand(ctx: Context, value: Value, labels: list[str], sizes: dict[str, Dim]) -> tuple[Tensor, list[str]]:
    """The operand without its broadcast dimensions, and the label of each physical dimension."""
    kept = [k for k, label in enumerate(labels) if value.logical[k] != 1 or sizes[label] == 1]
    if len(kept) < len(labels):
        value = reshape(ctx, value, [value.logical[k] for k in kept], None)
    tensor = ctx.materialize(value)
    return tensor, [labels[kept[i]] for i in tensor.order]


def _operation(loops: list[str], maps: Sequence[list[str]]) -> str:
    if list(maps) == [["m", "k"], ["k", "n"], ["m", "n"]]:
        return "linalg.matmul"
    if list(maps) == [["b0", "m", "k"], ["b0", "k", "n"], ["b0", "m", "n"]]:
        return "linalg.batch_matmul"
    texts = [affine_map(len(loops), [loops.index(label) for label in labels]) for labels in maps]
    return f"linalg.contract indexing_maps = {bracket(texts)}"


def _result_order(ctx: Context, name: str, rank: int) -> tuple[int, ...]:
    """The layout of a following Transpose that leaves the last dimension last, so that it moves nothing."""
    users = ctx.users.get(name, [])
    if len(users) == 1 and users[0].op == "Transpose":
        perm = tuple(users[0].attrs.get("perm") or reversed(range(rank)))
        if len(perm) == rank and perm[-1] == rank - 1:
            return perm
    return identity(rank)
