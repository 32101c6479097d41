"""Storage of integers: nibbles, the shift between signed and unsigned bytes, tables.

No pass makes these rewrites yet. They are written as modules, read by the same translator, so that the output of a pass
can take their place.
"""

import pytest
import z3

from proofs.floats import Symbols
from proofs.prove import Refuted, prove, prove_obligations, run, run_pass


def result_of(body: str, arguments: list[z3.BitVecRef]) -> tuple[list[z3.BitVecRef], list[z3.BoolRef]]:
    """The result, and what is known of the symbols in it."""
    types = [f"%x{i}: i{x.size()}" for i, x in enumerate(arguments)]
    text = run_pass(f"func.func @main({', '.join(types)}) -> i32 {{\n{body}\n  return %r : i32\n}}")
    results, machine = run(text, Symbols(), arguments)
    prove_obligations(machine)
    return results, [symbol == term for symbol, term in machine.named]


NIBBLE = """
  %four = arith.constant {shift} : i8
  {up}
  %s = arith.{op} {high}, %four : i8
  %r = arith.extsi %s : i8 to i32"""
LOW = NIBBLE.format(shift=4, up="%h = arith.shli %x0, %four : i8", high="%h", op="shrsi")
HIGH = NIBBLE.format(shift=4, up="", high="%x0", op="shrsi")


def test_signed_nibbles() -> None:
    """Shifted up and down again, an i4 of a byte has its sign."""
    byte = z3.BitVec("byte", 8)
    for body, bits in ((LOW, (3, 0)), (HIGH, (7, 4))):
        [value], known = result_of(body, [byte])
        prove(value == z3.SignExt(28, z3.Extract(*bits, byte)), known)
    for wrong, bits in ((LOW.replace("shrsi", "shrui"), (3, 0)), (HIGH.replace("constant 4", "constant 3"), (7, 4))):
        [value], known = result_of(wrong, [byte])
        with pytest.raises(Refuted):
            prove(value == z3.SignExt(28, z3.Extract(*bits, byte)), known)


RECENTER = """
  %flip = arith.constant -128 : i8
  %u = arith.xori %x0, %flip : i8
  %w = arith.extui %u : i8 to i32
  %add = arith.constant {add} : i32
  %z = arith.addi %x1, %add : i32
  %r = arith.subi %w, %z : i32"""


def test_recentering() -> None:
    """(q ^ 0x80) - (zp + 128), unsigned, is q - zp, signed, for every zero point."""
    q, z = z3.BitVec("q", 8), z3.BitVec("z", 32)
    [value], known = result_of(RECENTER.format(add=128), [q, z])
    prove(value == z3.SignExt(24, q) - z, known)
    for add in (127, -128):
        [value], known = result_of(RECENTER.format(add=add), [q, z])
        with pytest.raises(Refuted):
            prove(value == z3.SignExt(24, q) - z, known)


INDEX = """
  %w = arith.{extend} %x0 : i8 to i32
  %low = arith.constant {low} : i32
  %r = arith.subi %w, %low : i32"""


def reads_the_table(body: str, is_signed: bool, low: int, high: int) -> bool:
    """Whether a table of f(low), f(low + 1), ... up to f(high) gives f(q) at the place of q, for every q and any f."""
    q = z3.BitVec("q", 8)
    [place], known = result_of(body, [q])
    assert not known
    table = list(range(low, high + 1))  # the argument of f in each entry
    for value in table:
        byte = z3.BitVecVal(value, 8)
        at = z3.simplify(z3.substitute(place, (q, byte))).as_signed_long()
        wide = byte.as_signed_long() if is_signed else byte.as_long()
        if wide != value or not 0 <= at < len(table) or table[at] != value:
            return False
    return True


@pytest.mark.parametrize(("extend", "low", "high"), [("extsi", -128, 127), ("extui", 0, 255), ("extsi", -127, 127)])
def test_tables(extend: str, low: int, high: int) -> None:
    """The place is q - low, of the 32-bit q; case by case."""
    is_signed = extend == "extsi"
    assert reads_the_table(INDEX.format(extend=extend, low=low), is_signed, low, high)
    assert not reads_the_table(INDEX.format(extend=extend, low=low + 1), is_signed, low, high)
    other = "extui" if is_signed else "extsi"
    assert not reads_the_table(INDEX.format(extend=other, low=low), is_signed, low, high)
