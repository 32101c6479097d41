//===- CodebookTest.cpp - The nearest entry of a table --------------------===//
//
// Checks rule N26 of docs/numerics.md against a search of all entries, with
// distances in long double, and NF4 against the thresholds of bitsandbytes.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Codebook.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

using namespace lowbit;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

/// The first of the nearest.
unsigned search(float x, Codebook table) {
  unsigned best = 0;
  for (unsigned i = 1; i < table.size(); ++i)
    if (std::fabs((long double)x - table.entries[i]) <
        std::fabs((long double)x - table.entries[best]))
      best = i;
  return best;
}

TEST(CodebookN26, AgreesWithASearchOfAllEntries) {
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (unsigned bits = 2; bits <= 8; ++bits) {
    std::vector<float> entries(size_t(1) << bits);
    for (float &entry : entries)
      entry = normal(random);
    std::sort(entries.begin(), entries.end());
    Codebook table{entries.data(), bits};
    ASSERT_TRUE(isLegalCodebook(table));
    // Where a long double holds every distance exactly.
    std::vector<float> values = {0.0f, -0.0f, 1e3f, -1e3f};
    for (size_t i = 0; i < entries.size(); ++i) {
      values.push_back(entries[i]);
      auto middle = i ? float((double(entries[i - 1]) + entries[i]) / 2) : 0.0f;
      for (float x : {middle, std::nextafter(middle, -kInf),
                      std::nextafter(middle, kInf)})
        values.push_back(x);
    }
    for (int i = 0; i < 20000; ++i)
      values.push_back(normal(random) * 2);
    for (float x : values)
      ASSERT_EQ(nearestCode(x, table), search(x, table)) << x << " " << bits;
  }
}

TEST(CodebookN26, TiesGoToTheLowerEntry) {
  const float entries[] = {-3.0f, -1.0f, 1.0f, 5.0f};
  Codebook table{entries, 2};
  EXPECT_EQ(nearestCode(-2.0f, table), 0);
  EXPECT_EQ(nearestCode(0.0f, table), 1);
  EXPECT_EQ(nearestCode(3.0f, table), 2);
  EXPECT_EQ(nearestCode(std::nextafter(3.0f, 4.0f), table), 3);
  EXPECT_EQ(nearestCode(kInf, table), 3);
  EXPECT_EQ(nearestCode(-kInf, table), 0);
  EXPECT_EQ(nearestCode(NAN, table), 1);
  EXPECT_EQ(codebookValue(3, table), 5.0f);
}

TEST(CodebookN26, MiddlesThatNoDoubleHolds) {
  // (2^-100 + 1) / 2 is above 1/2 and (1 - 2^-100) / 2 below it.
  const float above[] = {-1.0f, 0x1p-100f, 1.0f, 2.0f};
  const float below[] = {-1.0f, -0x1p-100f, 1.0f, 2.0f};
  EXPECT_EQ(nearestCode(0.5f, {above, 2}), 1);
  EXPECT_EQ(nearestCode(0.5f, {below, 2}), 2);
  // (-1 + 2^-100) / 2 is above -1/2.
  EXPECT_EQ(nearestCode(-0.5f, {above, 2}), 0);
  EXPECT_EQ(nearestCode(-0.5f, {below, 2}), 1);
}

TEST(CodebookN26, LegalTables) {
  EXPECT_TRUE(isLegalCodebook(kNF4));
  const float equal[] = {0.0f, 1.0f, 1.0f, 2.0f};
  const float down[] = {0.0f, 2.0f, 1.0f, 3.0f};
  const float infinite[] = {0.0f, 1.0f, 2.0f, kInf};
  const float nan[] = {NAN, 1.0f, 2.0f, 3.0f};
  for (const float *entries : {equal, down, infinite, nan})
    EXPECT_FALSE(isLegalCodebook({entries, 2}));
  EXPECT_FALSE(isLegalCodebook({equal, 1}));
  EXPECT_FALSE(isLegalCodebook({equal, 9}));
  EXPECT_FALSE(isLegalCodebook({nullptr, 2}));
}

TEST(CodebookN26, NF4AsBitsandbytesDecides) {
  // Its thresholds are the midpoints rounded to f32; above one, the upper
  // entry.
  const float thresholds[] = {
      -0.8480964004993439f,   -0.6106329262256622f,  -0.4599952697753906f,
      -0.33967943489551544f,  -0.23460740596055984f, -0.13791173323988914f,
      -0.045525018125772476f, 0.03979014977812767f,  0.1202552504837513f,
      0.2035212516784668f,    0.2920137718319893f,   0.3893125355243683f,
      0.5016634166240692f,    0.6427869200706482f,   0.8614784181118011f};
  auto theirs = [&](float x) {
    return std::count_if(std::begin(thresholds), std::end(thresholds),
                         [x](float t) { return x > t; });
  };
  for (int i = -1200000; i <= 1200000; ++i) {
    float x = float(i) * 1e-6f;
    ASSERT_EQ(nearestCode(x, kNF4), theirs(x)) << x;
  }
  EXPECT_EQ(nearestCode(0.0f, kNF4), 7);
  EXPECT_EQ(codebookValue(7, kNF4), 0.0f);
}

} // namespace
