//===- IntegerChoice.cpp - conditions, choices, conversions ---------------===//
//
// In: comparisons, selects, bounds and conversions of a body, and what their
// operands became. Out: the same on integers in the same steps. Comparisons are
// those of numbers that are no NaN. A number far below all others, as a mask
// has it, counts as one that is out of reach.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

std::pair<Fixed, Fixed>
IntegerEvaluator::together(const Number &a, const Number &b, bool isBound,
                           std::optional<RealRange> hint) {
  if (b.constant)
    return fixed.align(toFixed(a), *b.constant, isBound);
  if (a.constant) {
    auto [y, x] = fixed.align(toFixed(b), *a.constant, isBound);
    return {x, y};
  }
  return fixed.align(toFixed(a), toFixed(b), hint);
}

IntegerEvaluator::Result IntegerEvaluator::bound(Number a, Number b,
                                                 bool isMaximum) {
  if (a.constant)
    std::swap(a, b);
  if (a.constant && b.constant && a.constant->agreesWith(*b.constant))
    return known(a.constant->combine(*b.constant, [&](double x, double y) {
      return isMaximum ? std::max(x, y) : std::min(x, y);
    }));
  if (b.constant)
    return real(isMaximum ? fixed.maximum(toFixed(a), *b.constant)
                          : fixed.minimum(toFixed(a), *b.constant));
  return real(isMaximum ? fixed.maximum(toFixed(a), toFixed(b))
                        : fixed.minimum(toFixed(a), toFixed(b)));
}

IntegerEvaluator::Result
IntegerEvaluator::compare(arith::CmpFPredicate predicate, Number a, Number b) {
  using Real = arith::CmpFPredicate;
  auto constant = [&](bool value) {
    return integer(fixed.e.make<arith::ConstantOp>(
        fixed.e.b.getIntegerAttr(fixed.e.b.getI1Type(), value)));
  };
  arith::CmpIPredicate whole;
  switch (predicate) {
  case Real::AlwaysFalse:
  case Real::UNO:
    return constant(false);
  case Real::AlwaysTrue:
  case Real::ORD:
    return constant(true);
  case Real::OEQ:
  case Real::UEQ:
    whole = arith::CmpIPredicate::eq;
    break;
  case Real::ONE:
  case Real::UNE:
    whole = arith::CmpIPredicate::ne;
    break;
  case Real::OGT:
  case Real::UGT:
    whole = arith::CmpIPredicate::sgt;
    break;
  case Real::OGE:
  case Real::UGE:
    whole = arith::CmpIPredicate::sge;
    break;
  case Real::OLT:
  case Real::ULT:
    whole = arith::CmpIPredicate::slt;
    break;
  case Real::OLE:
  case Real::ULE:
    whole = arith::CmpIPredicate::sle;
    break;
  }
  auto [x, y] = together(a, b, /*isBound=*/true, std::nullopt);
  return integer(fixed.compare(whole, x, y));
}

/// The constant, as far as numbers of the other choice and those that were
/// observed go; e^-24 is nothing in a sum.
static LoopFactor reachable(LoopFactor constant, double other,
                            std::optional<RealRange> hint) {
  constexpr double deep = 24;
  double most = 2 * other + deep;
  for (double &value : constant.values) {
    if (hint && hint->magnitude() > 0)
      value = std::clamp(value, widened(*hint).min, widened(*hint).max);
    if (std::abs(value) >= std::numeric_limits<float>::max())
      value = std::copysign(most, value);
  }
  return constant;
}

IntegerEvaluator::Result IntegerEvaluator::choose(Operation *inner,
                                                  Numbers args) {
  Type type = inner->getResult(0).getType();
  if (args[0].constant)
    return args[args[0].constant->single() != 0 ? 1 : 2];
  Value condition = toPlain(args[0], fixed.e.b.getI1Type());
  if (!isa<FloatType>(type))
    return integer(fixed.e.select(condition, toPlain(args[1], type),
                                  toPlain(args[2], type)));
  std::optional<RealRange> hint = hintOf(inner);
  for (auto [own, other] : {std::pair(1, 2), std::pair(2, 1)})
    if (args[own].constant) {
      double magnitude =
          args[other].constant
              ? args[other].constant->smallest()
              : (args[other] = *real(toFixed(args[other]))).fixed->magnitude();
      args[own].constant = reachable(*args[own].constant, magnitude, hint);
    }
  auto [yes, no] = together(args[1], args[2], /*isBound=*/false, hint);
  return real(fixed.select(condition, yes, no));
}

