//===- ArithInteger.cpp - integer operations of arith ---------------------===//
//
// Signless integers of up to 64 bits and index (64 bits). Sums wrap unless a
// flag (nsw, nuw, exact) promises that they do not; a broken promise, a
// division by zero or one that overflows, and a shift by the width or more have
// no result.
//
//===----------------------------------------------------------------------===//
#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {
using Wide = __int128;

std::string pair(int64_t a, int64_t b) {
  return std::to_string(a) + " and " + std::to_string(b);
}

/// add, sub and mul: `function` on integers wide enough for any result.
template <typename OpTy, typename Function>
void addRing(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    auto flags = op.getOverflowFlags();
    bool nsw = bitEnumContainsAny(flags, arith::IntegerOverflowFlags::nsw);
    bool nuw = bitEnumContainsAny(flags, arith::IntegerOverflowFlags::nuw);
    return [=](const Scalar *x, Context &c) {
      Wide exact = function(Wide(x[0].i), Wide(x[1].i));
      int64_t result = wrap(int64_t(exact), width);
      if (nsw && Wide(result) != exact)
        return c.fail("overflows, which 'nsw' rules out, on " +
                      pair(x[0].i, x[1].i));
      Wide natural = function(Wide(zeroExtend(x[0].i, width)),
                              Wide(zeroExtend(x[1].i, width)));
      if (nuw && Wide(zeroExtend(result, width)) != natural)
        return c.fail("overflows, which 'nuw' rules out, on " +
                      pair(x[0].i, x[1].i));
      return Scalar::ofInt(result);
    };
  });
}

/// Signed and unsigned operations that always have a result.
template <typename OpTy, typename Function>
void addSigned(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    return [=](const Scalar *x, Context &) {
      return Scalar::ofInt(wrap(function(x[0].i, x[1].i), width));
    };
  });
}
template <typename OpTy, typename Function>
void addUnsigned(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    return [=](const Scalar *x, Context &) {
      uint64_t result =
          function(zeroExtend(x[0].i, width), zeroExtend(x[1].i, width));
      return Scalar::ofInt(wrap(int64_t(result), width));
    };
  });
}

template <typename OpTy> bool isExact(OpTy op) {
  return op->hasAttr("isExact");
}

/// Divisions and remainders of signed integers.
template <typename OpTy, typename Function>
void addSignedDivision(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    int64_t lowest = wrap(int64_t(uint64_t(1) << (width - 1)), width);
    bool exact = isExact(op);
    return [=](const Scalar *x, Context &c) {
      int64_t a = x[0].i, b = x[1].i;
      if (b == 0)
        return c.fail("divides " + std::to_string(a) + " by zero");
      if (a == lowest && b == -1)
        return c.fail("overflows on " + pair(a, b));
      if (exact && a % b != 0)
        return c.fail("has a remainder, which 'exact' rules out, on " +
                      pair(a, b));
      return Scalar::ofInt(function(a, b));
    };
  });
}
template <typename OpTy, typename Function>
void addUnsignedDivision(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    bool exact = isExact(op);
    return [=](const Scalar *x, Context &c) {
      uint64_t a = zeroExtend(x[0].i, width), b = zeroExtend(x[1].i, width);
      if (b == 0)
        return c.fail("divides " + std::to_string(a) + " by zero");
      if (exact && a % b != 0)
        return c.fail("has a remainder, which 'exact' rules out, on " +
                      std::to_string(a) + " and " + std::to_string(b));
      return Scalar::ofInt(wrap(int64_t(function(a, b)), width));
    };
  });
}

/// `function` gets the bits, the amount and the width.
template <typename OpTy, typename Function>
void addShift(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    bool exact = isExact(op);
    return [=](const Scalar *x, Context &c) {
      uint64_t amount = zeroExtend(x[1].i, width);
      if (amount >= width)
        return c.fail("shifts " + std::to_string(width) + " bits by " +
                      std::to_string(amount));
      if (exact &&
          wrap(int64_t(uint64_t(x[0].i) >> amount << amount), width) != x[0].i)
        return c.fail("shifts ones out, which 'exact' rules out, on " +
                      pair(x[0].i, x[1].i));
      return Scalar::ofInt(wrap(function(x[0].i, amount, width), width));
    };
  });
}

