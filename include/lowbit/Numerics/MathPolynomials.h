//===- MathPolynomials.h - f32 functions by fixed formulas ------*- C++ -*-===//
//
// One formula a function, for compiled code, constant folding and tests alike:
// a template over the operations it is written in. `B` has
//
//   types   F (f32), I (i32), M (condition); PowPolynomial.h has f64 and i64
//   F c(double)   I ci(int64)   F inf()   F nan()
//   F add, sub, mul, div(F, F)   F fma(F, F, F)   F abs, roundeven(F)
//   F copysign(F magnitude, F sign)   M lt, ge, eq(F, F)   M isNaN(F)
//   F select(M, F, F)   I toInt(F)   F toFloat(I)   I bits(F)   F fromBits(I)
//   I iadd, isub, iand, shl, shr(I, I)   (shr keeps the sign)
//
// each rounding once, to nearest even, with no value that is undefined for NaN.
// The errors are against the true value, as MathTest measures them.
//
// Argument reduction and the split of ln 2 and pi / 2 follow W. J. Cody and
// W. Waite, "Software Manual for the Elementary Functions" (1980).
// Coefficients: own minimax fits, relative, in double, then rounded to f32.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_NUMERICS_MATHPOLYNOMIALS_H
#define LOWBIT_NUMERICS_MATHPOLYNOMIALS_H

#include <initializer_list>

