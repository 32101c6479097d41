//===- Affine.cpp - Choosing scales and zero points -----------------------===//
//
// In: the range of real values and of integers. Out: scale and zero point, by
// rules N1 to N5 of docs/numerics.md. And the sum modulo a range (N13).
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Affine.h"
#include <algorithm>
#include <cassert>
#include <limits>

using namespace lowbit;

static constexpr float kMaxFloat = std::numeric_limits<float>::max();

StorageRange lowbit::rangeForWidth(unsigned width, bool isSigned, bool narrow) {
  assert(width >= 1 && width <= 16 && "storage has 1 to 16 bits");
  assert((width >= 2 || !narrow) && "a narrow range needs two bits");
  int32_t count = int32_t(1) << width;
  int32_t min = isSigned ? -(count / 2) : 0;
  return {min + (narrow ? 1 : 0), min + count - 1};
}

int32_t lowbit::wrapSum(float rounded, int32_t zeroPoint, StorageRange range) {
  assert(canWrap(range) && "a narrow range has no modulus");
  if (!(std::fabs(rounded) < 0x1p63f))
    return saturateSum(rounded, zeroPoint, range);
  // Unsigned arithmetic wraps; the count divides 2^64, so nothing is lost.
  uint64_t count = uint64_t(int64_t(range.max) - range.min + 1);
  uint64_t sum = uint64_t(static_cast<int64_t>(rounded)) +
                 uint64_t(int64_t(zeroPoint) - range.min);
  return static_cast<int32_t>(range.min + int64_t(sum & (count - 1)));
}

/// NaN is 0, infinities are the largest floats.
static double finite(float x) {
  return std::isnan(x) ? 0.0 : std::clamp(x, -kMaxFloat, kMaxFloat);
}

/// N3: `wanted` as a float scale that is neither too small to multiply nor so
/// large that `maxSteps` of it leave the floats.
static ChosenParams limitScale(double wanted, int64_t maxSteps) {
  ChosenParams chosen;
  // Rounding down keeps maxSteps * cap finite.
  float cap = static_cast<float>(double(kMaxFloat) / double(maxSteps));
  if (double(cap) * double(maxSteps) > double(kMaxFloat))
    cap = std::nextafter(cap, 0.0f);
  chosen.floored = wanted < double(kMinScale);
  chosen.capped = wanted > double(cap);
  // The comparison comes first: a double beyond the floats has no conversion.
  if (chosen.floored)
    chosen.params.scale = kMinScale;
  else if (chosen.capped)
    chosen.params.scale = cap;
  else
    chosen.params.scale = static_cast<float>(wanted);
  return chosen;
}

ChosenParams lowbit::chooseAsymmetric(float min, float max,
                                      StorageRange range) {
  assert(range.min < range.max && "storage needs two values or more");
  double low = std::min(finite(min), 0.0);
  double high = std::max(finite(max), 0.0);
  int64_t steps = int64_t(range.max) - range.min;
  ChosenParams chosen = limitScale((high - low) / double(steps), steps);
  double zero = roundHalfEven(range.min - low / chosen.params.scale);
  chosen.params.zeroPoint = static_cast<int32_t>(
      std::clamp(zero, double(range.min), double(range.max)));
  return chosen;
}

ChosenParams lowbit::chooseSymmetric(float absMax, StorageRange range) {
  assert(range.min < range.max && "storage needs two values or more");
  int64_t zero = range.min >= 0 ? (int64_t(range.min) + range.max + 1) / 2 : 0;
  int64_t above = range.max - zero, below = zero - range.min;
  // One bit has no value on one side of zero; then the other side counts.
  int64_t steps = std::min(above, below);
  if (steps <= 0)
    steps = std::max(above, below);
  ChosenParams chosen = limitScale(std::fabs(finite(absMax)) / double(steps),
                                   std::max(above, below));
  chosen.params.zeroPoint = static_cast<int32_t>(zero);
  return chosen;
}
