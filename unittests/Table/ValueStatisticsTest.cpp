//===- ValueStatisticsTest.cpp - what was seen of a value -----------------===//
//
// Checks every statistic against one computed the plain way, and that order,
// splits and the number of threads do not change a bit of them.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/ValueStatistics.h"
#include "Samples.h"
#include "gtest/gtest.h"

#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <limits>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

using Sample = std::vector<float>;

ValueStatistics observe(llvm::ArrayRef<Sample> samples) {
  ValueStatistics result;
  for (const Sample &sample : samples)
    EXPECT_TRUE(result.addSample(sample));
  return result;
}

/// Samples of different kinds and lengths.
std::vector<Sample> someSamples(size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<Sample> samples;
  for (size_t i = 0; i < count; ++i)
    samples.push_back(
        makeSample(kKinds[random() % 6], random() % 700, random()));
  return samples;
}

/// Without the products of floats that a double does not hold: mantissas of 24
/// bits make 48.
void addSquare(ExactSum &sum, float x) {
  int exponent;
  auto mantissa = int64_t(std::ldexp(std::frexp(x, &exponent), 24));
  if (mantissa == 0)
    return;
  // As an odd integer: the square of the least float is the unit.
  while (mantissa % 2 == 0) {
    mantissa /= 2;
    ++exponent;
  }
  sum.add(__int128(mantissa) * mantissa, 2 * (exponent - 24));
}

TEST(ValueStatistics, EqualsThePlainWay) {
  for (unsigned seed = 0; seed < 10; ++seed) {
    std::vector<Sample> samples = someSamples(9, seed);
    ValueStatistics expected;
    std::vector<float> minima, maxima, all;
    for (const Sample &sample : samples) {
      if (sample.empty())
        continue;
      minima.push_back(*std::min_element(sample.begin(), sample.end()));
      maxima.push_back(*std::max_element(sample.begin(), sample.end()));
      all.insert(all.end(), sample.begin(), sample.end());
    }
    for (float x : all) {
      expected.sum.add(x);
      addSquare(expected.sumOfSquares, x);
    }
    for (float x : minima)
      expected.sumOfMinima.add(x);
    for (float x : maxima)
      expected.sumOfMaxima.add(x);
    std::sort(minima.begin(), minima.end());
    std::sort(maxima.rbegin(), maxima.rend());
    expected.histogram.add(all);

    ValueStatistics got = observe(samples);
    EXPECT_EQ(got.count, all.size());
    EXPECT_EQ(got.samples, minima.size());
    EXPECT_EQ(got.min, minima[0]);
    EXPECT_EQ(got.secondMin, minima[1]);
    EXPECT_EQ(got.max, maxima[0]);
    EXPECT_EQ(got.secondMax, maxima[1]);
    EXPECT_EQ(got.sum, expected.sum);
    EXPECT_EQ(got.sumOfSquares, expected.sumOfSquares);
    EXPECT_EQ(got.sumOfMinima, expected.sumOfMinima);
    EXPECT_EQ(got.sumOfMaxima, expected.sumOfMaxima);
    EXPECT_EQ(got.histogram, expected.histogram);
    EXPECT_EQ(got.histogram.total(), got.count);
  }
}

TEST(ValueStatistics, OrderAndSplitsDoNotMatter) {
  std::vector<Sample> samples = someSamples(24, 3);
  ValueStatistics once = observe(samples);
  std::mt19937 random(4);
  for (int round = 0; round < 30; ++round) {
    std::shuffle(samples.begin(), samples.end(), random);
    for (Sample &sample : samples)
      std::shuffle(sample.begin(), sample.end(), random);
    ValueStatistics parts[4], all;
    for (const Sample &sample : samples)
      ASSERT_TRUE(parts[random() % 4].addSample(sample));
    for (const ValueStatistics &part : parts)
      all.merge(part);
    ASSERT_EQ(all, once);
  }
}

TEST(ValueStatistics, LargeSamplesInManyThreads) {
  std::vector<float> sample = makeSample(Kind::Outliers, 1 << 20, 5);
  ValueStatistics got = observe(Sample(sample));
  ExactSum sum, squares;
  for (float x : sample) {
    sum.add(x);
    addSquare(squares, x);
  }
  EXPECT_EQ(got.sum, sum);
  EXPECT_EQ(got.sumOfSquares, squares);
  EXPECT_EQ(got.samples, 1u);
}

TEST(ValueStatistics, LargestFractionsDoNotOverflow) {
  float x = llvm::bit_cast<float>(0x3fffffffu);
  std::vector<float> sample(3 << 16, x);
  ValueStatistics got = observe(Sample(sample));
  ExactSum sum, squares;
  __int128 mantissa = 0xffffff;
  sum.add(mantissa * (3 << 16), -23);
  squares.add(mantissa * mantissa * (3 << 16), -46);
  EXPECT_EQ(got.sum, sum);
  EXPECT_EQ(got.sumOfSquares, squares);
}

TEST(ValueStatistics, SamplesThatAreNotFinite) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  for (float bad : {kInfinity, -kInfinity, std::nanf(""), -std::nanf("")})
    for (size_t at : {0, 5, 15, 16, 33, 34}) {
      std::vector<float> sample = makeSample(Kind::Normal, 35, 1);
      sample[at] = bad;
      ValueStatistics statistics = observe(makeSample(Kind::Normal, 9, 1));
      ValueStatistics before = statistics;
      EXPECT_FALSE(statistics.addSample(sample));
      EXPECT_EQ(statistics, before);
    }
  ValueStatistics largest;
  EXPECT_TRUE(largest.addSample({std::numeric_limits<float>::max(),
                                 std::numeric_limits<float>::lowest()}));
}

