//===- HistogramTest.cpp - counts of floats by their own bits -------------===//
//
// Checks counts against bins computed one value at a time from the highest
// exponent of all values, for any order, split and growth of that exponent.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/Histogram.h"
#include "Samples.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <limits>
#include <map>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

int exponentOf(float x) {
  return std::fabs(x) < std::numeric_limits<float>::min() ? -127
                                                          : std::ilogb(x);
}

/// By the definition: (low, high) -> count and the sum of the values.
struct Counted {
  uint64_t count = 0;
  ExactSum sum;
};
using Counts = std::map<std::pair<double, double>, Counted>;
Counts countOneByOne(llvm::ArrayRef<float> values) {
  int top = -1000;
  for (float x : values)
    if (x != 0)
      top = std::max(top, exponentOf(x));
  Counts counts;
  auto add = [&](double low, double high, float x) {
    Counted &counted = counts[{low, high}];
    ++counted.count;
    counted.sum.add(x);
  };
  for (float x : values) {
    if (x == 0) {
      add(0, 0, 0);
      continue;
    }
    int exponent = exponentOf(x);
    int bits = std::min(10, std::max(7, 10 - (top - exponent)));
    double start = exponent == -127 ? 0 : std::ldexp(1.0, exponent);
    double size = exponent == -127 ? std::ldexp(1.0, -126) : start;
    double width = std::ldexp(size, -bits);
    double near =
        start + std::floor((std::fabs(double(x)) - start) / width) * width;
    double far =
        std::min(near + width, double(std::numeric_limits<float>::max()));
    if (x < 0)
      add(-far, near == 0 ? 0 : -near, x);
    else
      add(near, far, x);
  }
  return counts;
}

/// The exact sum of each bin is checked through the mean: its offsets have few
/// enough bits here for one rounding in the quotient and one in the sum.
void expectCounts(const Histogram &histogram, llvm::ArrayRef<float> values) {
  Counts expected = countOneByOne(values);
  ExactSum total;
  for (float x : values)
    total.add(x);
  EXPECT_EQ(histogram.sum(), total);
  std::vector<Histogram::Bin> bins = histogram.bins();
  ASSERT_EQ(bins.size(), expected.size());
  size_t i = 0;
  for (auto &[edges, counted] : expected) {
    const Histogram::Bin &bin = bins[i++];
    EXPECT_EQ(bin.low(), edges.first);
    EXPECT_EQ(bin.high(), edges.second);
    EXPECT_EQ(bin.count, counted.count);
    double mean = counted.sum.toDouble() / double(counted.count);
    EXPECT_LE(std::fabs(bin.mean - mean), std::fabs(mean) * 0x1p-51);
  }
}

TEST(Histogram, CountsByTheDefinition) {
  for (Kind kind : kKinds)
    for (size_t count : {1, 2, 3, 15, 16, 17, 1000, 70000}) {
      std::vector<float> values = makeSample(kind, count, unsigned(count));
      Histogram histogram;
      histogram.add(values);
      expectCounts(histogram, values);
      EXPECT_EQ(histogram.total(), count);
      EXPECT_EQ(histogram.zeros(),
                uint64_t(std::count(values.begin(), values.end(), 0.0f)));
    }
}

TEST(Histogram, EveryExponent) {
  // Both ends of every octave, and its middle, under each highest exponent.
  for (int top = -127; top <= 127; ++top) {
    std::vector<float> values;
    for (int field = 0; field <= top + 127; ++field)
      for (uint32_t fraction : {0u, 1u, 0x400000u, 0x7fffffu})
        for (uint32_t sign : {0u, 1u})
          values.push_back(llvm::bit_cast<float>(
              sign << 31 | uint32_t(field) << 23 | fraction));
    Histogram histogram;
    histogram.add(values);
    expectCounts(histogram, values);
    EXPECT_EQ(histogram.topExponent(), top);
  }
}

TEST(Histogram, BinsAscend) {
  for (Kind kind : kKinds) {
    Histogram histogram;
    histogram.add(makeSample(kind, 5000, 5));
    float last = -std::numeric_limits<float>::infinity();
    for (const Histogram::Bin &bin : histogram.bins()) {
      EXPECT_LE(last, bin.low());
      EXPECT_LE(bin.low(), bin.high());
      last = bin.high();
    }
  }
}

