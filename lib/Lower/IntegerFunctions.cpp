//===- IntegerFunctions.cpp - what depends on one integer -----------------===//
//
// In: operations on numbers that all depend on one integer of the body. Out:
// their values at the points of its grid (SampledFunction.h), and tables of
// them. NaN, which only what cannot occur gives, counts as 0.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"
#include "SampledFunction.h"

#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

RealRange lowbit::widened(RealRange range) {
  auto outward = [](double end, bool isUp) {
    return (end > 0) == isUp ? 2 * end : end / 2;
  };
  return {outward(range.min, false), outward(range.max, true)};
}

Fixed lowbit::lookUp(OpBuilder &builder, Operation *op, FixedBuilder &fixed,
                     const Function &function, std::optional<RealRange> hint) {
  RealRange most{-std::numeric_limits<float>::max(),
                 std::numeric_limits<float>::max()};
  if (hint)
    most = widened(*hint);
  double largest = 0;
  for (float sample : function.samples)
    if (!std::isnan(sample))
      largest = std::max(
          largest, std::abs(std::clamp<double>(sample, most.min, most.max)));
  double scale = largest == 0 ? 1.0 : std::ldexp(largest, -30);
  std::vector<int32_t> steps;
  for (float sample : function.samples)
    steps.push_back(
        std::isnan(sample)
            ? 0
            : std::llround(std::clamp<double>(sample, most.min, most.max) /
                           scale));
  ConstantBuilder constants(op->getParentOfType<ModuleOp>());
  Value table = constants.create(
      builder, op->getLoc(), valueName(op->getResult(0)) + ".table",
      RankedTensorType::get({int64_t(steps.size())}, builder.getI32Type()),
      ArrayRef<int32_t>(steps));
  auto [low, high] = std::minmax_element(steps.begin(), steps.end());
  return fixed.make(
      SampleGrid(function.range).emitLookup(fixed.e, function.base, table),
      {*low, *high}, scale);
}

Fixed IntegerEvaluator::asBase(Fixed number) {
  if (number.scale.isSingle() && number.value.getType().isInteger(32))
    return number;
  auto [entry, isNew] = bases.try_emplace(number.value);
  Base &base = entry->second;
  if (isNew) {
    base.number = fixed.narrow(fixed.single(number));
    base.scale = number.scale;
  }
  // The same integer, perhaps times another number.
  LoopFactor ratio = number.scale.combine(
      base.scale, [](double x, double y) { return x / y; });
  double first = ratio.values.front();
  for (double other : ratio.values)
    if (!(std::abs(other - first) <= 1e-12 * std::abs(first)))
      return fixed.narrow(fixed.single(number));
  Fixed result = base.number;
  result.scale = result.scale.single() * first;
  result.expected = number.expected;
  return result;
}

std::optional<std::vector<float>>
IntegerEvaluator::samplesOf(const Number &number, Interval range,
                            bool isExact) {
  if (number.function)
    return number.function->samples;
  std::vector<float> samples;
  std::vector<int64_t> points = SampleGrid(range).points();
  if (number.constant) {
    if (!number.constant->isSingle())
      return std::nullopt;
    samples.assign(points.size(), number.constant->single());
    return samples;
  }
  if (!number.fixed || !number.fixed->scale.isSingle())
    return std::nullopt;
  // Beyond what can be expected a function may be of another magnitude.
  constexpr double infinity = std::numeric_limits<double>::infinity();
  RealRange domain{-infinity, infinity};
  if (number.fixed->expected && !isExact)
    domain = widened(*number.fixed->expected);
  for (int64_t point : points) {
    // The grid begins at zero, where a function of what is no zero need not be
    // anything.
    if (point == 0 && (range.min > 0 || range.max < 0))
      point = range.min > 0 ? range.min : range.max;
    samples.push_back(std::clamp(double(point) * number.fixed->scale.single(),
                                 domain.min, domain.max));
  }
  return samples;
}

