//===- Requantize.h - Accumulators to integers of a format -----*- C++ -*-===//
//
//   float  q = clamp(round(float(acc - zin) * scale) + zout)             (N14)
//   fixed  q = clamp((((acc - zin) * multiplier + half) >> shift) + zout) (N15)
//
// In: an i32 accumulator, zero points of at most 16 bits (signed or not), a
// scale. Out: an integer in the storage range. Scales that break a rule are
// refused by isLegal..., which verifiers ask; the functions assume legal ones.
//
// Source of the fixed form: TOSA 1.0, apply_scale_32 and RESCALE. Its
// INEXACT_ROUND leaves the result open, so it is no mode here.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_REQUANTIZE_H
#define LOWBIT_NUMERICS_REQUANTIZE_H

#include "lowbit/Numerics/Affine.h"
#include <cstddef>
#include <optional>
#include <vector>

namespace lowbit {

/// N14: positive, normal and finite.
bool isLegalRequantizeScale(float scale);

/// N14: the difference is exact; one conversion to float, one product, one
/// rounding to an integer, each by itself.
inline int32_t requantize(int32_t acc, int32_t zeroIn, float scale,
                          int32_t zeroOut, StorageRange range,
                          Rounding mode = Rounding::HalfEven) {
  float steps = static_cast<float>(static_cast<int64_t>(acc) - zeroIn);
  return saturateSum(roundToInteger(steps * scale, mode), zeroOut, range);
}

/// multiplier / 2^shift.
struct FixedScale {
  int32_t multiplier = 0;
  int32_t shift = 2;
};

/// N15: TOSA's SINGLE_ROUND adds half; DOUBLE_ROUND also rounds half away from
/// zero at bit 31 first, where the shift goes beyond it.
enum class FixedRounding { Single, Double };

/// N15: 0 <= multiplier, below 2^31 or for `bits` = 16 below 2^15, and
/// 2 <= shift <= 62.
bool isLegalFixedScale(FixedScale scale, unsigned bits = 32);

/// What TOSA requires of the value: -2^(shift-1) <= value < 2^(shift-1). The
/// result is defined beyond it too, but TOSA's then is not.
inline bool isTosaValue(int64_t value, FixedScale scale) {
  int64_t bound = int64_t(1) << (scale.shift - 1);
  return -bound <= value && value < bound;
}

/// N15: the scaled value, before the zero point and the clamp. The sum fits:
/// |value| <= 2^31 + 2^16, so it stays below 2^62 + 2^47 + 2^61 + 2^30.
inline int64_t applyScale32(int64_t value, FixedScale scale,
                            FixedRounding mode) {
  int64_t round = int64_t(1) << (scale.shift - 1);
  if (mode == FixedRounding::Double && scale.shift > 31)
    round += value >= 0 ? int64_t(1) << 30 : -(int64_t(1) << 30);
  return (value * scale.multiplier + round) >> scale.shift;
}

/// The last step of the fixed form, in 64 bits.
inline int32_t clampSum(int64_t scaled, int32_t zeroOut, StorageRange range) {
  int64_t sum = scaled + zeroOut;
  sum = sum < range.min ? range.min : sum;
  sum = sum > range.max ? range.max : sum;
  return static_cast<int32_t>(sum);
}

inline int32_t requantizeFixed(int32_t acc, int32_t zeroIn, FixedScale scale,
                               FixedRounding mode, int32_t zeroOut,
                               StorageRange range) {
  int64_t value = static_cast<int64_t>(acc) - zeroIn;
  return clampSum(applyScale32(value, scale, mode), zeroOut, range);
}

/// N16: from / to as a double; `from` is the scale of the accumulator (N11 for
/// a contraction).
inline double requantizeRatio(float from, float to) {
  return static_cast<double>(from) / static_cast<double>(to);
}

/// N16: the ratio rounded to float once; nothing if isLegalRequantizeScale is
/// false of it.
std::optional<float> requantizeScale(float from, float to);

/// N16: the nearest multiplier / 2^shift, ties away from zero, with the largest
/// multiplier that `bits` (16 or 32) and shift <= 62 allow. A ratio below
/// 2^-63 becomes 0. Nothing for a ratio that is negative, not finite or too
/// large for shift >= 2 (2^29; 2^13 for 16 bits).
std::optional<FixedScale> fixedScale(double ratio, unsigned bits = 32);

struct FixedScales {
  std::vector<FixedScale> scales;
  /// The first channel that has none; `scales` ends before it.
  std::optional<size_t> refused;
};

/// N16 for each output channel by itself: from[c] / to.
FixedScales fixedScales(const float *from, size_t channels, float to,
                        unsigned bits = 32);

} // namespace lowbit

#endif // LOWBIT_NUMERICS_REQUANTIZE_H
