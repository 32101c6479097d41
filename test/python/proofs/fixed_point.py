"""Requantize as lowbit-lower-qdq emits it (rules N14 and N15 of docs/numerics.md), for many parameters at once.

A multiplier is a constant of the program and proofs are about all of them: what is emitted has MULTIPLIER in one place,
which the translator reads as a symbol. That nothing else depends on it is seen by emitting a second one.
"""

from dataclasses import dataclass
from functools import cached_property

import z3

from proofs.floats import FloatModel
from proofs.ir import Op, functions, read
from proofs.ops_lowbit import Format
from proofs.prove import mutate, run_pass
from proofs.translate import Machine

PASS = "--lowbit-lower-qdq"
MULTIPLIER = 1518500249
OTHER = 1073741825


@dataclass(frozen=True)
class Requantize:
    shift: int
    double_round: bool = False
    zero_in: int = 0
    zero_out: int = 0
    source: str = "i32"
    """A plain integer, or the text of an affine format."""
    target: str = "i8"

    @property
    def format(self) -> Format:
        return Format.parse_text(f"!lowbit.affine<{self.target}>")

    @property
    def source_format(self) -> Format | None:
        return None if self.source == "i32" else Format.parse_text(f"!lowbit.affine<{self.source}>")

    def __str__(self) -> str:
        mode = "double" if self.double_round else "single"
        return f"{self.shift} {mode} {self.source} {self.zero_in} to {self.target} {self.zero_out}"

    def text(self, name: str, multiplier: int) -> str:
        plain, target = f"i{self.format.width}", f"!lowbit.affine<{self.target}>"
        source, cast = "i32", ""
        value = "%x"
        if self.source_format:
            source, value = f"!lowbit.affine<{self.source}>", "%v"
            cast = f"%v = lowbit.storage_cast %x : i{self.source_format.width} to {source}"
        mode = "double_round" if self.double_round else "single_round"
        return f"""
func.func @{name}(%x: {f"i{self.source_format.width}" if self.source_format else "i32"}) -> {plain} {{
  {cast}
  %q = lowbit.requantize {value} {{multiplier = dense<{multiplier}> : tensor<i32>,
      shift = dense<{self.shift}> : tensor<i8>, input_zero_point = {self.zero_in} : i32,
      zero_point = dense<{self.zero_out}> : tensor<i32>,
      fixed_rounding = #lowbit.fixed_rounding<{mode}>}} : {source} -> {target}
  %i = lowbit.storage_cast %q : {target} to {plain}
  return %i : {plain}
}}"""


class Emitted:
    """What the pass makes of many cases, in one run of it."""

    def __init__(self, cases: list[Requantize]) -> None:
        self.cases = list(dict.fromkeys(cases))

    @staticmethod
    def module(cases: list[Requantize], multiplier: int) -> str:
        return run_pass("\n".join(r.text(f"f{i}", multiplier) for i, r in enumerate(cases)), PASS)

    @cached_property
    def functions(self) -> dict[Requantize, Op]:
        text = self.module(self.cases, MULTIPLIER)
        assert text.replace(str(MULTIPLIER), str(OTHER)) == self.module(self.cases, OTHER)
        named = functions(read(text))
        return {r: named[f"f{i}"] for i, r in enumerate(self.cases)}

    def of(self, r: Requantize, error: tuple[str, str] | None = None) -> Op:
        if error is None:
            return self.functions[r]
        return functions(read(mutate(self.module([r], MULTIPLIER), *error)))["f0"]


def execute(
    function: Op, floats: FloatModel, value: z3.BitVecRef, multiplier: z3.BitVecRef
) -> tuple[z3.BitVecRef, Machine]:
    machine = Machine(floats)
    machine.symbols = {MULTIPLIER: multiplier}
    [result] = machine.run(function, [value])
    return result, machine
