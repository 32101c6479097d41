"""lowbit-lower-contract: the sums and corrections that are emitted against the sum of (a - za)(b - zb) (N9, N21).

Both sides are polynomials of the same bytes modulo 2^32 (or 2^64), for all operands and run-time zero points. Bytes
without a sign move by 128 with their zero point, which rests on one fact about bytes (prove.use_shift).
"""

import re

import pytest
import z3

from proofs.floats import Symbols
from proofs.prove import (
    LONG,
    Refuted,
    arguments_of,
    flatten,
    mutate,
    prove,
    prove_obligations,
    run,
    run_pass,
    use_shift,
)

PASSES = ("--lowbit-lower-contract", "--lowbit-lower-qdq")
MATMUL = ("m, n, k", "m, k", "k, n", "m, n")


def contract(
    maps: tuple[str, ...],
    a: str,
    b: str,
    result: str,
    za: object = None,
    zb: object = None,
    a_format: str = "",
    b_format: str = "",
    width: int = 32,
    extra: str = "",
    region: str = "lowbit.yield %acc : i{width}",
) -> str:
    """Sizes are text; a zero point is a number, a list along the format's axis, or "run" with or without a size."""
    loops, *indexing = maps
    kept = [loop.strip() for loop in indexing[-1].split(",")]
    iterators = ['"parallel"' if loop.strip() in kept else '"reduction"' for loop in loops.split(",")]
    arguments, casts, types, attributes, groups = [], [], [], [], []
    attributes.append(f"indexing_maps = [{', '.join(f'affine_map<({loops}) -> ({m})>' for m in indexing)}]")
    attributes.append(f"iterator_types = [{', '.join(iterators)}]")
    for name, sizes, format, zero in (("a", a, a_format, za), ("b", b, b_format, zb)):
        plain = sizes if format == "" else f"{sizes}xi{format.split(',')[0].split('i')[1]}"
        arguments.append(f"%{name}: tensor<{plain}>")
        types.append(f"tensor<{plain}>")
        if format:
            types[-1] = f"tensor<{sizes}x!lowbit.affine<{format}>>"
            casts.append(f"%q{name} = lowbit.storage_cast %{name} : tensor<{plain}> to {types[-1]}")
        side = "lhs" if name == "a" else "rhs"
        if isinstance(zero, str):
            arguments.append(f"%z{name}: tensor<{zero}i32>")
            groups.append(f"{side}_zero_point(%z{name} : tensor<{zero}i32>)")
        elif zero is not None:
            shape = f"{len(zero)}x" if isinstance(zero, list) else ""
            attributes.append(f"{side}_zero_point = dense<{zero}> : tensor<{shape}i32>")
    names = [f"%q{n}" if f else f"%{n}" for n, f in (("a", a_format), ("b", b_format))]
    init = f"tensor<{result}xi{width}>"
    arguments.append(f"%init: {init}")
    if extra:
        arguments.append(f"%extra: tensor<{extra}xi{width}>")
    body = region.format(width=width)
    return f"""
func.func @main({", ".join(arguments)}) -> {init} {{
  {chr(10).join(casts)}
  %y = lowbit.contract attributes {{{", ".join(attributes)}}} ins({", ".join(names)} : {", ".join(types)}) {" ".join(groups)}
      {f"extra(%extra : tensor<{extra}xi{width}>)" if extra else ""} outs(%init : {init}) {{
  ^bb0(%acc: i{width}{f", %x: i{width}" if extra else ""}):
    {body}
  }} -> {init}
  return %y : {init}
}}"""