/// Steps and corners, which a line between samples would cut off.
static bool isBroken(Operation *inner) {
  return isa<arith::CmpFOp, arith::SelectOp, arith::RemFOp, arith::AndIOp,
             arith::OrIOp, arith::XOrIOp, math::FloorOp, math::CeilOp,
             math::RoundOp, math::RoundEvenOp, math::TruncOp, math::CopySignOp>(
      inner);
}

/// What has another form where it need not be sampled.
static bool isArithmetic(Operation *inner) {
  return isa<math::AbsFOp, math::FmaOp>(inner) ||
         !isa<math::MathDialect>(inner->getDialect());
}

std::optional<IntegerEvaluator::Result>
IntegerEvaluator::sample(Operation *inner, MutableArrayRef<Number> args) {
  Type type = inner->getResult(0).getType();
  if (!(type.isF32() || type.isInteger(1)) || args.empty() ||
      isa<arith::SIToFPOp, arith::FPToSIOp, arith::FPToUIOp>(inner))
    return std::nullopt;
  bool isFunction = !isArithmetic(inner) && !isBroken(inner);
  isFunction |= isa<arith::DivFOp>(inner) && !args[1].constant;
  bool needsExact = isBroken(inner);
  for (Number &arg : args) {
    if (!arg.constant && !arg.fixed && !arg.function)
      return std::nullopt;
    isFunction |= arg.function != nullptr;
    if (needsExact && arg.fixed &&
        !(arg.fixed->scale.isSingle() && arg.fixed->scale.single() > 0 &&
          SampleGrid(arg.fixed->range).isExact()))
      return std::nullopt;
    if (needsExact && arg.function &&
        !SampleGrid(arg.function->range).isExact())
      return std::nullopt;
  }
  if (!isFunction && !needsExact)
    return std::nullopt;
  Value base;
  Interval range;
  for (Number &arg : args) {
    if (arg.constant)
      continue;
    if (arg.fixed)
      arg.fixed = asBase(*arg.fixed);
    Value own = arg.fixed ? arg.fixed->value : arg.function->base;
    if (base && base != own)
      return std::nullopt;
    base = own;
    range = arg.fixed ? arg.fixed->range : arg.function->range;
  }
  if (!base)
    return std::nullopt;
  bool isExact = SampleGrid(range).isExact();
  // Between samples a wave has room for many turns.
  if (isa<math::SinOp, math::CosOp, math::TanOp>(inner) && !isExact &&
      !(args[0].fixed && args[0].fixed->magnitude() <= M_PI)) {
    args[0] = *real(fixed.turn(toFixed(args[0])));
    return sample(inner, args);
  }
  std::vector<std::vector<float>> operands;
  for (const Number &arg : args) {
    auto samples = samplesOf(arg, range, isExact);
    if (!samples)
      return std::nullopt;
    operands.push_back(std::move(*samples));
  }
  auto samples = evaluateOnSamples(inner, operands);
  if (!samples)
    return Result(
        refuse("'" + inner->getName().getStringRef() + "' cannot be computed"));
  Number number;
  number.function =
      std::make_shared<Function>(Function{base, range, std::move(*samples)});
  return Result(number);
}

Value IntegerEvaluator::toPlain(const Number &number, Type type) {
  if (number.plain)
    return number.plain;
  if (number.constant)
    return fixed.e.make<arith::ConstantOp>(fixed.e.b.getIntegerAttr(
        type, type.isInteger(1) ? number.constant->single() != 0
                                : int64_t(number.constant->single())));
  std::vector<int8_t> bytes(number.function->samples.begin(),
                            number.function->samples.end());
  Value table = ConstantBuilder(op->getParentOfType<ModuleOp>())
                    .create(builder, op.getLoc(),
                            valueName(op->getResult(0)) + ".conditions",
                            RankedTensorType::get({int64_t(bytes.size())},
                                                  builder.getI8Type()),
                            ArrayRef<int8_t>(bytes));
  Value byte = SampleGrid(number.function->range)
                   .emitLookup(fixed.e, number.function->base, table);
  return fixed.e.make<arith::TruncIOp>(type, byte);
}
