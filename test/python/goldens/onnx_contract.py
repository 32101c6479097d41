"""MatMulInteger, ConvInteger, QLinearMatMul and QLinearConv, and the same in Lowbit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from modules import Affine, Module, Value
from onnx_reference import Build, Case, codes_argument, codes_of, evaluate, format_of, range_of

PAIRS = [("uint8", "int8"), ("uint8", "uint8"), ("int8", "int8"), ("int8", "uint8")]
MATMUL = (("d0", "d2"), ("d2", "d1"), ("d0", "d1"))
# (input, weights, attributes) of convolutions.
CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
    ((2, 3, 7, 6), (4, 3, 3, 2), {}),
    ((1, 3, 8, 8), (5, 3, 3, 3), {"pads": [1, 2, 0, 1], "strides": [2, 1]}),
    ((1, 2, 9, 9), (3, 2, 3, 3), {"dilations": [2, 3], "pads": [1, 1, 1, 1]}),
    ((2, 6, 5, 5), (4, 3, 2, 2), {"group": 2}),
    ((1, 4, 6, 6), (4, 1, 3, 3), {"group": 4, "pads": [1, 1, 1, 1]}),
]


def random_codes(random: np.random.Generator, kind: str, shape: Sequence[int]) -> np.ndarray:
    """The whole range, its ends often."""
    low, high = range_of(kind)
    codes = random.integers(low, high + 1, shape)
    ends = random.random(shape)
    codes = np.where(ends < 0.05, low, np.where(ends > 0.95, high, codes))
    return codes.astype(kind)


def codes_near(random: np.random.Generator, zero: np.ndarray, shape: Sequence[int]) -> np.ndarray:
    """Codes of small real values, so that results do not saturate."""
    low, high = range_of(zero.dtype.name)
    return np.clip(int(zero) + random.integers(-9, 10, shape), low, high).astype(zero.dtype)


def random_zero(random: np.random.Generator, kind: str, shape: tuple[int, ...] = ()) -> np.ndarray:
    low, high = range_of(kind)
    return np.asarray(random.integers(low, high + 1, shape)).astype(kind)


def matmul(case: Case, a: np.ndarray, b: np.ndarray, za: np.ndarray, zb: np.ndarray) -> Value:
    """Accumulators; b may have a zero point a column."""
    format_a, format_b = format_of(a.dtype.name), format_of(b.dtype.name, axis=1 if zb.ndim else None)
    operands = codes_argument(case.module, a, format_a), codes_argument(case.module, b, format_b)
    return case.module.contract(MATMUL, "ppr", operands, (za, zb), (a.shape[0], b.shape[1]))


def matmul_integer(kinds: tuple[str, str], per_column: bool) -> Build:
    def build(case: Case) -> None:
        random = np.random.default_rng(1)
        for m, k, n in ((1, 1, 1), (5, 17, 3), (4, 300, 9)):
            a, b = random_codes(random, kinds[0], (m, k)), random_codes(random, kinds[1], (k, n))
            za, zb = random_zero(random, kinds[0]), random_zero(random, kinds[1], (n,) if per_column else ())
            (reference,) = evaluate("MatMulInteger", [a, b, za, zb])
            case.expect(f"{m}x{k}x{n}", matmul(case, a, b, za, zb), reference)

    return build


def convolve(
    case: Case,
    x: np.ndarray,
    w: np.ndarray,
    zx: np.ndarray,
    zw: np.ndarray,
    attributes: dict[str, Any],
    shape: tuple[int, ...],
) -> Value:
    """Accumulators of an NCHW convolution of groups, padded with the zero point."""
    module = case.module
    groups = attributes.get("group", 1)
    stride, dilation = attributes.get("strides", [1, 1]), attributes.get("dilations", [1, 1])
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    format_x = format_of(x.dtype.name)
    plain = module.storage(codes_argument(module, x, format_x))
    plain = module.spread(plain, [0, 0, top, left], [0, 0, bottom, right], [1] * 4, int(zx))
    plain = module.reshape(plain, [x.shape[0], groups, x.shape[1] // groups, *plain.shape[2:]])
    weights = codes_argument(module, w, format_of(w.dtype.name))
    grouped = module.reshape(module.storage(weights), [groups, w.shape[0] // groups, *w.shape[1:]])
    # Loops: image, group, channel out, row, column; channel in, row and column of the window.
    maps = (
        ("d0", "d1", "d5", f"d3 * {stride[0]} + d6 * {dilation[0]}", f"d4 * {stride[1]} + d7 * {dilation[1]}"),
        ("d1", "d2", "d5", "d6", "d7"),
        ("d0", "d1", "d2", "d3", "d4"),
    )
    operands = module.quantized(plain, format_x), module.quantized(grouped, format_of(w.dtype.name))
    split = (shape[0], groups, shape[1] // groups, *shape[2:])
    return module.reshape(module.contract(maps, "ppppprrr", operands, (zx, zw), split), shape)


def conv_integer(kinds: tuple[str, str]) -> Build:
    def build(case: Case) -> None:
        random = np.random.default_rng(2)
        for index, (size, window, attributes) in enumerate(CONVOLUTIONS):
            x, w = random_codes(random, kinds[0], size), random_codes(random, kinds[1], window)
            zx, zw = random_zero(random, kinds[0]), random_zero(random, kinds[1])
            (reference,) = evaluate("ConvInteger", [x, w, zx, zw], **attributes)
            case.expect(f"{index}", convolve(case, x, w, zx, zw, attributes, reference.shape), reference)

    return build


def requantized(case: Case, name: str, sums: Value, exact: np.ndarray, reference: np.ndarray, to: Output) -> None:
    """A requantize after the accumulators, and N14 by numpy.

    The evaluator multiplies in double, adds the zero point and rounds then; N14 multiplies in float and rounds before
    the zero point. So they may differ where the double product is near a tie (a float product, and the float of an
    accumulator, are each off by 2^-24 of it), and where it is a tie and the zero point is odd.
    """
    product = exact.astype(np.float32) * to.scale
    low, high = range_of(to.kind)
    wanted = np.clip(np.rint(product).astype(np.float64) + to.zero, low, high).astype(np.int32)
    double = exact * to.scale.astype(np.float64)
    apart = np.abs(np.abs(double - np.floor(double)) - 0.5) <= np.abs(double) * 2.0**-22
    case.expect(name, case.module.requantize(sums, to.format, to.attributes()), codes_of(reference), wanted, apart)


class Output:
    """The scale, or scales along `axis`, and the zero point of a result."""

    def __init__(self, kind: str, scale: np.ndarray, zero: int, axis: int | None, rank: int) -> None:
        self.kind, self.zero, self.axis = kind, zero, axis
        self.flat = scale
        self.scale = scale if axis is None else scale.reshape([-1 if i == axis else 1 for i in range(rank)])
        format = format_of(kind)
        assert isinstance(format, Affine)
        self.format = format

    def attributes(self) -> str:
        bits = ", ".join(f"0x{int(b):08X}" for b in np.atleast_1d(self.flat).view(np.uint32))
        shape = "" if self.axis is None else f"{self.flat.size}x"
        text = f"dense<[{bits}]>" if shape else f"dense<{bits}>"
        axis = "" if self.axis is None else f"axis = {self.axis}, "
        return f"{axis}scale = {text} : tensor<{shape}f32>, zero_point = dense<{self.zero}> : tensor<i32>"


def scales_of(random: np.random.Generator, exact: bool, count: int | None) -> tuple[np.ndarray, ...]:
    """Scales of a, b and y: random ones, or powers of two, which make many exact ties. `count` scales of b."""
    a = np.float32(2.0**-6 if exact else random.uniform(0.001, 0.1))
    shape = () if count is None else (count,)
    b = 2.0 ** random.integers(-3, 0, shape) if exact else random.uniform(0.001, 0.1, shape)
    y = np.float32(2.0**-5 if exact else random.uniform(0.2, 3.0))
    return np.asarray(a), np.asarray(b).astype(np.float32), np.asarray(y)


def qlinear_matmul(kinds: tuple[str, str], per_column: bool) -> Build:
    def build(case: Case) -> None:
        random = np.random.default_rng(4)
        for index, (m, k, n) in enumerate([(1, 1, 1), (16, 17, 12), (20, 64, 12), (20, 5, 12)]):
            za, zb = random_zero(random, kinds[0]), random_zero(random, kinds[1])
            ties = index % 2 == 1
            if ties:
                a, b = codes_near(random, za, (m, k)), codes_near(random, zb, (k, n))
            else:
                a, b = random_codes(random, kinds[0], (m, k)), random_codes(random, kinds[1], (k, n))
            sa, sb, sy = scales_of(random, ties, n if per_column else None)
            kind = kinds[index % 2]
            zy = random_zero(random, kind) | np.asarray(1).astype(kind)
            (reference,) = evaluate("QLinearMatMul", [a, sa, za, b, sb, zb, sy, zy])
            exact = (a.astype(np.int64) - za) @ (b.astype(np.int64) - zb)
            to = Output(kind, np.asarray(sa * sb / sy), int(zy), 1 if per_column else None, 2)
            requantized(case, f"{index}", matmul(case, a, b, za, zb), exact, reference, to)

    return build


def qlinear_conv(kinds: tuple[str, str], per_channel: bool) -> Build:
    """With an i32 bias, which is added to the accumulators."""

    def build(case: Case) -> None:
        random = np.random.default_rng(5)
        for index, (size, window, attributes) in enumerate(CONVOLUTIONS):
            zx, zw = random_zero(random, kinds[0]), random_zero(random, kinds[1])
            ties = index % 2 == 1
            if ties:
                x, w = codes_near(random, zx, size), codes_near(random, zw, window)
            else:
                x, w = random_codes(random, kinds[0], size), random_codes(random, kinds[1], window)
            sx, sw, sy = scales_of(random, ties, window[0] if per_channel else None)
            zy = random_zero(random, kinds[0]) | np.asarray(1).astype(kinds[0])
            largest = 20 if ties else 1 << 15
            bias = random.integers(-largest, largest, window[0]).astype(np.int32)
            (reference,) = evaluate("QLinearConv", [x, sx, zx, w, sw, zw, sy, zy, bias], **attributes)
            (exact,) = evaluate("ConvInteger", [x, w, zx, zw], **attributes)
            exact = exact + bias.reshape(-1, 1, 1)
            sums = convolve(case, x, w, zx, zw, attributes, exact.shape)
            sums = add_bias(case.module, sums, bias)
            to = Output(kinds[0], np.asarray(sx * sw / sy), int(zy), 1 if per_channel else None, 4)
            requantized(case, f"{index}", sums, exact, reference, to)

    return build


def add_bias(module: Module, sums: Value, bias: np.ndarray) -> Value:
    maps = [("d0", "d1", "d2", "d3"), ("d1",)]
    lines = ["%y = arith.addi %x0, %x1 : i32"]
    return module.generic([sums, module.argument(bias)], maps, sums.shape, "i32", lines)