IntegerEvaluator::Result IntegerEvaluator::evaluateChoice(Operation *inner,
                                                          Numbers args) {
  if (auto compared = dyn_cast<arith::CmpFOp>(inner))
    return compare(compared.getPredicate(), args[0], args[1]);
  if (isa<arith::SelectOp>(inner))
    return choose(inner, args);
  if (isa<math::IsNaNOp, math::IsInfOp>(inner))
    return compare(arith::CmpFPredicate::AlwaysFalse, args[0], args[0]);
  if (isa<math::IsFiniteOp>(inner))
    return compare(arith::CmpFPredicate::AlwaysTrue, args[0], args[0]);
  if (isa<math::CopySignOp>(inner)) {
    auto isNegative = compare(arith::CmpFPredicate::OLT, args[1], *known(0.0));
    Fixed magnitude = fixed.absolute(toFixed(args[0]));
    Fixed opposite = fixed.negate(magnitude);
    return real(fixed.select(isNegative->plain, opposite, magnitude));
  }
  bool isMaximum = isa<arith::MaximumFOp, arith::MaxNumFOp>(inner);
  // What the formats of all readers cut off anyway.
  if (options.bounds && isYielded(inner) && op.getNumReductionLoops() == 0)
    for (unsigned i : {0, 1})
      if (const auto &end = args[i].constant;
          end && !args[1 - i].constant &&
          llvm::all_of(end->values, [&](double value) {
            return isMaximum ? value <= options.bounds->min
                             : value >= options.bounds->max;
          }))
        return args[1 - i];
  return bound(args[0], args[1], isMaximum);
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

/// A product of sizes.
static bool isCount(Value value) {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return number.isStrictlyPositive();
  Operation *maker = value.getDefiningOp();
  return isa_and_nonnull<tensor::DimOp>(maker) ||
         (isa_and_nonnull<arith::IndexCastOp, arith::MulIOp>(maker) &&
          llvm::all_of(maker->getOperands(), isCount));
}

IntegerEvaluator::Result IntegerEvaluator::fromInteger(Operation *inner,
                                                       const Number &number) {
  Value source = inner->getOperand(0);
  Value value = toPlain(number, source.getType());
  Interval range = ranges.getSigned(source);
  if (isa<arith::UIToFPOp>(inner)) {
    ConstantIntRanges known = ranges.get(source);
    unsigned width = known.umax().getBitWidth();
    if (width >= 64 && known.umax().isNegative())
      return refuse("'arith.uitofp' of 64 bits has no integer form in this "
                    "version; convert a signed integer");
    range = {int64_t(known.umin().getZExtValue()),
             int64_t(known.umax().getZExtValue())};
    if (width < 64)
      value = fixed.e.make<arith::ExtUIOp>(
          width < 32 ? fixed.e.b.getI32Type() : fixed.e.b.getI64Type(), value);
  }
  // A sum of products of 16 bits (N37) keeps its 64.
  constexpr int64_t mostWide = int64_t(1) << 60;
  if (!range.fitsI32() && range.min > -mostWide && range.max < mostWide)
    return real(fixed.make(value, range));
  // Counts, masks, positions: as far as was observed, twice that, or a byte.
  if (!range.fitsI32()) {
    RealRange seen = widened(hintOf(inner).value_or(RealRange{0, 1 << 23}));
    int64_t least = std::min<int64_t>(-128, std::floor(seen.min)),
            most = std::max<int64_t>(127, std::ceil(seen.max));
    // One over it is a number; of nothing there are no elements to divide.
    if (isCount(source))
      least = 1;
    Type type = value.getType();
    auto end = [&](int64_t number) -> Value {
      return fixed.e.make<arith::ConstantOp>(
          fixed.e.b.getIntegerAttr(type, number));
    };
    value = fixed.e.make<arith::MinSIOp>(
        fixed.e.make<arith::MaxSIOp>(value, end(least)), end(most));
    range = {least, most};
  }
  if (value.getType().getIntOrFloatBitWidth() > 32)
    value = fixed.e.make<arith::TruncIOp>(fixed.e.b.getI32Type(), value);
  return real(fixed.make(value, range));
}

IntegerEvaluator::Result IntegerEvaluator::toInteger(Operation *inner,
                                                     const Number &number) {
  Type type = inner->getResult(0).getType();
  unsigned width = type.getIntOrFloatBitWidth();
  bool isSigned = isa<arith::FPToSIOp>(inner);
  Fixed whole = fixed.toWhole(toFixed(number), WholeMode::Trunc);
  Value value = whole.value;
  // Beyond the type the conversion is not defined.
  Interval limits{isSigned ? -(int64_t(1) << 31) : 0, (int64_t(1) << 31) - 1};
  if (width < 32)
    limits = isSigned ? Interval{-(int64_t(1) << (width - 1)),
                                 (int64_t(1) << (width - 1)) - 1}
                      : Interval{0, (int64_t(1) << width) - 1};
  if (whole.range.min < limits.min)
    value = fixed.e.make<arith::MaxSIOp>(value, fixed.e.i32(limits.min));
  if (whole.range.max > limits.max)
    value = fixed.e.make<arith::MinSIOp>(value, fixed.e.i32(limits.max));
  Interval range{std::clamp(whole.range.min, limits.min, limits.max),
                 std::clamp(whole.range.max, limits.min, limits.max)};
  if (width < 32)
    value = fixed.e.make<arith::TruncIOp>(type, value);
  else if (width > 32)
    value = fixed.e.make<arith::ExtSIOp>(type, value);
  if (isSigned || range.max < (int64_t(1) << (width - 1)))
    ranges.narrow(inner->getResult(0), range);
  return integer(value);
}

IntegerEvaluator::Result IntegerEvaluator::evaluateConversion(Operation *inner,
                                                              Numbers args) {
  return isa<arith::SIToFPOp, arith::UIToFPOp>(inner)
             ? fromInteger(inner, args[0])
             : toInteger(inner, args[0]);
}
