//===- ChooseTest.cpp - Ranges, scales and zero points --------------------===//
//
// Checks rules N1 to N5 of docs/numerics.md: ordinary ranges, ranges on one
// side of zero, dead channels, subnormal and huge ranges.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Affine.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <limits>
#include <random>

using namespace lowbit;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();
constexpr StorageRange kI8{-128, 127};
constexpr StorageRange kNarrowI8{-127, 127};
constexpr StorageRange kU8{0, 255};

void expectRange(StorageRange range, int32_t min, int32_t max) {
  EXPECT_EQ(range.min, min);
  EXPECT_EQ(range.max, max);
}

TEST(RangeN1, AllWidths) {
  expectRange(rangeForWidth(8, true, false), -128, 127);
  expectRange(rangeForWidth(8, true, true), -127, 127);
  expectRange(rangeForWidth(8, false, false), 0, 255);
  expectRange(rangeForWidth(8, false, true), 1, 255);
  expectRange(rangeForWidth(4, true, false), -8, 7);
  expectRange(rangeForWidth(4, true, true), -7, 7);
  expectRange(rangeForWidth(1, true, false), -1, 0);
  expectRange(rangeForWidth(1, false, false), 0, 1);
  expectRange(rangeForWidth(2, true, true), -1, 1);
  expectRange(rangeForWidth(16, true, false), -32768, 32767);
  expectRange(rangeForWidth(16, false, false), 0, 65535);
}

TEST(AsymmetricN4, OrdinaryRange) {
  ChosenParams c = chooseAsymmetric(-1.0f, 3.0f, kI8);
  EXPECT_EQ(c.params.scale, float(4.0 / 255.0));
  EXPECT_EQ(c.params.zeroPoint, -64); // -128 + 63.75
  EXPECT_FALSE(c.floored);
  EXPECT_FALSE(c.capped);
}

TEST(AsymmetricN4, ZeroPointTiesGoToEven) {
  // -128 + 127.5 is halfway between -1 and 0.
  EXPECT_EQ(chooseAsymmetric(-127.5f, 127.5f, kI8).params.zeroPoint, 0);
  // 0 + 2.5 and 0 + 1.5 in three bits: scale 1.
  EXPECT_EQ(chooseAsymmetric(-2.5f, 4.5f, {0, 7}).params.zeroPoint, 2);
  EXPECT_EQ(chooseAsymmetric(-1.5f, 5.5f, {0, 7}).params.zeroPoint, 2);
}

TEST(AsymmetricN2, RangeIsExtendedToHoldZero) {
  ChosenParams above = chooseAsymmetric(2.0f, 5.1f, kI8);
  EXPECT_EQ(above.params.scale, float(double(5.1f) / 255.0));
  EXPECT_EQ(above.params.zeroPoint, -128);
  ChosenParams below = chooseAsymmetric(-5.1f, -2.0f, kI8);
  EXPECT_EQ(below.params.scale, above.params.scale);
  EXPECT_EQ(below.params.zeroPoint, 127);
  ChosenParams unsignedBelow = chooseAsymmetric(-5.1f, -2.0f, kU8);
  EXPECT_EQ(unsignedBelow.params.zeroPoint, 255);
}

TEST(AsymmetricN2, ZeroIsExactAndEndsAreReached) {
  std::mt19937 random(7);
  std::uniform_real_distribution<float> draw(-100.0f, 100.0f);
  for (int i = 0; i < 20000; ++i) {
    float a = draw(random), b = draw(random);
    float low = std::min({a, b, 0.0f}), high = std::max({a, b, 0.0f});
    for (StorageRange range : {kI8, kU8, kNarrowI8}) {
      AffineParams p =
          chooseAsymmetric(std::min(a, b), std::max(a, b), range).params;
      ASSERT_GE(p.zeroPoint, range.min);
      ASSERT_LE(p.zeroPoint, range.max);
      ASSERT_EQ(quantize(0.0f, p, range), p.zeroPoint);
      ASSERT_EQ(fakeQuant(0.0f, p, range), 0.0f);
      // Half a step of rounding, and half a step that the zero point moved.
      ASSERT_LE(std::fabs(fakeQuant(low, p, range) - low), p.scale * 1.001f);
      ASSERT_LE(std::fabs(fakeQuant(high, p, range) - high), p.scale * 1.001f);
    }
  }
}

