//===- FixedPoint.cpp - real numbers as integers and a scale --------------===//
//
// See FixedPoint.h. The sums and products of bounds are those of the integers
// that the operations make; a step is chosen so that they fit.
//
//===----------------------------------------------------------------------===//
#include "FixedPoint.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

double LoopFactor::largest() const {
  double largest = 0;
  for (double value : values)
    largest = std::max(largest, std::abs(value));
  return largest;
}
double LoopFactor::smallest() const {
  double smallest = largest();
  for (double value : values)
    smallest = std::min(smallest, std::abs(value));
  return smallest;
}
bool LoopFactor::isPositive() const {
  return llvm::all_of(values, [](double value) { return value > 0; });
}
LoopFactor
LoopFactor::combine(const LoopFactor &other,
                    llvm::function_ref<double(double, double)> f) const {
  const LoopFactor &longer = loop ? *this : other;
  LoopFactor result = longer;
  for (auto [i, value] : llvm::enumerate(result.values))
    value = f(values[loop ? i : 0], other.values[other.loop ? i : 0]);
  return result;
}

RealRange Fixed::real() const {
  double first = scale.values.front();
  RealRange all{range.min * first, range.min * first};
  for (double step : scale.values)
    for (int64_t end : {range.min, range.max})
      all = all.unite({end * step, end * step});
  return all;
}

unsigned lowbit::bitsOf(Interval range) {
  uint64_t most = std::max<uint64_t>(range.max < 0 ? 0 : uint64_t(range.max),
                                     range.min < 0 ? -uint64_t(range.min) : 0);
  return most == 0 ? 0 : 64 - llvm::countl_zero(most);
}

//===----------------------------------------------------------------------===//
// Integers
//===----------------------------------------------------------------------===//

Value FixedBuilder::integer(Type type, int64_t value) const {
  return e.make<arith::ConstantOp>(e.b.getIntegerAttr(type, value));
}

Value FixedBuilder::wide(Value value) const {
  return e.extend(value, e.b.getI64Type(), /*isSigned=*/true);
}

Fixed FixedBuilder::make(Value value, Interval range, LoopFactor scale) const {
  bool isNarrow = value.getType().getIntOrFloatBitWidth() <= 32;
  Type type = isNarrow ? e.b.getI32Type() : e.b.getI64Type();
  return {e.extend(value, type, /*isSigned=*/true), range, std::move(scale)};
}

Fixed FixedBuilder::shiftRight(Fixed a, unsigned bits) const {
  if (bits == 0)
    return a;
  int64_t half = int64_t(1) << (bits - 1);
  Type type = e.b.getI64Type();
  Value sum = e.make<arith::AddIOp>(wide(a.value), integer(type, half));
  a.value = e.make<arith::ShRSIOp>(sum, integer(type, bits));
  a.range = {(a.range.min + half) >> bits, (a.range.max + half) >> bits};
  for (double &step : a.scale.values)
    step = std::ldexp(step, bits);
  return a;
}

Fixed FixedBuilder::shiftLeft(Fixed a, unsigned bits) const {
  if (bits == 0)
    return a;
  Interval range{a.range.min * (int64_t(1) << bits),
                 a.range.max * (int64_t(1) << bits)};
  bool fits = a.value.getType().isInteger(32) && range.fitsI32();
  Value value = fits ? a.value : wide(a.value);
  a.value = e.make<arith::ShLIOp>(value, integer(value.getType(), bits));
  a.range = range;
  for (double &step : a.scale.values)
    step = std::ldexp(step, -int(bits));
  return a;
}

Fixed FixedBuilder::narrow(Fixed a, unsigned bits) const {
  if (unsigned has = bitsOf(a.range); has > bits)
    a = shiftRight(a, has - bits);
  // Rounding up may have carried into one more bit.
  if (bitsOf(a.range) > bits)
    a = shiftRight(a, 1);
  if (!a.value.getType().isInteger(32))
    a.value = e.make<arith::TruncIOp>(e.b.getI32Type(), a.value);
  return a;
}

