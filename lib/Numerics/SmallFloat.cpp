//===- SmallFloat.cpp - Values of small floats ----------------------------===//
//
// In: a code of a small float format. Out: its value, by rule N25 of
// docs/numerics.md.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/SmallFloat.h"
#include <cmath>
#include <limits>

using namespace lowbit;

const SmallFloat *lowbit::findSmallFloat(std::string_view name) {
  for (const SmallFloat *format : kSmallFloats)
    if (name == format->name)
      return format;
  return nullptr;
}

float lowbit::decode(uint8_t code, const SmallFloat &format) {
  unsigned magnitude =
      code & (format.codes() - 1) & ~unsigned(format.signBit());
  bool negative = code & format.signBit();
  if (magnitude > format.maxCode) {
    bool isInf = format.hasInf && magnitude == format.maxCode + 1u;
    float inf = std::numeric_limits<float>::infinity();
    if (isInf)
      return negative ? -inf : inf;
    return std::numeric_limits<float>::quiet_NaN();
  }
  int field = int(magnitude >> format.mantissaBits);
  int leading = 1 << format.mantissaBits;
  int mantissa = int(magnitude) & (leading - 1);
  // E8M0 has no subnormal numbers: its field 0 is a power of two like others.
  bool isNormal = field > 0 || !format.isSigned;
  int significand = isNormal ? mantissa + leading : mantissa;
  int exponent = (field > 0 || !format.isSigned ? field : 1) - format.bias;
  float value = std::ldexp(static_cast<float>(significand),
                           exponent - format.mantissaBits);
  return negative ? -value : value;
}
