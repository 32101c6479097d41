"""The layers of generated networks that sum products: dense layers, attention, convolutions; and pooling and resizing,
which move a window as convolutions do."""

import math
from collections.abc import Sequence

import numpy as np

from .graph import Dim, Network, Random, Value, static
from .layers import MOST


def _weights(random: Random, shape: Sequence[int], fan_in: int) -> np.ndarray:
    """Of a variance that keeps that of what they multiply; a channel may be zero, or much larger than the others."""
    array = random.normal(shape, 1 / math.sqrt(max(fan_in, 1)))
    if random.one_in(8):
        array[..., random.range(0, shape[-1] - 1)] *= random.pick([0.0, 20.0])
    return array


def _width(random: Random) -> int:
    """A size around those of vectors, often odd."""
    return int(random.pick([1, 2, 3, 4, 5, 6, 8, 12, 16, 17, 24, 32, 33, 48, 64]))


#
# Matrix products
#


def project(net: Network, x: Value, width: int, random: Random) -> Value:
    """A matrix product along the last dimension, with a bias or not."""
    depth = x.dims[-1].sizes[0]
    weights = net.constant(_weights(random, [depth, width], depth))
    result = net.make("MatMul", [x, weights], [*x.dims[:-1], static(width)], 3)
    return net.like("Add", result, net.constant(random.normal([width], 0.3))) if random.one_in(2) else result


def dense(net: Network, x: Value, random: Random) -> Value | None:
    if x.rank < 2 or not x.dims[-1].is_static or x.dims[-1].sizes[0] > 600:
        return None
    width = _width(random)
    if x.elements / x.dims[-1].most * width > MOST:
        return None
    if x.rank > 2 or random.one_in(2):
        return project(net, x, width, random)
    depth = x.dims[1].sizes[0]
    is_transposed = random.range(0, 1)
    weights = _weights(random, [width, depth] if is_transposed else [depth, width], depth)
    extra = [net.constant(random.normal([width], 0.3))] if random.range(0, 2) else []
    alpha = random.pick([1.0, 1.0, 0.5])
    dims = [x.dims[0], static(width)]
    return net.make("Gemm", [x, net.constant(weights), *extra], dims, 3, transB=is_transposed, alpha=alpha)


def residual_block(net: Network, x: Value, random: Random) -> Value | None:
    """Two dense layers with a function between, around which the value goes."""
    if x.rank < 2 or not x.dims[-1].is_static or x.dims[-1].sizes[0] > 64:
        return None
    inner = project(net, x, _width(random), random)
    kind = random.pick(["Relu", "Gelu", "HardSwish", "Gated"])
    if kind == "Gated":  # SwiGLU
        gate = net.like("Mul", inner, net.like("Sigmoid", inner))
        inner = net.like("Mul", gate, project(net, x, inner.dims[-1].sizes[0], random))
    else:
        inner = net.like(kind, inner)
    outer = project(net, inner, x.dims[-1].sizes[0], random)
    return net.like("Add", x, outer, top=x.top + 3)


def _heads(net: Network, x: Value, heads: int, order: Sequence[int]) -> Value:
    """[B, S, heads * d] as [B, heads, S, d], or in another order."""
    size = x.dims[-1].sizes[0] // heads
    split = net.reshape(x, [x.dims[0], x.dims[1], static(heads), static(size)])
    return net.transpose(split, order)


