//===- Rounding.h - Rounding to an integer, in every mode ------*- C++ -*-===//
//
// In: a float or a double. Out: an integer in the same type. NaN, infinities
// and the sign of zero are kept (N6, N12 of docs/numerics.md). Nothing depends
// on the rounding mode of the processor. Nothing is refused.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_ROUNDING_H
#define LOWBIT_NUMERICS_ROUNDING_H

#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace lowbit {

/// N12: which of the two neighbours a number between integers becomes. The
/// first three differ at ties only.
enum class Rounding { HalfEven, HalfAway, HalfUp, TowardZero, Floor };

inline constexpr Rounding kRoundings[] = {
    Rounding::HalfEven, Rounding::HalfAway, Rounding::HalfUp,
    Rounding::TowardZero, Rounding::Floor};

namespace detail {

/// The integer toward zero, and how far x is from it: both exact. `isUp` says
/// from that distance, and from whether the integer is odd, if x belongs to the
/// next integer away from zero.
template <typename Float, typename IsUp>
inline Float roundBy(Float x, const IsUp &isUp) {
  // From here on every number is an integer; the comparison fails for NaN too.
  constexpr Float kAllIntegers =
      Float(int64_t(1) << (std::numeric_limits<Float>::digits - 1));
  bool hasFraction = std::fabs(x) < kAllIntegers;
  Float safe = hasFraction ? x : Float(0);
  Float whole = std::trunc(safe);
  Float rest = std::fabs(safe - whole);
  if (isUp(rest, whole))
    whole += std::copysign(Float(1), safe);
  return hasFraction ? std::copysign(whole, x) : x;
}

template <typename Float> inline bool isOdd(Float whole) {
  using Int =
      std::conditional_t<sizeof(Float) == sizeof(float), int32_t, int64_t>;
  return static_cast<Int>(whole) & 1;
}

template <typename Float> inline Float roundTo(Float x, Rounding mode) {
  switch (mode) {
  case Rounding::HalfEven:
    return roundBy(x, [](Float rest, Float whole) {
      return rest > Float(0.5) || (rest == Float(0.5) && isOdd(whole));
    });
  case Rounding::HalfAway:
    return roundBy(x, [](Float rest, Float) { return rest >= Float(0.5); });
  case Rounding::HalfUp:
    return roundBy(x, [x](Float rest, Float) {
      return x > Float(0) ? rest >= Float(0.5) : rest > Float(0.5);
    });
  case Rounding::TowardZero:
    return std::trunc(x);
  case Rounding::Floor:
    return std::floor(x);
  }
  return x;
}

} // namespace detail

inline float roundToInteger(float x, Rounding mode) {
  return detail::roundTo(x, mode);
}
inline double roundToInteger(double x, Rounding mode) {
  return detail::roundTo(x, mode);
}

/// N6: to the nearest integer, ties to the even one.
inline float roundHalfEven(float x) {
  return detail::roundTo(x, Rounding::HalfEven);
}
inline double roundHalfEven(double x) {
  return detail::roundTo(x, Rounding::HalfEven);
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_ROUNDING_H
