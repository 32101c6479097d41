//===- FakeQuantGrad.h - Gradients of fake quantization --------*- C++ -*-===//
//
// In: x, the gradient of fakeQuant(x), the parameters. Out: the gradients of x,
// of the scale and of the zero point (N18 of docs/numerics.md):
//
//                 below the range   inside               above the range
//   dx            0                 dy                   0
//   dscale        dy (qmin - zp)    dy ((q - zp) - x/s)  dy (qmax - zp)
//   dzero point   dy * -s           0                    dy * -s
//
// with q = round(x/s) + zp by the rounding mode of the fakeQuant, which
// saturates. "Inside" asks the rounded sum before the clamp. NaN gives 0 three
// times. Sources: Bengio et al. 2013 (straight-through), Esser et al., "Learned
// Step Size Quantization", 2020 (LSQ); Bhalgat et al., "LSQ+", 2020.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_FAKEQUANTGRAD_H
#define LOWBIT_NUMERICS_FAKEQUANTGRAD_H

#include "lowbit/Numerics/Affine.h"
#include <cstddef>

namespace lowbit {

/// N18: for one element; each is a float product rounded once.
struct FakeQuantGrad {
  float x = 0.0f;
  float scale = 0.0f;
  float zeroPoint = 0.0f;
};

inline FakeQuantGrad fakeQuantGrad(float x, float dy, AffineParams params,
                                   StorageRange range,
                                   Rounding mode = Rounding::HalfEven) {
  float quotient = x / params.scale;
  if (std::isnan(quotient))
    return {};
  float rounded = roundToInteger(quotient, mode);
  double sum = static_cast<double>(rounded) + params.zeroPoint;
  // The difference is exact for a nearest integer; below 0, floor rounds it.
  if (sum >= range.min && sum <= range.max)
    return {dy, dy * (rounded - quotient), 0.0f};
  int32_t end = sum < range.min ? range.min : range.max;
  float steps = static_cast<float>(int64_t(end) - params.zeroPoint);
  return {0.0f, dy * steps, dy * -params.scale};
}

/// N18: the gradients of one parameter set, over its elements in row-major
/// order: float terms, added up in double one after the other, rounded to float
/// once by `scale()` and `zeroPoint()`. The order holds for any thread count.
class FakeQuantGradSum {
  double scaleSum = 0.0;
  double zeroPointSum = 0.0;

public:
  void add(const FakeQuantGrad &term) {
    scaleSum += term.scale;
    zeroPointSum += term.zeroPoint;
  }
  float scale() const { return static_cast<float>(scaleSum); }
  float zeroPoint() const { return static_cast<float>(zeroPointSum); }
};

/// LSQ's factor on the gradients of parameters: 1 / sqrt(count * qmax), where
/// qmax is the number of steps above the zero point; in double, rounded once.
inline float lsqGradientFactor(size_t count, int64_t stepsAbove) {
  return static_cast<float>(1.0 /
                            std::sqrt(double(count) * double(stepsAbove)));
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_FAKEQUANTGRAD_H
