//===- PlainMath.h - the functions of MathPolynomials.h on floats -*- C++
//-*-===//
//
// What compiled code computes, for one float, in plain C++:
//
//   lowbit::plainMath().exp(x)
//
// Compile with -ffp-contract=off.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_NUMERICS_PLAINMATH_H
#define LOWBIT_NUMERICS_PLAINMATH_H

#include "lowbit/Numerics/MathPolynomials.h"
#include "lowbit/Numerics/PowPolynomial.h"
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace lowbit {

template <typename Float, typename Int, typename Unsigned> struct PlainOps {
  using F = Float;
  using I = Int;
  using M = bool;

  F c(double v) { return static_cast<F>(v); }
  I ci(int64_t v) { return static_cast<I>(v); }
  F inf() { return std::numeric_limits<F>::infinity(); }
  F nan() { return std::numeric_limits<F>::quiet_NaN(); }
  F add(F x, F y) { return x + y; }
  F sub(F x, F y) { return x - y; }
  F mul(F x, F y) { return x * y; }
  F div(F x, F y) { return x / y; }
  F fma(F x, F y, F z) { return std::fma(x, y, z); }
  F abs(F x) { return std::fabs(x); }
  F roundeven(F x) { return std::nearbyint(x); }
  F copysign(F x, F y) { return std::copysign(x, y); }
  M lt(F x, F y) { return x < y; }
  M ge(F x, F y) { return x >= y; }
  M eq(F x, F y) { return x == y; }
  M isNaN(F x) { return x != x; }
  F select(M m, F x, F y) { return m ? x : y; }
  I toInt(F x) { return static_cast<I>(x); }
  F toFloat(I x) { return static_cast<F>(x); }
  I bits(F x) { return copy<I>(x); }
  F fromBits(I x) { return copy<F>(x); }
  I iadd(I x, I y) { return wrap(Unsigned(x) + Unsigned(y)); }
  I isub(I x, I y) { return wrap(Unsigned(x) - Unsigned(y)); }
  I iand(I x, I y) { return x & y; }
  I shl(I x, I y) { return wrap(Unsigned(x) << y); }
  I shr(I x, I y) { return x >> y; }

private:
  template <typename To, typename From> static To copy(From from) {
    To to;
    static_assert(sizeof(to) == sizeof(from));
    std::memcpy(&to, &from, sizeof(to));
    return to;
  }
  static I wrap(Unsigned x) { return copy<I>(x); }
};

inline MathPolynomials<PlainOps<float, int32_t, uint32_t>> plainMath() {
  static PlainOps<float, int32_t, uint32_t> ops;
  return MathPolynomials<PlainOps<float, int32_t, uint32_t>>(ops);
}

inline float plainPow(float x, float y) {
  PlainOps<double, int64_t, uint64_t> ops;
  return static_cast<float>(powWide(ops, double(x), double(y)));
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_PLAINMATH_H
