//===- BiasTest.cpp - Biases as integers of the accumulator ---------------===//
//
// Checks rule N22 of docs/numerics.md at ties and at the ends of 32 bits.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Bias.h"
#include "gtest/gtest.h"
#include <cmath>
#include <limits>

using namespace lowbit;

namespace {

constexpr int32_t kHigh = std::numeric_limits<int32_t>::max();

TEST(BiasN22, RoundsHalfToEven) {
  EXPECT_EQ(quantizeBias(0.75f, 0.5f), 2);
  EXPECT_EQ(quantizeBias(1.25f, 0.5f), 2);
  EXPECT_EQ(quantizeBias(-1.75f, 0.5f), -4);
  // 16777217 1/3, which a float quotient would make even.
  EXPECT_EQ(quantizeBias(50331652.0f, 3.0f), 16777217);
}

TEST(BiasN22, TheEndsOf32Bits) {
  EXPECT_EQ(quantizeBias(-2147483520.0f, 1.0f), -2147483520);
  EXPECT_FALSE(quantizeBias(2147483648.0f, 1.0f));
  EXPECT_FALSE(quantizeBias(-2147483648.0f, 1.0f));
  EXPECT_FALSE(quantizeBias(1.0f, 0x1p-63f));
  EXPECT_FALSE(quantizeBias(INFINITY, 1.0f));
  EXPECT_FALSE(quantizeBias(NAN, 1.0f));
}

TEST(BiasN22, TheSmallestScaleThatDoes) {
  EXPECT_EQ(scaleForBias(0.0f, kHigh), 0.0f);
  for (int32_t bound : {1, 127, 1 << 20, kHigh})
    for (float bias : {1.0f, -0.1f, 3e-30f, 1e38f, 12345.678f}) {
      float scale = scaleForBias(bias, bound);
      auto q = quantizeBias(bias, scale);
      ASSERT_TRUE(q) << bias << " " << bound;
      EXPECT_LE(std::abs(int64_t(*q)), bound);
      double before = std::nextafter(scale, 0.0f);
      EXPECT_GT(std::fabs(double(bias)) / before, bound) << bias;
    }
}

} // namespace
