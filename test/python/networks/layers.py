"""The layers of generated networks that work on values of any rank: each takes a network, a value and random choices,
and gives a new value, or None where it does not fit the value."""

import numpy as np

from .graph import RUNS, Dim, Network, Random, Value, static

MOST = 4096  # elements of a value


#
# Elementwise
#


def _silu(net: Network, x: Value) -> Value:
    return net.like("Mul", x, net.like("Sigmoid", x, top=1))


def _softsign(net: Network, x: Value) -> Value:
    one = net.constant(1.0)
    return net.like("Div", x, net.like("Add", net.like("Abs", x), one), top=1)


def _exp(net: Network, x: Value) -> Value:
    small = net.like("Clip", x, net.constant(-20.0), net.constant(1.5), top=1.5)
    return net.like("Exp", small, top=4.5)


def unary(net: Network, x: Value, random: Random) -> Value | None:
    kind = random.pick(
        ["Relu", "Relu", "Clip", "Gelu", "GeluTanh", "Silu", "Sigmoid", "Tanh", "HardSwish", "HardSigmoid", "Erf"]
        + ["Exp", "Softplus", "LeakyRelu", "Elu", "Abs", "Neg", "Softsign", "Sqrt"]
    )
    if kind == "Clip":
        low, high = random.pick([(0.0, 6.0), (-1.0, 1.0), (0.0, 1.0), (-0.5, 3.0)])
        return net.like("Clip", x, net.constant(low), net.constant(high), top=min(x.top, high))
    if kind in ("Gelu", "GeluTanh"):
        return net.like("Gelu", x, approximate="tanh" if kind == "GeluTanh" else "none")
    if kind == "Silu":
        return _silu(net, x)
    if kind == "Exp":
        return _exp(net, x)
    if kind == "Softsign":
        return _softsign(net, x)
    if kind == "Sqrt":
        return net.like("Sqrt", net.like("Abs", x), top=x.top**0.5)
    if kind in ("Sigmoid", "Tanh", "HardSigmoid", "Erf"):
        return net.like(kind, x, top=1)
    return net.like(kind, x)


def with_constant(net: Network, x: Value, random: Random) -> Value | None:
    """A number, or one for each index of the last dimension."""
    shape: list[int] = []
    if random.one_in(2) and x.rank and x.dims[-1].is_static:
        shape = [x.dims[-1].sizes[0]]
    numbers = random.normal(shape)
    op = random.pick(["Add", "Sub", "Mul", "Div", "Max", "Min"])
    if op == "Div":
        numbers = np.sign(numbers) * np.maximum(np.abs(numbers), 0.25)
    if op in ("Sub", "Max", "Min") and random.one_in(3):
        return net.make(op, [net.constant(numbers), x], x.dims, x.top + 3)
    return net.like(op, x, net.constant(numbers), top={"Mul": 2 * x.top, "Div": 4 * x.top}.get(op, x.top + 3))


def _partner(net: Network, x: Value, random: Random) -> Value | None:
    """Another value that x can be combined with, element by element."""

    def fits(y: Value) -> bool:
        pairs = zip(reversed(x.dims), reversed(y.dims), strict=False)
        return y.rank <= x.rank and all(a == b or b == static(1) for a, b in pairs)

    others = [y for y in net.values if y.name != x.name and fits(y)]
    return random.pick(others) if others else None


def binary(net: Network, x: Value, random: Random) -> Value | None:
    y = _partner(net, x, random)
    if y is None:
        return None
    op = random.pick(["Add", "Add", "Add", "Sub", "Mul", "Max", "Min"])
    if op == "Mul" and x.top * y.top > 100:
        op = "Add"
    top = x.top * y.top if op == "Mul" else x.top + y.top
    pair = [y, x] if random.one_in(3) else [x, y]
    return net.make(op, pair, x.dims, top)


#
# Along dimensions
#


def softmax(net: Network, x: Value, random: Random) -> Value | None:
    axis = x.rank - 1 if random.range(0, 3) else random.range(0, x.rank - 1)
    return net.like("Softmax", x, top=1, axis=axis)


def layer_norm(net: Network, x: Value, random: Random) -> Value | None:
    if not x.dims[-1].is_static or x.dims[-1].sizes[0] < 2:
        return None
    size = x.dims[-1].sizes[0]
    scale = net.constant(1 + 0.2 * random.normal([size]))
    extra = [scale, net.constant(random.normal([size]))] if random.range(0, 3) else [scale]
    return net.like("LayerNormalization", x, *extra, top=3, axis=-1, epsilon=1e-5)


