"""What range analysis may promise: ends of sums of products, and pairs of products that fit 16 bits.

The formulas are proved for all integers (z3's integers), and so are the attributes that lowbit-analyze-accumulators
writes, for the weights of each case and all activations.
"""

import itertools
import re

import pytest
import z3

from proofs.ir import Op
from proofs.prove import Refuted, function, prove, run_pass

ANALYSIS = "--lowbit-analyze-accumulators"


def smaller(a: z3.ArithRef, b: z3.ArithRef) -> z3.ArithRef:
    return z3.If(a <= b, a, b)


def larger(a: z3.ArithRef, b: z3.ArithRef) -> z3.ArithRef:
    return z3.If(a >= b, a, b)


a, b, low, high, total, least, most = z3.Ints("a b low high total least most")
inside = z3.And(low <= a, a <= high)


def test_the_ends_contain_every_sum() -> None:
    """By induction: [least, most] holds the sums so far, then [least + min(b low, b high), most + max(...)] the next."""
    so_far = z3.And(least <= total, total <= most)
    # A product of a and b is monotonic in a, rising or falling by the sign of b.
    prove(z3.Implies(z3.And(inside, b >= 0), z3.And(b * low <= b * a, b * a <= b * high)))
    prove(z3.Implies(z3.And(inside, b <= 0), z3.And(b * high <= b * a, b * a <= b * low)))
    product, first, last = z3.Ints("product first last")  # b * a, b * low, b * high
    between = z3.And(smaller(first, last) <= product, product <= larger(first, last))
    step = z3.And(least + smaller(first, last) <= total + product, total + product <= most + larger(first, last))
    prove(z3.Implies(z3.And(so_far, between), step))
    with pytest.raises(Refuted):  # the ends in the order of b >= 0, for every b
        prove(z3.Implies(inside, z3.And(b * low <= b * a, b * a <= b * high)))


def test_the_ends_are_attained() -> None:
    """Each product has its end at an end of a, and each product has an a of its own, so the sum has its end too."""
    prove(z3.Implies(low <= high, z3.Or(smaller(b * low, b * high) == b * low, smaller(b * low, b * high) == b * high)))
    prove(
        z3.Implies(
            z3.And(low <= high, least == total),
            least + smaller(b * low, b * high) == total + z3.If(b >= 0, b * low, b * high),
        )
    )


def test_pairs_do_not_saturate() -> None:
    """vpmaddubsw: 255 * (the positive weights of a pair) and 255 * (the negative ones) fit 16 bits exactly when the sum
    of no pair of products with unsigned bytes saturates. 20 bits hold every such sum."""
    s, u = z3.BitVecs("s0 s1", 20), z3.BitVecs("u0 u1", 20)
    zero, byte = z3.BitVecVal(0, 20), z3.BitVecVal(255, 20)
    first, last = -(2**15), 2**15 - 1
    legal = [z3.And(x >= -128, x <= 127) for x in s] + [z3.And(x >= 0, x <= 255) for x in u]
    top = 255 * z3.If(s[0] > 0, s[0], zero) + 255 * z3.If(s[1] > 0, s[1], zero)
    bottom = 255 * z3.If(s[0] < 0, s[0], zero) + 255 * z3.If(s[1] < 0, s[1], zero)
    value = s[0] * u[0] + s[1] * u[1]
    fits = z3.And(value >= first, value <= last)
    prove(z3.Implies(z3.And(top <= last, bottom >= first), fits), legal)
    # Otherwise 255 for every positive weight, or for every negative one, leaves 16 bits.
    extremes = [
        z3.substitute(fits, *[(u[i], z3.If(sign, byte, zero)) for i, sign in enumerate(signs)])
        for signs in ([s[0] > 0, s[1] > 0], [s[0] < 0, s[1] < 0])
    ]
    prove(z3.Implies(z3.And(*extremes), z3.And(top <= last, bottom >= first)), legal)
    with pytest.raises(Refuted):
        prove(z3.Implies(z3.And(top <= last + 255, bottom >= first), fits), legal)
    with pytest.raises(Refuted):
        prove(z3.Implies(z3.And(*extremes), top <= last - 255), legal)


# What the pass writes.
WEIGHTS = {
    "small": [[1, 2], [3, -4], [0, 1]],
    "extremes": [[127, -128], [127, -128], [127, -128], [127, -128]],
    "pairs at the limit": [[64, -64], [64, -64], [0, 5]],
    "pairs beyond": [[65, -65], [64, -64], [0, 5]],
    # No two neighbours saturate, but rows 0 and 2 would: a layout may bring any two together (N20).
    "pairs apart": [[100, 1], [1, -1], [100, -1], [0, 5]],
}


def contraction(weights: list[list[int]]) -> Op:
    k, n = len(weights), len(weights[0])
    text = run_pass(
        f"""
func.func @main(%a: tensor<2x{k}xi8>) -> tensor<2x{n}xi32> {{
  %w = arith.constant dense<{weights}> : tensor<{k}x{n}xi8>
  %zero = arith.constant 0 : i32
  %e = tensor.empty() : tensor<2x{n}xi32>
  %f = linalg.fill ins(%zero : i32) outs(%e : tensor<2x{n}xi32>) -> tensor<2x{n}xi32>
  %y = linalg.matmul ins(%a, %w : tensor<2x{k}xi8>, tensor<{k}x{n}xi8>) outs(%f : tensor<2x{n}xi32>) -> tensor<2x{n}xi32>
  return %y : tensor<2x{n}xi32>
}}""",
        ANALYSIS,
    )
    return next(op for op in function(text).regions[0][0].ops if re.fullmatch(r"linalg\.matmul", op.name))


@pytest.mark.parametrize("case", WEIGHTS)
def test_attributes(case: str) -> None:
    weights = WEIGHTS[case]
    fields = contraction(weights).attribute("lowbit.accumulator")
    assert isinstance(fields, dict)
    x = z3.Ints(" ".join(f"x{i}" for i in range(len(weights))))
    legal = [z3.And(-128 <= i, i <= 127) for i in x]
    sums = [sum(w[n] * i for w, i in zip(weights, x, strict=True)) for n in range(len(weights[0]))]
    least, most = fields["min"].value, fields["max"].value
    for value in sums:
        prove(z3.And(least <= value, value <= most), legal)
    for end in (least, most):  # attained in some channel
        with pytest.raises(Refuted):
            prove(z3.And(*[value != end for value in sums]), legal)
    unsigned = [z3.And(0 <= i, i <= 255) for i in x]
    fit = []
    for i, j in itertools.combinations_with_replacement(range(len(weights)), 2):
        for n in range(len(weights[0])):
            value = sum(weights[k][n] * x[k] for k in {i, j})
            fit.append(z3.And(value >= -(2**15), value <= 2**15 - 1))
    if "pair_sums_fit_i16" in fields:
        prove(z3.And(*fit), unsigned)
    else:
        with pytest.raises(Refuted):
            prove(z3.And(*fit), unsigned)