Kernel shiftLeft(arith::ShLIOp op) {
  unsigned width = widthOf(op.getResult());
  auto flags = op.getOverflowFlags();
  bool nsw = bitEnumContainsAny(flags, arith::IntegerOverflowFlags::nsw);
  bool nuw = bitEnumContainsAny(flags, arith::IntegerOverflowFlags::nuw);
  return [=](const Scalar *x, Context &c) {
    uint64_t amount = zeroExtend(x[1].i, width);
    if (amount >= width)
      return c.fail("shifts " + std::to_string(width) + " bits by " +
                    std::to_string(amount));
    int64_t result = wrap(int64_t(uint64_t(x[0].i) << amount), width);
    if ((nsw && result >> amount != x[0].i) ||
        (nuw &&
         zeroExtend(result, width) >> amount != zeroExtend(x[0].i, width)))
      return c.fail("overflows, which its flags rule out, on " +
                    pair(x[0].i, x[1].i));
    return Scalar::ofInt(result);
  };
}

bool compare(arith::CmpIPredicate predicate, int64_t a, int64_t b,
             unsigned width) {
  uint64_t ua = zeroExtend(a, width), ub = zeroExtend(b, width);
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return a == b;
  case arith::CmpIPredicate::ne:
    return a != b;
  case arith::CmpIPredicate::slt:
    return a < b;
  case arith::CmpIPredicate::sle:
    return a <= b;
  case arith::CmpIPredicate::sgt:
    return a > b;
  case arith::CmpIPredicate::sge:
    return a >= b;
  case arith::CmpIPredicate::ult:
    return ua < ub;
  case arith::CmpIPredicate::ule:
    return ua <= ub;
  case arith::CmpIPredicate::ugt:
    return ua > ub;
  case arith::CmpIPredicate::uge:
    return ua >= ub;
  }
  return false;
}

int64_t floorDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}
int64_t ceilDivide(int64_t a, int64_t b) {
  int64_t quotient = a / b;
  return a % b != 0 && (a < 0) == (b < 0) ? quotient + 1 : quotient;
}
} // namespace

void addArithIntegerKernels(KernelTable &table) {
  using namespace arith;
  addRing<AddIOp>(table, [](Wide a, Wide b) { return a + b; });
  addRing<SubIOp>(table, [](Wide a, Wide b) { return a - b; });
  addRing<MulIOp>(table, [](Wide a, Wide b) {
    // The product of two 64-bit numbers without sign needs the sign bit.
    return Wide(static_cast<unsigned __int128>(a) *
                static_cast<unsigned __int128>(b));
  });

  addSigned<AndIOp>(table, [](int64_t a, int64_t b) { return a & b; });
  addSigned<OrIOp>(table, [](int64_t a, int64_t b) { return a | b; });
  addSigned<XOrIOp>(table, [](int64_t a, int64_t b) { return a ^ b; });
  addSigned<MaxSIOp>(table,
                     [](int64_t a, int64_t b) { return std::max(a, b); });
  addSigned<MinSIOp>(table,
                     [](int64_t a, int64_t b) { return std::min(a, b); });
  addUnsigned<MaxUIOp>(table,
                       [](uint64_t a, uint64_t b) { return std::max(a, b); });
  addUnsigned<MinUIOp>(table,
                       [](uint64_t a, uint64_t b) { return std::min(a, b); });

  addSignedDivision<DivSIOp>(table, [](int64_t a, int64_t b) { return a / b; });
  addSignedDivision<RemSIOp>(table, [](int64_t a, int64_t b) { return a % b; });
  addSignedDivision<FloorDivSIOp>(table, floorDivide);
  addSignedDivision<CeilDivSIOp>(table, ceilDivide);
  addUnsignedDivision<DivUIOp>(table,
                               [](uint64_t a, uint64_t b) { return a / b; });
  addUnsignedDivision<RemUIOp>(table,
                               [](uint64_t a, uint64_t b) { return a % b; });
  addUnsignedDivision<CeilDivUIOp>(
      table, [](uint64_t a, uint64_t b) { return a / b + (a % b != 0); });

  table.add<ShLIOp>(shiftLeft);
  addShift<ShRSIOp>(table,
                    [](int64_t a, uint64_t by, unsigned) { return a >> by; });
  addShift<ShRUIOp>(table, [](int64_t a, uint64_t by, unsigned width) {
    return int64_t(zeroExtend(a, width) >> by);
  });

  table.add<CmpIOp>([](CmpIOp op) -> Kernel {
    CmpIPredicate predicate = op.getPredicate();
    unsigned width = widthOf(op.getLhs());
    return [=](const Scalar *x, Context &) {
      return Scalar::ofBool(compare(predicate, x[0].i, x[1].i, width));
    };
  });
  table.add<SelectOp>([](SelectOp) -> Kernel {
    return [](const Scalar *x, Context &) { return x[0].i ? x[1] : x[2]; };
  });
}
} // namespace lowbit::interpreter
