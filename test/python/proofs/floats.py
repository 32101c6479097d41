"""What a proof takes floats to be.

Symbols: f32 values are of a sort without meaning and each operation is a function without meaning. Equal operations on
equal operands are equal, products and sums commute, and nothing else is known, so what is proved holds for any such
arithmetic of floats. Two constants are multiplied as IEEE binary32 says, because compile-time folding does so.

Ieee: z3's theory of binary32, round to nearest even. A division is any bits at all (the same ones for the same
operands): what is proved holds for every quotient, NaN of every payload included. So may be a product, where asked for.
"""

import struct

import z3

F32 = z3.FPSort(8, 24)
NEAREST = z3.RNE()


class Symbols:
    def __init__(self) -> None:
        self.sort = z3.DeclareSort("Float")
        self.of_bits = z3.Function("float", z3.BitVecSort(32), self.sort)

    def variable(self, name: str) -> z3.ExprRef:
        return z3.Const(name, self.sort)

    def constant(self, bits: int) -> z3.ExprRef:
        return self.of_bits(z3.BitVecVal(bits, 32))

    def bits(self, x: z3.ExprRef) -> int | None:
        """The bits of a constant."""
        if x.decl().eq(self.of_bits) and z3.is_bv_value(x.arg(0)):
            return x.arg(0).as_long()
        return None

    def op(self, name: str, *operands: z3.ExprRef) -> z3.ExprRef:
        known = [self.bits(x) for x in operands]
        if name == "mulf" and known[0] is not None and known[1] is not None:
            return self.constant(_multiply(known[0], known[1]))
        if name in ("mulf", "addf"):
            operands = tuple(sorted(operands, key=_order))
        return z3.Function(name, *[self.sort] * (len(operands) + 1))(*operands)

    def from_signed(self, x: z3.BitVecRef) -> z3.ExprRef:
        return z3.Function(f"sitofp{x.size()}", x.sort(), self.sort)(x)

    def to_signed(self, x: z3.ExprRef, width: int) -> tuple[z3.BitVecRef, z3.BoolRef]:
        """Any integer; that it is defined is proved with Ieee."""
        return z3.Function(f"fptosi{width}", self.sort, z3.BitVecSort(width))(x), z3.BoolVal(True)

    def compare(self, predicate: int, a: z3.ExprRef, b: z3.ExprRef) -> z3.BoolRef:
        return z3.Function(f"cmpf{predicate}", self.sort, self.sort, z3.BoolSort())(a, b)


def _order(x: z3.ExprRef) -> tuple[str, str]:
    # By the outermost function first, so that terms that are equal, but not in their text, take the same place.
    return x.decl().name(), "" if x.decl().name().startswith("sitofp") else x.sexpr()


def _multiply(a: int, b: int) -> int:
    x, y = (struct.unpack("<f", struct.pack("<I", bits))[0] for bits in (a, b))
    # A product of two floats is exact in double, so it is rounded once.
    return struct.unpack("<I", struct.pack("<f", x * y))[0]


class Ieee:
    sort = F32

    def __init__(self, opaque: tuple[str, ...] = ("divf",)) -> None:
        self.opaque = opaque
        # By the ids of the operands, which are kept here, for an id is used again when its term is gone.
        self.results: dict[tuple[str, int, int], tuple[z3.ExprRef, ...]] = {}

    def variable(self, name: str) -> z3.ExprRef:
        return z3.FP(name, F32)

    def constant(self, bits: int) -> z3.ExprRef:
        return z3.simplify(z3.fpBVToFP(z3.BitVecVal(bits, 32), F32))

    def bits(self, x: z3.ExprRef) -> int | None:
        x = z3.simplify(z3.fpToIEEEBV(x))
        return x.as_long() if z3.is_bv_value(x) else None

    def op(self, name: str, *x: z3.ExprRef) -> z3.ExprRef:
        if name in self.opaque:
            bits = z3.BitVec(f"{name}{len(self.results)}", 32)
            return self.results.setdefault((name, *(a.get_id() for a in x)), (z3.fpBVToFP(bits, F32), *x))[0]
        match name:
            case "mulf":
                return z3.fpMul(NEAREST, *x)
            case "addf":
                return z3.fpAdd(NEAREST, *x)
            case "subf":
                return z3.fpSub(NEAREST, *x)
            case "roundeven" | "trunc" | "floor":
                mode = {"roundeven": NEAREST, "trunc": z3.RTZ(), "floor": z3.RTN()}[name]
                return z3.fpRoundToIntegral(mode, x[0])
            case "absf":
                return z3.fpAbs(x[0])
            case "copysign":
                return z3.If(z3.fpIsNegative(x[1]), z3.fpNeg(z3.fpAbs(x[0])), z3.fpAbs(x[0]))
            case "maximumf" | "minimumf":
                return self.extremum(name == "maximumf", *x)
        raise LookupError(f"{name} on binary32")

    @staticmethod
    def extremum(largest: bool, a: z3.ExprRef, b: z3.ExprRef) -> z3.ExprRef:
        """A NaN wins; of two zeros the positive one is larger."""
        both_zero = z3.And(z3.fpIsZero(a), z3.fpIsZero(b))
        if largest:
            chosen = z3.If(z3.If(both_zero, z3.fpIsPositive(a), z3.fpGT(a, b)), a, b)
        else:
            chosen = z3.If(z3.If(both_zero, z3.fpIsNegative(a), z3.fpLT(a, b)), a, b)
        return z3.If(z3.Or(z3.fpIsNaN(a), z3.fpIsNaN(b)), z3.fpNaN(F32), chosen)

    def from_signed(self, x: z3.BitVecRef) -> z3.ExprRef:
        return z3.fpSignedToFP(NEAREST, x, F32)

    def to_signed(self, x: z3.ExprRef, width: int) -> tuple[z3.BitVecRef, z3.BoolRef]:
        """Toward zero, and whether that is defined."""
        low, high = (z3.FPVal(float(end), F32) for end in (-(2 ** (width - 1)), 2 ** (width - 1)))
        # -2^(w-1) - 1 is a float for small widths only; no float lies between it and -2^(w-1) for 32 and 64 bits.
        if width not in (32, 64):
            raise LookupError(f"fptosi to i{width}")
        defined = z3.And(z3.fpGEQ(x, low), z3.fpLT(x, high))
        return z3.fpToSBV(z3.RTZ(), x, z3.BitVecSort(width)), defined

    @staticmethod
    def to_bits(x: z3.ExprRef) -> z3.BitVecRef:
        """Of a value that was made of bits those, which says what the payload of a NaN is."""
        if x.decl().kind() == z3.Z3_OP_FPA_TO_FP and x.num_args() == 1:
            return x.arg(0)
        return z3.fpToIEEEBV(x)

    @staticmethod
    def from_bits(bits: z3.BitVecRef) -> z3.ExprRef:
        return z3.fpBVToFP(bits, F32)

    def compare(self, predicate: int, a: z3.ExprRef, b: z3.ExprRef) -> z3.BoolRef:
        unordered = z3.Or(z3.fpIsNaN(a), z3.fpIsNaN(b))
        ordered = [z3.fpEQ, z3.fpGT, z3.fpGEQ, z3.fpLT, z3.fpLEQ]
        if 1 <= predicate <= 5:
            return ordered[predicate - 1](a, b)
        if predicate == 7:
            return z3.Not(unordered)
        if predicate == 14:
            return unordered
        raise LookupError(f"cmpf predicate {predicate}")


FloatModel = Symbols | Ieee
