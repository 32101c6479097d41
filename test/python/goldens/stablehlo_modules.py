"""Writes a case of StableHLO in Lowbit's dialect, by the definitions of StableHLO's specification.

uniform_quantize and uniform_dequantize are `lowbit.quantize` and `lowbit.dequantize`; an elementwise operation on
quantized values is dequantize, the operation on floats, quantize; dot_general and convolution are `lowbit.contract`,
whose accumulators are what StableHLO calls i32 with the product of both scales; data movement moves the integers.

A value may have several forms, which have to agree: from i8 to i8, quantize after dequantize (what the specification
says) and requantize (what StableHLO computes); after a contraction, requantize behind it and in its region.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from modules import Affine, Format, Module, Value
from stablehlo import Case, Op, Quantized, Tensor
from stablehlo_loops import Contraction, convolution, dot_general, gather_lines

_SIGN = [
    "%zero = arith.constant 0.0 : f32",
    "%one = arith.constant 1.0 : f32",
    "%side = math.copysign %one, %x0 : f32",
    "%whole = arith.cmpf one, %x0, %zero : f32",
    "%y = arith.select %whole, %side, %x0 : f32",
]
_CBRT = [
    "%third = arith.constant 0x3EAAAAAB : f32",
    "%size = math.absf %x0 : f32",
    "%root = math.powf %size, %third : f32",
    "%y = math.copysign %root, %x0 : f32",
]
ELEMENTWISE = {
    "abs": ["%y = math.absf %x0 : f32"],
    "add": ["%y = arith.addf %x0, %x1 : f32"],
    "cbrt": _CBRT,
    "ceil": ["%y = math.ceil %x0 : f32"],
    "cosine": ["%y = math.cos %x0 : f32"],
    "divide": ["%y = arith.divf %x0, %x1 : f32"],
    "exponential": ["%y = math.exp %x0 : f32"],
    "exponential_minus_one": ["%y = math.expm1 %x0 : f32"],
    "floor": ["%y = math.floor %x0 : f32"],
    "log": ["%y = math.log %x0 : f32"],
    "log_plus_one": ["%y = math.log1p %x0 : f32"],
    "multiply": ["%y = arith.mulf %x0, %x1 : f32"],
    "negate": ["%y = arith.negf %x0 : f32"],
    "round_nearest_afz": ["%y = math.round %x0 : f32"],
    "sign": _SIGN,
    "sine": ["%y = math.sin %x0 : f32"],
    "sqrt": ["%y = math.sqrt %x0 : f32"],
    "subtract": ["%y = arith.subf %x0, %x1 : f32"],
    "tanh": ["%y = math.tanh %x0 : f32"],
}


@dataclass(frozen=True)
class Accumulator:
    """The i32 result of a contraction, and how to compute it again with an epilogue."""

    value: Value
    fused: Callable[[Format, str], Value]


@dataclass(frozen=True)
class Golden:
    """What a result has to be. `sources` are the results that hold the floats that were quantized on the way to it,
    element by element."""

    array: np.ndarray
    sources: tuple[str, ...]


class Builder:
    def __init__(self, case: Case, module: Module) -> None:
        self.case = case
        self.module = module
        self.types: dict[str, Tensor] = {}
        self.constants: dict[str, np.ndarray] = {}
        self.forms: dict[str, list[Value]] = {}
        self.accumulators: dict[str, Accumulator] = {}
        self.definitions: dict[str, Op] = {}
        self.sources: list[Value] = []
        self.expected: dict[str, Golden] = {}

    def build(self) -> dict[str, Golden]:
        for op in self.case.ops:
            self._visit(op)
            if op.result:
                self.types[op.result] = op.type
                self.definitions[op.result] = op
        if not self.expected:
            raise ValueError(f"{self.case.name} checks nothing")
        return self.expected

    def _visit(self, op: Op) -> None:
        if op.name == "constant":
            assert op.result and op.value is not None
            self.constants[op.result] = op.value
            return
        if op.name.startswith("check."):
            self._check(op)
            return
        assert op.result
        if op.name in ("convolution", "dot_general"):
            self.accumulators[op.result] = self._contract(op)
        elif op.name == "uniform_quantize" and op.operands[0] in self.accumulators:
            self.forms[op.result] = self._leave(op)
        elif op.name in ELEMENTWISE:
            self.forms[op.result] = [self._elementwise(op)]
        else:
            visitor = getattr(self, "_" + op.name, None)
            if visitor is None:
                raise ValueError(f"{op.name} is not known")
            self.forms[op.result] = visitor(op)

    def _inputs(self, name: str) -> list[Value]:
        if name not in self.forms:
            self.forms[name] = [self.module.argument(self.constants[name])]
        return self.forms[name]

    # Quantization.

    def _uniform_quantize(self, op: Op) -> list[Value]:
        target = op.type.quantized
        results = []
        for x in self._inputs(op.operands[0]):
            if isinstance(x.element, str):
                results.append(self._quantize(x, target))
                continue
            source = op.inputs[0].quantized
            results.append(self._quantize(self._dequantize(x, source), target))
            if source.axis is None and target.axis is None:
                scale = np.float32(source.scales[0] / target.scales[0])
                attributes = _requantize(scale, target) + f", input_zero_point = {source.zero_points[0]} : i32"
                results.append(self.module.requantize(x, affine(target), attributes))
        return results

    def _uniform_dequantize(self, op: Op) -> list[Value]:
        return [self._dequantize(x, op.inputs[0].quantized) for x in self._inputs(op.operands[0])]

    def _quantize(self, x: Value, target: Quantized) -> Value:
        self.sources.append(x)
        return self.module.quantize(x, affine(target), *parameters(target))

    def _dequantize(self, q: Value, source: Quantized) -> Value:
        return self.module.dequantize(q, *parameters(source))

    def _leave(self, op: Op) -> list[Value]:
        """From accumulators: a requantize behind the contraction, and one within it."""
        source, target = op.inputs[0].quantized, op.type.quantized
        accumulator = self.accumulators[op.operands[0]]
        attributes = _requantize(np.float32(source.scales[0] / target.scales[0]), target)
        return [
            self.module.requantize(accumulator.value, affine(target), attributes),
            accumulator.fused(affine(target), attributes),
        ]

    def _bitcast_convert(self, op: Op) -> list[Value]:
        if isinstance(op.type.element, Quantized):
            return [self.module.quantized(x, affine(op.type.element)) for x in self._inputs(op.operands[0])]
        return [self.module.storage(x) for x in self._inputs(op.operands[0])]

    # Arithmetic.

    def _elementwise(self, op: Op) -> Value:
        """The first forms: where there are more, they have been or will be held against the same constant."""
        floats = [
            self._dequantize(self._inputs(name)[0], kind.quantized)
            for name, kind in zip(op.operands, op.inputs, strict=True)
        ]
        return self._quantize(self.module.elementwise(floats, ELEMENTWISE[op.name]), op.type.quantized)

    def _contract(self, op: Op) -> Accumulator:
        (lhs,), (rhs,) = map(self._inputs, op.operands)
        sides = [kind.quantized for kind in op.inputs]
        zero_points = (sides[0].zero_points[0], sides[1].zero_points[0])
        plan = (convolution if op.name == "convolution" else dot_general)(op)
        self._require_exact_scale(op, plan)
        left = self._moved(lhs, lambda x: plan.left(self.module, x, zero_points[0]))
        right = self._moved(rhs, lambda x: plan.right(self.module, x))

        def contract(epilogue: tuple[Format, list[str]] | None) -> Value:
            value = self.module.contract(plan.maps, plan.iterators, (left, right), zero_points, plan.shape, epilogue)
            return self._moved(value, lambda x: self.module.reshape(x, op.type.shape))

        def fused(target: Format, attributes: str) -> Value:
            return contract((target, [f"%y = lowbit.requantize %acc {{{attributes}}} : i32 -> {target}"]))

        return Accumulator(contract(None), fused)

    def _require_exact_scale(self, op: Op, plan: Contraction) -> None:
        """Our accumulators are StableHLO's i32 only where its scale is the product, to the last unit of any sum."""
        left, right = (kind.quantized for kind in op.inputs)
        result = op.type.quantized
        if (result.storage, result.zero_points, result.axis) != ("i32", (0,), None) or left.axis or right.axis:
            raise ValueError(f"{op.name} of {left} and {right} to {result}")
        largest = plan.depth * (left.high - left.low) * (right.high - right.low)
        if largest * abs(left.scales[0] * right.scales[0] / result.scales[0] - 1) >= 0.5 or largest >= 1 << 31:
            raise ValueError(f"{op.name}: the scale {result.scales[0]} is not {left.scales[0]} * {right.scales[0]}")

    # Data movement: of the integers.

    def _moved(self, x: Value, move: Callable[[Value], Value]) -> Value:
        if isinstance(x.element, str):
            return move(x)
        return self.module.quantized(move(self.module.storage(x)), x.element)

    def _transpose(self, op: Op) -> list[Value]:
        match = re.fullmatch(r"dims = (\[.*\])", op.attributes)
        assert match, op.attributes
        order = ast.literal_eval(match[1])
        return [self._moved(x, lambda v: self.module.transpose(v, order)) for x in self._inputs(op.operands[0])]

    def _reshape(self, op: Op) -> list[Value]:
        shape = op.type.shape
        return [self._moved(x, lambda v: self.module.reshape(v, shape)) for x in self._inputs(op.operands[0])]

    def _concatenate(self, op: Op) -> list[Value]:
        match = re.fullmatch(r"dim = (\d+)", op.attributes)
        assert match, op.attributes
        return [self.module.concatenate([self._inputs(name)[0] for name in op.operands], int(match[1]))]

    def _gather(self, op: Op) -> list[Value]:
        source, indices = (self._inputs(name)[0] for name in op.operands)

        def move(x: Value) -> Value:
            assert isinstance(x.element, str)
            return self.module.generic([], [], op.type.shape, x.element, gather_lines(op, x, indices))

        return [self._moved(source, move)]

    # Checks.

    def _check(self, op: Op) -> None:
        if op.name == "check.eq":
            constant, name = op.operands
            wanted = self.constants[constant]
        else:
            (name,) = op.operands
            assert op.value is not None
            wanted = op.value
        producer = self.definitions[name]
        dequantized = producer.name == "uniform_dequantize"
        integers = integers_of(wanted, producer.inputs[0].quantized) if dequantized else None
        for index, value in enumerate(self._inputs(name)):
            label = f"{self.case.name}:{name}.{index}"
            self._expect(label, value, wanted)
            if integers is not None:
                self._expect(f"{label}.integers", self._inputs(producer.operands[0])[index], integers)

    def _expect(self, label: str, value: Value, wanted: np.ndarray) -> None:
        self.module.result(label, value)
        sources = []
        for number, source in enumerate(self.sources):
            if source.shape == value.shape:
                sources.append(f"{self.case.name}:source{number}")
                if sources[-1] not in self.module.results:
                    self.module.result(sources[-1], source)
        array = wanted if wanted.dtype == np.float32 else wanted.astype(np.int32)
        self.expected[label] = Golden(array, tuple(sources))