BYTES = ("2x3xi8", "3x2xi8", "2x2")
SIZES = ("2x3", "3x2", "2x2")
ADDED = "%sum = arith.subi %x, %acc : i{width}\n    lowbit.yield %sum : i{width}"
# Text, and the shapes of arguments whose sizes the run brings.
CASES: dict[str, tuple[str, dict[int, tuple[int, ...]]]] = {
    "no zero points": (contract(MATMUL, *BYTES), {}),
    "left": (contract(MATMUL, *BYTES, za=-7), {}),
    "right": (contract(MATMUL, *BYTES, zb=127), {}),
    "both": (contract(MATMUL, *BYTES, za=-128, zb=127), {}),
    "of the run": (contract(MATMUL, *BYTES, za="", zb=""), {}),
    "u8 and i8": (contract(MATMUL, *SIZES, za=3, a_format="ui8", b_format="i8, axis = 1"), {}),
    "u8 without a zero point": (contract(MATMUL, *SIZES, a_format="ui8", b_format="i8"), {}),
    "i8 and u8 of the run": (contract(MATMUL, *SIZES, za="", zb="", a_format="i8", b_format="ui8"), {}),
    "u8 twice": (contract(MATMUL, *SIZES, za=255, zb=0, a_format="ui8", b_format="ui8"), {}),
    "a zero point a column": (contract(MATMUL, *SIZES, za=5, zb=[7, -9], a_format="i8", b_format="i8, axis = 1"), {}),
    "u8, one a column of the run": (
        contract(MATMUL, *SIZES, za=200, zb="2x", a_format="ui8", b_format="ui8, axis = 1"),
        {},
    ),
    "nibbles": (contract(MATMUL, *SIZES, za=15, zb=-8, a_format="ui4", b_format="i4"), {}),
    "5 bits and bytes": (contract(MATMUL, *SIZES, za=30, zb=9, a_format="ui5, 1:31", b_format="ui8"), {}),
    "transposed": (contract(("m, n, k", "k, m", "n, k", "n, m"), "3x2xi8", "2x3xi8", "2x2", za=4, zb=-5), {}),
    "batch, sizes of the run": (
        contract(("b, m, n, k", "b, m, k", "b, k, n", "b, m, n"), "2x?x?xi8", "2x?x?xi8", "2x?x?", za=2, zb=-3),
        {0: (2, 1, 3), 1: (2, 3, 2), 2: (2, 1, 2)},
    ),
    "two reductions": (contract(("m, k, l, n", "l, m, k", "k, l, n", "m, n"), "2x2x3xi8", "3x2x1xi8", "2x1", 6, 7), {}),
    "window": (
        contract(("n, o, f, h, c", "n, o * 2 + h, c", "h, c, f", "n, o, f"), "1x5x2xi8", "3x2x2xi8", "1x2x2", 3, -4),
        {},
    ),
    "two windows, u8, one a channel": (
        contract(
            ("n, y, x, f, h, w, c", "n, y + h * 2, x * 2 + w, c", "h, w, c, f", "n, y, x, f"),
            "1x4x4x1",
            "2x2x1x2",
            "1x2x2x2",
            120,
            [5, -6],
            "ui8",
            "i8, axis = 3",
        ),
        {},
    ),
    "depthwise": (
        contract(
            ("n, y, c, h", "n, y + h, c", "h, c", "n, y, c"), "1x4x2", "2x2", "1x3x2", 9, "2x", "ui8", "ui8, axis = 1"
        ),
        {},
    ),
    "without a reduction": (contract(("i, j", "i", "j", "i, j"), "2xi8", "3xi8", "2x3", za=4, zb=-5), {}),
    "words": (contract(MATMUL, "2x2xi16", "2x2xi16", "2x2", za=-4, zb=9, width=64), {}),
    "words of the run": (
        contract(MATMUL, "2x2", "2x2", "2x2", za="", zb="2x", a_format="ui16", b_format="i16, axis = 1", width=64),
        {},
    ),
    "epilogue": (
        contract((*MATMUL[:3], "n", "m, n"), *BYTES, za=3, zb=8, extra="2", region=ADDED),
        {},
    ),
}
if LONG:
    CASES |= {
        f"{k} products": (
            contract(MATMUL, f"3x{k}", f"{k}x4", "3x4", za="", zb="4x", a_format="ui8", b_format="ui8, axis = 1"),
            {},
        )
        for k in (33, 128)
    }
    CASES["two larger windows"] = (
        contract(
            ("n, y, x, f, h, w, c", "n, y * 2 + h, x + w * 2, c", "h, w, c, f", "n, y, x, f"),
            "2x7x8x5",
            "3x3x5x4",
            "2x3x4x4",
            "",
            [1, -2, 3, -4],
            "ui8",
            "i8, axis = 3",
        ),
        {},
    )


def check(case: str, error: tuple[str, str, int] | None = None) -> None:
    source, shapes = CASES[case]
    floats = Symbols()
    before, after = run_pass(source), run_pass(source, *PASSES)
    assert not re.search(r"lowbit\.(?!check_range)", after) and "linalg.generic" in after
    if error:
        after = mutate(after, *error)
    inputs = arguments_of(before, floats, shapes)
    expected, _ = run(before, floats, inputs, "before.")
    actual, machine = run(after, floats, inputs, "after.")
    assert ("arith.xori" in after) == bool(machine.named)
    for was, now in zip(flatten(expected), use_shift(machine, flatten(actual)), strict=True):
        prove(was == now)
    prove_obligations(machine)


@pytest.mark.parametrize("case", CASES)
def test_equal(case: str) -> None:
    check(case)


ERRORS = {
    "flip": ("u8 and i8", r"value = -128 : i8", "value = 64 : i8", 0),
    "zero point of the flip": ("u8 and i8", r"value = -125 : i32", "value = 3 : i32", 0),
    "run-time zero point of the flip": ("i8 and u8 of the run", r"value = 128 : i32", "value = 127 : i32", 0),
    "sign of a correction": ("left", r"\"arith\.subi\"\((%[\w#]+), (%[\w#]+)\)", r'"arith.subi"(\2, \1)', 1),
    "count": ("both", r"value = 3 : index", "value = 2 : index", 0),
    "count of a window": ("two windows, u8, one a channel", r"\"arith\.muli\"(?=[^\n]*index)", '"arith.addi"', 0),
    "no product of both": ("of the run", r"\"arith\.addi\"(\([^\n]*\n *\"linalg\.yield\")", r'"arith.subi"\1', 0),
    "order of the channels": ("a zero point a column", r"dense<\[7, -9\]>", "dense<[-9, 7]>", 0),
    "sum over the window": ("window", r"d1 \* 2 \+ d2", "d1 * 2", 0),
    "sign of a nibble": ("nibbles", r"arith\.extsi(?=[^\n]*\(i4\))", "arith.extui", 0),
    "words": ("words", r"value = 9 : i32", "value = 8 : i32", 0),
    "epilogue": ("epilogue", r"\(d1\)", "(d0)", 0),
}


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_found(error: str) -> None:
    case, *change = ERRORS[error]
    with pytest.raises(Refuted):
        check(case, tuple(change))


def test_the_identity_of_integers() -> None:
    """sum (a - za)(b - zb) = sum a b - za sum b - zb sum a + count za zb, by induction over the length."""
    a, b, za, zb, ab, sa, sb, n = z3.Ints("a b za zb ab sa sb n")
    corrected = ab - za * sb - zb * sa + n * za * zb
    longer = (ab + a * b) - za * (sb + b) - zb * (sa + a) + (n + 1) * za * zb
    prove(longer == corrected + (a - za) * (b - zb))
    with pytest.raises(Refuted):
        prove(longer == corrected + (a - za) * (b + zb))
