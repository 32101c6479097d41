"""QuantizeLinear, DequantizeLinear, and the operators on integers that are defined by them.

An operator such as QLinearConv becomes what it stands for: its operands dequantized, the float operator, its result
quantized. Lowering makes integers of that again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import onnx

from ..body import Body
from ..broadcast import elementwise
from ..context import HANDLERS, Context, handles
from ..errors import Unsupported
from ..graph import Node
from ..quantized import Parameters, check_scales, code_range, is_small_float, write_dequantize, write_quantize
from ..values import CODES, Codes, Const, Tensor, Value, onnx_element_type
from .reduce import reduce_axes

_FLOAT = onnx.TensorProto.FLOAT


# -- parameters


def _scale(value: Value) -> np.ndarray | Tensor:
    if value.dtype != "f32":
        raise Unsupported(f"scale of element type {value.dtype}; float32 is expected")
    if isinstance(value, Const):
        check_scales(value.array)
        return value.array
    if not isinstance(value, Tensor) or any(d != 1 for d in value.logical):
        raise Unsupported("a scale that is computed for each channel; one of the run is a single number")
    return value


def _zero_point(ctx: Context, value: Value | None, like: np.ndarray | Tensor, dtype: str) -> np.ndarray | Tensor:
    """In i32. Not there: 0, for each scale."""
    shape = like.shape if isinstance(like, np.ndarray) else ()
    if value is None:
        return np.zeros(shape, np.int32)
    if value.dtype != dtype:
        raise Unsupported(f"zero point of element type {value.dtype} for elements of {dtype}")
    if isinstance(value, Tensor):
        if any(d != 1 for d in value.logical):
            raise Unsupported("a zero point that is computed for each channel; one of the run is a single number")
        extend = "arith.extui" if dtype.startswith("u") else "arith.extsi"
        kind = CODES[dtype].itemsize * 8
        return elementwise(
            ctx, [value], lambda b, v: b.emit(f"{extend} {v[0]} : i{kind} to i32"), "i32", f"{value.ssa[1:]}/i32"
        )
    assert isinstance(value, Const)
    known = value.array.astype(np.float32) if is_small_float(dtype) else value.array.astype(np.int32)
    if is_small_float(dtype) and (known != 0).any():
        raise Unsupported(f"zero point {known.reshape(-1)[0]} of elements of {dtype}; 0 is expected")
    steps = known.astype(np.int32)
    return np.broadcast_to(steps.reshape(()), shape) if steps.size == 1 else steps


def _parameters(
    ctx: Context,
    x: Value,
    dtype: str,
    scale_value: Value,
    zero_value: Value | None,
    axis: int = 1,
    block_size: int = 0,
) -> Parameters:
    scale = _scale(scale_value)
    zero = _zero_point(ctx, zero_value, scale, dtype)
    if isinstance(scale, Tensor) or isinstance(zero, Tensor):
        if isinstance(scale, np.ndarray) and scale.size == 1:
            scale = scale.reshape(())
        if isinstance(zero, np.ndarray) and zero.size == 1:
            zero = zero.reshape(())
        if not all(len(p.shape) == 0 for p in (scale, zero)):
            raise Unsupported("parameters of the run that are not scalars")
        return Parameters(scale, zero)
    if scale.size == 1:
        scale = np.broadcast_to(scale.reshape(()), zero.shape)
    rank, size = len(x.logical), scale.size
    if zero.shape != scale.shape:
        raise Unsupported(f"scale of shape {list(scale.shape)} with a zero point of shape {list(zero.shape)}")
    if size == 1 and not block_size:
        return Parameters(scale.reshape(()), zero.reshape(()))
    axis = ctx.axis(axis, rank)
    if not block_size:
        if scale.ndim != 1 or (isinstance(x.logical[axis], int) and x.logical[axis] != size):
            raise Unsupported(
                f"scale of shape {list(scale.shape)}; a number, or {x.logical[axis]} along axis {axis}, is expected"
            )
        return Parameters(scale, zero, axis=axis)
    expected = [-(-d // block_size) if k == axis and isinstance(d, int) else d for k, d in enumerate(x.logical)]
    if list(scale.shape) != expected:
        raise Unsupported(f"scale of shape {list(scale.shape)} for blocks of {block_size}; {expected} is expected")
    return Parameters(scale, zero, block=tuple(block_size if k == axis else 1 for k in range(rank)))


# -- the two operators


def dequantized(ctx: Context, x: Value, parameters: Parameters, name: str) -> Value:
    """(x - zero_point) * scale; a constant keeps its codes."""
    if isinstance(x, Const):
        if isinstance(parameters.scale, np.ndarray) and isinstance(parameters.zero_point, np.ndarray):
            scale, zero = parameters.spread(x.array.shape)
            codes = x.array
            if x.dtype == "i32":
                steps = codes.astype(np.int64) - zero
            else:
                steps = codes.astype(np.float32) - zero.astype(np.float32)
            floats = steps.astype(np.float32) * scale
            return Const(floats, x.name, None if x.dtype == "i32" else Codes(codes, scale, zero))
        x = ctx.materialize(x)
    x = ctx.materialize(x)
    if x.dtype != "i32":
        return write_dequantize(ctx, x, parameters, name)
    if not (isinstance(parameters.scale, np.ndarray) and isinstance(parameters.zero_point, np.ndarray)):
        raise Unsupported("int32 with parameters of the run")
    if parameters.block is not None or (parameters.zero_point != 0).any():
        raise Unsupported("int32 with a zero point or blocks; neither is defined for accumulators")
    shape = [1] * len(x.logical)
    if parameters.axis is not None:
        shape[parameters.axis] = parameters.scale.size
    scales = Const(np.ascontiguousarray(parameters.scale.reshape(shape)), f"{name}.scale")

    def build(b: Body, v: list[str]) -> str:
        return b.op("arith.mulf", b.cast(v[0], "i32", "f32"), v[1], dtype="f32")

    return elementwise(ctx, [x, scales], build, "f32", name)


def quantized(ctx: Context, x: Value, dtype: str, parameters: Parameters, saturate: bool, name: str) -> Value:
    """Rule N7 (N25 for small floats); a constant now."""
    known = isinstance(parameters.scale, np.ndarray) and isinstance(parameters.zero_point, np.ndarray)
    if isinstance(x, Const) and known and not is_small_float(dtype):
        scale, zero = parameters.spread(x.array.shape)
        low, high = code_range(dtype)
        with np.errstate(all="ignore"):
            steps = np.rint((x.array / scale).astype(np.float32)).astype(np.float64)
        steps = np.where(np.isnan(steps), 0.0, np.clip(steps, -(2.0**20), 2.0**20))
        return Const(np.clip(steps + zero, low, high).astype(np.int32).astype(CODES[dtype]), name)
    return write_quantize(ctx, ctx.materialize(x), dtype, parameters, saturate, name)


@handles("DequantizeLinear", "com.microsoft.DequantizeLinear")
def dequantize_linear(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    if x.dtype not in CODES and x.dtype != "i32":
        raise Unsupported(f"of element type {x.dtype}; a quantized type or int32 is expected")
    if node.attrs.get("output_dtype", _FLOAT) not in (0, _FLOAT):
        raise Unsupported("output_dtype is not float32")
    return dequantized(ctx, x, _node_parameters(ctx, node, x, x.dtype), node.outputs[0])


@handles("QuantizeLinear", "com.microsoft.QuantizeLinear")
def quantize_linear(ctx: Context, node: Node) -> Value:
    x = ctx.value(node, 0)
    if x.dtype != "f32":
        raise Unsupported(f"of element type {x.dtype}; float32 is expected")
    if node.attrs.get("precision", 0) not in (0, _FLOAT):
        raise Unsupported("precision is not that of float32")
    dtype = "ui8"
    if node.has_input(2):
        dtype = ctx.value(node, 2).dtype
    elif node.attrs.get("output_dtype", 0):
        dtype = onnx_element_type(node.attrs["output_dtype"])
    if dtype not in CODES:
        raise Unsupported(f"to element type {dtype}")
    parameters = _node_parameters(ctx, node, x, dtype)
    return quantized(ctx, x, dtype, parameters, bool(node.attrs.get("saturate", 1)), node.outputs[0])


def _node_parameters(ctx: Context, node: Node, x: Value, dtype: str) -> Parameters:
    zero = ctx.value(node, 2) if node.has_input(2) else None
    axis, block = int(node.attrs.get("axis", 1)), int(node.attrs.get("block_size", 0))
    return _parameters(ctx, x, dtype, ctx.value(node, 1), zero, axis, block)


@handles("DynamicQuantizeLinear")
def dynamic_quantize_linear(ctx: Context, node: Node) -> list[Value]:
    """y, and scale and zero point from the least and greatest element."""
    x = ctx.tensor(node, 0)
    y, scale_name, zero_name = (node.outputs + ["", ""])[:3]
    y = y or f"{node.name}/y"
    axes = list(range(len(x.shape)))
    least = reduce_axes(ctx, x, axes, "min", f"{y}/min")
    most = reduce_axes(ctx, x, axes, "max", f"{y}/max")

    def build_scale(b: Body, v: list[str]) -> str:
        zero = b.const(0.0)
        width = b.op("arith.subf", b.extreme("max", v[1], zero), b.extreme("min", v[0], zero))
        share = b.op("arith.divf", width, b.const(255.0))
        return b.select(b.compare("eq", width, zero), b.const(1.0), share)

    scale = elementwise(ctx, [least, most], build_scale, "f32", scale_name or f"{y}/scale")

    def build_zero(b: Body, v: list[str]) -> str:
        low = b.extreme("min", v[0], b.const(0.0))
        exact = b.op("arith.subf", b.const(0.0), b.op("arith.divf", low, v[1]))
        bounded = b.extreme("min", b.extreme("max", exact, b.const(0.0)), b.const(255.0))
        return b.emit(f"arith.fptosi {b.op('math.roundeven', bounded)} : f32 to i32")

    wide = elementwise(ctx, [least, scale], build_zero, "i32", f"{y}/zero_point")
    codes = write_quantize(ctx, x, "ui8", Parameters(scale, wide), True, y)
    narrow = elementwise(
        ctx, [wide], lambda b, v: b.emit(f"arith.trunci {v[0]} : i32 to i8"), "ui8", zero_name or f"{y}/zero"
    )
    return [codes, scale, narrow]


# -- operators on integers


def through_floats(ctx: Context, node: Node, x: Value) -> Value:
    """An operator that selects codes, such as a max-pool, on the floats of the same numbers, which is exact."""
    same = Parameters(np.array(1.0, np.float32), np.array(0, np.int32))
    result = _run(ctx, node, node.op, [dequantized(ctx, x, same, f"{node.outputs[0]}/codes")])
    return quantized(ctx, result, x.dtype, same, True, node.outputs[0])


def _run(ctx: Context, node: Node, op: str, inputs: Sequence[Value], attrs: dict[str, Any] | None = None) -> Value:
    """The float operator on values that have no name of their own."""
    names = []
    for k, value in enumerate(inputs):
        names.append(f"{node.outputs[0]}/operand{k}")
        ctx.values[names[-1]] = value
    made = replace(
        node, op=op, domain="", inputs=names, outputs=[f"{node.outputs[0]}/float"], attrs=attrs or dict(node.attrs)
    )
    found = HANDLERS[op](ctx, made)
    assert not isinstance(found, list)
    return found


def _operand(ctx: Context, node: Node, at: int, axis: int = 0) -> Value:
    """The value of inputs at, at + 1 (scale) and at + 2 (zero point)."""
    x = ctx.value(node, at)
    if x.dtype not in CODES:
        raise Unsupported(f"operand of element type {x.dtype}; a quantized type is expected")
    zero = ctx.value(node, at + 2) if node.has_input(at + 2) else None
    parameters = _parameters(ctx, x, x.dtype, ctx.value(node, at + 1), zero, axis)
    return dequantized(ctx, x, parameters, f"{node.outputs[0]}/input{at}")


def _result(ctx: Context, node: Node, value: Value, scale_at: int) -> Value:
    zero = ctx.value(node, scale_at + 1) if node.has_input(scale_at + 1) else None
    dtype = zero.dtype if zero else "ui8"
    parameters = _parameters(ctx, value, dtype, ctx.value(node, scale_at), zero)
    return quantized(ctx, value, dtype, parameters, True, node.outputs[0])


def _bias(ctx: Context, node: Node, at: int, a_scale: int, b_scale: int) -> Const:
    """int32 with the product of the scales."""
    bias = ctx.constant(node, at, "the bias")
    if bias.dtype != np.int32:
        raise Unsupported(f"bias of element type {bias.dtype}; int32 is expected")
    scales = ctx.constant(node, a_scale, "a scale"), ctx.constant(node, b_scale, "a scale")
    scale = np.asarray(scales[0].reshape(()) * scales[1].reshape(-1), np.float32)
    return Const(bias.astype(np.float32) * scale, node.inputs[at])


@handles("QLinearMatMul")
def qlinear_matmul(ctx: Context, node: Node) -> Value:
    a, b = _operand(ctx, node, 0), _operand(ctx, node, 3, axis=-1)
    return _result(ctx, node, _run(ctx, node, "MatMul", [a, b]), 6)


@handles("QLinearConv")
def qlinear_conv(ctx: Context, node: Node) -> Value:
    operands: list[Value] = [_operand(ctx, node, 0), _operand(ctx, node, 3)]
    if node.has_input(8):
        operands.append(_bias(ctx, node, 8, 1, 4))
    return _result(ctx, node, _run(ctx, node, "Conv", operands), 6)


@handles("com.microsoft.QGemm")
def qgemm(ctx: Context, node: Node) -> Value:
    if float(node.attrs.get("alpha", 1.0)) != 1.0:
        raise Unsupported("alpha is not 1")
    channels = 0 if node.attrs.get("transB", 0) else 1
    operands = [_operand(ctx, node, 0), _operand(ctx, node, 3, axis=channels)]
    if node.has_input(6):
        operands.append(_bias(ctx, node, 6, 1, 4))
    result = _run(ctx, node, "Gemm", operands)
    return _result(ctx, node, result, 7) if node.has_input(7) else result


@handles("com.microsoft.QLinearAdd", "com.microsoft.QLinearMul")
def qlinear_binary(ctx: Context, node: Node) -> Value:
    operands = [_operand(ctx, node, 0), _operand(ctx, node, 3)]
    return _result(ctx, node, _run(ctx, node, node.op.removeprefix("QLinear"), operands, {}), 6)


@handles("com.microsoft.QLinearSigmoid", "com.microsoft.QLinearLeakyRelu")
def qlinear_unary(ctx: Context, node: Node) -> Value:
    return _result(ctx, node, _run(ctx, node, node.op.removeprefix("QLinear"), [_operand(ctx, node, 0)]), 3)


@handles("com.microsoft.QLinearConcat")
def qlinear_concat(ctx: Context, node: Node) -> Value:
    """Inputs: scale and zero point of the result, then three for each operand."""
    parts = [_operand(ctx, node, at) for at in range(2, len(node.inputs), 3)]
    return _result(ctx, node, _run(ctx, node, "Concat", parts), 0)


@handles("MatMulInteger", "ConvInteger")
def integer_contraction(ctx: Context, node: Node) -> Value:
    """The accumulator as a float, which is what a Cast makes of it."""
    users = ctx.users[node.outputs[0]]
    if any(user.op != "Cast" or user.attrs.get("to") != _FLOAT for user in users):
        names = ", ".join(sorted({user.op for user in users}))
        raise Unsupported(f"the int32 result is read by {names}; a Cast to float32 is expected")
    one = Const(np.array(1.0, np.float32), "one")
    operands = []
    for at in (0, 1):
        x = ctx.value(node, at)
        zero = ctx.value(node, at + 2) if node.has_input(at + 2) else None
        axis = (len(x.logical) - 2 if at == 0 else -1) if node.op == "MatMulInteger" else 0
        parameters = _parameters(ctx, x, x.dtype, one, zero, axis)
        operands.append(dequantized(ctx, x, parameters, f"{node.outputs[0]}/input{at}"))
    return _run(ctx, node, node.op.removesuffix("Integer"), operands)


def refuse(reason: str) -> Callable[[Context, Node], Value]:
    def handler(ctx: Context, node: Node) -> Value:
        raise Unsupported(reason)

    return handler


handles("com.microsoft.MatMulNBits", "com.microsoft.QAttention", "com.microsoft.DynamicQuantizeMatMul")(
    refuse("a fused operator of ONNX Runtime; export the model with QuantizeLinear and DequantizeLinear instead")
)