TEST(Histogram, OrderSplitsAndGrowthDoNotMatter) {
  std::mt19937 random(11);
  for (Kind kind : kKinds) {
    std::vector<float> values = makeSample(kind, 4000, 13);
    Histogram once;
    once.add(values);
    for (int round = 0; round < 20; ++round) {
      if (round == 0) // every step raises the highest exponent
        std::sort(values.begin(), values.end(),
                  [](float a, float b) { return std::fabs(a) < std::fabs(b); });
      else
        std::shuffle(values.begin(), values.end(), random);
      Histogram parts[3], all;
      for (size_t i = 0; i < values.size();) {
        size_t count = std::min<size_t>(1 + random() % 300, values.size() - i);
        parts[random() % 3].add(llvm::ArrayRef(values).slice(i, count));
        i += count;
      }
      for (const Histogram &part : parts)
        all.merge(part);
      ASSERT_EQ(all, once) << int(kind) << " " << round;
    }
  }
}

TEST(Histogram, ManyValuesAreTheSameInPieces) {
  // Enough for several threads, and for several flushes of the counters.
  for (Kind kind : {Kind::Normal, Kind::Subnormal, Kind::Rectified}) {
    std::vector<float> values = makeSample(kind, 1000003, 17);
    Histogram once, parts;
    once.add(values);
    for (size_t i = 0; i < values.size(); i += 30000)
      parts.add(llvm::ArrayRef(values).slice(
          i, std::min<size_t>(30000, values.size() - i)));
    EXPECT_EQ(once, parts);
    expectCounts(once, values);
  }
}

TEST(Histogram, OneValueManyTimes) {
  std::vector<float> values(300000, -1.5f);
  Histogram histogram;
  histogram.add(values);
  ASSERT_EQ(histogram.bins().size(), 1u);
  EXPECT_EQ(histogram.bins()[0].count, 300000u);
  EXPECT_EQ(histogram.bins()[0].high(), -1.5f);
  EXPECT_EQ(histogram.bins()[0].low(), -1.5f - 1.0f / 1024);
}

TEST(Histogram, OctavesReadBackTheSame) {
  for (Kind kind : kKinds) {
    Histogram histogram;
    histogram.add(makeSample(kind, 3000, 19));
    auto back = Histogram::fromOctaves(histogram.zeros(), histogram.octaves());
    ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
    EXPECT_EQ(*back, histogram);
  }
}

std::string refusal(llvm::ArrayRef<Histogram::Octave> octaves) {
  auto result = Histogram::fromOctaves(0, octaves);
  return result ? "" : llvm::toString(result.takeError());
}

TEST(Histogram, RefusesOctavesThatNoValuesGive) {
  std::vector<uint64_t> one(1024), half(512), none(1024), zero(128);
  one[3] = half[5] = zero[0] = 1;
  std::vector<uint64_t> no(512);
  EXPECT_EQ(refusal({{false, 2, one, none}, {true, 1, half, no}}), "");
  EXPECT_EQ(refusal({{false, 128, one, none}}),
            "an octave has exponent 128, floats have those from -127 to 127");
  EXPECT_EQ(refusal({{false, -128, one, none}}),
            "an octave has exponent -128, floats have those from -127 to 127");
  EXPECT_EQ(refusal({{false, 2, one, none}, {true, 1, one, no}}),
            "the octave of exponent 1 and sign - has 1024 counts and 512 "
            "offsets, and 512 bins below the highest exponent, 2");
  EXPECT_EQ(refusal({{false, 2, one, no}}),
            "the octave of exponent 2 and sign + has 1024 counts and 512 "
            "offsets, and 1024 bins below the highest exponent, 2");
  EXPECT_EQ(refusal({{false, 2, none, none}}),
            "the octave of exponent 2 and sign + has no counts");
  EXPECT_EQ(refusal({{false, 2, one, none}, {false, 2, one, none}}),
            "the octave of exponent 2 and sign + is there twice");
  std::vector<uint64_t> far(1024);
  far[3] = 8191;
  EXPECT_EQ(refusal({{false, 2, one, far}}), "");
  far[3] = 8192;
  EXPECT_EQ(refusal({{false, 2, one, far}}),
            "the octave of exponent 2 and sign + has offsets 8192 in bin 3, "
            "and 1 counts allow 0 to 8191");
  EXPECT_EQ(refusal({{false, 2, one, none},
                     {false, -127, zero, std::vector<uint64_t>(128)}}),
            "the octave of exponent -127 and sign + has offsets 0 in bin 0, "
            "and 1 counts allow 1 to 65535");
}

} // namespace
