"""Fixed-point requantize as it is expanded into arith on i64 (rule N15 of docs/numerics.md).

`expansion` is the module that the proofs of test_requantize.py are about. It is a description of what lowering emits:
when a pass expands `lowbit.requantize`, `expansion` returns the output of that pass, and the proofs stay as they are.
They need the function @main(%acc: i32, %m: i32) -> i<n> (or %m a constant), and one product of 64 bits in it.
"""

from dataclasses import dataclass

from proofs.prove import run_pass


@dataclass(frozen=True)
class Requantize:
    shift: int
    double_round: bool = False
    zero_in: int = 0
    zero_out: int = 0
    low: int = -128
    high: int = 127
    width: int = 8


def expansion(r: Requantize) -> str:
    half = 1 << (r.shift - 1)
    rounding = f"%r = arith.constant {half} : i64"
    if r.double_round and r.shift > 31:
        rounding = f"""%zero = arith.constant 0 : i64
  %up = arith.constant {half + (1 << 30)} : i64
  %down = arith.constant {half - (1 << 30)} : i64
  %positive = arith.cmpi sge, %v, %zero : i64
  %r = arith.select %positive, %up, %down : i64"""
    return run_pass(f"""
func.func @main(%acc: i32, %m: i32) -> i{r.width} {{
  %wide = arith.extsi %acc : i32 to i64
  %zin = arith.constant {r.zero_in} : i64
  %v = arith.subi %wide, %zin overflow<nsw> : i64
  %factor = arith.extsi %m : i32 to i64
  %p = arith.muli %v, %factor : i64
  {rounding}
  %sum = arith.addi %p, %r overflow<nsw> : i64
  %shift = arith.constant {r.shift} : i64
  %q = arith.shrsi %sum, %shift : i64
  %zout = arith.constant {r.zero_out} : i64
  %moved = arith.addi %q, %zout overflow<nsw> : i64
  %low = arith.constant {r.low} : i64
  %high = arith.constant {r.high} : i64
  %atleast = arith.maxsi %moved, %low : i64
  %clamped = arith.minsi %atleast, %high : i64
  %result = arith.trunci %clamped : i64 to i{r.width}
  return %result : i{r.width}
}}""")