def rms_norm(net: Network, x: Value, random: Random) -> Value | None:
    if not x.dims[-1].is_static or x.dims[-1].sizes[0] < 2:
        return None
    square = net.like("Mul", x, x)
    dims = [*x.dims[:-1], static(1)]
    mean = net.make("ReduceMean", [square, net.constant([-1], np.int64)], dims, x.top, keepdims=1)
    root = net.make("Sqrt", [net.make("Add", [mean, net.constant(1e-5)], dims, x.top)], dims, x.top)
    if random.one_in(2):
        normal = net.like("Div", x, root, top=3)
    else:
        normal = net.like("Mul", x, net.make("Reciprocal", [root], dims, 3), top=3)
    return net.like("Mul", normal, net.constant(1 + 0.2 * random.normal([x.dims[-1].sizes[0]])))


def reduce(net: Network, x: Value, random: Random) -> Value | None:
    if x.rank < 2:
        return None
    axes = sorted({random.range(1, x.rank - 1) for _ in range(random.range(1, 2))})
    op = random.pick(["ReduceMean", "ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin"])
    keep = random.range(0, 1)
    dims = [static(1) if i in axes else d for i, d in enumerate(x.dims) if keep or i not in axes]
    top = x.top
    if op == "ReduceSum":
        top *= np.prod([x.dims[axis].most for axis in axes])
    return net.make(op, [x, net.constant(axes, np.int64)], dims, top, keepdims=keep)


#
# Data movement
#


def transpose(net: Network, x: Value, random: Random) -> Value | None:
    if x.rank < 2:
        return None
    start = 0 if random.one_in(4) else 1  # Mostly the batch stays first.
    return net.transpose(x, [*range(start), *map(int, start + random.source.permutation(x.rank - start))])


def merge(net: Network, x: Value, random: Random) -> Value | None:
    if x.rank < 3:
        return None
    at = random.range(0, x.rank - 2)
    a, b = x.dims[at], x.dims[at + 1]
    name = "" if a.is_static and b.is_static else f"({a.name or a.most}*{b.name or b.most})"
    merged = Dim(tuple(p * q for p, q in zip(a.sizes, b.sizes, strict=True)), name)
    return net.reshape(x, [*x.dims[:at], merged, *x.dims[at + 2 :]])


