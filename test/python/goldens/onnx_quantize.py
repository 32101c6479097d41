"""QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear and Cast, and the same in Lowbit."""

from __future__ import annotations

import numpy as np
from modules import Module, Value
from onnx_reference import (
    FLOATS,
    INTEGERS,
    Build,
    Case,
    codes_argument,
    codes_of,
    dtype_of,
    evaluate,
    extremes,
    format_of,
    onnx_type,
    range_of,
    shaped,
)

GRANULARITIES = ("tensor", "axis", "block")
# The largest value of each small float, and the code that NaN becomes (N25).
LARGEST = {"float8e4m3fn": 448.0, "float8e5m2": 57344.0, "float4e2m1": 6.0}
NAN_CODE = {"float8e4m3fn": 0x7F, "float8e5m2": 0x7F, "float4e2m1": 0x7}
BLOCK = 4  # of 8 elements along axis 1


def parameters(kind: str, granularity: str, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scales, powers of two among them so that ties are exact, and zero points: ends of the range among them."""
    random = np.random.default_rng(seed)
    shape = {"tensor": (), "axis": (8,), "block": (3, 2)}[granularity]
    scales = np.exp(random.normal(-2, 2, shape)).astype(np.float32)
    exact = np.float32(2.0) ** random.integers(-6, 3, shape).astype(np.float32)
    scales = np.where(random.random(shape) < 0.5, scales, exact).astype(np.float32)
    if kind in FLOATS:
        return scales, np.zeros(shape, dtype_of(kind))
    low, high = range_of(kind)
    zeros = random.integers(low, high + 1, shape)
    if zeros.size > 2:
        zeros.flat[:2] = (low, high)
    return scales, np.asarray(zeros).astype(dtype_of(kind))


def attributes(granularity: str) -> dict[str, int]:
    return {"tensor": {}, "axis": {"axis": 1}, "block": {"axis": 1, "block_size": BLOCK}}[granularity]


def spread(parameter: np.ndarray, granularity: str) -> np.ndarray:
    """The parameter of each element of a [3, 8, n]: for blocks there is n = 1."""
    if granularity == "tensor":
        return parameter
    if granularity == "axis":
        return parameter.reshape(1, 8, 1)
    return np.repeat(parameter, BLOCK, axis=1)


def lowbit_format(kind: str, granularity: str) -> tuple[int | None, tuple[int, ...] | None]:
    return {"tensor": (None, None), "axis": (1, None), "block": (None, (1, BLOCK))}[granularity]


def values(kind: str, granularity: str, scales: np.ndarray, seed: int) -> np.ndarray:
    """[3, 8, n] or, for blocks, [3, 8]: extremes around each scale."""
    low, high = (-LARGEST[kind], LARGEST[kind]) if kind in FLOATS else range_of(kind)
    base = extremes(1.0, low, high, seed)
    if granularity == "block":
        base = np.random.default_rng(seed).choice(base, (3, 8))
    else:
        base = shaped(base, 3, 8, -1)
    with np.errstate(all="ignore"):
        return (base * spread(scales, granularity)).astype(np.float32)


def quantize_linear(kind: str, granularity: str, rounds: int = 3) -> Build:
    def build(case: Case) -> None:
        for seed in range(rounds if granularity != "block" else 12):
            scales, zeros = parameters(kind, granularity, seed)
            x = values(kind, granularity, scales, seed)
            for saturate in (1, 0) if kind in FLOATS and kind != "float4e2m1" else (1,):
                known = attributes(granularity) | ({} if saturate else {"saturate": 0})
                if kind in FLOATS:
                    (reference,) = evaluate("QuantizeLinear", [x, scales], output_dtype=onnx_type(kind), **known)
                else:
                    (reference,) = evaluate("QuantizeLinear", [x, scales, zeros], **known)
                format = format_of(kind, *lowbit_format(kind, granularity))
                affine = kind in INTEGERS
                q = case.module.quantize(
                    case.module.argument(x),
                    format,
                    scales,
                    zeros.astype(np.int32) if affine else None,
                    "" if saturate else "saturate = false",
                )
                with np.errstate(all="ignore"):
                    quotient = x / spread(scales, granularity)
                rule = by_n7 if affine else by_n25
                wanted, apart = rule(kind, quotient, spread(zeros, granularity), codes_of(reference))
                case.expect(f"{kind} {granularity} {seed} {saturate}", q, codes_of(reference), wanted, apart)

    return build


def by_n7(kind: str, quotient: np.ndarray, zeros: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """NaN and what no i32 holds: the evaluator's conversion to i32 is undefined for these."""
    low, high = range_of(kind)
    zeros = np.broadcast_to(zeros.astype(np.int32), quotient.shape)
    rounded = np.rint(quotient).astype(np.float64)
    nan = np.isnan(quotient)
    apart = nan | (np.abs(rounded) >= 2.0**31 - (1 << 16))
    ends = np.where(rounded > 0, high, low)
    wanted = np.where(apart, np.where(nan, zeros, ends), reference)
    return wanted.astype(np.int32), apart


def by_n25(kind: str, quotient: np.ndarray, zeros: np.ndarray, reference: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """NaN has one code: the evaluator keeps its sign, or has none that the format says."""
    nan = np.isnan(quotient)
    return np.where(nan, NAN_CODE[kind], reference).astype(np.int32), nan


def dequantize_linear(kind: str, granularity: str, rounds: int = 2) -> Build:
    def build(case: Case) -> None:
        width = int(format_of(kind).plain[1:])
        for seed in range(rounds):
            scales, zeros = parameters(kind, granularity, seed)
            bits = np.arange(1 << min(width, 8), dtype=np.uint8)
            if width == 16:
                random = np.random.default_rng(seed)
                bits = random.integers(0, 1 << 16, 512, dtype=np.uint16)
                bits[:4] = (0, 0x7FFF, 0x8000, 0xFFFF)
            bits = np.random.default_rng(seed).permutation(bits)
            bits = shaped(bits, 3, 8) if granularity == "block" else shaped(bits, 3, 8, -1)
            codes = with_codes(kind, bits)
            (reference,) = evaluate("DequantizeLinear", [codes, scales, zeros], **attributes(granularity))
            format = format_of(kind, *lowbit_format(kind, granularity))
            q = codes_argument(case.module, bits, format)
            zero = zeros.astype(np.int32) if kind in INTEGERS else None
            case.expect(f"{kind} {granularity} {seed}", case.module.dequantize(q, scales, zero), reference)

    return build


def with_codes(kind: str, bits: np.ndarray) -> np.ndarray:
    """An array of the type whose elements have these bits."""
    dtype = dtype_of(kind)
    if dtype in (np.int8, np.int16, np.uint8, np.uint16) or kind in FLOATS:
        return bits.view(dtype)
    low, high = range_of(kind)
    number = bits.astype(np.int32)
    return np.where(number > high, number - (high - low + 1), number).astype(dtype)


def cast_to_float(kind: str, saturate: int) -> Build:
    """Cast of f32 to a small float: a quantize with scale 1."""

    def build(case: Case) -> None:
        x = extremes(1.0, -LARGEST[kind], LARGEST[kind], 7, 2000)
        step = np.float32(2.0) ** np.arange(-18, 17, dtype=np.float32)
        x = np.concatenate([x, *(step * np.float32(k) for k in (1.0625, 1.125, 1.25, 1.5, 1.75, -1.375, -1.625))])
        (reference,) = evaluate("Cast", [x], to=onnx_type(kind), saturate=saturate)
        known = "" if saturate else "saturate = false"
        q = case.module.quantize(case.module.argument(x), format_of(kind), np.ones((), np.float32), None, known)
        wanted, apart = by_n25(kind, x, np.zeros(()), codes_of(reference))
        case.expect(f"{kind} {saturate}", q, codes_of(reference), wanted, apart)

    return build


def cast_to_integer(kind: str) -> Build:
    """Cast of f32 to an integer cuts the fraction off: a quantize with scale 1 that rounds toward zero. What is out of
    range is undefined in ONNX, and saturates here."""

    def build(case: Case) -> None:
        low, high = range_of(kind)
        x = extremes(1.0, low, high, 9)
        x = np.concatenate([x, np.array([low - 0.999, high + 0.999, -0.999, 0.999], np.float32)])
        (reference,) = evaluate("Cast", [x], to=onnx_type(kind))
        q = case.module.quantize(
            case.module.argument(x),
            format_of(kind),
            np.ones((), np.float32),
            np.zeros((), np.int32),
            "rounding = #lowbit.rounding<toward_zero>",
        )
        with np.errstate(invalid="ignore"):
            cut = np.trunc(x)
        apart = ~((cut >= low) & (cut <= high))
        ends = np.where(np.isnan(x), 0, np.where(cut > 0, high, low))
        wanted = np.where(apart, ends, codes_of(reference)).astype(np.int32)
        case.expect(kind, q, codes_of(reference), wanted, apart)

    return build


def cast_from(kind: str) -> Build:
    """Cast of every code to f32: a dequantize with scale 1."""

    def build(case: Case) -> None:
        bits = np.arange(1 << int(format_of(kind).plain[1:]), dtype=np.uint8)
        (reference,) = evaluate("Cast", [with_codes(kind, bits)], to=onnx_type("float"))
        zero = np.zeros((), np.int32) if kind in INTEGERS else None
        q = codes_argument(case.module, bits, format_of(kind))
        case.expect(kind, case.module.dequantize(q, np.ones((), np.float32), zero), reference)

    return build


def cast_from_e8m0(case: Case) -> None:
    """Cast of E8M0 to f32, in the one place where E8M0 occurs: as the scale of blocks, here of one 1.0 each."""
    codes = np.arange(255, dtype=np.uint8)  # 255 is NaN, which is no legal scale
    (reference,) = evaluate("Cast", [codes.view(dtype_of("float8e8m0"))], to=onnx_type("float"))
    format = "!lowbit.float<f4E2M1FN, block = [1], scale = f8E8M0FNU>"
    ones = case.module.argument(np.full(255, 2, np.int8))
    ones = case.module.elementwise([ones], ["%y = arith.trunci %x0 : i8 to i4"], "i4")
    cast = f"lowbit.storage_cast {ones.name} : {ones.type} to tensor<255x{format}>"
    q = case.module.emit(ones.shape, format, cast)
    scale = f'dense<"0x{codes.tobytes().hex()}"> : tensor<255xf8E8M0FNU>'
    text = f"lowbit.dequantize {q.name} {{scale = {scale}}} : {q.type} -> tensor<255xf32>"
    case.expect("float8e8m0", case.module.emit(ones.shape, "f32", text), reference)


def dynamic_quantize_linear(case: Case) -> None:
    """The formula of ONNX on the extremes that a reduction finds, into a quantize with run-time parameters."""
    random = np.random.default_rng(3)
    data = [random.normal(size=50) * 10.0**k for k in range(-6, 7, 2)]
    data += [np.zeros(5), np.abs(random.normal(size=9)), -np.abs(random.normal(size=9)), np.arange(-127.5, 129)]
    data += [np.array([1e-45, 0, -1e-45]) * 255, np.array([3e38, 0]), np.array([7.0])]
    for index, array in enumerate(data):
        x = array.astype(np.float32)
        y, scale, zero = evaluate("DynamicQuantizeLinear", [x], 3)
        given = case.module.argument(x)
        scale_value, zero_value = onnx_parameters(case.module, given)
        q = case.module.quantize(given, format_of("uint8"), scale_value, zero_value)
        case.expect(f"{index} y", q, codes_of(y))
        case.expect(f"{index} scale", scale_value, scale)
        case.expect(f"{index} zero point", zero_value, codes_of(zero))


def onnx_parameters(module: Module, x: Value) -> tuple[Value, Value]:
    extremes_ = []
    for op in ("arith.maximumf", "arith.minimumf"):
        zero = module.emit((), "f32", "arith.constant dense<0.0> : tensor<f32>")
        maps = "affine_map<(d0) -> (d0)>, affine_map<(d0) -> ()>"
        text = (
            f'linalg.generic {{indexing_maps = [{maps}], iterator_types = ["reduction"]}} ins({x.name} : {x.type}) '
            f"outs({zero.name} : tensor<f32>) {{\n  ^bb0(%x0: f32, %o: f32):\n    %y = {op} %x0, %o : f32\n"
            "    linalg.yield %y : f32\n  } -> tensor<f32>"
        )
        extremes_.append(module.emit((), "f32", text))
    steps, one = "%n = arith.constant 255.0 : f32", "%one = arith.constant 1.0 : f32"
    width = ["%w = arith.subf %x0, %x1 : f32", "%e = arith.cmpf oeq, %x0, %x1 : f32"]
    lines = [steps, one, *width, "%v = arith.select %e, %one, %w : f32", "%y = arith.divf %v, %n : f32"]
    scale = module.elementwise(extremes_, lines)
    lines = ["%z = arith.constant 0.0 : f32", steps, "%d = arith.divf %x0, %x1 : f32", "%m = arith.subf %z, %d : f32"]
    lines += ["%h = arith.minimumf %n, %m : f32", "%c = arith.maximumf %z, %h : f32", "%r = math.roundeven %c : f32"]
    zero_point = module.elementwise([extremes_[1], scale], [*lines, "%y = arith.fptosi %r : f32 to i32"], "i32")
    return scale, zero_point
