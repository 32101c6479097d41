//===- Bias.cpp - Biases as integers of the accumulator -------------------===//
//
// In: a float bias and a scale. Out: an i32, or the scale that it needs, by
// rule N22 of docs/numerics.md.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Bias.h"
#include "lowbit/Numerics/Rounding.h"
#include <cassert>
#include <limits>

using namespace lowbit;

std::optional<int32_t> lowbit::quantizeBias(float bias, float scale) {
  double q = roundHalfEven(double(bias) / double(scale));
  // False for NaN too.
  if (!(std::fabs(q) <= double(std::numeric_limits<int32_t>::max())))
    return std::nullopt;
  return static_cast<int32_t>(q);
}

float lowbit::scaleForBias(float bias, int32_t bound) {
  assert(std::isfinite(bias) && bound > 0 && "a finite bias and a range");
  double magnitude = std::fabs(double(bias));
  auto scale = static_cast<float>(magnitude / bound);
  // 24 bits times 31 bits fit no double, but the comparison of a quotient
  // with an integer does: rounding is monotonic.
  while (magnitude > 0.0 && magnitude / double(scale) > double(bound))
    scale = std::nextafter(scale, std::numeric_limits<float>::infinity());
  return scale;
}
