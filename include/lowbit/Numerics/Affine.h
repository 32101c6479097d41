//===- Affine.h - Affine quantization of single numbers ----------*- C++
//-*-===//
//
// The one place that says what quantize and dequantize compute. Rules N1 to N8
// are in docs/numerics.md; compiled code, folding and tests answer to them.
//
// In: finite or non-finite floats, a positive scale, a zero point inside the
// storage range. Out: integers inside the storage range. Nothing is refused:
// every float has a defined result. Division and multiplication assume the
// default rounding mode.
//
// Sources: ONNX QuantizeLinear-23 and DequantizeLinear-23 (round half to even,
// saturate); Jacob et al., "Quantization and Training of Neural Networks for
// Efficient Integer-Arithmetic-Only Inference", 2018, section 3 (the range
// holds zero, zero is exact).
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_AFFINE_H
#define LOWBIT_NUMERICS_AFFINE_H

#include <cmath>
#include <cstdint>

namespace lowbit {

struct AffineParams {
  float scale = 1.0f;
  int32_t zeroPoint = 0;
};

/// The integers that a storage type may hold, both ends included.
struct StorageRange {
  int32_t min = -128;
  int32_t max = 127;
};

/// N1: the range of `width` bits, 1 to 16. `narrow` leaves out the lowest
/// value, and needs two bits or more.
StorageRange rangeForWidth(unsigned width, bool isSigned, bool narrow);

/// N3: scales are at least this, so that the product of two is a normal number
/// (2^-126) and no scale is zero or subnormal.
inline constexpr float kMinScale = 0x1p-63f;

struct ChosenParams {
  AffineParams params;
  /// The range was so narrow (a dead channel, for one) that the scale was
  /// raised to kMinScale. Callers name the value in a warning.
  bool floored = false;
  /// The range was so wide that the scale was lowered to keep dequantized
  /// values finite (N3): values near the end of the float range saturate.
  bool capped = false;
};

/// N2, N3, N4: parameters for values in [min, max], which is first extended to
/// hold 0. NaN counts as 0, infinity as the largest float.
ChosenParams chooseAsymmetric(float min, float max, StorageRange range);

/// N2, N3, N5: parameters for values in [-absMax, absMax]. The zero point is 0,
/// or the middle of an unsigned range.
ChosenParams chooseSymmetric(float absMax, StorageRange range);

/// N6: to the nearest integer, ties to the even one, in any rounding mode.
/// Keeps NaN, infinities and the sign of zero.
inline float roundHalfEven(float x) {
  // From 2^23 on every float is an integer; the comparison fails for NaN too.
  if (!(std::fabs(x) < 0x1p23f))
    return x;
  float whole = std::trunc(x);
  float rest = std::fabs(x - whole); // exact
  bool odd = static_cast<int32_t>(whole) & 1;
  if (rest > 0.5f || (rest == 0.5f && odd))
    whole += std::copysign(1.0f, x);
  return std::copysign(whole, x);
}

/// N7: clamp(roundHalfEven(x / scale) + zeroPoint), the sum and the clamp in a
/// type that holds both exactly. NaN gives the zero point, infinities saturate.
inline int32_t quantize(float x, AffineParams params, StorageRange range) {
  if (std::isnan(x))
    return params.zeroPoint;
  // A double holds the sum exactly wherever the clamp leaves it alone.
  double wide =
      static_cast<double>(roundHalfEven(x / params.scale)) + params.zeroPoint;
  if (wide <= range.min)
    return range.min;
  if (wide >= range.max)
    return range.max;
  return static_cast<int32_t>(wide);
}

/// N8: float(q - zeroPoint) * scale; the difference is exact.
inline float dequantize(int32_t q, AffineParams params) {
  int64_t steps = static_cast<int64_t>(q) - params.zeroPoint;
  return static_cast<float>(steps) * params.scale;
}

/// dequantize(quantize(x)).
inline float fakeQuant(float x, AffineParams params, StorageRange range) {
  return dequantize(quantize(x, params, range), params);
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_AFFINE_H
