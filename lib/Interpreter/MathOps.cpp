//===- MathOps.cpp - operations of math -----------------------------------===//
//
// F1: f32 functions are the formulas of lib/Numerics that compiled code has;
// tan, sinh, cosh, asinh, acosh and atanh are written with those. f16 and bf16
// compute in f32. Refused: functions without a fixed formula (acos, asin, atan,
// atan2, cbrt, erfc), and f64 for all of which no operation rounds once.
//
//===----------------------------------------------------------------------===//
#include "Kernels.h"

#include "lowbit/Numerics/Affine.h"
#include "lowbit/Numerics/PlainMath.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include "llvm/ADT/bit.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {
/// An operation that rounds once in any float type.
template <typename OpTy, typename Function>
void addExact(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    return unaryFloat(op.getResult(), function);
  });
}

LogicalResult refuseWide(Operation *op) {
  if (!floatTypeOf(op->getResult(0)).isF64())
    return success();
  return op->emitOpError("on f64 has no fixed formula, so its bits differ "
                         "between machines; compute in f32");
}

/// A formula of f32.
template <typename OpTy, typename Function>
void addFormula(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> FailureOr<Kernel> {
    if (failed(refuseWide(op)))
      return failure();
    FloatType type = floatTypeOf(op.getResult());
    return Kernel([=](const Scalar *x, Context &) {
      return Scalar::ofFloat(roundTo(type, function(float(x[0].f))));
    });
  });
}

template <typename OpTy> void addWithoutFormula(KernelTable &table) {
  table.add<OpTy>([](OpTy op) -> FailureOr<Kernel> {
    return op.emitOpError("has no fixed formula, so its bits are not defined; "
                          "write it with exp, log, sin, cos, sqrt or powf");
  });
}

template <typename OpTy, typename Function>
void addPredicate(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    auto type =
        cast<FloatType>(getElementTypeOrSelf(op.getOperand().getType()));
    return [=](const Scalar *x, Context &) {
      return Scalar::ofBool(function(x[0].f, type));
    };
  });
}

template <typename OpTy, typename Function>
void addBits(KernelTable &table, Function function) {
  table.add<OpTy>([function](OpTy op) -> Kernel {
    unsigned width = widthOf(op.getResult());
    return [=](const Scalar *x, Context &) {
      uint64_t bits = zeroExtend(x[0].i, width);
      return Scalar::ofInt(wrap(function(bits, width), width));
    };
  });
}

/// Half to even, in any rounding mode.
double roundEven(double x) {
  double below = std::floor(x), rest = x - below;
  bool up = rest > 0.5 || (rest == 0.5 && std::fmod(below, 2.0) != 0.0);
  return std::copysign(up ? below + 1.0 : below, x);
}
float roundEven(float x) { return roundHalfEven(x); }

FailureOr<Kernel> power(math::PowFOp op) {
  if (failed(refuseWide(op)))
    return failure();
  FloatType type = floatTypeOf(op.getResult());
  return Kernel([=](const Scalar *x, Context &) {
    return Scalar::ofFloat(
        roundTo(type, plainPow(float(x[0].f), float(x[1].f))));
  });
}

/// x^n = pow(x, float(n)).
FailureOr<Kernel> integerPower(math::FPowIOp op) {
  if (failed(refuseWide(op)))
    return failure();
  FloatType type = floatTypeOf(op.getResult());
  return Kernel([=](const Scalar *x, Context &) {
    return Scalar::ofFloat(
        roundTo(type, plainPow(float(x[0].f), float(x[1].i))));
  });
}

Kernel fusedMultiplyAdd(math::FmaOp op) {
  return floatKernel(floatTypeOf(op.getResult()), [](const Scalar *x, auto as) {
    using T = decltype(as);
    return std::fma(T(x[0].f), T(x[1].f), T(x[2].f));
  });
}

bool isNormal(double x, FloatType type) {
  APFloat value(x);
  bool losesInfo;
  value.convert(type.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                &losesInfo);
  return value.isNormal();
}

float sinh(float x) {
  return (plainMath().exp(x) - plainMath().exp(-x)) * 0.5f;
}
float cosh(float x) {
  return (plainMath().exp(x) + plainMath().exp(-x)) * 0.5f;
}
float asinh(float x) {
  return plainMath().log(x + std::sqrt(std::fma(x, x, 1.0f)));
}
float acosh(float x) {
  return plainMath().log(x + std::sqrt(std::fma(x, x, -1.0f)));
}
float atanh(float x) {
  return plainMath().log((x + 1.0f) / (-x + 1.0f)) * 0.5f;
}