Fixed FixedBuilder::saturate(Fixed a, unsigned bits) const {
  int64_t most = (int64_t(1) << bits) - 1;
  Type type = a.value.getType();
  if (a.range.max > most)
    a.value = e.make<arith::MinSIOp>(a.value, integer(type, most));
  if (a.range.min < -most)
    a.value = e.make<arith::MaxSIOp>(a.value, integer(type, -most));
  a.range = {std::clamp(a.range.min, -most, most),
             std::clamp(a.range.max, -most, most)};
  return a;
}

Fixed FixedBuilder::refine(Fixed a, unsigned bits) const {
  unsigned has = bitsOf(a.range);
  return has == 0 || has >= bits ? a : shiftLeft(a, bits - has);
}

//===----------------------------------------------------------------------===//
// Steps
//===----------------------------------------------------------------------===//

Fixed FixedBuilder::negate(Fixed a) const {
  Fixed zero{integer(a.value.getType(), 0), {0, 0}, a.scale};
  return emit<arith::SubIOp>(zero, a, {-a.range.max, -a.range.min});
}

Fixed FixedBuilder::positive(Fixed a) const {
  if (a.scale.isPositive())
    return a;
  if (!a.scale.isSingle() || a.scale.single() == 0)
    return single(a);
  double step = -a.scale.single();
  a = negate(a);
  a.scale = step;
  return a;
}

Fixed FixedBuilder::single(Fixed a) const {
  if (a.scale.isSingle() && a.scale.single() > 0)
    return a;
  if (a.scale.isSingle() && a.scale.single() < 0)
    return positive(a);
  double magnitude = a.magnitude();
  return rescale(a,
                 magnitude == 0 ? 1.0 : std::ldexp(magnitude, -int(kSumBits)));
}

Fixed FixedBuilder::rescale(Fixed a, const LoopFactor &scale) const {
  if (a.scale == scale)
    return a;
  if (!a.scale.agreesWith(scale))
    a = single(a);
  a = bitsOf(a.range) > 31 ? narrow(a) : a;
  LoopFactor ratio =
      a.scale.combine(scale, [](double from, double to) { return from / to; });
  double largest = ratio.largest();
  Fixed result{a.value, a.range, scale};
  if (llvm::all_of(ratio.values, [](double r) { return r == 1; }))
    return result;
  if (largest == 0 || a.range == Interval{0, 0}) {
    result.value = integer(e.b.getI32Type(), 0);
    result.range = {0, 0};
    return result;
  }
  // multiplier / 2^shift for each index: as many bits as 31 hold, so that a
  // product with 31 bits and a sign stays below 2^62.
  SmallVector<int32_t> multipliers, shifts;
  int before = 0; // how far the value has to go to the left for large ratios
  for (double r : ratio.values)
    if (r != 0)
      before = std::max(before, std::ilogb(r) - 28);
  if (before > 0) {
    // Some 2^60 steps are as good as any more: no format holds them.
    before = std::min(before, 30);
    a = shiftLeft(saturate(a, 31 - before), before);
    constexpr double most = 0x1p29;
    for (double &r : ratio.values)
      r = std::clamp(std::ldexp(r, -before), -most, most);
  }
  result.range = {0, 0};
  for (double r : ratio.values) {
    int shift = r == 0 ? 2 : std::clamp(30 - std::ilogb(r), 2, 62);
    int64_t multiplier = std::llround(std::ldexp(r, shift));
    if (std::abs(multiplier) == int64_t(1) << 31) { // rounded up
      multiplier /= 2;
      --shift;
    }
    multipliers.push_back(multiplier);
    shifts.push_back(shift);
    for (int64_t end : {a.range.min, a.range.max}) {
      int64_t scaled =
          (end * multiplier + (int64_t(1) << (shift - 1))) >> shift;
      result.range = result.range.unite({scaled, scaled});
    }
  }
  Type i64 = e.b.getI64Type();
  auto list = [&](ArrayRef<int32_t> values, StringRef what) -> Value {
    if (llvm::all_equal(values))
      return integer(i64, values.front());
    return wide(vector(values, *ratio.loop, what));
  };
  Value shift = list(shifts, ".shift");
  Value half = e.make<arith::ShLIOp>(
      integer(i64, 1), e.make<arith::SubIOp>(shift, integer(i64, 1)));
  if (llvm::all_equal(shifts))
    half = integer(i64, int64_t(1) << (shifts.front() - 1));
  Value product =
      e.make<arith::MulIOp>(wide(a.value), list(multipliers, ".multiplier"));
  Value value =
      e.make<arith::ShRSIOp>(e.make<arith::AddIOp>(product, half), shift);
  if (result.range.fitsI32())
    value = e.make<arith::TruncIOp>(e.b.getI32Type(), value);
  result.value = value;
  return result;
}

