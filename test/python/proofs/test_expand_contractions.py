"""lowbit-expand-contractions: the vector code of each target against the linalg operation that it stands for.

The whole of what is emitted runs: copies of A, packing of B, tiles, masks, instructions. Every byte of A, B and C is a
symbol, and so is every byte of scratch memory that nothing wrote, so the result cannot depend on what is read beyond
the data. An access outside of a buffer is an error. Integers only: 8-bit operands, sums modulo 2^32.

The shift of signed to unsigned bytes is one fact about bytes, proved bit by bit (`test_shift`); with it, both sides are
polynomials of the same bytes. The instructions have the meaning of ops_memory.py.
"""

import pytest
import z3

from proofs.floats import Symbols
from proofs.ops_memory import vpdpbusd, vpmaddwd
from proofs.prove import (
    LONG,
    Refuted,
    arguments_of,
    function,
    mutate,
    prove,
    prove_obligations,
    run,
    run_pass,
    use_shift,
)
from proofs.translate import Buffer, indices, row_major

TARGETS = ["avx512-vnni", "avx-vnni", "avx2", "portable"]


def expand(source: str, isa: str) -> str:
    return run_pass(source, f"--lowbit-expand-contractions=isa={isa}")


def named(op: str, a: str, b: str, c: str, zero: bool = True, attributes: str = "", b_attributes: str = "") -> str:
    fill = f"%zero = arith.constant 0 : i32\n  linalg.fill ins(%zero : i32) outs(%c : memref<{c}xi32>)" if zero else ""
    return f"""
func.func @main(%a: memref<{a}xi8>, %b: memref<{b}xi8> {b_attributes}, %c: memref<{c}xi32>) {{
  {fill}
  linalg.{op} {attributes} ins(%a, %b : memref<{a}xi8>, memref<{b}xi8>) outs(%c : memref<{c}xi32>)
  return
}}"""


def contract(loops: str, maps: tuple[str, str, str], sizes: tuple[str, str, str]) -> str:
    attributes = f"indexing_maps = [{', '.join(f'affine_map<({loops}) -> ({m})>' for m in maps)}]"
    return named("contract", *sizes, attributes=attributes)


PARAMETER = '{lowbit.parameter = "w"}'
CONV = "{{strides = dense<{}> : tensor<2xi64>, dilations = dense<{}> : tensor<2xi64>}}"
# Operation and what is special about it.
CASES: dict[str, tuple[str, dict[int, tuple[int, ...]]]] = {
    "edges of all kinds": (named("matmul", "3x5", "5x3", "3x3"), {}),
    "full panels, packed by rows": (named("matmul", "2x6", "6x16", "2x16"), {}),
    "full and partial panels": (named("matmul", "2x4", "4x37", "2x37"), {}),
    "added to": (named("matmul", "2x5", "5x3", "2x3", zero=False), {}),
    "last tile moved back": (named("matmul", "17x4", "4x16", "17x16"), {}),
    "transposed B, full panels": (
        contract("m, n, k", ("m, k", "n, k", "m, n"), ("2x21", "16x21", "2x16")),
        {},
    ),
    "transposed result": (contract("m, n, k", ("m, k", "k, n", "n, m"), ("2x3", "3x3", "3x2")), {}),
    "batch and dynamic sizes": (
        contract("b, h, s, t, d", ("b, s, h, d", "b, t, h, d", "b, h, s, t"), ("?x?x2x4", "?x?x2x4", "?x2x?x?")),
        {0: (1, 2, 2, 4), 1: (1, 3, 2, 4), 2: (1, 2, 2, 3)},
    ),
    "matrix times vector": (contract("m, k", ("m, k", "k", "m"), ("3x6", "6", "3")), {}),
    "convolution": (named("conv_2d_nhwc_hwcf", "1x4x4x3", "2x2x3x2", "1x3x3x2", attributes=CONV.format(1, 1)), {}),
    "strides and dilations": (
        named("conv_2d_nhwc_hwcf", "1x5x6x1", "2x2x1x3", "1x2x2x3", attributes=CONV.format(2, 2)),
        {},
    ),
    "depthwise": (
        named("depthwise_conv_2d_nhwc_hwc", "1x3x3x18", "2x2x18", "1x2x2x18", attributes=CONV.format(1, 1)),
        {},
    ),
    "parameter": (named("matmul", "2x5", "5x18", "2x18", b_attributes=PARAMETER), {}),
    "convolution with a parameter": (
        named(
            "conv_2d_nhwc_hwcf", "1x3x3x2", "2x2x2x2", "1x2x2x2", attributes=CONV.format(1, 1), b_attributes=PARAMETER
        ),
        {},
    ),
}
if LONG:
    CASES |= {
        "many of everything": (named("matmul", "35x67", "67x101", "35x101"), {}),
        "long transposed B": (
            contract("m, n, k", ("m, k", "n, k", "m, n"), ("9x131", "70x131", "9x70")),
            {},
        ),
        "convolution of 3x3": (
            named("conv_2d_nhwc_hwcf", "2x6x7x5", "3x3x5x37", "2x4x5x37", attributes=CONV.format(1, 1)),
            {},
        ),
    }


