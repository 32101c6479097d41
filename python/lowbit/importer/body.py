"""The body of a linalg.generic: scalar operations as text."""

from __future__ import annotations

import math
import struct

COMPARE_INT = {"eq": "eq", "ne": "ne", "lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge"}
COMPARE_FLOAT = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}


def literal(value: float | int | bool, dtype: str) -> str:
    """A constant that parses back to exactly this value."""
    if dtype == "i1":
        return "true" if value else "false"
    if dtype != "f32":
        return str(int(value))
    number = float(value)
    if not math.isfinite(number):
        bits: int = struct.unpack("<I", struct.pack("<f", number))[0]
        return f"0x{bits:08X}"
    mantissa, mark, exponent = repr(struct.unpack("<f", struct.pack("<f", number))[0]).partition("e")
    return (mantissa if "." in mantissa else mantissa + ".0") + mark + exponent


def is_float(dtype: str) -> bool:
    return dtype == "f32"


class Body:
    """Collects the lines of one region. Operands and results are SSA names; `dtype` is the type an op works on."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.lines: list[str] = []

    def emit(self, text: str) -> str:
        name = f"%t{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def op(self, name: str, *operands: str, dtype: str | None = None) -> str:
        """An operation whose operands and result have one type, e.g. op("arith.addf", a, b)."""
        return self.emit(f"{name} {', '.join(operands)} : {dtype or self.dtype}")

    def arith(self, name: str, a: str, b: str) -> str:
        """add, sub or mul, of the working type."""
        return self.op(f"arith.{name}{'f' if is_float(self.dtype) else 'i'}", a, b)

    def extreme(self, which: str, a: str, b: str) -> str:
        """max or min; a NaN of either float operand is the result."""
        ends = {("max", True): "maximumf", ("min", True): "minimumf", ("max", False): "maxsi", ("min", False): "minsi"}
        return self.op("arith." + ends[which, is_float(self.dtype)], a, b)

    def const(self, value: float | int | bool, dtype: str | None = None) -> str:
        dtype = dtype or self.dtype
        written = literal(value, dtype)
        return self.emit(f"arith.constant {written}" + ("" if dtype == "i1" else f" : {dtype}"))

    def compare(self, predicate: str, a: str, b: str) -> str:
        """An i1; predicates eq, ne, lt, le, gt, ge (false on NaN, except ne)."""
        if is_float(self.dtype):
            return self.op(f"arith.cmpf {COMPARE_FLOAT[predicate]},", a, b)
        return self.op(f"arith.cmpi {COMPARE_INT[predicate]},", a, b)

    def select(self, condition: str, a: str, b: str, dtype: str | None = None) -> str:
        return self.op("arith.select", condition, a, b, dtype=dtype)

    def cast(self, value: str, source: str, target: str) -> str:
        """ONNX Cast between f32, i64, i32 and i1: floats are truncated towards zero, everything but zero is true."""
        if source == target:
            return value
        if target == "i1":
            zero = self.const(0, source)
            compare = "arith.cmpf une," if is_float(source) else "arith.cmpi ne,"
            return self.op(compare, value, zero, dtype=source)
        if is_float(target):
            name = "arith.uitofp" if source == "i1" else "arith.sitofp"
        elif is_float(source):
            name = "arith.fptosi"
        elif source == "i1":
            name = "arith.extui"
        else:
            name = "arith.extsi" if target == "i64" else "arith.trunci"
        return self.emit(f"{name} {value} : {source} to {target}")
