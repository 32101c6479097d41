//===- RequantizeTest.cpp - Float and fixed-point requantization ----------===//
//
// Checks rules N14 to N16 of docs/numerics.md: at every transition for many
// sets against integer arithmetic, and by hand where TOSA says the result.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Requantize.h"
#include "Exact.h"
#include "gtest/gtest.h"
#include <random>

using namespace lowbit;

namespace {

constexpr StorageRange kI8{-128, 127}, kU8{0, 255}, kI4{-8, 7},
    kI32{std::numeric_limits<int32_t>::min(),
         std::numeric_limits<int32_t>::max()};
constexpr int32_t kLow = kI32.min, kHigh = kI32.max;

/// Calls `check` for 64 accumulators around each transition of `f`, which never
/// goes down.
template <typename F, typename Check>
void aroundTransitions(int64_t low, int64_t high, const F &f,
                       const Check &check) {
  if (f(int32_t(low)) == f(int32_t(high)))
    return;
  if (high - low > 1) {
    int64_t middle = low + (high - low) / 2;
    aroundTransitions(low, middle, f, check);
    aroundTransitions(middle, high, f, check);
    return;
  }
  for (int64_t acc = std::max<int64_t>(high - 64, kLow);
       acc < std::min<int64_t>(high + 64, kHigh); ++acc)
    check(int32_t(acc));
}

TEST(RequantizeN14, TransitionsAgreeWithIntegers) {
  std::mt19937 random(3);
  for (int set = 0; set < 1000; ++set) {
    StorageRange range = set % 3 == 0 ? kI8 : set % 3 == 1 ? kU8 : kI4;
    float scale = std::ldexp(float(random() % 0x1000000 + 0x1000000),
                             -int(random() % 40) - 20);
    int32_t in = set % 2 ? int32_t(random() % 98304) - 32768 : 0;
    int32_t out = range.min + int32_t(random() % (range.max - range.min + 1));
    Rounding mode = kRoundings[set % 5];
    auto exactly = [&](int32_t acc) {
      return exact::requantize(acc, in, exact::bitsOf(scale), out, range, mode);
    };
    aroundTransitions(kLow, kHigh, exactly, [&](int32_t acc) {
      ASSERT_EQ(requantize(acc, in, scale, out, range, mode), exactly(acc))
          << acc << " " << scale << " " << in << " " << out;
    });
  }
}

TEST(RequantizeN14, ConvertsTheExactDifferenceOnce) {
  // 2^24 + 1 is no float: it becomes 2^24, the even neighbour.
  EXPECT_EQ(requantize(16777217, 0, 1.0f, 0, kI32), 16777216);
  EXPECT_EQ(requantize(16777217, 1, 1.0f, 0, kI32), 16777216);
  EXPECT_EQ(requantize(16777220, 1, 1.0f, 0, kI32), 16777220);
  // The difference of 32-bit numbers has 33 bits.
  EXPECT_EQ(requantize(kHigh, -32768, 0x1p-20f, 0, kI32), 2048);
  EXPECT_EQ(requantize(kLow, 32767, 0x1p-20f, 0, kI32), -2048);
}

TEST(RequantizeN14, TiesAndExtremes) {
  EXPECT_EQ(requantize(1, 0, 0.5f, 0, kI8), 0);
  EXPECT_EQ(requantize(3, 0, 0.5f, 0, kI8), 2);
  EXPECT_EQ(requantize(-1, 0, 0.5f, 10, kI8), 10);
  EXPECT_EQ(requantize(1, 0, 0.5f, 0, kI8, Rounding::HalfAway), 1);
  EXPECT_EQ(requantize(kHigh, 0, 3e38f, 0, kI8), 127);
  EXPECT_EQ(requantize(kLow, 0, 3e38f, 0, kI8), -128);
  EXPECT_EQ(requantize(0, 0, 3e38f, -7, kI8), -7);
  EXPECT_EQ(requantize(kHigh, 0, 0x1p-126f, 7, kI8), 7);
}

TEST(RequantizeN14, LegalScales) {
  EXPECT_TRUE(isLegalRequantizeScale(0x1p-126f));
  EXPECT_TRUE(isLegalRequantizeScale(3.4e38f));
  for (float scale : {0.0f, -0.0f, -1.0f, 0x1p-127f, INFINITY, NAN})
    EXPECT_FALSE(isLegalRequantizeScale(scale)) << scale;
}

TEST(RequantizeFixedN15, ByHand) {
  // 7984 * 1583594044 / 2^40 = 11.4991...: double rounding is off by one.
  FixedScale scale{1583594044, 40};
  EXPECT_EQ(applyScale32(7984, scale, FixedRounding::Single), 11);
  EXPECT_EQ(applyScale32(7984, scale, FixedRounding::Double), 12);
  // Single rounding takes ties up, toward plus infinity.
  FixedScale half{1 << 30, 31};
  EXPECT_EQ(applyScale32(1, half, FixedRounding::Single), 1);
  EXPECT_EQ(applyScale32(-1, half, FixedRounding::Single), 0);
  EXPECT_EQ(applyScale32(-3, half, FixedRounding::Single), -1);
  // A shift of 31 is still rounded once.
  EXPECT_EQ(applyScale32(-1, half, FixedRounding::Double), 0);
  // From 32 on ties go away from zero: -1/2 is -1 in double rounding.
  FixedScale one{1 << 30, 32};
  EXPECT_EQ(applyScale32(-2, one, FixedRounding::Single), 0);
  EXPECT_EQ(applyScale32(-2, one, FixedRounding::Double), -1);
}

TEST(RequantizeFixedN15, TransitionsAgreeWithIntegers) {
  std::mt19937 random(5);
  for (int set = 0; set < 1000; ++set) {
    StorageRange range = set % 3 == 0 ? kI8 : set % 3 == 1 ? kU8 : kI4;
    auto multiplier = int32_t(random() >> 1);
    FixedScale scale{set % 4 ? multiplier | 1 << 30 : multiplier >> set % 31,
                     int32_t(2 + random() % 61)};
    ASSERT_TRUE(isLegalFixedScale(scale));
    int32_t in = set % 2 ? int32_t(random() % 98304) - 32768 : 0;
    int32_t out = range.min + int32_t(random() % (range.max - range.min + 1));
    for (bool twice : {false, true}) {
      FixedRounding mode =
          twice ? FixedRounding::Double : FixedRounding::Single;
      auto exactly = [&](int32_t acc) {
        return exact::requantizeFixed(acc, in, scale, twice, out, range);
      };
      auto check = [&](int32_t acc) {
        ASSERT_EQ(requantizeFixed(acc, in, scale, mode, out, range),
                  exactly(acc))
            << acc << " " << scale.multiplier << " " << scale.shift;
      };
      aroundTransitions(kLow, kHigh, exactly, check);
      for (int32_t acc : {kLow, kLow + 1, -1, 0, 1, kHigh - 1, kHigh})
        check(acc);
    }
  }
}

TEST(RequantizeFixedN15, LegalScales) {
  EXPECT_TRUE(isLegalFixedScale({0, 2}));
  EXPECT_TRUE(isLegalFixedScale({kHigh, 62}));
  EXPECT_FALSE(isLegalFixedScale({-1, 31}));
  EXPECT_FALSE(isLegalFixedScale({1, 1}));
  EXPECT_FALSE(isLegalFixedScale({1, 63}));
  EXPECT_TRUE(isLegalFixedScale({32767, 15}, 16));
  EXPECT_FALSE(isLegalFixedScale({32768, 15}, 16));
  EXPECT_TRUE(isTosaValue(-4, {1, 3}));
  EXPECT_FALSE(isTosaValue(4, {1, 3}));
}

TEST(FixedScaleN16, IsTheNearest) {
  std::mt19937_64 random(8);
  for (int i = 0; i < 200000; ++i) {
    unsigned bits = i % 2 ? 32 : 16;
    double ratio = std::ldexp(double(random() >> 11), -int(random() % 90) - 40);
    auto scale = fixedScale(ratio, bits);
    if (ratio >= std::ldexp(1.0, bits == 32 ? 29 : 13)) {
      EXPECT_FALSE(scale) << ratio;
      continue;
    }
    // Rounding up to the limit is the only other reason.
    if (!scale) {
      EXPECT_GT(ratio * 1.001, std::ldexp(1.0, bits == 32 ? 29 : 13));
      continue;
    }
    ASSERT_TRUE(isLegalFixedScale(*scale, bits));
    // The exact error, in long double: at most half a step.
    long double value =
        std::ldexp((long double)scale->multiplier, -scale->shift);
    ASSERT_LE(std::fabs(value - ratio), std::ldexp(0.5L, -scale->shift));
    // No larger shift would have done.
    if (scale->shift < 62)
      ASSERT_GE(scale->multiplier, 1 << (bits - 2)) << ratio;
  }
}

TEST(FixedScaleN16, Ends) {
  auto is = [](double ratio, int32_t multiplier, int32_t shift) {
    auto scale = fixedScale(ratio);
    ASSERT_TRUE(scale) << ratio;
    EXPECT_EQ(scale->multiplier, multiplier) << ratio;
    EXPECT_EQ(scale->shift, shift) << ratio;
  };
  is(1.0, 1 << 30, 30);
  is(0.5, 1 << 30, 31);
  is(0x1p-62, 1, 62);
  is(0x1p-63, 1, 62); // A tie, away from zero.
  is(0x1.8p-64, 0, 62);
  is(0.0, 0, 62);
  // Rounds up to the next power of two.
  is(std::nextafter(1.0, 0.0), 1 << 30, 30);
  is(std::nextafter(0x1p-31, 0.0), 1 << 30, 61);
  is(0x1.fffffffcp28, kHigh, 2);
  for (double ratio : {-1.0, 0x1p29, std::nextafter(0x1p29, 0.0), 1e300,
                       double(INFINITY), double(NAN)})
    EXPECT_FALSE(fixedScale(ratio)) << ratio;
}

TEST(FixedScaleN16, PerChannel) {
  float from[] = {0.001f, 0.02f, 1e30f, 0.5f};
  FixedScales two = fixedScales(from, 2, 0.1f);
  EXPECT_FALSE(two.refused);
  ASSERT_EQ(two.scales.size(), 2u);
  auto first = fixedScale(double(0.001f) / double(0.1f));
  EXPECT_EQ(two.scales[0].multiplier, first->multiplier);
  EXPECT_EQ(two.scales[0].shift, first->shift);
  EXPECT_EQ(fixedScales(from, 4, 0.1f).refused, 2u);
}

TEST(RequantizeScaleN16, IsRoundedOnce) {
  EXPECT_EQ(requantizeScale(0.3f, 0.7f), float(double(0.3f) / double(0.7f)));
  EXPECT_EQ(requantizeScale(1.0f, 4.0f), 0.25f);
  EXPECT_FALSE(requantizeScale(0x1p-63f, 0x1p64f)); // Subnormal.
  EXPECT_FALSE(requantizeScale(0x1p100f, 0x1p-63f));
  EXPECT_FALSE(requantizeScale(-1.0f, 1.0f));
}

} // namespace
