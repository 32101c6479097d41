"""Packing by lowbit-lower-qdq (rule N24): bytes against the bit stream, for all codes and all bytes.

Codes come out of a quantize and go into a dequantize; both are functions without meaning here. The definition is
written down on the codes that the same operations give without `pack`: bit i * width + b of a row is bit b of code i.
"""

import pytest
import z3

from proofs.floats import Symbols
from proofs.ops_lowbit import Format
from proofs.prove import Refuted, mutate, prove_equal, run, run_pass
from proofs.translate import Tensor, indices

PASS = "--lowbit-lower-qdq"


def module(format: str, shape: tuple[int, ...], dim: int, pack: bool, is_dynamic: bool = False) -> tuple[str, str]:
    """A quantize to storage, and a dequantize from storage."""
    width = Format.parse_text(f"!lowbit.affine<{format}>").width
    stored = list(shape)
    if pack:
        stored[dim] = shape[dim] * width // 8
    sizes = ["x".join("?" if is_dynamic and i == dim else str(n) for i, n in enumerate(s)) for s in (shape, stored)]
    type = f"!lowbit.affine<{format}{f', pack = {dim}' if pack else ''}>"
    real, plain = f"tensor<{sizes[0]}xf32>", f"tensor<{sizes[1]}xi{8 if pack else width}>"
    quantized = f"tensor<{sizes[0]}x{type}>"
    zero_point = Format.parse_text(f"!lowbit.affine<{format}>").high
    parameters = f"{{scale = dense<1.0> : tensor<f32>, zero_point = dense<{zero_point}> : tensor<i32>}}"
    return (
        f"""
func.func @main(%x: {real}) -> {plain} {{
  %q = lowbit.quantize %x {parameters} : {real} -> {quantized}
  %i = lowbit.storage_cast %q : {quantized} to {plain}
  return %i : {plain}
}}""",
        f"""
func.func @main(%i: {plain}) -> {real} {{
  %q = lowbit.storage_cast %i : {plain} to {quantized}
  %x = lowbit.dequantize %q {parameters} : {quantized} -> {real}
  return %x : {real}
}}""",
    )


class Row:
    """The elements of a tensor along one dimension."""

    def __init__(self, tensor: Tensor, dim: int, place: tuple[int, ...]) -> None:
        self.values = [tensor[(*place[:dim], i, *place[dim + 1 :])] for i in range(tensor.shape[dim])]

    def bit(self, at: int) -> z3.BitVecRef:
        value = self.values[at // self.values[0].size()]
        at %= value.size()
        return z3.Extract(at, at, value)

    def element(self, i: int, width: int) -> z3.BitVecRef:
        """The bits [i * width, (i + 1) * width) of the row."""
        return z3.Concat(*[self.bit(i * width + b) for b in reversed(range(width))]) if width > 1 else self.bit(i)


def regroup(tensor: Tensor, dim: int, shape: tuple[int, ...], width: int) -> Tensor:
    return Tensor.build(shape, lambda place: Row(tensor, dim, place).element(place[dim], width))


CASES: dict[str, tuple[str, tuple[int, ...], int, bool]] = {
    **{f"{w} bits": (f"i{w}", (16,), 0, False) for w in range(2, 8)},
    **{f"{w} bits without a sign": (f"ui{w}", (8,), 0, False) for w in range(2, 8)},
    "narrow": ("i3, -3:3", (8,), 0, False),
    "first dimension": ("i6", (8, 3), 0, False),
    "middle dimension": ("ui5", (2, 8, 2), 1, False),
    "length of the run": ("i3", (3, 16), 1, True),
    "one byte": ("i4", (2,), 0, False),
}


def check(case: str, pack_error: tuple[str, str] | None = None, unpack_error: tuple[str, str] | None = None) -> None:
    format, shape, dim, is_dynamic = CASES[case]
    width = Format.parse_text(f"!lowbit.affine<{format}>").width
    floats = Symbols()
    pack, unpack = (run_pass(text, PASS) for text in module(format, shape, dim, True, is_dynamic))
    quantize, dequantize = (run_pass(text, PASS) for text in module(format, shape, dim, False))
    if pack_error:
        pack = mutate(pack, *pack_error)
    if unpack_error:
        unpack = mutate(unpack, *unpack_error)
    x = Tensor.build(shape, lambda place: floats.variable("_".join(["x", *map(str, place)])))
    [codes], _ = run(quantize, floats, [x])
    stored = tuple(n * width // 8 if i == dim else n for i, n in enumerate(shape))

    # The bytes are the bit stream of the codes.
    [bytes], _ = run(pack, floats, [x])
    assert bytes.shape == stored and all(byte.size() == 8 for byte in bytes.elements)
    prove_equal([regroup(codes, dim, stored, 8)], [bytes])

    # Any bytes are read as the codes of their bit stream.
    free = Tensor.build(stored, lambda place: z3.BitVec("_".join(["b", *map(str, place)]), 8))
    [values], _ = run(unpack, floats, [free])
    prove_equal(run(dequantize, floats, [regroup(free, dim, shape, width)])[0], [values])

    # What was packed comes back.
    prove_equal(run(dequantize, floats, [codes])[0], run(unpack, floats, [bytes])[0])
    assert len(indices(shape)) == len(values.elements)


@pytest.mark.parametrize("case", CASES)
def test_packing(case: str) -> None:
    check(case)


PACK_ERRORS = {
    "place of a code": ("4 bits", r"value = 4 : i32", "value = 3 : i32"),
    "bits above the code": ("3 bits", r"value = 7 : i32", "value = 15 : i32"),
    "first code of a byte": ("5 bits", r"value = 5 : index", "value = 6 : index"),
    "codes of the byte before": ("6 bits", r"arith\.remui", "arith.divui"),
    "or": ("7 bits", r"arith\.ori", "arith.andi"),
}
UNPACK_ERRORS = {
    "the byte after": ("3 bits", r"value = 1 : index", "value = 0 : index"),
    "shift": ("5 bits", r"arith\.remui", "arith.divui"),
    "mask": ("2 bits without a sign", r"value = 3 : i32", "value = 7 : i32"),
    "sign": ("4 bits", r"arith\.shrsi", "arith.shrui"),
    "no sign": ("6 bits without a sign", r"arith\.extui(?=[^\n]*\(i8\))", "arith.extsi"),
    "order of the bytes": ("7 bits", r"value = 8 : i32", "value = 7 : i32"),
}


@pytest.mark.parametrize("error", PACK_ERRORS)
def test_errors_of_packing_are_found(error: str) -> None:
    case, *change = PACK_ERRORS[error]
    with pytest.raises(Refuted):
        check(case, pack_error=tuple(change))


@pytest.mark.parametrize("error", UNPACK_ERRORS)
def test_errors_of_unpacking_are_found(error: str) -> None:
    case, *change = UNPACK_ERRORS[error]
    with pytest.raises(Refuted):
        check(case, unpack_error=tuple(change))
