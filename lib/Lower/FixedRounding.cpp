//===- FixedRounding.cpp - numbers of steps become whole numbers ----------===//
//
// In: fixed-point numbers. Out: those that floor, ceil, round and trunc give,
// in steps of 1; remainders; angles less whole turns. A number is first counted
// in steps of a power of two, rounded, so that what a float has as 3.0 is no
// 2.99999.
//
//===----------------------------------------------------------------------===//
#include "FixedPoint.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

/// Steps of 1 are divided by two up to so many times.
static constexpr int kFractionBits = 20;

Fixed FixedBuilder::toFraction(Fixed a, int &bits) const {
  constexpr double most = 0x1p29;
  a = single(a);
  if (a.magnitude() > most)
    a = clamp(a, {-most, most});
  bits = kFractionBits;
  while (bits > 0 && std::ldexp(a.magnitude(), bits) > most)
    --bits;
  return narrow(rescale(a, std::ldexp(1.0, -bits)));
}

Fixed FixedBuilder::toWhole(Fixed a, WholeMode mode) const {
  int bits;
  a = toFraction(a, bits);
  if (bits == 0)
    return a;
  int64_t one = int64_t(1) << bits, half = one / 2;
  Value shift = e.i32(bits);
  auto sign = [&] { return e.make<arith::ShRSIOp>(a.value, e.i32(31)); };
  Value offset;
  switch (mode) {
  case WholeMode::Floor:
    break;
  case WholeMode::Ceil:
    offset = e.i32(one - 1);
    break;
  case WholeMode::Trunc:
    offset = e.make<arith::AndIOp>(sign(), e.i32(one - 1));
    break;
  case WholeMode::HalfAway:
    offset = e.make<arith::AddIOp>(sign(), e.i32(half));
    break;
  case WholeMode::HalfEven: {
    Value below = e.make<arith::ShRSIOp>(a.value, shift);
    Value isOdd = e.make<arith::AndIOp>(below, e.i32(1));
    offset = e.make<arith::AddIOp>(isOdd, e.i32(half - 1));
    break;
  }
  }
  if (offset)
    a.value = e.make<arith::AddIOp>(a.value, offset);
  a.value = e.make<arith::ShRSIOp>(a.value, shift);
  a.range = {a.range.min >> bits, (a.range.max + one - 1) >> bits};
  a.scale = 1.0;
  return a;
}

Fixed FixedBuilder::remainder(Fixed a, double divisor) const {
  // Parts of the divisor, so many that both count with few enough bits.
  divisor = std::abs(divisor);
  a = single(a);
  if (a.magnitude() / divisor > 0x1p28)
    a = clamp(a, {-0x1p28 * divisor, 0x1p28 * divisor});
  int bits = kFractionBits;
  while (bits > 0 && std::ldexp(a.magnitude() / divisor, bits) > 0x1p29)
    --bits;
  a = narrow(rescale(a, std::ldexp(divisor, -bits)));
  int64_t parts = int64_t(1) << bits;
  a.value = e.make<arith::RemSIOp>(a.value, e.i32(parts));
  a.range = {std::max(a.range.min, 1 - parts),
             std::min(a.range.max, parts - 1)};
  return a;
}

Fixed FixedBuilder::turn(Fixed a) const {
  // 2^64 steps of i64 are a turn, so that products wrap as angles do.
  constexpr double circle = 6.283185307179586;
  constexpr unsigned bits = 20;
  a = bitsOf(a.range) > 31 ? narrow(a) : a;
  SmallVector<int32_t> high, low;
  for (double step : a.scale.values) {
    double part = std::remainder(step / circle, 1.0);
    auto steps = part >= 0.5 ? std::numeric_limits<int64_t>::max()
                             : int64_t(std::ldexp(part, 64));
    high.push_back(int32_t(steps >> 32));
    low.push_back(int32_t(steps));
  }
  Type i64 = e.b.getI64Type();
  auto list = [&](ArrayRef<int32_t> values, StringRef what) -> Value {
    if (llvm::all_equal(values))
      return e.i32(values.front());
    return vector(values, *a.scale.loop, what);
  };
  Value top = e.make<arith::ShLIOp>(wide(list(high, ".turn.high")), e.i64(32));
  Value bottom = e.make<arith::ExtUIOp>(i64, list(low, ".turn.low"));
  Value product = e.make<arith::MulIOp>(wide(a.value),
                                        e.make<arith::OrIOp>(top, bottom));
  Value angle = e.make<arith::ShRSIOp>(product, e.i64(64 - bits));
  int64_t half = int64_t(1) << (bits - 1);
  return {e.make<arith::TruncIOp>(e.b.getI32Type(), angle),
          {-half, half - 1},
          std::ldexp(circle, -int(bits))};
}