def test_shift() -> None:
    """The only fact about bits: a signed byte with its top bit flipped is, as an unsigned one, 128 more."""
    byte = z3.BitVec("byte", 8)
    prove(z3.ZeroExt(24, byte ^ 0x80) == z3.SignExt(24, byte) + 128)
    prove(z3.SignExt(24, byte ^ 0x80) == z3.ZeroExt(24, byte) - 128)
    with pytest.raises(Refuted):
        prove(z3.ZeroExt(24, byte ^ 0x80) == z3.SignExt(24, byte) + 127)
    with pytest.raises(Refuted):
        prove(z3.ZeroExt(24, byte ^ 0x40) == z3.SignExt(24, byte) + 128)


def copy(arguments: list[Buffer]) -> list[Buffer]:
    return [Buffer(list(x.cells), x.offset, x.shape, x.strides) for x in arguments]


def packed(packing: dict, b: Buffer) -> Buffer:
    """A parameter in the layout that `lowbit.packing` asks for (include/lowbit/Codegen/CPU/PackWeights.h)."""
    width, group = packing["width"].value, packing["group"].value
    (columns, apart), (depth, step) = packing["column"], packing["depth"]
    batch, segments = (packing[name] for name in ("batch", "segments"))
    groups, bytes = -(-depth // group), []
    outer = [range(0, n * s, s) for n, s in zip(batch[0::2], batch[1::2], strict=True)]
    assert not outer, "a batch of parameters"
    places = [sum(p * s for p, s in zip(place, segments[1::2], strict=True)) for place in indices(segments[0::2])]
    for first in range(0, columns, width):
        panel, sums = [], [z3.BitVecVal(0, 32)] * width
        for segment in places:
            for k in range(0, groups * group, group):
                for n in range(width):
                    for i in range(k, k + group):
                        at = packing["offset"].value + segment + i * step + (first + n) * apart
                        byte = b.cells[at] if i < depth and first + n < columns else z3.BitVecVal(0, 8)
                        panel.append(byte)
                        sums[n] = sums[n] + z3.SignExt(24, byte)
        if packing["corrections"].value:
            words = [-128 * total for total in sums]
            panel += [z3.Extract(8 * i + 7, 8 * i, word) for word in words for i in range(4)]
        bytes += panel
    return Buffer(bytes, 0, (len(bytes),), row_major((len(bytes),)))


def check(source: str, isa: str, shapes: dict[int, tuple[int, ...]], error: tuple[str, str, int] | None = None) -> None:
    floats = Symbols()
    before, after = run_pass(source), expand(source, isa)
    if error:
        after = mutate(after, *error)
    inputs = arguments_of(before, floats, shapes)
    expected, emitted = copy(inputs), copy(inputs)
    run(before, floats, expected, "before.")
    for attributes in function(after).attributes.get("arg_attrs", [])[len(inputs) :]:
        emitted.append(packed(attributes["lowbit.packing"], inputs[1]))
    _, machine = run(after, floats, emitted, "after.")
    assert "linalg.matmul" not in after and "linalg.contract" not in after and "linalg.conv" not in after
    assert machine.named or "xori" not in after
    for was, now in zip(expected, emitted, strict=False):
        for a, b in zip(was.cells, use_shift(machine, now.cells), strict=True):
            prove(a == b)
    prove_obligations(machine)


@pytest.mark.parametrize("isa", TARGETS)
@pytest.mark.parametrize("case", CASES)
def test_equal(case: str, isa: str) -> None:
    check(CASES[case][0], isa, CASES[case][1])


# A wrong flip, a correction with the wrong sign or weight, a mask that is too short, a tile that is not moved back.
ERRORS = {
    "flip": ("edges of all kinds", "avx512-vnni", r"value = -128 : i8", "value = 64 : i8", 0),
    "weight of the correction": (
        "edges of all kinds",
        "avx-vnni",
        r"dense<-128> : vector<32xi8>",
        "dense<127> : vector<32xi8>",
        0,
    ),
    "sign of the correction": (
        "edges of all kinds",
        "avx-vnni",
        r"arith\.subi(?=[^\n]*vector<8xi32>)",
        "arith.addi",
        0,
    ),
    "sign of A": ("edges of all kinds", "avx2", r"arith\.extsi(?=[^\n]*\(i8\))", "arith.extui", 0),
    "sign of B": ("edges of all kinds", "portable", r"arith\.extsi(?=[^\n]*vector)", "arith.extui", 0),
    "zeros past the last product": (
        "edges of all kinds",
        "avx2",
        r"dense<0> : vector<16xi8>",
        "dense<1> : vector<16xi8>",
        0,
    ),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    case, isa, old, new, count = ERRORS[error]
    with pytest.raises(Refuted):
        check(CASES[case][0], isa, CASES[case][1], (old, new, count))


# Steps of the instructions, for every accumulator: with these, a sum of any length is exact by induction.
def test_vnni_step() -> None:
    """acc + dot(a ^ 0x80, b) = acc + dot(a, b) + 128 * sum(b), modulo 2^32, for every acc; bit by bit."""
    accumulator = z3.BitVec("acc", 32)
    a, b = ([z3.BitVec(f"{name}{i}", 8) for i in range(4)] for name in "ab")
    exact = accumulator
    for x, y in zip(a, b, strict=True):
        exact = exact + z3.SignExt(24, x) * z3.SignExt(24, y) + 128 * z3.SignExt(24, y)
    flips = [z3.BitVec(f"u{i}", 8) for i in range(4)]
    shifted = vpdpbusd(accumulator, flips, b)
    rules = [(z3.ZeroExt(24, u), z3.SignExt(24, x) + 128) for u, x in zip(flips, a, strict=True)]
    prove(z3.substitute(shifted, *rules) == exact)
    with pytest.raises(Refuted):
        prove(z3.substitute(shifted, *rules) == exact + z3.SignExt(24, b[0]))


def test_vnni_products_fit_words() -> None:
    """vpdpbusd takes each product as a signed word; taken in 32 bits it is the same."""
    u, s = z3.BitVecs("u s", 8)
    word = z3.ZeroExt(8, u) * z3.SignExt(8, s)
    wide = z3.Extract(19, 0, z3.ZeroExt(24, u)) * z3.Extract(19, 0, z3.SignExt(24, s))
    prove(z3.SignExt(4, word) == wide)
    with pytest.raises(Refuted):  # two unsigned bytes do not fit
        prove(z3.SignExt(4, z3.ZeroExt(8, u) * z3.ZeroExt(8, s)) == z3.ZeroExt(12, u) * z3.ZeroExt(12, s))


def test_multiply_add_of_widened_bytes_is_exact() -> None:
    """The only pair of words whose vpmaddwd leaves 31 bits is (-2^15)^2 twice; widened bytes stay within 2^15."""
    a, b = ([z3.BitVec(f"{name}{i}", 8) for i in range(2)] for name in "ab")
    pair = vpmaddwd([z3.SignExt(8, x) for x in a], [z3.SignExt(8, x) for x in b])
    prove(pair == sum(z3.SignExt(24, x) * z3.SignExt(24, y) for x, y in zip(a, b, strict=True)))
    x, y, u, v = z3.Ints("x y u v")
    bytes_only = z3.And(*[z3.And(-128 <= t, t <= 127) for t in (x, y, u, v)])
    prove(z3.Implies(bytes_only, z3.And(x * y + u * v >= -(2**15) + 256, x * y + u * v <= 2**15)))
