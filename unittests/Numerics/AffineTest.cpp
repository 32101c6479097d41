//===- AffineTest.cpp - quantize, dequantize, rounding --------------------===//
//
// Checks rules N6, N7 and N8 of docs/numerics.md at ties, NaN, infinities,
// signed zeros, subnormal numbers and the ends of the ranges.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Affine.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cfenv>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

using namespace lowbit;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();
constexpr StorageRange kI8{-128, 127};
constexpr StorageRange kU8{0, 255};

float fromBits(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

/// What compiled code computes: the clamp before the zero point is added, so
/// that the conversion to an integer never overflows.
int32_t quantizeClampFirst(float x, AffineParams p, StorageRange range) {
  if (std::isnan(x))
    return p.zeroPoint;
  float rounded = roundHalfEven(x / p.scale);
  float low = static_cast<float>(range.min - p.zeroPoint);
  float high = static_cast<float>(range.max - p.zeroPoint);
  return static_cast<int32_t>(std::min(std::max(rounded, low), high)) +
         p.zeroPoint;
}

TEST(RoundHalfEvenN6, TiesGoToEven) {
  EXPECT_EQ(roundHalfEven(0.5f), 0.0f);
  EXPECT_EQ(roundHalfEven(1.5f), 2.0f);
  EXPECT_EQ(roundHalfEven(2.5f), 2.0f);
  EXPECT_EQ(roundHalfEven(-0.5f), 0.0f);
  EXPECT_EQ(roundHalfEven(-1.5f), -2.0f);
  EXPECT_EQ(roundHalfEven(-2.5f), -2.0f);
  EXPECT_EQ(roundHalfEven(8388606.5f), 8388606.0f);
  EXPECT_EQ(roundHalfEven(8388607.5f), 8388608.0f);
}

TEST(RoundHalfEvenN6, NeighboursOfTies) {
  EXPECT_EQ(roundHalfEven(std::nextafter(0.5f, 1.0f)), 1.0f);
  EXPECT_EQ(roundHalfEven(std::nextafter(0.5f, 0.0f)), 0.0f);
  EXPECT_EQ(roundHalfEven(std::nextafter(1.5f, 0.0f)), 1.0f);
  EXPECT_EQ(roundHalfEven(std::nextafter(2.5f, 3.0f)), 3.0f);
  EXPECT_EQ(roundHalfEven(std::nextafter(-0.5f, -1.0f)), -1.0f);
}

TEST(RoundHalfEvenN6, KeepsSpecialValues) {
  EXPECT_TRUE(std::isnan(roundHalfEven(kNaN)));
  EXPECT_EQ(roundHalfEven(kInf), kInf);
  EXPECT_EQ(roundHalfEven(-kInf), -kInf);
  EXPECT_EQ(roundHalfEven(kMax), kMax);
  EXPECT_EQ(roundHalfEven(kTiny), 0.0f);
  EXPECT_TRUE(std::signbit(roundHalfEven(-0.0f)));
  EXPECT_TRUE(std::signbit(roundHalfEven(-0.3f)));
  EXPECT_TRUE(std::signbit(roundHalfEven(-kTiny)));
  EXPECT_FALSE(std::signbit(roundHalfEven(0.0f)));
}

TEST(RoundHalfEvenN6, AgreesWithTheStandardLibraryInDefaultMode) {
  ASSERT_EQ(std::fegetround(), FE_TONEAREST);
  // Every exponent with mantissas at and around the ties.
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += 4093) {
    float x = fromBits(static_cast<uint32_t>(bits));
    if (std::isnan(x))
      continue;
    ASSERT_EQ(roundHalfEven(x), std::nearbyint(x)) << x;
  }
  for (int i = -70000; i <= 70000; ++i)
    ASSERT_EQ(roundHalfEven(i * 0.25f), std::nearbyint(i * 0.25f)) << i;
}

TEST(RoundHalfEvenN6, IgnoresTheRoundingMode) {
  for (int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
    std::fesetround(mode);
    volatile float values[] = {0.5f, 1.5f, 2.5f, -2.5f, 0.49999997f, -3.7f};
    float rounded[6];
    for (int i = 0; i < 6; ++i)
      rounded[i] = roundHalfEven(values[i]);
    std::fesetround(FE_TONEAREST);
    const float expected[] = {0.0f, 2.0f, 2.0f, -2.0f, 0.0f, -4.0f};
    for (int i = 0; i < 6; ++i)
      EXPECT_EQ(rounded[i], expected[i]) << "mode " << mode << ", value " << i;
  }
}

TEST(QuantizeN7, RoundsBeforeTheZeroPointIsAdded) {
  // With an odd zero point, rounding the sum would give 1 + 1 = 2 here.
  EXPECT_EQ(quantize(0.5f, {1.0f, 1}, kI8), 1);
  EXPECT_EQ(quantize(1.5f, {1.0f, 1}, kI8), 3);
  EXPECT_EQ(quantize(-0.5f, {1.0f, 3}, kI8), 3);
}

TEST(QuantizeN7, DividesAndDoesNotMultiplyByTheInverse) {
  // The inverse of the scale is itself rounded, so the product moves some ties.
  int differing = 0;
  for (int i = 1; i < 20000; ++i) {
    float scale = 0.003f, x = i * 0.0015f;
    int32_t divided = quantize(x, {scale, 0}, {-32768, 32767});
    EXPECT_EQ(divided, int32_t(std::nearbyint(x / scale)));
    differing += divided != int32_t(std::nearbyint(x * (1.0f / scale)));
  }
  EXPECT_GT(differing, 0);
}