TEST(ScaleN3, DeadAndSubnormalRangesAreFloored) {
  for (float bound : {0.0f, kTiny, 1e-40f, 1e-30f}) {
    for (ChosenParams c :
         {chooseAsymmetric(-bound, bound, kI8), chooseSymmetric(bound, kI8)}) {
      EXPECT_TRUE(c.floored) << bound;
      EXPECT_FALSE(c.capped);
      EXPECT_EQ(c.params.scale, kMinScale);
      EXPECT_EQ(quantize(0.0f, c.params, kI8), c.params.zeroPoint);
    }
  }
  EXPECT_EQ(chooseAsymmetric(0.0f, 0.0f, kI8).params.zeroPoint, -128);
  EXPECT_EQ(chooseAsymmetric(0.0f, 0.0f, kU8).params.zeroPoint, 0);
}

TEST(ScaleN3, FloorIsReachedExactly) {
  ChosenParams at = chooseSymmetric(kMinScale * 127, kNarrowI8);
  EXPECT_FALSE(at.floored);
  EXPECT_EQ(at.params.scale, kMinScale);
  EXPECT_TRUE(chooseSymmetric(kMinScale * 126, kNarrowI8).floored);
  EXPECT_EQ(std::fpclassify(kMinScale * kMinScale), FP_NORMAL);
}

TEST(ScaleN3, HugeRangesStayFinite) {
  for (StorageRange range : {kI8, kU8, StorageRange{0, 1}, StorageRange{-1, 0},
                             StorageRange{-32768, 32767}})
    for (float bound : {kMax, kInf, kMax / 2, 1e38f})
      for (ChosenParams c : {chooseAsymmetric(-bound, bound, range),
                             chooseAsymmetric(0.0f, bound, range),
                             chooseAsymmetric(-bound, 0.0f, range),
                             chooseSymmetric(bound, range)})
        for (float x : {kMax, -kMax, kInf, -kInf, 0.0f}) {
          EXPECT_TRUE(std::isfinite(c.params.scale));
          EXPECT_TRUE(std::isfinite(fakeQuant(x, c.params, range)))
              << bound << " " << x;
        }
  EXPECT_TRUE(chooseAsymmetric(-kMax, kMax, kI8).capped);
  EXPECT_FALSE(chooseAsymmetric(-kMax / 4, kMax / 4, kI8).capped);
  EXPECT_FALSE(chooseAsymmetric(-1.0f, 1.0f, kI8).capped);
}

TEST(ScaleN3, NonFiniteBoundsAreDefined) {
  ChosenParams c = chooseAsymmetric(kNaN, 1.0f, kI8);
  EXPECT_EQ(c.params.scale, float(1.0 / 255.0));
  EXPECT_EQ(c.params.zeroPoint, -128);
  EXPECT_TRUE(chooseSymmetric(kNaN, kI8).floored);
  EXPECT_EQ(chooseAsymmetric(-kInf, kInf, kI8).params.scale,
            chooseAsymmetric(-kMax, kMax, kI8).params.scale);
}

TEST(SymmetricN5, SignedZeroPointIsZero) {
  ChosenParams narrow = chooseSymmetric(6.35f, kNarrowI8);
  EXPECT_EQ(narrow.params.scale, float(double(6.35f) / 127.0));
  EXPECT_EQ(narrow.params.zeroPoint, 0);
  // The full range keeps the scale of the narrow one: both ends are reached.
  ChosenParams full = chooseSymmetric(6.35f, kI8);
  EXPECT_EQ(full.params.scale, narrow.params.scale);
  EXPECT_EQ(full.params.zeroPoint, 0);
  EXPECT_EQ(quantize(6.35f, narrow.params, kNarrowI8), 127);
  EXPECT_EQ(quantize(-6.35f, narrow.params, kNarrowI8), -127);
  EXPECT_EQ(chooseSymmetric(-6.35f, kI8).params.scale, full.params.scale);
}

TEST(SymmetricN5, UnsignedZeroPointIsTheMiddle) {
  EXPECT_EQ(chooseSymmetric(1.0f, kU8).params.zeroPoint, 128);
  EXPECT_EQ(chooseSymmetric(1.0f, kU8).params.scale, float(1.0 / 127.0));
  EXPECT_EQ(chooseSymmetric(1.0f, {0, 15}).params.zeroPoint, 8);
}

TEST(SymmetricN5, OneBit) {
  EXPECT_EQ(chooseSymmetric(2.0f, {-1, 0}).params.scale, 2.0f);
  EXPECT_EQ(chooseSymmetric(2.0f, {-1, 0}).params.zeroPoint, 0);
  EXPECT_EQ(chooseSymmetric(2.0f, {0, 1}).params.zeroPoint, 1);
}

} // namespace