def split_dim(net: Network, x: Value, random: Random) -> Value | None:
    if x.rank > 3:
        return None
    options = [i for i, d in enumerate(x.dims) if d.is_static and d.sizes[0] > 1]
    if not options:
        return None
    at = random.pick(options)
    size = x.dims[at].sizes[0]
    factor = random.pick([f for f in range(1, size + 1) if size % f == 0])
    return net.reshape(x, [*x.dims[:at], static(factor), static(size // factor), *x.dims[at + 1 :]])


def squeeze(net: Network, x: Value, random: Random) -> Value | None:
    ones = [i for i, d in enumerate(x.dims) if d == static(1)]
    if ones and x.rank > 2 and random.one_in(2):
        at = random.pick(ones)
        return net.make("Squeeze", [x, net.constant([at], np.int64)], [*x.dims[:at], *x.dims[at + 1 :]], x.top)
    if x.rank > 3:
        return None
    at = random.range(0, x.rank)
    return net.make("Unsqueeze", [x, net.constant([at], np.int64)], [*x.dims[:at], static(1), *x.dims[at:]], x.top)


def slice_(net: Network, x: Value, random: Random) -> Value | None:
    axis = random.range(0, x.rank - 1)
    dim = x.dims[axis]
    start, step = random.range(0, dim.least - 1), random.pick([1, 1, 1, 2])
    if dim.is_static:
        stop = random.range(start + 1, dim.sizes[0])
        sliced = static(-(-(stop - start) // step))
    else:
        stop = 2**31 - 1
        sliced = dim.changed(f"[{start}::{step}]", lambda s: -(-(s - start) // step)) if start or step > 1 else dim
    bounds = [net.constant([number], np.int64) for number in (start, stop, axis, step)]
    return net.make("Slice", [x, *bounds], [*x.dims[:axis], sliced, *x.dims[axis + 1 :]], x.top)


def split(net: Network, x: Value, random: Random) -> Value | None:
    """Both halves are used: one is put back before or after the other, changed."""
    axis = random.range(0, x.rank - 1)
    if not x.dims[axis].is_static or x.dims[axis].sizes[0] < 2:
        return None
    size = x.dims[axis].sizes[0]
    first = random.range(1, size - 1)
    parts = net.node("Split", [x.name, net.constant([first, size - first], np.int64)], 2, axis=axis)
    halves = [
        Value(name, (*x.dims[:axis], static(length), *x.dims[axis + 1 :]), x.top)
        for name, length in zip(parts, (first, size - first), strict=True)
    ]
    halves[0] = net.like(random.pick(["Neg", "Relu", "Tanh"]), halves[0])
    order = halves if random.one_in(2) else halves[::-1]
    return net.make("Concat", order, x.dims, x.top, axis=axis)


def pad(net: Network, x: Value, random: Random) -> Value | None:
    low, high = ([random.range(0, 2) if random.one_in(2) else 0 for _ in x.dims] for _ in range(2))
    if x.elements * np.prod([1 + (a + b) / d.most for a, b, d in zip(low, high, x.dims, strict=True)]) > MOST:
        return None
    dims = [
        d if a + b == 0 else d.changed(f"+{a + b}", lambda s, n=a + b: s + n)
        for a, b, d in zip(low, high, x.dims, strict=True)
    ]
    extra = [net.constant(random.pick([0.0, 0.0, 0.5, -1.0]))] if random.one_in(2) else []
    return net.make("Pad", [x, net.constant([*low, *high], np.int64), *extra], dims, max(x.top, 1))


def concat(net: Network, x: Value, random: Random) -> Value | None:
    axis = random.range(0, x.rank - 1)

    def fits(y: Value) -> bool:
        pairs = enumerate(zip(x.dims, y.dims, strict=False))
        return y.rank == x.rank and all(i == axis or a == b for i, (a, b) in pairs)

    parts = [x, *(random.pick([y for y in net.values if fits(y)]) for _ in range(random.range(1, 2)))]
    if sum(y.elements for y in parts) > MOST:
        return None
    lengths = [y.dims[axis] for y in parts]
    name = "" if all(d.is_static for d in lengths) else "(" + "+".join(d.name or str(d.most) for d in lengths) + ")"
    joined = Dim(tuple(sum(d.sizes[run] for d in lengths) for run in range(RUNS)), name)
    random.source.shuffle(parts)  # type: ignore[arg-type]
    dims = [*x.dims[:axis], joined, *x.dims[axis + 1 :]]
    return net.make("Concat", parts, dims, max(y.top for y in parts), axis=axis)


def gather(net: Network, x: Value, random: Random) -> Value | None:
    axes = [axis for axis, dim in enumerate(x.dims) if dim.is_static]  # As the importer wants it.
    if not axes:
        return None
    axis, count = random.pick(axes), random.range(1, 5)
    if x.elements / x.dims[axis].most * count > MOST:
        return None
    indices = random.source.integers(0, x.dims[axis].least, count)
    dims = [*x.dims[:axis], static(count), *x.dims[axis + 1 :]]
    if count == 1 and x.rank > 2 and random.one_in(2):
        dims.pop(axis)
        return net.make("Gather", [x, net.constant(indices[0], np.int64)], dims, x.top, axis=axis)
    return net.make("Gather", [x, net.constant(indices, np.int64)], dims, x.top, axis=axis)


def repeat(net: Network, x: Value, random: Random) -> Value | None:
    ones = [i for i, d in enumerate(x.dims) if d == static(1)]
    times = random.range(2, 4)
    if x.elements * times > MOST:
        return None
    if ones:
        at = random.pick(ones)
        shape = net.constant([times if i == at else 1 for i in range(x.rank)], np.int64)
        return net.make("Expand", [x, shape], [*x.dims[:at], static(times), *x.dims[at + 1 :]], x.top)
    at = random.range(0, x.rank - 1)
    counts = net.constant([times if i == at else 1 for i in range(x.rank)], np.int64)
    dim = x.dims[at].changed(f"*{times}", lambda s: s * times)
    return net.make("Tile", [x, counts], [*x.dims[:at], dim, *x.dims[at + 1 :]], x.top)
