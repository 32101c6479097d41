//===- PowPolynomial.h - f32 power through f64 ------------------*- C++ -*-===//
//
// x^y = exp(y log |x|), computed in f64, which has the bits that the product
// loses; rounding to f32 is left to the caller. Special values are those of
// IEEE 754 pow. For `B` see MathPolynomials.h; here F is f64 and I is i64.
//
//   log(2^e m) = e ln 2 + 2 artanh(z), z = (m - 1) / (m + 1)
//
// Both series are Taylor's.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_NUMERICS_POWPOLYNOMIAL_H
#define LOWBIT_NUMERICS_POWPOLYNOMIAL_H

#include <cstdint>

namespace lowbit {

/// log of x > 0; -inf of 0, inf of inf.
template <typename B> typename B::F logWide(B &b, typename B::F x) {
  constexpr int64_t sqrtHalf = 0x3fe6a09e667f3bcd;
  constexpr double ln2 = 0.693147180559945309;
  auto bits = b.isub(b.bits(x), b.ci(sqrtHalf));
  auto e = b.toFloat(b.shr(bits, b.ci(52)));
  auto mantissa = b.iand(bits, b.ci((int64_t(1) << 52) - 1));
  auto m = b.fromBits(b.iadd(mantissa, b.ci(sqrtHalf)));
  auto z = b.div(b.sub(m, b.c(1.0)), b.add(m, b.c(1.0)));
  auto w = b.mul(z, z);
  auto sum = b.c(2.0 / 17);
  for (int n = 15; n >= 1; n -= 2)
    sum = b.fma(sum, w, b.c(2.0 / n));
  auto y = b.fma(e, b.c(ln2), b.mul(z, sum));
  y = b.select(b.eq(x, b.inf()), x, y);
  return b.select(b.eq(x, b.c(0.0)), b.sub(b.c(0.0), b.inf()), y);
}

/// exp, saturating far outside of what f32 holds.
template <typename B> typename B::F expWide(B &b, typename B::F x) {
  auto low = b.c(-200.0), high = b.c(200.0);
  auto t = b.select(b.ge(x, low), x, low);
  t = b.select(b.lt(t, high), t, high);
  auto n = b.roundeven(b.mul(t, b.c(1.44269504088896341)));
  auto r = b.fma(n, b.c(-0.693147180559945309), t);
  double factorial = 39916800.0; // 11!
  auto sum = b.c(1.0 / factorial);
  for (int k = 11; k >= 1; --k)
    sum = b.fma(sum, r, b.c(1.0 / (factorial /= k)));
  auto scale = b.fromBits(b.shl(b.iadd(b.toInt(n), b.ci(1023)), b.ci(52)));
  return b.select(b.isNaN(x), x, b.mul(sum, scale));
}

template <typename B>
typename B::F powWide(B &b, typename B::F x, typename B::F y) {
  auto one = b.c(1.0), zero = b.c(0.0);
  auto magnitude = b.abs(x);
  auto result = expWide(b, b.mul(y, logWide(b, magnitude)));
  // |x| = 1 stays 1 for infinite y too.
  auto unit = b.select(b.isNaN(y), y, one);
  result = b.select(b.eq(magnitude, one), unit, result);
  result = b.select(b.isNaN(x), x, result);

  // A negative x takes its sign from an odd y and has no other real power.
  auto halfY = b.mul(y, b.c(0.5));
  auto isInteger = b.eq(b.roundeven(y), y);
  auto isEven = b.eq(b.roundeven(halfY), halfY);
  auto sign = b.select(isEven, one, b.copysign(one, x));
  auto real = b.select(b.lt(x, zero), b.nan(), result);
  real = b.select(b.eq(magnitude, b.inf()), result, real);
  result = b.select(isInteger, b.mul(result, sign), real);

  result = b.select(b.eq(y, zero), one, result);
  return b.select(b.eq(x, one), one, result);
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_POWPOLYNOMIAL_H