Fixed FixedBuilder::clamp(Fixed a, RealRange range) const {
  a = single(a);
  double step = a.scale.single();
  // A step more, so that rounding takes nothing away.
  double low = std::floor(range.min / step), high = std::ceil(range.max / step);
  Type type = a.value.getType();
  if (low > a.range.min) {
    a.range.min = std::min<int64_t>(int64_t(low), a.range.max);
    a.value = e.make<arith::MaxSIOp>(a.value, integer(type, a.range.min));
  }
  if (high < a.range.max) {
    a.range.max = std::max<int64_t>(int64_t(high), a.range.min);
    a.value = e.make<arith::MinSIOp>(a.value, integer(type, a.range.max));
  }
  if (!type.isInteger(32) && a.range.fitsI32())
    a.value = e.make<arith::TruncIOp>(e.b.getI32Type(), a.value);
  return a;
}

/// True when steps of this size are fine enough for numbers of this magnitude,
/// and no finer than integers can count.
static bool suits(const LoopFactor &scale, double magnitude, unsigned fineBits,
                  unsigned sumBits) {
  return scale.isPositive() &&
         magnitude / scale.largest() >= std::ldexp(1.0, fineBits - 1) &&
         magnitude / scale.smallest() <= std::ldexp(1.0, sumBits);
}