void addFormulas(KernelTable &table) {
  using namespace math;
  addFormula<ExpOp>(table, [](float x) { return plainMath().exp(x); });
  addFormula<Exp2Op>(table, [](float x) { return plainMath().exp2(x); });
  addFormula<ExpM1Op>(table, [](float x) { return plainMath().expm1(x); });
  addFormula<LogOp>(table, [](float x) { return plainMath().log(x); });
  addFormula<Log2Op>(table, [](float x) { return plainMath().log2(x); });
  addFormula<Log10Op>(table, [](float x) { return plainMath().log10(x); });
  addFormula<Log1pOp>(table, [](float x) { return plainMath().log1p(x); });
  addFormula<TanhOp>(table, [](float x) { return plainMath().tanh(x); });
  addFormula<ErfOp>(table, [](float x) { return plainMath().erf(x); });
  addFormula<SinOp>(table, [](float x) { return plainMath().sin(x); });
  addFormula<CosOp>(table, [](float x) { return plainMath().cos(x); });
  addFormula<TanOp>(
      table, [](float x) { return plainMath().sin(x) / plainMath().cos(x); });
  addFormula<SinhOp>(table, [](float x) { return sinh(x); });
  addFormula<CoshOp>(table, [](float x) { return cosh(x); });
  addFormula<AsinhOp>(table, [](float x) { return asinh(x); });
  addFormula<AcoshOp>(table, [](float x) { return acosh(x); });
  addFormula<AtanhOp>(table, [](float x) { return atanh(x); });
  addFormula<RsqrtOp>(table, [](float x) { return 1.0f / std::sqrt(x); });
  addWithoutFormula<AcosOp>(table);
  addWithoutFormula<AsinOp>(table);
  addWithoutFormula<AtanOp>(table);
  addWithoutFormula<Atan2Op>(table);
  addWithoutFormula<CbrtOp>(table);
  addWithoutFormula<ErfcOp>(table);
}
} // namespace

void addMathKernels(KernelTable &table) {
  using namespace math;
  addExact<AbsFOp>(table, [](auto x) { return std::fabs(x); });
  addExact<CeilOp>(table, [](auto x) { return std::ceil(x); });
  addExact<FloorOp>(table, [](auto x) { return std::floor(x); });
  addExact<RoundOp>(table, [](auto x) { return std::round(x); });
  addExact<TruncOp>(table, [](auto x) { return std::trunc(x); });
  addExact<SqrtOp>(table, [](auto x) { return std::sqrt(x); });
  addExact<RoundEvenOp>(table, [](auto x) { return roundEven(x); });
  table.add<CopySignOp>([](CopySignOp op) -> Kernel {
    return binaryFloat(op.getResult(),
                       [](auto x, auto y) { return std::copysign(x, y); });
  });
  table.add<FmaOp>(fusedMultiplyAdd);
  table.add<PowFOp>(power);
  table.add<FPowIOp>(integerPower);

  addPredicate<IsNaNOp>(table, [](double x, Type) { return std::isnan(x); });
  addPredicate<IsInfOp>(table, [](double x, Type) { return std::isinf(x); });
  addPredicate<IsFiniteOp>(table,
                           [](double x, Type) { return std::isfinite(x); });
  addPredicate<IsNormalOp>(table, isNormal);

  addBits<CtPopOp>(table, [](uint64_t bits, unsigned) {
    return int64_t(llvm::popcount(bits));
  });
  addBits<CountLeadingZerosOp>(table, [](uint64_t bits, unsigned width) {
    return int64_t(llvm::countl_zero(bits)) - (64 - int64_t(width));
  });
  addBits<CountTrailingZerosOp>(table, [](uint64_t bits, unsigned width) {
    return bits == 0 ? int64_t(width) : int64_t(llvm::countr_zero(bits));
  });
  // The lowest integer stays what it is.
  addBits<AbsIOp>(table, [](uint64_t bits, unsigned width) {
    int64_t value = wrap(int64_t(bits), width);
    return value < 0 ? int64_t(-uint64_t(value)) : value;
  });
  addFormulas(table);
}

const KernelTable &kernelTable() {
  static const KernelTable table = [] {
    KernelTable made;
    addArithIntegerKernels(made);
    addArithCastKernels(made);
    addArithFloatKernels(made);
    addMathKernels(made);
    return made;
  }();
  return table;
}
} // namespace lowbit::interpreter
