//===- ArithCasts.cpp - conversions of arith ------------------------------===//
//
// From one integer or float type to another. Floats round once, to nearest
// even. Refused: other rounding modes. Without a result: a float that the
// integer type does not hold, bits lost against a flag.
//
//===----------------------------------------------------------------------===//
#include "Kernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;

namespace lowbit::interpreter {
namespace {
/// The integer, of whatever size, rounded to the type once.
double fromInteger(FloatType type, int64_t value, bool isSigned) {
  if (type.isF64())
    return isSigned ? double(value) : double(uint64_t(value));
  if (type.isF32())
    return isSigned ? float(value) : float(uint64_t(value));
  APFloat result(type.getFloatSemantics());
  result.convertFromAPInt(APInt(64, uint64_t(value)), isSigned,
                          APFloat::rmNearestTiesToEven);
  return result.convertToDouble();
}

std::string describe(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", value);
  return text;
}

/// Truncates; the integer is at least `low` and less than `high`.
Kernel toInteger(unsigned width, double low, double high) {
  return [=](const Scalar *x, Context &c) {
    double whole = std::trunc(x[0].f);
    if (!(whole >= low && whole < high))
      return c.fail("converts " + describe(x[0].f) +
                    ", which is out of range for " + std::to_string(width) +
                    " bits");
    int64_t integer =
        whole >= 0x1p63 ? int64_t(uint64_t(whole)) : int64_t(whole);
    return Scalar::ofInt(wrap(integer, width));
  };
}

Kernel truncate(arith::TruncIOp op) {
  unsigned width = widthOf(op.getOut()), from = widthOf(op.getIn());
  auto flags = op.getOverflowFlags();
  bool nsw = bitEnumContainsAny(flags, arith::IntegerOverflowFlags::nsw);
  bool nuw = bitEnumContainsAny(flags, arith::IntegerOverflowFlags::nuw);
  return [=](const Scalar *x, Context &c) {
    int64_t result = wrap(x[0].i, width);
    if ((nsw && result != x[0].i) ||
        (nuw && zeroExtend(result, width) != zeroExtend(x[0].i, from)))
      return c.fail("loses bits, which its flags rule out, of " +
                    std::to_string(x[0].i));
    return Scalar::ofInt(result);
  };
}

/// Between integers and index, the source read without a sign.
template <typename OpTy> Kernel extendZeros(OpTy op) {
  unsigned width = widthOf(op.getOut()), from = widthOf(op.getIn());
  return [=](const Scalar *x, Context &) {
    return Scalar::ofInt(wrap(int64_t(zeroExtend(x[0].i, from)), width));
  };
}
template <typename OpTy> Kernel extendSign(OpTy op) {
  unsigned width = widthOf(op.getOut());
  return [=](const Scalar *x, Context &) {
    return Scalar::ofInt(wrap(x[0].i, width));
  };
}

FailureOr<Kernel> roundDown(arith::TruncFOp op) {
  auto mode = op.getRoundingmode();
  if (mode && *mode != arith::RoundingMode::to_nearest_even)
    return op.emitOpError("rounds ")
           << arith::stringifyRoundingMode(*mode)
           << "; the interpreter only rounds to_nearest_even";
  FloatType type = floatTypeOf(op.getOut());
  return Kernel([type](const Scalar *x, Context &) {
    return Scalar::ofFloat(roundTo(type, x[0].f));
  });
}

Kernel reinterpret(arith::BitcastOp op) {
  Type from = getElementTypeOrSelf(op.getIn().getType());
  Type to = getElementTypeOrSelf(op.getOut().getType());
  return [=](const Scalar *x, Context &) {
    Tensor bits = Tensor::scalar(from, x[0]);
    return Tensor::view(to, {}, bits.bytes()).value();
  };
}
} // namespace

void addArithCastKernels(KernelTable &table) {
  using namespace arith;
  table.add<ExtSIOp>(extendSign<ExtSIOp>);
  table.add<IndexCastOp>(extendSign<IndexCastOp>);
  table.add<ExtUIOp>(extendZeros<ExtUIOp>);
  table.add<IndexCastUIOp>(extendZeros<IndexCastUIOp>);
  table.add<TruncIOp>(truncate);
  table.add<BitcastOp>(reinterpret);
  table.add<TruncFOp>(roundDown);
  table.add<ExtFOp>([](ExtFOp) -> Kernel {
    return [](const Scalar *x, Context &) { return x[0]; };
  });
  table.add<SIToFPOp>([](SIToFPOp op) -> Kernel {
    FloatType type = floatTypeOf(op.getOut());
    return [=](const Scalar *x, Context &) {
      return Scalar::ofFloat(fromInteger(type, x[0].i, true));
    };
  });
  table.add<UIToFPOp>([](UIToFPOp op) -> Kernel {
    FloatType type = floatTypeOf(op.getOut());
    unsigned from = widthOf(op.getIn());
    return [=](const Scalar *x, Context &) {
      return Scalar::ofFloat(
          fromInteger(type, int64_t(zeroExtend(x[0].i, from)), false));
    };
  });
  table.add<FPToSIOp>([](FPToSIOp op) -> Kernel {
    unsigned width = widthOf(op.getOut());
    double end = std::ldexp(1.0, int(width) - 1);
    return toInteger(width, -end, end);
  });
  table.add<FPToUIOp>([](FPToUIOp op) -> Kernel {
    unsigned width = widthOf(op.getOut());
    return toInteger(width, 0.0, std::ldexp(1.0, int(width)));
  });
}
} // namespace lowbit::interpreter
