//===- AccumulationTest.cpp - What an accumulator can reach ---------------===//
//
// Checks rules N19 and N20 of docs/numerics.md against all inputs, and at the
// ends of 32 and 64 bits.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Accumulation.h"
#include "gtest/gtest.h"
#include <random>
#include <vector>

using namespace lowbit;

namespace {

auto reader(const std::vector<int> &weights) {
  return [&weights](int64_t k) { return weights.at(k); };
}

TEST(AccumulationN19, IsReachedAndNeverLeft) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::vector<int> weights(1 + random() % 4);
    for (int &w : weights)
      w = int(random() % 15) - 7;
    Interval input{int64_t(random() % 8) - 6, 0};
    input.max = input.min + int64_t(random() % 6);
    int64_t start = int64_t(random() % 100) - 50;
    // All inputs: count in a number system whose digits are the inputs.
    Interval seen{INT64_MAX, INT64_MIN}, pairs = seen;
    std::vector<int64_t> x(weights.size(), input.min);
    while (true) {
      int64_t sum = start;
      for (size_t k = 0; k < x.size(); ++k)
        sum += weights[k] * x[k];
      seen = {std::min(seen.min, sum), std::max(seen.max, sum)};
      for (size_t k = 0; k < x.size(); k += 2) {
        int64_t pair = weights[k] * x[k];
        if (k + 1 < x.size())
          pair += weights[k + 1] * x[k + 1];
        pairs = {std::min(pairs.min, pair), std::max(pairs.max, pair)};
      }
      size_t digit = 0;
      while (digit < x.size() && x[digit] == input.max)
        x[digit++] = input.min;
      if (digit == x.size())
        break;
      ++x[digit];
    }
    auto range = accumulatorRange(int64_t(weights.size()), reader(weights),
                                  input, {start, start});
    ASSERT_TRUE(range);
    EXPECT_EQ(range->min, seen.min);
    EXPECT_EQ(range->max, seen.max);
    Interval worst =
        pairSumRange(int64_t(weights.size()), reader(weights), input);
    EXPECT_EQ(worst.min, pairs.min);
    EXPECT_EQ(worst.max, pairs.max);
  }
}

TEST(AccumulationN19, TheEndsOf32Bits) {
  Interval s8{-128, 127};
  auto lowest = [](int64_t) { return -128; };
  // 2^17 products of 2^14 are 2^31, one more than fits.
  auto full = accumulatorRange(131072, lowest, s8);
  ASSERT_TRUE(full);
  EXPECT_EQ(full->max, int64_t(1) << 31);
  EXPECT_FALSE(fitsBits(*full, 32));
  EXPECT_TRUE(fitsBits(*accumulatorRange(131071, lowest, s8), 32));
  // A bias of -1 brings it back.
  EXPECT_TRUE(fitsBits(*accumulatorRange(131072, lowest, s8, {-1, -1}), 32));
  EXPECT_EQ(neededBits(*full), 33u);
}

TEST(AccumulationN19, NothingBeyond64Bits) {
  Interval wide{-2147483648LL, 2147483647LL};
  auto lowest = [](int64_t) { return std::numeric_limits<int32_t>::min(); };
  // One product is 2^62, two are one too many for i64.
  EXPECT_TRUE(accumulatorRange(1, lowest, wide));
  EXPECT_FALSE(accumulatorRange(2, lowest, wide));
  EXPECT_FALSE(accumulatorRange(1, lowest, wide, {0, INT64_MAX}));
  EXPECT_FALSE(addIntervals({INT64_MIN, 0}, {-1, 0}));
  auto whole = addIntervals({INT64_MIN + 1, 0}, {-1, 0});
  ASSERT_TRUE(whole);
  EXPECT_EQ(neededBits(*whole), 64u);
  EXPECT_TRUE(fitsBits(*whole, 64));
}

TEST(AccumulationN19, EmptyReduction) {
  std::vector<int> none;
  auto range = accumulatorRange(0, reader(none), {-128, 127}, {3, 5});
  ASSERT_TRUE(range);
  EXPECT_EQ(range->min, 3);
  EXPECT_EQ(range->max, 5);
  EXPECT_TRUE(pairSumsFit16(0, reader(none), {-128, 127}));
}

TEST(AccumulationN19, NeededBits) {
  EXPECT_EQ(neededBits({0, 0}), 1u);
  EXPECT_EQ(neededBits({-1, 0}), 1u);
  EXPECT_EQ(neededBits({0, 1}), 2u);
  EXPECT_EQ(neededBits({-128, 127}), 8u);
  EXPECT_EQ(neededBits({-129, 0}), 9u);
  EXPECT_EQ(neededBits({0, 128}), 9u);
}

TEST(PairSumsN20, WhatVpmaddubswSaturates) {
  Interval u8{0, 255}, u7{0, 127};
  std::vector<int> full = {127, 127}, light = {127, 1}, negative = {-128, -1};
  EXPECT_FALSE(pairSumsFit16(2, reader(full), u8));     // 64770
  EXPECT_TRUE(pairSumsFit16(2, reader(full), u7));      // 32258
  EXPECT_TRUE(pairSumsFit16(2, reader(light), u8));     // 32640
  EXPECT_FALSE(pairSumsFit16(2, reader(negative), u8)); // -32895
  // Of different signs they do not add up; a pair is (0, 1), never (1, 2).
  std::vector<int> mixed = {127, -127, -127, 127, 127};
  EXPECT_TRUE(pairSumsFit16(5, reader(mixed), u8));
}

} // namespace