namespace lowbit {

template <typename B> class MathPolynomials {
  using F = typename B::F;
  using I = typename B::I;
  B &b;

  /// The polynomial in x, highest power first.
  F horner(F x, std::initializer_list<double> coefficients) {
    auto next = coefficients.begin();
    F sum = b.c(*next);
    while (++next != coefficients.end())
      sum = b.fma(sum, x, b.c(*next));
    return sum;
  }

  /// 2^n for -126 <= n <= 127.
  F powerOfTwo(I n) {
    return b.fromBits(b.shl(b.iadd(n, b.ci(127)), b.ci(23)));
  }

  F clamp(F x, double low, double high) {
    F l = b.c(low), h = b.c(high);
    x = b.select(b.ge(x, l), x, l); // NaN becomes low.
    return b.select(b.lt(x, h), x, h);
  }

  /// x = n ln 2 + r, |r| <= ln 2 / 2; q = (exp(r) - 1 - r) / r^2.
  struct Reduced {
    F n, r, q;
  };
  Reduced reduceExp(F x) {
    F n = b.roundeven(b.mul(x, b.c(1.44269504088896341)));
    F r = b.fma(n, b.c(-0.693359375), x);
    r = b.fma(n, b.c(2.12194440054690583e-4), r);
    return {n, r, quadratic(r)};
  }
  F quadratic(F r) {
    return horner(r, {1.381418551e-03, 8.368914947e-03, 4.166840762e-02,
                      1.666651964e-01, 4.999999404e-01});
  }
  /// 2^n exp(r). Two factors: 2^n alone may be out of range.
  F scaledExp(Reduced t) {
    F p = b.add(b.fma(b.mul(t.r, t.r), t.q, t.r), b.c(1.0));
    I all = b.toInt(t.n), half = b.shr(all, b.ci(1));
    return b.mul(b.mul(p, powerOfTwo(half)), powerOfTwo(b.isub(all, half)));
  }

public:
  explicit MathPolynomials(B &b) : b(b) {}

  /// Error below 1 ulp; subnormal results are rounded, not flushed. 0 below
  /// -104, infinity above 88.723.
  F exp(F x) {
    F y = scaledExp(reduceExp(clamp(x, -104.0, 88.8)));
    return b.select(b.isNaN(x), x, y);
  }
  F exp2(F x) {
    F t = clamp(x, -151.0, 128.0), n = b.roundeven(t);
    F r = b.mul(b.sub(t, n), b.c(0.693147180559945309));
    return b.select(b.isNaN(x), x, scaledExp({n, r, quadratic(r)}));
  }

  /// exp(x) - 1 = 2 (2^(n-1) p + (2^(n-1) - 1/2)), p = exp(r) - 1.
  F expm1(F x) {
    auto [n, r, q] = reduceExp(clamp(x, -18.0, 88.8));
    F p = b.fma(b.mul(r, r), q, r);
    F s = powerOfTwo(b.isub(b.toInt(n), b.ci(1)));
    F y = b.mul(b.fma(s, p, b.sub(s, b.c(0.5))), b.c(2.0));
    // For n = 0 the doubling would lose the bits of a subnormal.
    y = b.select(b.eq(n, b.c(0.0)), p, y);
    y = b.select(b.eq(x, b.c(0.0)), x, y);
    return b.select(b.isNaN(x), x, y);
  }

  /// x + x^3 P(x^2) for small |x|, otherwise 1 - 2 / (exp(2 |x|) + 1).
  F tanh(F x) {
    F a = b.abs(x), s = b.mul(x, x);
    F p = horner(s, {-5.666980054e-03, 2.060618065e-02, -5.373000726e-02,
                     1.333133131e-01, -3.333327770e-01});
    F small = b.fma(b.mul(x, s), p, x);
    F e = b.add(exp(b.add(a, a)), b.c(1.0));
    F large = b.sub(b.c(1.0), b.div(b.c(2.0), e));
    // copysign for the small ones too: tanh(-0) is -0.
    return b.copysign(b.select(b.lt(a, b.c(0.625)), small, large), x);
  }

  /// x P(x^2) / Q(x^2); 1 from 3.93 on, where erf(x) > 1 - 2^-25.
  F erf(F x) {
    F s = b.mul(x, x);
    F p = horner(s, {2.041969310e-06, 2.848052245e-04, 3.779516090e-03,
                     5.278999358e-02, 1.907818466e-01, 1.128379107e+00});
    F q = horner(s, {3.800388004e-05, 1.165187801e-03, 1.499725133e-02,
                     1.142566726e-01, 5.024087429e-01, 1.0});
    F y = b.div(b.mul(x, p), q);
    return b.select(b.ge(b.abs(x), b.c(3.93)), b.copysign(b.c(1.0), x), y);
  }

  /// f - f^2 / 2 + f^3 P(f) + e ln 2.
  F log(F x) {
    Split t = splitLog(x);
    F y = b.fma(t.e, b.c(-2.12194440054690583e-4), t.cubic);
    y = b.fma(b.c(-0.5), t.square, y);
    y = b.fma(t.e, b.c(0.693359375), b.add(t.f, y));
    return logSpecial(x, y);
  }
  F log2(F x) {
    Split t = splitLog(x);
    F m = b.add(t.f, b.fma(b.c(-0.5), t.square, t.cubic));
    return logSpecial(x, b.fma(m, b.c(1.44269504088896341), t.e));
  }
  F log10(F x) {
    Split t = splitLog(x);
    F m = b.add(t.f, b.fma(b.c(-0.5), t.square, t.cubic));
    F y = b.mul(t.e, b.c(4.605038981195214e-6));
    y = b.fma(m, b.c(0.434294481903251828), y);
    return logSpecial(x, b.fma(t.e, b.c(0.301025390625), y));
  }

  /// log(u) x / (u - 1) with u = 1 + x rounded: both factors err alike (W.
  /// Kahan).
  F log1p(F x) {
    F u = b.add(x, b.c(1.0)), d = b.sub(u, b.c(1.0));
    F y = b.mul(log(u), b.div(x, d));
    y = b.select(b.eq(d, b.c(0.0)), x, y);
    return b.select(b.eq(x, b.inf()), x, y);
  }

  /// NaN where |x| > 2^20: the reduction has no bits left there.
  F sin(F x) { return sinOrCos(x, 0); }
  F cos(F x) { return sinOrCos(x, 1); }

private:
  /// x = 2^e (1 + f), |f| < 0.42; square = f^2, cubic = f^3 P(f).
  struct Split {
    F e, f, square, cubic;
  };
  Split splitLog(F x) {
    auto tiny = b.lt(x, b.c(1.17549435e-38));
    F scaled = b.select(tiny, b.mul(x, b.c(8388608.0)), x);
    constexpr int sqrtHalf = 0x3f3504f3;
    I bits = b.isub(b.bits(scaled), b.ci(sqrtHalf));
    F e = b.toFloat(b.shr(bits, b.ci(23)));
    e = b.select(tiny, b.sub(e, b.c(23.0)), e);
    F m = b.fromBits(b.iadd(b.iand(bits, b.ci(0x7fffff)), b.ci(sqrtHalf)));
    F f = b.sub(m, b.c(1.0)), s = b.mul(f, f);
    F p = horner(f, {6.746601313e-02, -1.167564094e-01, 1.188817471e-01,
                     -1.240559146e-01, 1.421955079e-01, -1.666799635e-01,
                     2.000211924e-01, -2.500000894e-01, 3.333331347e-01});
    return {e, f, s, b.mul(b.mul(f, s), p)};
  }
  F logSpecial(F x, F y) {
    y = b.select(b.eq(x, b.inf()), x, y);
    y = b.select(b.eq(x, b.c(0.0)), b.sub(b.c(0.0), b.inf()), y);
    return b.select(b.ge(x, b.c(0.0)), y, b.nan());
  }

  /// x = k pi / 2 + r; quadrant k + shift says which series and which sign.
  F sinOrCos(F x, int shift) {
    auto inRange = b.ge(b.c(1048576.0), b.abs(x));
    F safe = b.select(inRange, x, b.c(0.0));
    F k = b.roundeven(b.mul(safe, b.c(0.636619772367581343)));
    F r = b.fma(k, b.c(-1.57079637050628662), safe);
    r = b.fma(k, b.c(4.37113900018624283e-8), r);
    r = b.fma(k, b.c(1.71512451e-15), r);
    F s = b.mul(r, r);
    F p = horner(s, {2.706365876e-06, -1.983789116e-04, 8.333324455e-03,
                     -1.666666716e-01});
    F sine = b.fma(b.mul(r, s), p, r);
    F c = horner(s, {2.431628309e-05, -1.388615230e-03, 4.166661948e-02});
    F cosine = b.add(b.fma(b.mul(s, s), c, b.mul(s, b.c(-0.5))), b.c(1.0));
    // Bit 0 of the quadrant picks the series, bit 1 the sign.
    I quadrant = b.iadd(b.toInt(k), b.ci(shift));
    F odd = b.toFloat(b.iand(quadrant, b.ci(1)));
    F y = b.select(b.eq(odd, b.c(0.0)), sine, cosine);
    I sign = b.shl(b.iand(quadrant, b.ci(2)), b.ci(30));
    y = b.mul(y, b.fromBits(b.iadd(sign, b.ci(0x3f800000))));
    // sin(-0) is -0; 0 + -0 would not be.
    if (shift == 0)
      y = b.select(b.eq(x, b.c(0.0)), x, y);
    return b.select(inRange, y, b.nan());
  }
};

} // namespace lowbit

#endif // LOWBIT_NUMERICS_MATHPOLYNOMIALS_H
