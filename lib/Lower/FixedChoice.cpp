//===- FixedChoice.cpp - one of two numbers -------------------------------===//
//
// In: fixed-point numbers in steps that may differ, or one and a constant. Out:
// both in the same steps, the comparison, and the number that is chosen. A
// constant is counted in the steps of the number, which are made finer first.
//
//===----------------------------------------------------------------------===//
#include "FixedPoint.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

std::pair<Fixed, Fixed> FixedBuilder::align(Fixed a, const LoopFactor &b,
                                            bool isBound) const {
  a = positive(a);
  if (!a.scale.agreesWith(b))
    a = single(a);
  if (b.largest() != 0)
    a = refine(a, kFineBits);
  double most = std::ldexp(1.0, kSumBits + 1);
  LoopFactor steps =
      b.combine(a.scale, [](double x, double step) { return x / step; });
  // A bound that is out of reach may be any that is.
  bool isFar = steps.largest() > most;
  if ((isFar && !isBound) || bitsOf(a.range) > kSumBits + 1)
    return align(a, constant(b), std::nullopt);
  return {a, counted(steps, a.scale, ".bound")};
}

Value FixedBuilder::compare(arith::CmpIPredicate predicate, Fixed a,
                            Fixed b) const {
  bool isWide =
      a.value.getType().isInteger(64) || b.value.getType().isInteger(64);
  return e.compare(predicate, isWide ? wide(a.value) : a.value,
                   isWide ? wide(b.value) : b.value);
}

Fixed FixedBuilder::select(Value condition, Fixed a, Fixed b) const {
  bool isWide =
      a.value.getType().isInteger(64) || b.value.getType().isInteger(64);
  Fixed result{e.select(condition, isWide ? wide(a.value) : a.value,
                        isWide ? wide(b.value) : b.value),
               a.range.unite(b.range), a.scale};
  return bitsOf(result.range) > 31 || isWide ? narrow(result) : result;
}

Fixed FixedBuilder::pick(bool isMaximum, Fixed a, Fixed b) const {
  auto choose = [&](int64_t x, int64_t y) {
    return isMaximum ? std::max(x, y) : std::min(x, y);
  };
  Interval range{choose(a.range.min, b.range.min),
                 choose(a.range.max, b.range.max)};
  return isMaximum ? emit<arith::MaxSIOp>(a, b, range)
                   : emit<arith::MinSIOp>(a, b, range);
}
Fixed FixedBuilder::maximum(Fixed a, Fixed b) const {
  std::tie(a, b) = align(a, b, std::nullopt);
  return pick(true, a, b);
}
Fixed FixedBuilder::minimum(Fixed a, Fixed b) const {
  std::tie(a, b) = align(a, b, std::nullopt);
  return pick(false, a, b);
}
Fixed FixedBuilder::maximum(Fixed a, const LoopFactor &b) const {
  auto [x, y] = align(a, b, /*isBound=*/true);
  return pick(true, x, y);
}
Fixed FixedBuilder::minimum(Fixed a, const LoopFactor &b) const {
  auto [x, y] = align(a, b, /*isBound=*/true);
  return pick(false, x, y);
}

Fixed FixedBuilder::absolute(Fixed a) const {
  a = positive(a);
  Fixed result = pick(/*isMaximum=*/true, a, negate(a));
  result.range.min = std::max<int64_t>(result.range.min, 0);
  return result;
}