def affine(kind: Quantized) -> Affine:
    return Affine(kind.storage, kind.low, kind.high, kind.axis)


def parameters(kind: Quantized) -> tuple[np.ndarray, np.ndarray]:
    """Scales in f32, as StableHLO has them, and zero points."""
    scales, zeros = np.array(kind.scales, np.float32), np.array(kind.zero_points, np.int32)
    return (scales, zeros) if kind.axis is not None else (scales.reshape(()), zeros.reshape(()))


def _requantize(scale: np.float32, target: Quantized) -> str:
    bits = f"0x{int(np.float32(scale).view(np.uint32)):08X}"
    return f"scale = dense<{bits}> : tensor<f32>, zero_point = dense<{target.zero_points[0]}> : tensor<i32>"


def integers_of(floats: np.ndarray, kind: Quantized) -> np.ndarray:
    """The integers that dequantize to exactly these floats; an error where there are none."""
    scale, zero = parameters(kind)
    if kind.axis is not None:
        spread = [1] * floats.ndim
        spread[kind.axis] = -1
        scale, zero = scale.reshape(spread), zero.reshape(spread)
    integers = np.rint(floats.astype(np.float64) / scale.astype(np.float64)) + zero
    exact = ((integers - zero).astype(np.float32) * scale == floats) & (integers >= kind.low) & (integers <= kind.high)
    if not exact.all():
        raise ValueError(f"{np.count_nonzero(~exact)} values such as {floats[~exact][0]} are not on the grid of {kind}")
    return integers.astype(np.int32)
