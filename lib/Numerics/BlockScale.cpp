//===- BlockScale.cpp - Scales of blocks ----------------------------------===//
//
// In: the values of a block. Out: its scale and codes, by rules N27 to N29 of
// docs/numerics.md.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/BlockScale.h"
#include "lowbit/Numerics/Affine.h"
#include <algorithm>
#include <cmath>
#include <limits>

using namespace lowbit;

float lowbit::maxMagnitude(const float *values, size_t count) {
  float largest = 0.0f;
  for (size_t i = 0; i < count; ++i) {
    if (std::isnan(values[i]))
      return std::numeric_limits<float>::quiet_NaN();
    largest = std::max(largest, std::fabs(values[i]));
  }
  return largest;
}

float lowbit::maxFiniteMagnitude(const float *values, size_t count) {
  float largest = 0.0f;
  for (size_t i = 0; i < count; ++i)
    if (std::isfinite(values[i]))
      largest = std::max(largest, std::fabs(values[i]));
  return largest;
}

uint8_t lowbit::chooseMxScale(float amax, const SmallFloat &element) {
  if (!std::isfinite(amax))
    return kF8E8M0FNU.nanCode;
  if (amax == 0.0f)
    return 0;
  // ilogb is floor(log2) exactly, for subnormal numbers too.
  int exponent = std::ilogb(amax) - element.maxExponent();
  return static_cast<uint8_t>(std::max(exponent + kF8E8M0FNU.bias, 0));
}

float lowbit::chooseNvfp4TensorScale(float finiteAmax) {
  float largest = decode(kF8E4M3FN.maxCode, kF8E4M3FN) *
                  decode(kF4E2M1FN.maxCode, kF4E2M1FN);
  return std::max(finiteAmax / largest, kMinNvfp4Scale);
}

uint8_t lowbit::chooseNvfp4BlockScale(float amax, float tensorScale) {
  if (!std::isfinite(amax))
    return kF8E4M3FN.nanCode;
  float wanted = (amax / decode(kF4E2M1FN.maxCode, kF4E2M1FN)) / tensorScale;
  return std::max<uint8_t>(encode(wanted, kF8E4M3FN, /*saturate=*/true), 1);
}

float lowbit::chooseAbsmaxScale(float amax) {
  if (std::isnan(amax))
    return kMinScale;
  return std::clamp(amax, kMinScale, std::numeric_limits<float>::max());
}

uint8_t lowbit::encodeScaled(float x, float scale, const SmallFloat &element) {
  if (std::isnan(scale))
    return 0;
  return encode(x / scale, element, /*saturate=*/true);
}

uint8_t lowbit::quantizeMxBlock(const float *values, size_t count,
                                const SmallFloat &element, uint8_t *codes) {
  uint8_t scaleCode = chooseMxScale(maxMagnitude(values, count), element);
  float scale = decode(scaleCode, kF8E8M0FNU);
  for (size_t i = 0; i < count; ++i)
    codes[i] = encodeScaled(values[i], scale, element);
  return scaleCode;
}

uint8_t lowbit::quantizeNvfp4Block(const float *values, size_t count,
                                   float tensorScale, uint8_t *codes) {
  uint8_t scaleCode =
      chooseNvfp4BlockScale(maxMagnitude(values, count), tensorScale);
  float scale = effectiveScale(tensorScale, decode(scaleCode, kF8E4M3FN));
  for (size_t i = 0; i < count; ++i)
    codes[i] = encodeScaled(values[i], scale, kF4E2M1FN);
  return scaleCode;
}
