//===- AccumulationTest.cpp - bounds against all inputs -------------------===//
//
// Holds the bounds of lowbit/Numerics/Accumulation.h against every input of
// small sums, and against known sums at the borders of 16 and 32 bits.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Numerics/Accumulation.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

using namespace lowbit;

namespace {

ChannelWeights collect(const std::vector<int64_t> &weights,
                       int64_t zeroPoint = 0) {
  ChannelWeights channel(zeroPoint);
  for (int64_t w : weights)
    channel.add(w);
  return channel;
}

/// The smallest and largest sum of (w - zeroPoint) * x over every choice of x.
Interval tryAllInputs(const std::vector<int64_t> &weights, int64_t zeroPoint,
                      Interval x) {
  std::vector<int64_t> inputs(weights.size(), x.min);
  Interval all{INT64_MAX, INT64_MIN};
  while (true) {
    int64_t sum = 0;
    for (size_t k = 0; k < weights.size(); ++k)
      sum += (weights[k] - zeroPoint) * inputs[k];
    all = all.unite({sum, sum});
    size_t k = 0;
    while (k < inputs.size() && ++inputs[k] > x.max)
      inputs[k++] = x.min;
    if (k == inputs.size())
      return all;
  }
}

/// The same for every pair of products, and for each product alone.
Interval tryAllPairs(const std::vector<int64_t> &weights, Interval x) {
  Interval all;
  for (size_t i = 0; i < weights.size(); ++i)
    for (int64_t u = x.min; u <= x.max; ++u) {
      all = all.unite({weights[i] * u, weights[i] * u});
      for (size_t j = 0; j < i; ++j)
        for (int64_t v = x.min; v <= x.max; ++v) {
          int64_t sum = weights[i] * u + weights[j] * v;
          all = all.unite({sum, sum});
        }
    }
  return all;
}

TEST(Accumulation, AttainedAndNeverExceeded) {
  std::mt19937 random(0);
  auto draw = [&](int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random);
  };
  for (int round = 0; round < 3000; ++round) {
    Interval x{draw(-4, 4), 0};
    x.max = x.min + draw(0, 4);
    std::vector<int64_t> weights(draw(1, 5));
    for (int64_t &w : weights)
      w = draw(-8, 7);
    int64_t zeroPoint = draw(-3, 3);
    EXPECT_EQ(collect(weights, zeroPoint).sumOfProducts(x),
              tryAllInputs(weights, zeroPoint, x));
    EXPECT_EQ(collect(weights).sumOfPair(x), tryAllPairs(weights, x));
  }
}

TEST(Accumulation, TotalAndCount) {
  ChannelWeights channel = collect({3, -5, 0, 7}, 1);
  EXPECT_EQ(channel.total(), 1);
  EXPECT_EQ(channel.count(), 4);
  EXPECT_EQ(collect({}).sumOfProducts({-128, 127}), (Interval{0, 0}));
}

// 2^31 = 131072 * 128 * 128: the largest sum just does not fit, and one product
// less does. The smallest, -2^31, fits.
TEST(Accumulation, BorderOf32Bits) {
  ChannelWeights negative;
  for (int k = 0; k < 131071; ++k)
    negative.add(-128);
  Interval range = negative.sumOfProducts({-128, 127});
  EXPECT_EQ(range.max, (int64_t(1) << 31) - 128 * 128);
  EXPECT_TRUE(range.fitsI32());
  negative.add(-128);
  range = negative.sumOfProducts({-128, 127});
  EXPECT_EQ(range.max, int64_t(1) << 31);
  EXPECT_FALSE(range.fitsI32());

  ChannelWeights positive;
  for (int k = 0; k < 131072; ++k)
    positive.add(k < 1024 ? 127 : 128);
  positive.add(8 * 128);
  range = positive.sumOfProducts({-128, 0});
  EXPECT_EQ(range.min, -(int64_t(1) << 31));
  EXPECT_TRUE(range.fitsI32());
  positive.add(1);
  EXPECT_FALSE(positive.sumOfProducts({-128, 0}).fitsI32());
  EXPECT_TRUE(
      (Interval{-(int64_t(1) << 31), (int64_t(1) << 31) - 1}.fitsI32()));
  EXPECT_FALSE((Interval{-(int64_t(1) << 31) - 1, 0}.fitsI32()));
}

// 255 * 64 + 255 * 64 = 32640 fits 16 bits, 255 * 64 + 255 * 65 = 32895 does
// not; -255 * 64 - 255 * 64 fits, and -255 * 129 would not.
TEST(Accumulation, BorderOf16BitPairs) {
  Interval all{0, 255};
  EXPECT_TRUE(collect({64, 1, 64}).sumOfPair(all).fitsI16());
  EXPECT_FALSE(collect({64, 1, 65}).sumOfPair(all).fitsI16());
  EXPECT_TRUE(collect({-64, 5, -64}).sumOfPair(all).fitsI16());
  EXPECT_FALSE(collect({-64, 5, -65}).sumOfPair(all).fitsI16());
  // A single weight meets padding, and opposite signs never meet at their most.
  EXPECT_TRUE(collect({127}).sumOfPair(all).fitsI16());
  EXPECT_TRUE(collect({127, -128}).sumOfPair(all).fitsI16());
  EXPECT_EQ(collect({127, -128}).sumOfPair(all), (Interval{-32640, 32385}));
}

} // namespace
