"""Proofs and refutations: what every test of this folder asks.

`prove` ends when a claim holds for all values of its symbols, raises `Refuted` with a counterexample when it does not,
and `Undecided` when z3 does not end in time, which is a failure too. Sums of products are first compared as polynomials
(z3's rewriter with sums of monomials), for which bits need not be looked at.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import z3
from artifacts import tools_folder

import proofs.ops_arith
import proofs.ops_contract
import proofs.ops_linalg
import proofs.ops_lowbit
import proofs.ops_memory  # noqa: F401  (all five give the operations their meaning)
from proofs.floats import FloatModel
from proofs.ir import Op, functions, read
from proofs.translate import Buffer, Machine, Tensor

# `make proofs` sets both: larger cases, and more time for each.
LONG = os.environ.get("LOWBIT_PROOFS") == "long"
SECONDS = 600 if LONG else 60


class Refuted(Exception):
    pass


class Undecided(Exception):
    pass


def run_pass(source: str, *flags: str) -> str:
    """What quant-opt makes of `source`, in generic form."""
    command = [str(Path(tools_folder()) / "quant-opt"), *flags, "--mlir-print-op-generic"]
    done = subprocess.run(command, input=source, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise AssertionError(f"{' '.join(command)}: {done.stderr}")
    return done.stdout


def mutate(text: str, old: str, new: str, count: int = 0) -> str:
    """A rewrite with an error in it."""
    changed = re.sub(old, new, text, count=count)
    assert changed != text, f"{old} is not in the module"
    return changed


def function(text: str, name: str = "main") -> Op:
    return functions(read(text))[name]


def flatten(values: Sequence[Any]) -> list[Any]:
    flat: list[Any] = []
    for value in values:
        if isinstance(value, Tensor):
            flat.extend(value.elements)
        elif isinstance(value, Buffer):
            flat.extend(value.cells)
        else:
            flat.append(value)
    return flat


def prove(claim: z3.BoolRef, assumptions: Sequence[z3.BoolRef] = (), seconds: float = SECONDS) -> None:
    if z3.is_true(z3.simplify(claim)) or z3.is_true(z3.simplify(claim, som=True, elim_sign_ext=False)):
        return
    if z3.is_eq(claim) and z3.is_bv(claim.arg(0)):
        difference = z3.simplify(claim.arg(0) - claim.arg(1), som=True, elim_sign_ext=False)
        if z3.is_bv_value(difference) and difference.as_long() == 0:
            return
    solver = z3.Solver()
    solver.set("timeout", int(seconds * 1000))
    solver.add(*assumptions, z3.Not(claim))
    answer = solver.check()
    if answer == z3.sat:
        raise Refuted(str(solver.model()))
    if answer != z3.unsat:
        raise Undecided(f"{solver.reason_unknown()} after {seconds} s: {str(claim)[:200]}")


FUNCTIONS = {z3.Z3_OP_UNINTERPRETED, z3.Z3_OP_FPA_MUL, z3.Z3_OP_FPA_ADD, z3.Z3_OP_FPA_TO_FP}


def goals(a: Any, b: Any) -> list[z3.BoolRef]:
    """Equations that make the floats `a` and `b` equal: a function of equal operands is equal."""
    if a.eq(b):
        return []
    if z3.is_bv(a) or not a.num_args() or a.decl().kind() not in FUNCTIONS or not a.decl().eq(b.decl()):
        return [a == b]
    return [goal for i in range(a.num_args()) for goal in goals(a.arg(i), b.arg(i))]


def prove_equal(before: Sequence[Any], after: Sequence[Any], assumptions: Sequence[z3.BoolRef] = ()) -> None:
    """Element by element."""
    left, right = flatten(before), flatten(after)
    assert left and len(left) == len(right)
    for a, b in zip(left, right, strict=True):
        for goal in goals(a, b):
            prove(goal, assumptions)


def prove_obligations(machine: Machine, assumptions: Sequence[z3.BoolRef] = ()) -> int:
    """Nothing that ran was undefined; how many conditions there were."""
    for _, condition in machine.obligations:
        prove(condition, assumptions)
    return len(machine.obligations)


def use_shift(machine: Machine, terms: list[z3.BitVecRef]) -> list[z3.BitVecRef]:
    """Writes zext(byte ^ 0x80), whose xor the machine named, as sext(byte) + 128, and sext of it as zext(byte) - 128.

    Both are one fact about bytes, proved in test_expand_contractions.py.
    """
    flips = [(symbol, term.arg(0)) for symbol, term in machine.named if term.arg(1).as_long() == 0x80]
    extensions = [(z3.ZeroExt(24, symbol), z3.SignExt(24, byte) + 128) for symbol, byte in flips]
    extensions += [(z3.SignExt(24, symbol), z3.ZeroExt(24, byte) - 128) for symbol, byte in flips]
    # All at once, for each call looks at every rule.
    together = z3.And(*[term == z3.BitVec("term", term.size()) for term in terms], z3.BoolVal(True))
    together = z3.substitute(z3.substitute(together, *extensions), *machine.named)
    return [equation.arg(0) for equation in together.children()[:-1]]


def run(text: str, floats: FloatModel, arguments: Sequence[Any], prefix: str = "") -> tuple[list[Any], Machine]:
    machine = Machine(floats, prefix)
    return machine.run(function(text), arguments), machine


def arguments_of(text: str, floats: FloatModel, shapes: dict[int, Sequence[int]] | None = None) -> list[Any]:
    """A symbol for every element of every argument of @main."""
    machine = Machine(floats)
    types = function(text).regions[0][0].arguments
    return [machine.argument(f"x{i}", type, (shapes or {}).get(i)) for i, (_, type) in enumerate(types)]
