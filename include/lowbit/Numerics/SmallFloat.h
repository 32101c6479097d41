//===- SmallFloat.h - Floats of 4 to 8 bits --------------------*- C++ -*-===//
//
// In: an f32, or a code. Out: the nearest code, rounded once from the bits of
// the f32, or the value of a code, which every f32 holds exactly (N25 of
// docs/numerics.md). Nothing is refused: every f32 has a code.
//
// Sources: OCP 8-bit Floating Point Specification (OFP8) 1.0; OCP Microscaling
// Formats (MX) 1.0 for E3M2, E2M3, E2M1 and E8M0; ONNX Cast-25 and its pages
// on float8, float6 and float4 for saturation, NaN and infinities.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_SMALLFLOAT_H
#define LOWBIT_NUMERICS_SMALLFLOAT_H

#include <cstdint>
#include <cstring>
#include <string_view>

namespace lowbit {

/// A format of one sign bit (or none), an exponent and a mantissa.
struct SmallFloat {
  /// As MLIR spells the type.
  const char *name;
  uint8_t exponentBits;
  uint8_t mantissaBits;
  int16_t bias;
  /// The code of the largest finite value.
  uint8_t maxCode;
  /// The code of NaN that encoding gives; 0 if the format has none.
  uint8_t nanCode;
  bool isSigned;
  bool hasInf;

  constexpr unsigned width() const {
    return isSigned + exponentBits + mantissaBits;
  }
  constexpr unsigned codes() const { return 1u << width(); }
  constexpr uint8_t signBit() const {
    return isSigned ? uint8_t(1u << (width() - 1)) : 0;
  }
  constexpr bool hasNaN() const { return nanCode != 0; }
  /// The exponent of the largest finite value: emax of the MX specification.
  constexpr int maxExponent() const { return (maxCode >> mantissaBits) - bias; }
};

inline constexpr SmallFloat kF8E4M3FN{"f8E4M3FN", 4,    3,    7,
                                      0x7e,       0x7f, true, false};
inline constexpr SmallFloat kF8E5M2{"f8E5M2", 5, 2, 15, 0x7b, 0x7f, true, true};
inline constexpr SmallFloat kF6E3M2FN{"f6E3M2FN", 3, 2,    3,
                                      0x1f,       0, true, false};
inline constexpr SmallFloat kF6E2M3FN{"f6E2M3FN", 2, 3,    1,
                                      0x1f,       0, true, false};
inline constexpr SmallFloat kF4E2M1FN{"f4E2M1FN", 2, 1,    1,
                                      0x07,       0, true, false};
/// Powers of two only: no sign, no zero, no subnormal numbers.
inline constexpr SmallFloat kF8E8M0FNU{"f8E8M0FNU", 8,    0,     127,
                                       0xfe,        0xff, false, false};

inline constexpr const SmallFloat *kSmallFloats[] = {
    &kF8E4M3FN, &kF8E5M2, &kF6E3M2FN, &kF6E2M3FN, &kF4E2M1FN, &kF8E8M0FNU};

/// The format of that name, null if there is none.
const SmallFloat *findSmallFloat(std::string_view name);

namespace detail {

inline uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

/// E8M0: nearest power of two, ties to the larger one (ONNX "nearest").
inline uint8_t encodePower(uint32_t bits, bool saturate) {
  uint32_t magnitude = bits & 0x7fffffff;
  bool negative = bits > 0x80000000;
  // 2^-127 is subnormal in f32; from 2^-126 on the code is the exponent field.
  uint32_t code = magnitude < 0x800000 ? uint32_t(magnitude >= 0x600000)
                                       : (magnitude + 0x400000) >> 23;
  bool outside = magnitude < 0x400000 || magnitude > 0x7f000000;
  code = code > 0xfe ? 0xfe : code;
  bool isNaN = magnitude > 0x7f800000 || negative || (outside && !saturate);
  return static_cast<uint8_t>(isNaN ? 0xff : code);
}

} // namespace detail

/// N25: the code of the nearest value, ties to the even code.
inline uint8_t encode(float x, const SmallFloat &format, bool saturate) {
  uint32_t bits = detail::bitsOf(x);
  if (!format.isSigned)
    return detail::encodePower(bits, saturate);
  uint32_t magnitude = bits & 0x7fffffff;
  uint32_t sign = (bits >> 31) ? format.signBit() : 0u;

  // magnitude = significand * 2^(field - 150).
  uint32_t field = magnitude >> 23;
  uint32_t significand = (magnitude & 0x7fffff) | (field ? 0x800000u : 0u);
  field = field ? field : 1u;
  // Steps above the lowest binade, and below it: one of them is 0.
  int32_t step = int32_t(field) - 127 - (1 - format.bias);
  uint32_t above = step > 0 ? uint32_t(step) : 0u;
  uint32_t below = step < 0 ? uint32_t(-step) : 0u;
  uint32_t shift = 23u - format.mantissaBits + below;
  // From 26 on every significand is less than a quarter of a step.
  shift = shift > 26u ? 26u : shift;
  uint32_t odd = (significand >> shift) & 1u;
  uint32_t rounded = (significand + (1u << (shift - 1)) - 1u + odd) >> shift;
  // The leading bit carries into the exponent, and so does a rounding up.
  uint32_t code = (above << format.mantissaBits) + rounded;

  uint32_t largest = format.maxCode;
  // Without a code for it, an overflow saturates in either mode.
  uint32_t overflow = saturate || !format.hasNaN() ? largest
                      : format.hasInf              ? largest + 1u
                                                   : format.nanCode;
  code = (code > largest ? overflow : code) | sign;
  // The sign of a NaN differs between processors, so it is not kept.
  uint32_t nan = format.hasNaN() ? format.nanCode : largest;
  return static_cast<uint8_t>(magnitude > 0x7f800000 ? nan : code);
}

/// N25: the value of a code, exact. Bits above the width are ignored.
float decode(uint8_t code, const SmallFloat &format);

} // namespace lowbit

#endif // LOWBIT_NUMERICS_SMALLFLOAT_H
