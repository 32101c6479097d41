"""ONNX's own reference evaluator against modules of the same meaning, compiled and interpreted: exactly.

Where the evaluator and docs/numerics.md differ on purpose (docs/goldens.md says where and why), the case names those
elements; they differ nowhere else, and in those the product has what the rule says.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import onnx_contract as contract
import onnx_quantize as quantize
import pytest
from modules import EXECUTORS
from onnx_reference import FLOATS, INTEGERS, Build, Case

CASES: dict[str, Build] = {
    **{
        f"QuantizeLinear {kind} {granularity}": quantize.quantize_linear(kind, granularity)
        for kind in (*INTEGERS, *FLOATS)
        for granularity in quantize.GRANULARITIES
    },
    **{
        f"DequantizeLinear {kind} {granularity}": quantize.dequantize_linear(kind, granularity)
        for kind in (*INTEGERS, *FLOATS)
        for granularity in quantize.GRANULARITIES
    },
    "DynamicQuantizeLinear": quantize.dynamic_quantize_linear,
    **{f"Cast to {kind} saturating": quantize.cast_to_float(kind, 1) for kind in FLOATS},
    **{f"Cast to {kind}": quantize.cast_to_float(kind, 0) for kind in FLOATS if kind != "float4e2m1"},
    **{f"Cast to {kind}": quantize.cast_to_integer(kind) for kind in ("int4", "uint4", "int2", "uint2")},
    **{f"Cast from {kind}": quantize.cast_from(kind) for kind in (*FLOATS, "int4", "uint4", "int2", "uint2")},
    "Cast from float8e8m0": quantize.cast_from_e8m0,
    **{
        f"MatMulInteger {a} {b} {'column' if column else 'tensor'}": contract.matmul_integer((a, b), column)
        for a, b in contract.PAIRS
        for column in (False, True)
    },
    **{f"ConvInteger {a} {b}": contract.conv_integer((a, b)) for a, b in contract.PAIRS},
    **{
        f"QLinearMatMul {a} {b} {'column' if column else 'tensor'}": contract.qlinear_matmul((a, b), column)
        for a, b in contract.PAIRS
        for column in (False, True)
    },
    **{
        f"QLinearConv {a} {b} {'channel' if channel else 'tensor'}": contract.qlinear_conv((a, b), channel)
        for a, b in contract.PAIRS
        for channel in (False, True)
    },
}
# Operators in whose cases the evaluator differs from our rules somewhere; in all others it does nowhere.
APART = ("QuantizeLinear", "Cast to", "QLinearMatMul", "QLinearConv")
# Few values in them: whether there is a NaN is chance.
SELDOM_APART = (
    "QuantizeLinear float8e4m3fn block",
    "QuantizeLinear float8e5m2 block",
    "QuantizeLinear float4e2m1 block",
)


@functools.cache
def built(name: str) -> Case:
    case = Case()
    CASES[name](case)
    return case


def bits(array: np.ndarray) -> np.ndarray:
    """Floats as their bits, with one NaN."""
    if array.dtype == np.float32:
        return np.where(np.isnan(array), np.float32(np.nan), array).astype(np.float32).view(np.int32)
    return array


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("name", CASES)
def test_product_gives_what_onnx_does(name: str, executor: str, tmp_path: Path) -> None:
    case = built(name)
    outputs = EXECUTORS[executor](case.module, tmp_path)
    for label, golden in case.goldens.items():
        output = outputs[label]
        assert (output.shape, output.dtype) == (golden.wanted.shape, golden.wanted.dtype), label
        different = np.flatnonzero(bits(output) != bits(golden.wanted))
        assert not different.size, (
            f"{label}: {different.size} of {output.size} differ: {output.flat[different[:4]]} for "
            f"{golden.wanted.flat[different[:4]]} at {different[:4]}"
        )


@pytest.mark.parametrize("name", CASES)
def test_rules_and_onnx_differ_only_where_it_is_said(name: str) -> None:
    differing = 0
    for label, golden in built(name).goldens.items():
        different = bits(golden.reference) != bits(golden.wanted)
        outside = np.flatnonzero(different & ~golden.apart)
        assert not outside.size, f"{label}: {golden.reference.flat[outside[:4]]}, {golden.wanted.flat[outside[:4]]}"
        differing += int(different.sum())
    if name not in SELDOM_APART:
        assert (differing > 0) == name.startswith(APART)
