//===- RoundingTest.cpp - Rounding modes, and sums that wrap --------------===//
//
// Checks rules N12 and N13 of docs/numerics.md against integer arithmetic.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Rounding.h"
#include "Exact.h"
#include "gtest/gtest.h"
#include <cfenv>
#include <random>

using namespace lowbit;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(RoundingN12, TiesAndNeighbours) {
  struct Case {
    double x;
    double even, away, up, zero, floor;
  } cases[] = {{0.5, 0, 1, 1, 0, 0},
               {-0.5, 0, -1, 0, 0, -1},
               {1.5, 2, 2, 2, 1, 1},
               {-1.5, -2, -2, -1, -1, -2},
               {2.5, 2, 3, 3, 2, 2},
               {-2.5, -2, -3, -2, -2, -3},
               {0.25, 0, 0, 0, 0, 0},
               {-0.25, 0, 0, 0, 0, -1},
               {3.75, 4, 4, 4, 3, 3},
               {-3.75, -4, -4, -4, -3, -4},
               {1048576.5, 1048576, 1048577, 1048577, 1048576, 1048576}};
  for (const Case &c : cases) {
    const double expected[] = {c.even, c.away, c.up, c.zero, c.floor};
    for (Rounding mode : kRoundings) {
      EXPECT_EQ(roundToInteger(c.x, mode), expected[int(mode)])
          << c.x << " " << int(mode);
      EXPECT_EQ(roundToInteger(float(c.x), mode), float(expected[int(mode)]))
          << c.x << " " << int(mode);
    }
  }
}

TEST(RoundingN12, DoublesBeyondFloats) {
  double half = 4503599627370495.5; // 2^52 - 1/2
  EXPECT_EQ(roundToInteger(half, Rounding::HalfEven), 4503599627370496.0);
  EXPECT_EQ(roundToInteger(half, Rounding::Floor), 4503599627370495.0);
  EXPECT_EQ(roundToInteger(-half, Rounding::HalfUp), -4503599627370495.0);
  EXPECT_EQ(roundToInteger(0.49999999999999994, Rounding::HalfUp), 0.0);
}

TEST(RoundingN12, EveryModeAgreesWithIntegers) {
  std::mt19937 random(7);
  for (int i = 0; i < 2000000; ++i) {
    uint32_t bits = random();
    // Half of them where fractions are.
    if (i % 2)
      bits = (bits & 0x807fffff) | (120 + random() % 32) << 23;
    float x = exact::floatOf(bits);
    if (!(std::fabs(x) < 0x1p60f))
      continue;
    for (Rounding mode : kRoundings)
      ASSERT_EQ(int64_t(roundToInteger(x, mode)), exact::toInteger(bits, mode))
          << x << " " << int(mode);
  }
}

TEST(RoundingN12, SpecialValuesAndTheSignOfZero) {
  for (Rounding mode : kRoundings) {
    EXPECT_TRUE(std::isnan(roundToInteger(NAN, mode)));
    EXPECT_EQ(roundToInteger(kInf, mode), kInf);
    EXPECT_EQ(roundToInteger(-kInf, mode), -kInf);
    EXPECT_TRUE(std::signbit(roundToInteger(-0.0f, mode)));
    EXPECT_FALSE(std::signbit(roundToInteger(0.25f, mode)));
  }
  EXPECT_TRUE(std::signbit(roundToInteger(-0.5f, Rounding::HalfUp)));
  EXPECT_EQ(roundToInteger(-1e-45f, Rounding::Floor), -1.0f);
}

TEST(WrapN13, IsTheLowBitsOfTheSum) {
  AffineParams p{1.0f, 0};
  StorageRange i8{-128, 127}, u8{0, 255};
  auto wrapped = [&](float x, StorageRange range) {
    return quantize(x, p, range, Rounding::HalfEven, /*saturating=*/false);
  };
  EXPECT_EQ(wrapped(127.0f, i8), 127);
  EXPECT_EQ(wrapped(128.0f, i8), -128);
  EXPECT_EQ(wrapped(200.0f, i8), -56);
  EXPECT_EQ(wrapped(-129.0f, i8), 127);
  EXPECT_EQ(wrapped(256.0f, u8), 0);
  EXPECT_EQ(wrapped(-1.0f, u8), 255);
  for (int zero : {-128, -3, 127}) {
    p.zeroPoint = zero;
    for (int x = -5000; x <= 5000; ++x)
      ASSERT_EQ(wrapped(float(x), i8), int8_t(x + zero)) << x << " " << zero;
  }
}

TEST(WrapN13, WhatNoI64HoldsSaturates) {
  StorageRange i8{-128, 127};
  AffineParams p{1.0f, 5};
  auto wrapped = [&](float x) {
    return quantize(x, p, i8, Rounding::HalfEven, /*saturating=*/false);
  };
  EXPECT_EQ(wrapped(NAN), 5);
  EXPECT_EQ(wrapped(kInf), 127);
  EXPECT_EQ(wrapped(-kInf), -128);
  EXPECT_EQ(wrapped(0x1p63f), 127);
  EXPECT_EQ(wrapped(-0x1p63f), -128);
  // The largest float below 2^63 is a multiple of 2^39.
  EXPECT_EQ(wrapped(std::nextafter(0x1p63f, 0.0f)), 5);
}

TEST(WrapN13, NarrowRangesHaveNoModulus) {
  EXPECT_FALSE(canWrap({-127, 127}));
  EXPECT_TRUE(canWrap({-128, 127}));
  EXPECT_TRUE(canWrap({0, 1}));
  EXPECT_FALSE(canWrap({0, 0}));
  EXPECT_TRUE(canWrap({std::numeric_limits<int32_t>::min(),
                       std::numeric_limits<int32_t>::max()}));
}

/// N7 and N8 at every transition of the output, 64 floats on both sides.
TEST(QuantizeN7, TransitionsAgreeWithIntegers) {
  StorageRange ranges[] = {
      {-128, 127}, {-127, 127}, {0, 255}, {0, 15}, {-2, 1}};
  float scales[] = {1.0f,   0.1f,  1.0f / 3,  0.0371f,   0x1p-7f,   3e-5f,
                    127.5f, 1e30f, kMinScale, 0x1p-149f, 0x1.8p119f};
  int sets = 0;
  for (StorageRange range : ranges)
    for (float scale : scales) {
      Rounding mode = kRoundings[sets++ % 5];
      AffineParams p{scale, range.min + (sets * 37) % (range.max - range.min)};
      for (int32_t q = range.min; q <= range.max; ++q) {
        uint32_t back = exact::dequantize(q, exact::bitsOf(scale), p.zeroPoint);
        ASSERT_EQ(exact::bitsOf(dequantize(q, p)), back) << scale << " " << q;
        // The transition to q is half a step below it, or a step.
        for (double below : {0.0, 0.5, 1.0}) {
          auto x = float((q - p.zeroPoint - below) * double(scale));
          for (int ulp = 0; ulp < 64; ++ulp)
            x = std::nextafter(x, -kInf);
          for (int ulp = -64; ulp <= 64; ++ulp, x = std::nextafter(x, kInf))
            ASSERT_EQ(quantize(x, p, range, mode),
                      exact::quantize(exact::bitsOf(x), exact::bitsOf(scale),
                                      p.zeroPoint, range, mode))
                << x << " / " << scale << " + " << p.zeroPoint << " "
                << int(mode);
        }
      }
    }
  EXPECT_GE(sets, 50);
}

} // namespace