std::pair<Fixed, Fixed>
FixedBuilder::align(Fixed a, Fixed b, std::optional<RealRange> hint) const {
  a = positive(a);
  b = positive(b);
  if (a.scale == b.scale)
    return {a, b};
  double magnitude = a.magnitude() + b.magnitude();
  if (hint && hint->magnitude() > 0 && hint->magnitude() < magnitude) {
    // What is far beyond the hint stays beyond it.
    magnitude = hint->magnitude();
    RealRange most{-8 * magnitude, 8 * magnitude};
    if (a.magnitude() > most.max)
      a = clamp(a, most);
    if (b.magnitude() > most.max)
      b = clamp(b, most);
  }
  if (magnitude == 0)
    magnitude = 1;
  LoopFactor scale = std::ldexp(magnitude, -int(kSumBits));
  if (suits(a.scale, magnitude, kFineBits, kSumBits) &&
      a.scale.agreesWith(b.scale))
    scale = a.scale;
  else if (suits(b.scale, magnitude, kFineBits, kSumBits) &&
           a.scale.agreesWith(b.scale))
    scale = b.scale;
  return {rescale(a, scale), rescale(b, scale)};
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

Fixed FixedBuilder::constant(const LoopFactor &value) const {
  double magnitude = value.largest();
  Fixed result;
  result.scale = magnitude == 0 ? 1.0 : std::ldexp(magnitude, -30);
  SmallVector<int32_t> steps;
  for (double v : value.values)
    steps.push_back(std::llround(v / result.scale.single()));
  result.range = {*llvm::min_element(steps), *llvm::max_element(steps)};
  result.value = llvm::all_equal(steps)
                     ? integer(e.b.getI32Type(), steps.front())
                     : vector(steps, *value.loop, ".steps");
  return result;
}

Fixed FixedBuilder::add(Fixed a, Fixed b, std::optional<RealRange> hint) const {
  std::tie(a, b) = align(a, b, hint);
  Fixed sum = emit<arith::AddIOp>(a, b, a.range.plus(b.range));
  if (hint && sum.scale.isSingle() && !sum.range.fitsI32())
    sum = clamp(sum, *hint);
  return bitsOf(sum.range) > 31 ? narrow(sum) : sum;
}

Fixed FixedBuilder::counted(const LoopFactor &steps, const LoopFactor &scale,
                            StringRef what) const {
  double most = std::ldexp(1.0, kSumBits + 1);
  SmallVector<int32_t> integers;
  for (double step : steps.values)
    integers.push_back(std::llround(std::clamp(step, -most, most)));
  Value value = llvm::all_equal(integers)
                    ? integer(e.b.getI32Type(), integers.front())
                    : vector(integers, *steps.loop, what);
  return {value,
          {*llvm::min_element(integers), *llvm::max_element(integers)},
          scale};
}

Fixed FixedBuilder::add(Fixed a, const LoopFactor &b,
                        std::optional<RealRange> hint) const {
  if (b.largest() == 0)
    return a;
  a = positive(a);
  if (!a.scale.agreesWith(b))
    a = single(a);
  a = refine(a, kFineBits);
  LoopFactor steps =
      b.combine(a.scale, [](double x, double step) { return x / step; });
  // Steps too fine for the constant, or for the sum.
  double most = std::ldexp(1.0, kSumBits + 1);
  if (steps.largest() > most || bitsOf(a.range) > 30) {
    double magnitude = a.magnitude() + b.largest();
    if (hint && hint->magnitude() > 0)
      magnitude = std::min(magnitude, 4 * hint->magnitude());
    if (a.magnitude() > 2 * magnitude)
      a = clamp(a, {-2 * magnitude, 2 * magnitude});
    a = rescale(a, std::ldexp(magnitude, -int(kSumBits)));
    steps = b.combine(a.scale, [](double x, double step) { return x / step; });
  }
  Fixed other = counted(steps, a.scale, ".bias");
  Fixed sum = emit<arith::AddIOp>(a, other, a.range.plus(other.range));
  if (hint && sum.scale.isSingle() && !sum.range.fitsI32())
    sum = clamp(sum, *hint);
  return bitsOf(sum.range) > 31 ? narrow(sum) : sum;
}

Fixed FixedBuilder::multiply(Fixed a, const LoopFactor &b) const {
  if (!a.scale.agreesWith(b))
    a = single(a);
  a.scale = a.scale.combine(b, [](double x, double y) { return x * y; });
  if (!b.isSingle())
    a.expected = std::nullopt;
  if (a.expected) {
    double ends[] = {a.expected->min * b.single(),
                     a.expected->max * b.single()};
    a.expected = {std::min(ends[0], ends[1]), std::max(ends[0], ends[1])};
  }
  return a;
}

Fixed FixedBuilder::multiply(Fixed a, Fixed b) const {
  if (!a.scale.agreesWith(b.scale))
    b = single(b);
  a = bitsOf(a.range) > 31 ? narrow(a) : a;
  b = bitsOf(b.range) > 31 ? narrow(b) : b;
  LoopFactor scale =
      a.scale.combine(b.scale, [](double x, double y) { return x * y; });
  Interval range = a.range.times(b.range);
  // The least of a square is no product of opposite ends.
  if (a.value == b.value)
    range.min = 0;
  Fixed product = emit<arith::MulIOp>(a, b, range);
  product.scale = scale;
  return bitsOf(product.range) > 31 ? narrow(product) : product;
}

Value FixedBuilder::quantize(Fixed a, double scale, int64_t zeroPoint,
                             Interval range) const {
  // Far beyond the format is as good as its end; the ratio stays in reach.
  double most = 4.0 * double(range.max - range.min) * scale;
  if (a.magnitude() > std::ldexp(most, 20))
    a = clamp(a, {-most, most});
  Fixed steps = rescale(positive(a), scale);
  Type type = steps.value.getType();
  Value low = integer(type, range.min - zeroPoint),
        high = integer(type, range.max - zeroPoint);
  Value value = steps.value;
  if (steps.range.min < range.min - zeroPoint)
    value = e.make<arith::MaxSIOp>(value, low);
  if (steps.range.max > range.max - zeroPoint)
    value = e.make<arith::MinSIOp>(value, high);
  if (!type.isInteger(32))
    value = e.make<arith::TruncIOp>(e.b.getI32Type(), value);
  if (zeroPoint == 0)
    return value;
  return e.make<arith::AddIOp>(value, integer(e.b.getI32Type(), zeroPoint));
}