def _rotate(net: Network, x: Value) -> Value:
    """Rotary position embedding, halves rotated."""
    *_, steps, size = (dim.sizes[0] for dim in x.dims)
    angles = np.outer(np.arange(steps), 100.0 ** -np.linspace(0, 1, size // 2))
    angles = np.concatenate([angles, angles], axis=1)
    halves = []
    for start, stop in ((0, size // 2), (size // 2, size)):
        bounds = [net.constant([number], np.int64) for number in (start, stop, -1)]
        halves.append(net.make("Slice", [x, *bounds], [*x.dims[:-1], static(size // 2)], x.top))
    turned = net.make("Concat", [net.like("Neg", halves[1]), halves[0]], x.dims, x.top, axis=-1)
    sines = net.like("Mul", turned, net.constant(np.sin(angles)))
    return net.like("Add", net.like("Mul", x, net.constant(np.cos(angles))), sines, top=2 * x.top)


def attention(net: Network, x: Value, random: Random) -> Value | None:
    """Multi-head or grouped-query attention, with rotary positions and a causal mask or without."""
    if x.rank != 3 or not x.dims[2].is_static or x.dims[2].sizes[0] > 64 or x.dims[1].most > 12:
        return None
    keys = random.range(1, 2)
    groups = random.pick([1, 1, 2])
    heads, size = keys * groups, random.pick([2, 4, 6, 8])
    query = _heads(net, project(net, x, heads * size, random), heads, [0, 2, 1, 3])
    key = _heads(net, project(net, x, keys * size, random), keys, [0, 2, 1, 3])
    value = _heads(net, project(net, x, keys * size, random), keys, [0, 2, 1, 3])
    if x.dims[1].is_static and random.one_in(2):
        query, key = _rotate(net, query), _rotate(net, key)
    if groups > 1:
        key, value = _repeated(net, key, groups), _repeated(net, value, groups)
    dims = [x.dims[0], static(heads), x.dims[1], x.dims[1]]
    scores = net.make("MatMul", [query, net.transpose(key, [0, 1, 3, 2])], dims, 5)
    scores = net.like(random.pick(["Div", "Mul"]), scores, net.constant(random.pick([math.sqrt(size), 0.5])))
    if x.dims[1].is_static and random.one_in(3):
        mask = np.triu(np.full([x.dims[1].sizes[0]] * 2, random.pick([-10.0, -1e4])), 1)
        scores = net.like("Add", scores, net.constant(mask))
    shares = net.like("Softmax", scores, top=1, axis=-1)
    mixed = net.make("MatMul", [shares, value], query.dims, 3)
    joined = net.reshape(net.transpose(mixed, [0, 2, 1, 3]), [x.dims[0], x.dims[1], static(heads * size)])
    result = project(net, joined, x.dims[2].sizes[0], random)
    return net.like("Add", x, result, top=x.top + 3) if random.range(0, 2) else result


def _repeated(net: Network, x: Value, groups: int) -> Value:
    """Each head `groups` times [B, heads * groups, S, d]."""
    heads = x.dims[1].sizes[0]
    indices = net.constant(np.repeat(np.arange(heads), groups), np.int64)
    return net.make("Gather", [x, indices], [x.dims[0], static(heads * groups), *x.dims[2:]], x.top, axis=1)


def product(net: Network, x: Value, random: Random) -> Value | None:
    """A batch matrix product of the value and another, or itself."""
    if x.rank < 3:
        return None
    others = [y for y in net.values if y.rank == x.rank and y.dims[:-2] == x.dims[:-2] and y.dims[-1] == x.dims[-1]]
    y = random.pick(others)
    dims = [*x.dims[:-1], y.dims[-2]]
    turned = net.transpose(y, [*range(x.rank - 2), x.rank - 1, x.rank - 2])
    top = x.top * y.top * x.dims[-1].most
    if top > 1e3 or x.elements / x.dims[-1].most * y.dims[-2].most > MOST:
        return None
    return net.make("MatMul", [x, turned], dims, top)


#
# Windows
#


def _spatial(x: Value) -> int:
    """How many dimensions a window moves along; 0 where the value is no image with channels."""
    fits = 3 <= x.rank <= 5 and x.dims[1].is_static and x.dims[1].sizes[0] <= 64
    return x.rank - 2 if fits else 0


def _moved(dim: Dim, kernel: int, stride: int, dilation: int, pads: int) -> Dim:
    span = (kernel - 1) * dilation + 1
    if stride == 1 and pads == span - 1:
        return dim
    return dim.changed(f"~{span},{stride},{pads}", lambda size: (size + pads - span) // stride + 1)


def _window(x: Value, random: Random, largest: int = 3) -> tuple[dict[str, list[int]], list[Dim]] | None:
    kernel, strides, dilations, low, high, dims = [], [], [], [], [], []
    is_same = random.one_in(2)
    for dim in x.dims[2:]:
        size = random.range(1, largest)
        dilation = random.pick([1, 1, 1, 2])
        span = (size - 1) * dilation + 1
        before, after = ((span - 1) // 2, span // 2) if is_same else (random.range(0, size - 1) for _ in range(2))
        if dim.least + before + after < span:
            return None
        kernel.append(size)
        dilations.append(dilation)
        strides.append(random.pick([1, 1, 2, 3]))
        low.append(before)
        high.append(after)
        dims.append(_moved(dim, size, strides[-1], dilation, before + after))
    return {"kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": [*low, *high]}, dims


def convolution(net: Network, x: Value, random: Random) -> Value | None:
    if not _spatial(x):
        return None
    found = _window(x, random)
    if found is None:
        return None
    attributes, dims = found
    channels = x.dims[1].sizes[0]
    group = random.pick([1, 1, channels, *(g for g in range(2, channels) if channels % g == 0)])
    per_group = random.range(1, 3) if group == channels else max(1, _width(random) // group)
    features = group * per_group
    if features > 64 or features * math.prod(dim.most for dim in dims) * x.dims[0].most > MOST:
        return None
    kernel = attributes["kernel_shape"]
    weights = _weights(random, [features, channels // group, *kernel], channels // group * math.prod(kernel))
    extra = [net.constant(random.normal([features], 0.3))] if random.one_in(2) else []
    shape = [x.dims[0], static(features), *dims]
    result = net.make("Conv", [x, net.constant(weights), *extra], shape, 3, group=group, **attributes)
    if random.one_in(4):
        terms = [random.normal([features], 0.3) for _ in range(3)]
        terms = [1 + terms[0], terms[1], terms[2], 0.5 + np.abs(random.normal([features]))]
        return net.like("BatchNormalization", result, *map(net.constant, terms), top=6)
    return result


def transposed_convolution(net: Network, x: Value, random: Random) -> Value | None:
    if not _spatial(x):
        return None
    channels = x.dims[1].sizes[0]
    group = random.pick([1, 1, *(g for g in range(1, channels + 1) if channels % g == 0)])
    per_group = random.range(1, 4)
    kernel, strides, pads, dims = [], [], [], []
    for dim in x.dims[2:]:
        size, stride = random.range(1, 3), random.range(1, 2)
        cut = random.range(0, size - 1)
        if (dim.least - 1) * stride + size - cut < 1:
            return None
        kernel.append(size)
        strides.append(stride)
        pads.append(cut)
        dims.append(dim.changed(f"^{size},{stride},{cut}", lambda s, k=size, t=stride, c=cut: (s - 1) * t + k - c))
    if group * per_group * math.prod(dim.most for dim in dims) * x.dims[0].most > MOST:
        return None
    weights = _weights(random, [channels, per_group, *kernel], channels // group * math.prod(kernel))
    pads = [*([0] * len(kernel)), *pads] if random.one_in(2) else [*pads, *([0] * len(kernel))]
    shape = [x.dims[0], static(group * per_group), *dims]
    attributes = {"strides": strides, "pads": pads, "group": group}
    return net.make("ConvTranspose", [x, net.constant(weights)], shape, 3, **attributes)


def _meets_elements(x: Value, window: dict[str, list[int]], dims: list[Dim]) -> bool:
    """Whether no window lies in the padding altogether."""
    columns = zip(x.dims[2:], dims, *(window[name] for name in ("kernel_shape", "strides", "dilations")), strict=True)
    for axis, (dim, moved, kernel, stride, dilation) in enumerate(columns):
        taps = np.arange(kernel) * dilation - window["pads"][axis]
        for size, steps in zip(dim.sizes, moved.sizes, strict=True):
            places = np.arange(steps)[:, None] * stride + taps
            if not ((places >= 0) & (places < size)).any(axis=1).all():
                return False
    return True


def pooling(net: Network, x: Value, random: Random) -> Value | None:
    if not _spatial(x):
        return None
    if random.one_in(6):
        op = random.pick(["GlobalAveragePool", "GlobalAveragePool", "GlobalMaxPool"])
        return net.make(op, [x], [*x.dims[:2], *[static(1)] * (x.rank - 2)], x.top)
    found = _window(x, random)
    if found is None:
        return None
    attributes, dims = found
    op = random.pick(["MaxPool", "AveragePool"])
    if op == "AveragePool":
        if not all(dim.is_static for dim in x.dims[2:]) and any(attributes["pads"]):
            return None  # The importer wants the sizes, to count what is averaged.
        attributes = {**attributes, "count_include_pad": random.range(0, 1)}
    elif not _meets_elements(x, attributes, dims):
        return None  # The maximum of nothing is infinite.
    return net.make(op, [x], [*x.dims[:2], *dims], x.top, **attributes)


def resize(net: Network, x: Value, random: Random) -> Value | None:
    if not _spatial(x) or x.elements * 4 > MOST:
        return None
    factors = [random.pick([1, 2, 2]) for _ in x.dims[2:]]
    scales = net.constant([1, 1, *factors])
    dims = [d.changed(f"*{f}", lambda s, f=f: s * f) if f > 1 else d for d, f in zip(x.dims[2:], factors, strict=True)]
    is_linear = x.rank == 4 and all(d.is_static for d in x.dims[2:]) and random.one_in(2)
    attributes = (
        {"mode": "linear", "coordinate_transformation_mode": random.pick(["half_pixel", "asymmetric"])}
        if is_linear
        else {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
    )
    return net.make("Resize", [x, "", scales], [*x.dims[:2], *dims], x.top, **attributes)