TEST(ValueStatistics, NothingSeen) {
  ValueStatistics none, some = observe(makeSample(Kind::Normal, 9, 1));
  EXPECT_TRUE(none.addSample({}));
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none, ValueStatistics());
  ValueStatistics merged = some;
  merged.merge(none);
  EXPECT_EQ(merged, some);
  none.merge(some);
  EXPECT_EQ(none, some);
}

TEST(ValueStatistics, NegativeZeroIsZero) {
  ValueStatistics a = observe(Sample{-0.0f, -0.0f}), b = observe(Sample{0, 0});
  EXPECT_EQ(a, b);
  EXPECT_FALSE(std::signbit(a.min) || std::signbit(a.max));
  EXPECT_EQ(a.histogram.zeros(), 2u);
}

TEST(ValueStatistics, RangeGrowth) {
  std::vector<Sample> samples = {{-1, 1}, {-1, 3}, {-2, 1}};
  EXPECT_EQ(observe({samples[0]}).rangeGrowth(), 1);
  EXPECT_EQ(observe(Sample{4}).rangeGrowth(), 0);
  EXPECT_EQ(observe(samples).rangeGrowth(), 0.4); // 3 -> 1, of 5
  EXPECT_EQ(observe({samples[0], samples[0]}).rangeGrowth(), 0);
  EXPECT_EQ(observe(samples).meanMin(), -4.0 / 3);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

TEST(ChannelStatistics, EqualsThePlainWay) {
  for (Kind kind : kKinds)
    for (int64_t inner : {1, 5}) {
      constexpr int64_t kChannels = 7;
      ChannelStatistics got;
      std::vector<std::vector<float>> by(kChannels);
      for (unsigned seed = 0; seed < 3; ++seed) {
        std::vector<float> x = makeSample(kind, 30 * kChannels * inner, seed);
        ASSERT_TRUE(got.add(x, kChannels, inner));
        for (size_t i = 0; i < x.size(); ++i)
          by[i / inner % kChannels].push_back(x[i]);
      }
      for (int64_t c = 0; c < kChannels; ++c) {
        ExactSum sum;
        for (float x : by[c])
          sum.add(x);
        EXPECT_EQ(got.sum[c], sum);
        EXPECT_EQ(got.min[c], *std::min_element(by[c].begin(), by[c].end()));
        EXPECT_EQ(got.max[c], *std::max_element(by[c].begin(), by[c].end()));
      }
    }
}

TEST(ChannelStatistics, MergesAndRefuses) {
  std::vector<float> x = makeSample(Kind::Outliers, 60, 1);
  ChannelStatistics all, a, b;
  ASSERT_TRUE(all.add(x, 6, 1));
  ASSERT_TRUE(a.add(llvm::ArrayRef(x).take_front(24), 6, 1));
  ASSERT_TRUE(b.add(llvm::ArrayRef(x).drop_front(24), 6, 1));
  ASSERT_TRUE(a.merge(b));
  EXPECT_EQ(a, all);
  EXPECT_FALSE(a.add(x, 5, 1));
  EXPECT_FALSE(a.add(llvm::ArrayRef(x).take_front(7), 6, 1));
  EXPECT_FALSE(a.add(x, 0, 1));
  ChannelStatistics other;
  ASSERT_TRUE(other.add(x, 5, 1));
  EXPECT_FALSE(a.merge(other));
  EXPECT_EQ(a, all);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

TEST(KeptRows, OrderSplitsAndRepetitionDoNotMatter) {
  std::vector<Sample> rows;
  for (unsigned i = 0; i < 300; ++i)
    rows.push_back(makeSample(kKinds[i % 6], 1 + i % 9, i % 200));
  KeptRows once;
  for (const Sample &row : rows)
    once.add(row);
  EXPECT_EQ(once.rows.size(), KeptRows::kMostRows);
  EXPECT_TRUE(llvm::is_sorted(once.hashes));
  for (size_t i = 0; i < once.rows.size(); ++i)
    EXPECT_EQ(llvm::count(once.rows, once.rows[i]), 1);
  std::mt19937 random(6);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(rows.begin(), rows.end(), random);
    KeptRows parts[3], all;
    for (const Sample &row : rows)
      parts[random() % 3].add(row);
    for (const KeptRows &part : parts)
      all.merge(part);
    EXPECT_EQ(all, once);
  }
}

TEST(KeptRows, LengthIsBounded) {
  KeptRows kept;
  kept.add({});
  kept.add(Sample(KeptRows::kLongestRow + 1));
  EXPECT_TRUE(kept.rows.empty());
  kept.add(Sample(KeptRows::kLongestRow));
  EXPECT_EQ(kept.rows.size(), 1u);
}

TEST(ValueStatistics, WhatOnlyOneSideHasIsDropped) {
  ValueStatistics a = observe(Sample{1, 2}), b = a;
  a.channels.emplace();
  ASSERT_TRUE(a.channels->add({1, 2}, 2, 1));
  a.kept.emplace();
  a.kept->add({1, 2});
  ValueStatistics both = a;
  both.merge(a);
  EXPECT_TRUE(both.channels && both.kept);
  b.merge(a);
  EXPECT_FALSE(b.channels || b.kept);
  a.merge(observe(Sample{1, 2}));
  EXPECT_FALSE(a.channels || a.kept);
}

} // namespace
