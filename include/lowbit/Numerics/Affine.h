//===- Affine.h - Affine quantization of single numbers --------*- C++ -*-===//
//
// What quantize and dequantize compute: rules N1 to N8, N13 and N17 of
// docs/numerics.md. Compiled code, folding and tests answer to them.
//
// In: finite or non-finite floats, a positive scale, a zero point inside the
// storage range. Out: integers inside the storage range. Nothing is refused:
// every float has a defined result. Division and multiplication assume the
// default rounding mode of the processor.
//
// Sources: ONNX QuantizeLinear-23 and DequantizeLinear-23 (round half to even,
// saturate); Jacob et al., "Quantization and Training of Neural Networks for
// Efficient Integer-Arithmetic-Only Inference", 2018, section 3 (the range
// holds zero, zero is exact).
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_AFFINE_H
#define LOWBIT_NUMERICS_AFFINE_H

#include "lowbit/Numerics/Rounding.h"
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

/// The sum of a rounded number and a zero point, held to the range; NaN gives
/// the zero point. A double holds the sum exactly wherever the range leaves it
/// alone.
inline int32_t saturateSum(float rounded, int32_t zeroPoint,
                           StorageRange range) {
  double wide = static_cast<double>(rounded) + zeroPoint;
  if (std::isnan(rounded))
    wide = zeroPoint;
  wide = wide <= range.min ? double(range.min) : wide;
  wide = wide >= range.max ? double(range.max) : wide;
  return static_cast<int32_t>(wide);
}

/// N13: whether a sum can be taken modulo the number of values of the range,
/// which has to be a power of two: a narrow range cannot.
inline bool canWrap(StorageRange range) {
  int64_t count = int64_t(range.max) - range.min + 1;
  return count > 1 && (count & (count - 1)) == 0;
}

/// N13: the sum modulo the number of values of the range, canWrap(range).
/// Saturates where no i64 holds the rounded number.
int32_t wrapSum(float rounded, int32_t zeroPoint, StorageRange range);

/// N7: clamp(round(x / scale) + zeroPoint), the sum and the clamp in a type
/// that holds both exactly. NaN gives the zero point, infinities saturate.
inline int32_t quantize(float x, AffineParams params, StorageRange range,
                        Rounding mode = Rounding::HalfEven) {
  return saturateSum(roundToInteger(x / params.scale, mode), params.zeroPoint,
                     range);
}

/// N7 with `saturating`, N13 without, where canWrap(range) has to hold.
inline int32_t quantize(float x, AffineParams params, StorageRange range,
                        Rounding mode, bool saturating) {
  if (saturating)
    return quantize(x, params, range, mode);
  return wrapSum(roundToInteger(x / params.scale, mode), params.zeroPoint,
                 range);
}

/// N8: float(q - zeroPoint) * scale; the difference is exact.
inline float dequantize(int32_t q, AffineParams params) {
  int64_t steps = static_cast<int64_t>(q) - params.zeroPoint;
  return static_cast<float>(steps) * params.scale;
}

/// N17: dequantize(quantize(x)).
inline float fakeQuant(float x, AffineParams params, StorageRange range,
                       Rounding mode = Rounding::HalfEven) {
  return dequantize(quantize(x, params, range, mode), params);
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_AFFINE_H
