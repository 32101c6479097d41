//===- Requantize.cpp - Scales of requantization --------------------------===//
//
// In: real ratios of scales. Out: float or fixed-point scales by rules N14 to
// N16 of docs/numerics.md. A ratio that no legal scale is near is refused.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Requantize.h"
#include <cassert>
#include <limits>

using namespace lowbit;

bool lowbit::isLegalRequantizeScale(float scale) {
  return scale >= std::numeric_limits<float>::min() &&
         scale <= std::numeric_limits<float>::max();
}

bool lowbit::isLegalFixedScale(FixedScale scale, unsigned bits) {
  assert((bits == 16 || bits == 32) && "multipliers have 16 or 32 bits");
  int64_t limit = int64_t(1) << (bits - 1);
  return scale.multiplier >= 0 && scale.multiplier < limit &&
         scale.shift >= 2 && scale.shift <= 62;
}

std::optional<float> lowbit::requantizeScale(float from, float to) {
  double ratio = requantizeRatio(from, to);
  // A double beyond the floats has no conversion.
  if (!(std::fabs(ratio) <= double(std::numeric_limits<float>::max())))
    return std::nullopt;
  float scale = static_cast<float>(ratio);
  if (!isLegalRequantizeScale(scale))
    return std::nullopt;
  return scale;
}

std::optional<FixedScale> lowbit::fixedScale(double ratio, unsigned bits) {
  assert((bits == 16 || bits == 32) && "multipliers have 16 or 32 bits");
  if (!(ratio >= 0.0) || std::isinf(ratio))
    return std::nullopt;
  int exponent = 0;
  // ratio = m * 2^exponent, 1/2 <= m < 1.
  std::frexp(ratio, &exponent);
  int shift = ratio == 0.0 ? 62 : int(bits) - 1 - exponent;
  // For a small ratio a larger shift is not allowed, so the multiplier loses
  // bits; it is rounded once all the same.
  shift = shift > 62 ? 62 : shift;
  double limit = std::ldexp(1.0, int(bits) - 1);
  double multiplier =
      roundToInteger(std::ldexp(ratio, shift), Rounding::HalfAway);
  if (multiplier >= limit)
    multiplier = roundToInteger(std::ldexp(ratio, --shift), Rounding::HalfAway);
  if (shift < 2)
    return std::nullopt;
  return FixedScale{static_cast<int32_t>(multiplier), shift};
}

FixedScales lowbit::fixedScales(const float *from, size_t channels, float to,
                                unsigned bits) {
  FixedScales all;
  for (size_t c = 0; c < channels; ++c) {
    auto scale = fixedScale(requantizeRatio(from[c], to), bits);
    if (!scale) {
      all.refused = c;
      break;
    }
    all.scales.push_back(*scale);
  }
  return all;
}
