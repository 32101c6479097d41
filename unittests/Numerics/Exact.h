//===- Exact.h - The rules once more, in integers only ---------*- C++ -*-===//
//
// What tests hold the library against: quantize, dequantize and requantize from
// the bits of their floats, by integer arithmetic alone and without a line of
// the library's code. In: bits of floats, integers. Out: bits or integers.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_UNITTESTS_NUMERICS_EXACT_H
#define LOWBIT_UNITTESTS_NUMERICS_EXACT_H

#include "lowbit/Numerics/Affine.h"
#include "lowbit/Numerics/Requantize.h"
#include <cstdint>
#include <cstring>

namespace exact {

using lowbit::Rounding;
using lowbit::StorageRange;

inline uint32_t bitsOf(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
inline float floatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

inline bool isNaN(uint32_t bits) { return (bits & 0x7fffffff) > 0x7f800000; }
inline bool isInf(uint32_t bits) { return (bits & 0x7fffffff) == 0x7f800000; }

/// The floats in order, both zeros apart: index 0x007fffff is -infinity and
/// 0xff800000 is infinity, NaN lies outside.
inline constexpr uint32_t kMinusInf = 0x007fffff, kPlusInf = 0xff800000;
inline uint32_t orderedBits(uint32_t index) {
  return index >= 0x80000000 ? index - 0x80000000 : ~index;
}

/// A finite float as m * 2^e.
struct Parts {
  uint64_t m;
  int e;
};
inline Parts partsOf(uint32_t bits) {
  uint32_t field = (bits >> 23) & 0xff, mantissa = bits & 0x7fffff;
  if (field == 0)
    return {mantissa, -149};
  return {mantissa | 0x800000u, int(field) - 150};
}

inline int bitLength(uint64_t m) { return m ? 64 - __builtin_clzll(m) : 0; }

/// Whether m with its lowest `drop` bits cut off goes up: ties to even, `rest`
/// says that there is more below m.
inline bool roundsUp(uint64_t m, int drop, bool rest) {
  uint64_t half = uint64_t(1) << (drop - 1);
  uint64_t below = m & (2 * half - 1);
  bool odd = drop < 64 && ((m >> drop) & 1);
  return below > half || (below == half && (rest || odd));
}

/// m * 2^e, and a bit more if `rest`, as the nearest float. With `rest`, m has
/// more than 25 bits.
inline uint32_t toFloat(bool negative, uint64_t m, int e, bool rest) {
  uint32_t sign = negative ? 0x80000000u : 0u;
  if (m == 0)
    return sign;
  int drop = bitLength(m) - 24;
  if (drop < -149 - e)
    drop = -149 - e;
  uint64_t kept;
  if (drop <= 0)
    kept = m << -drop;
  else if (drop >= 63)
    kept = 0; // Less than half of the smallest subnormal number.
  else
    kept = (m >> drop) + roundsUp(m, drop, rest);
  int exponent = e + drop;
  if (kept == 0x1000000) {
    kept >>= 1;
    ++exponent;
  }
  if (kept < 0x800000)
    return sign | uint32_t(kept);
  int field = exponent + 150;
  if (field >= 255)
    return sign | 0x7f800000u;
  return sign | (uint32_t(field) << 23) | (uint32_t(kept) & 0x7fffff);
}

inline uint32_t fromInteger(int64_t x) {
  return toFloat(x < 0, x < 0 ? uint64_t(-x) : uint64_t(x), 0, false);
}

/// Of finite numbers.
inline uint32_t multiply(uint32_t a, uint32_t b) {
  Parts x = partsOf(a), y = partsOf(b);
  return toFloat((a ^ b) >> 31, x.m * y.m, x.e + y.e, false);
}

/// Of finite numbers, b not 0.
inline uint32_t divide(uint32_t a, uint32_t b) {
  Parts x = partsOf(a), y = partsOf(b);
  if (x.m == 0)
    return (a ^ b) & 0x80000000u;
  int up = 63 - bitLength(x.m);
  uint64_t quotient = (x.m << up) / y.m, rest = (x.m << up) % y.m;
  return toFloat((a ^ b) >> 31, quotient, x.e - up - y.e, rest != 0);
}

/// The integer that a finite float rounds to; beyond 2^62 it is 2^62.
inline int64_t toInteger(uint32_t bits, Rounding mode) {
  Parts x = partsOf(bits);
  bool negative = bits >> 31;
  int64_t magnitude;
  if (x.e > 38) {
    magnitude = x.m ? int64_t(1) << 62 : 0;
  } else if (x.e >= 0) {
    magnitude = int64_t(x.m << x.e);
  } else {
    int drop = -x.e;
    uint64_t kept = drop > 63 ? 0 : x.m >> drop;
    uint64_t below = drop > 63 ? x.m : x.m & ((uint64_t(1) << drop) - 1);
    // Where half a step has no bit in 64, m is below it.
    int atHalf = -1;
    if (drop <= 63) {
      uint64_t half = uint64_t(1) << (drop - 1);
      atHalf = below < half ? -1 : below == half ? 0 : 1;
    }
    bool up = false;
    switch (mode) {
    case Rounding::HalfEven:
      up = atHalf > 0 || (atHalf == 0 && (kept & 1));
      break;
    case Rounding::HalfAway:
      up = atHalf >= 0;
      break;
    case Rounding::HalfUp:
      up = negative ? atHalf > 0 : atHalf >= 0;
      break;
    case Rounding::TowardZero:
      break;
    case Rounding::Floor:
      up = negative && below != 0;
      break;
    }
    magnitude = int64_t(kept + up);
  }
  return negative ? -magnitude : magnitude;
}

inline int32_t clampTo(int64_t x, StorageRange range) {
  return int32_t(x < range.min ? range.min : x > range.max ? range.max : x);
}

/// N7 from the quotient or product on, which may be infinite.
inline int32_t finish(uint32_t bits, int32_t zeroPoint, StorageRange range,
                      Rounding mode) {
  if (isInf(bits))
    return bits >> 31 ? range.min : range.max;
  return clampTo(toInteger(bits, mode) + zeroPoint, range);
}

/// N7.
inline int32_t quantize(uint32_t x, uint32_t scale, int32_t zeroPoint,
                        StorageRange range, Rounding mode) {
  if (isNaN(x))
    return zeroPoint;
  return finish(isInf(x) ? x : divide(x, scale), zeroPoint, range, mode);
}

/// N8.
inline uint32_t dequantize(int32_t q, uint32_t scale, int32_t zeroPoint) {
  return multiply(fromInteger(int64_t(q) - zeroPoint), scale);
}

/// N14.
inline int32_t requantize(int32_t acc, int32_t zeroIn, uint32_t scale,
                          int32_t zeroOut, StorageRange range, Rounding mode) {
  uint32_t product = multiply(fromInteger(int64_t(acc) - zeroIn), scale);
  return finish(product, zeroOut, range, mode);
}

/// N15, in 128 bits, where >> is the floor.
inline int32_t requantizeFixed(int32_t acc, int32_t zeroIn,
                               lowbit::FixedScale scale, bool twice,
                               int32_t zeroOut, StorageRange range) {
  __int128 value = __int128(acc) - zeroIn;
  __int128 sum = 2 * value * scale.multiplier + (__int128(1) << scale.shift);
  if (twice && scale.shift > 31)
    sum += value < 0 ? -(__int128(1) << 31) : (__int128(1) << 31);
  return clampTo(int64_t(sum >> (scale.shift + 1)) + zeroOut, range);
}

} // namespace exact

#endif // LOWBIT_UNITTESTS_NUMERICS_EXACT_H