TEST(QuantizeN7, NaNIsTheZeroPoint) {
  EXPECT_EQ(quantize(kNaN, {0.1f, -7}, kI8), -7);
  EXPECT_EQ(quantize(-kNaN, {0.1f, 200}, kU8), 200);
}

TEST(QuantizeN7, InfinitiesAndHugeValuesSaturate) {
  for (int32_t zp : {-128, -1, 0, 127}) {
    EXPECT_EQ(quantize(kInf, {0.1f, zp}, kI8), 127);
    EXPECT_EQ(quantize(-kInf, {0.1f, zp}, kI8), -128);
    EXPECT_EQ(quantize(kMax, {kMinScale, zp}, kI8), 127);
    EXPECT_EQ(quantize(-kMax, {kMinScale, zp}, kI8), -128);
    EXPECT_EQ(quantize(3e9f, {1.0f, zp}, kI8), 127);
    EXPECT_EQ(quantize(-3e9f, {1.0f, zp}, kI8), -128);
  }
}

TEST(QuantizeN7, ZerosAndSubnormalInputs) {
  for (float x : {0.0f, -0.0f, kTiny, -kTiny})
    EXPECT_EQ(quantize(x, {0.1f, 5}, kI8), 5);
  // A subnormal scale is never chosen, but it has a defined result.
  EXPECT_EQ(quantize(kTiny, {kTiny, 5}, kI8), 6);
  EXPECT_EQ(quantize(1.0f, {kTiny, 5}, kI8), 127);
  EXPECT_EQ(quantize(0.0f, {kTiny, 5}, kI8), 5);
}

TEST(QuantizeN7, WholeInt32RangeHasNoOverflow) {
  constexpr int32_t lo = std::numeric_limits<int32_t>::min();
  constexpr int32_t hi = std::numeric_limits<int32_t>::max();
  StorageRange range{lo, hi};
  EXPECT_EQ(quantize(4e9f, {1.0f, hi}, range), hi);
  EXPECT_EQ(quantize(-4e9f, {1.0f, lo}, range), lo);
  EXPECT_EQ(quantize(1.0f, {1.0f, lo}, range), lo + 1);
  EXPECT_EQ(quantize(-2147483648.0f, {1.0f, 0}, range), lo);
}

TEST(QuantizeN7, ClampingBeforeTheZeroPointIsEqual) {
  std::vector<float> values = {0.0f, -0.0f, kTiny, -kTiny, kInf,  -kInf,
                               kNaN, kMax,  -kMax, 1e-30f, 3e38f, -3e38f};
  for (int i = -1100; i <= 1100; ++i)
    values.push_back(i * 0.25f);
  std::mt19937 random(1);
  for (int i = 0; i < 2000; ++i)
    values.push_back(fromBits(random()));
  for (unsigned width : {1u, 2u, 4u, 8u, 16u})
    for (bool isSigned : {false, true}) {
      StorageRange range = rangeForWidth(width, isSigned, width > 4);
      int32_t middle = (range.min + range.max) / 2;
      for (int32_t zp : {range.min, range.min + 1, middle, range.max})
        for (float scale : {1.0f, 0.1f, 0.003f, kMinScale, 1e30f, kTiny})
          for (float x : values)
            ASSERT_EQ(quantize(x, {scale, zp}, range),
                      quantizeClampFirst(x, {scale, zp}, range))
                << x << " / " << scale << " + " << zp << ", width " << width;
    }
}

TEST(QuantizeN7, IsMonotonic) {
  AffineParams p{0.0371f, -13};
  int32_t last = -128;
  for (float x = -6.0f; x < 6.0f; x += 0.0013f) {
    int32_t q = quantize(x, p, kI8);
    EXPECT_GE(q, last);
    last = q;
  }
  EXPECT_EQ(last, 127);
}

TEST(DequantizeN8, SubtractsExactly) {
  EXPECT_EQ(dequantize(-128, {0.5f, 127}), -127.5f);
  EXPECT_EQ(dequantize(7, {0.5f, 7}), 0.0f);
  EXPECT_FALSE(std::signbit(dequantize(7, {0.5f, 7})));
  constexpr int32_t lo = std::numeric_limits<int32_t>::min();
  constexpr int32_t hi = std::numeric_limits<int32_t>::max();
  EXPECT_EQ(dequantize(hi, {1.0f, lo}), 4294967296.0f);
  EXPECT_EQ(dequantize(lo, {1.0f, hi}), -4294967296.0f);
}

TEST(DequantizeN8, EveryInt8ComesBack) {
  for (float scale : {kMinScale, 1e-10f, 0.0317f, 0.1f, 1.0f, 3.7e5f, 1e30f})
    for (int32_t zp = -128; zp <= 127; ++zp)
      for (int32_t q = -128; q <= 127; ++q)
        ASSERT_EQ(quantize(dequantize(q, {scale, zp}), {scale, zp}, kI8), q)
            << scale << " " << zp;
}

TEST(FakeQuant, IsIdempotentAndKeepsZero) {
  AffineParams p{0.0173f, 41};
  EXPECT_EQ(fakeQuant(0.0f, p, kU8), 0.0f);
  EXPECT_EQ(fakeQuant(kNaN, p, kU8), 0.0f);
  for (float x = -2.0f; x < 6.0f; x += 0.0101f) {
    float once = fakeQuant(x, p, kU8);
    EXPECT_EQ(fakeQuant(once, p, kU8), once);
    if (x > -0.70f && x < 3.70f) {
      EXPECT_LE(std::fabs(once - x), 0.5f * p.scale * 1.0001f) << x;
    }
  }
}

} // namespace
