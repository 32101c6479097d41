//===- OutputErrorTest.cpp - how far outputs are from float ---------------===//
//
// The formula on numbers that are exact, what does not count, special values,
// integers.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Run/OutputError.h"
#include "gtest/gtest.h"
#include <cmath>
#include <cstring>

using namespace lowbit;

template <typename T>
static NpyArray array(DType dtype, std::vector<T> values) {
  NpyArray result =
      llvm::cantFail(NpyArray::create(dtype, {int64_t(values.size())}));
  std::memcpy(result.data(), values.data(), values.size() * sizeof(T));
  return result;
}
static NpyArray floats(std::vector<float> values) {
  return array(DType::F32, std::move(values));
}

static OutputError against(std::vector<NpyArray> samples) {
  std::vector<std::vector<NpyArray>> references;
  for (NpyArray &sample : samples) {
    references.emplace_back();
    references.back().push_back(std::move(sample));
  }
  return OutputError(std::move(references));
}
template <typename... Arrays> static OutputError againstAll(Arrays... arrays) {
  std::vector<NpyArray> samples;
  (samples.push_back(std::move(arrays)), ...);
  return against(std::move(samples));
}

TEST(OutputError, RatioOfSquares) {
  OutputError error = againstAll(floats({10, 0}), floats({0.1f, 0}));
  EXPECT_NEAR(error.decibels(0, 0, floats({9, 0})), 20, 1e-9);
  EXPECT_NEAR(error.decibels(0, 0, floats({9, 1})), 20 - 10 * std::log10(2.0),
              1e-9);
  EXPECT_NEAR(error.decibels(0, 0, floats({0, 0})), 0, 1e-9);
  EXPECT_LT(error.decibels(0, 0, floats({1000, 0})), -39);
}

TEST(OutputError, TheFloorIsThatOfTheMedianSample) {
  // One sample is a million times the others and does not decide.
  OutputError error =
      againstAll(floats({1, 1}), floats({1, 1}), floats({1e6f, 1e6f}));
  EXPECT_NEAR(error.decibels(0, 0, floats({1, 1})), 120, 1e-6);
  EXPECT_NEAR(error.decibels(2, 0, floats({1e6f, 1e6f})), 200, 1e-6);
}

TEST(OutputError, SamplesOfNextToNothingDoNotCount) {
  // Signals of 1, 0, 1e-6 and a hair less, of their median.
  OutputError error = againstAll(
      floats({1, 1}), floats({0, 0}), floats({1.0001e-3f, 1.0001e-3f}),
      floats({0.9999e-3f, 0.9999e-3f}), floats({1, 1}), floats({1, 1}));
  std::vector<bool> counts;
  for (size_t sample = 0; sample < error.samples(); ++sample) {
    counts.push_back(error.counts(sample, 0));
    EXPECT_EQ(error.counts(sample), counts.back());
  }
  EXPECT_EQ(counts, (std::vector<bool>{true, false, true, false, true, true}));
}

TEST(OutputError, ZerosDoNotMoveTheMedian) {
  // Most samples are zero; the others count among themselves.
  OutputError error = againstAll(floats({0}), floats({0}), floats({0}),
                                 floats({2}), floats({0}));
  EXPECT_FALSE(error.counts(0));
  ASSERT_TRUE(error.counts(3));
  EXPECT_NEAR(error.decibels(3, 0, floats({2})), 120, 1e-6);
}

TEST(OutputError, ASampleCountsWhereOneOutputDoes) {
  std::vector<std::vector<NpyArray>> references(2);
  for (float second : {1.0f, 0.0f}) {
    std::vector<NpyArray> &sample = references[second == 0];
    sample.push_back(floats({3}));
    sample.push_back(floats({second}));
  }
  OutputError error(std::move(references));
  EXPECT_TRUE(error.counts(0, 1));
  EXPECT_TRUE(error.counts(1, 0));
  EXPECT_FALSE(error.counts(1, 1));
  EXPECT_TRUE(error.counts(1));
}

TEST(OutputError, PaddingIsLeftOut) {
  // Blocks of two elements, of which the second is padding; a sample that is
  // nothing else; and integers.
  auto kept = [](std::vector<uint8_t> blocks) {
    return std::optional(KeptBlocks{std::move(blocks), 2});
  };
  std::vector<std::vector<NpyArray>> references(2);
  OutputError::Kept blocks;
  for (auto &row : references) {
    row.push_back(floats({10, 0, 1e6f, NAN}));
    row.push_back(array<int32_t>(DType::I32, {1, 2, 3, 4}));
    row.push_back(floats({1, 1}));
  }
  blocks.push_back({kept({1, 0}), kept({1, 0}), std::nullopt});
  blocks.push_back({kept({0, 0}), kept({0, 0}), std::nullopt});
  OutputError error(std::move(references), std::move(blocks));
  EXPECT_NEAR(error.decibels(0, 0, floats({9, 0, 0, 7})), 20, 1e-9);
  EXPECT_NEAR(error.decibels(0, 1, array<int32_t>(DType::I32, {1, 0, 9, 9})),
              10 * std::log10(2.0), 1e-9);
  EXPECT_NEAR(error.decibels(0, 2, floats({1, 0})), 10 * std::log10(2.0), 1e-9);
  EXPECT_FALSE(error.counts(1, 0));
  EXPECT_FALSE(error.counts(1, 1));
  EXPECT_TRUE(error.counts(1, 2));
}

TEST(OutputError, ZeroEverywhere) {
  OutputError error = againstAll(floats({0}), floats({0}));
  EXPECT_TRUE(error.counts(0));
  EXPECT_EQ(error.decibels(0, 0, floats({0})), 0);
  EXPECT_EQ(error.decibels(0, 0, floats({1})), -200);
}

TEST(OutputError, WhatIsNotFinite) {
  float nan = std::nanf(""), infinity = INFINITY;
  OutputError error = againstAll(floats({1, nan}), floats({1, infinity}));
  EXPECT_EQ(error.decibels(0, 0, floats({1, nan})),
            error.decibels(1, 0, floats({1, infinity})));
  EXPECT_GT(error.decibels(0, 0, floats({1, nan})), 100);
  EXPECT_EQ(error.decibels(0, 0, floats({1, 2})), -200);
  EXPECT_EQ(error.decibels(0, 0, floats({nan, nan})), -200);
  EXPECT_EQ(error.decibels(1, 0, floats({1, -infinity})), -200);
}

TEST(OutputError, AnotherShapeOrTypeIsTheWorst) {
  OutputError error = againstAll(floats({1, 2}));
  EXPECT_EQ(error.decibels(0, 0, floats({1, 2, 3})), -200);
  EXPECT_EQ(error.decibels(0, 0, array<double>(DType::F64, {1, 2})), -200);
}

TEST(OutputError, EveryFloatType) {
  // 1.5 and 1 in each format.
  auto check = [](NpyArray expected, NpyArray result) {
    std::vector<NpyArray> samples;
    samples.push_back(std::move(expected));
    EXPECT_NEAR(against(std::move(samples)).decibels(0, 0, result),
                10 * std::log10(2.25 / 0.25), 1e-9);
  };
  check(array<double>(DType::F64, {1.5}), array<double>(DType::F64, {1}));
  check(floats({1.5f}), floats({1}));
  check(array<uint16_t>(DType::F16, {0x3e00}),
        array<uint16_t>(DType::F16, {0x3c00}));
  check(array<uint16_t>(DType::BF16, {0x3fc0}),
        array<uint16_t>(DType::BF16, {0x3f80}));
}

TEST(OutputError, IntegersCountTheirDifferences) {
  OutputError error =
      againstAll(array<int64_t>(DType::I64, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}));
  auto decibels = [&](std::vector<int64_t> values) {
    return error.decibels(0, 0, array(DType::I64, std::move(values)));
  };
  EXPECT_NEAR(decibels({1, 2, 3, 4, 5, 6, 7, 8, 9, 11}), 10, 1e-9);
  EXPECT_NEAR(decibels({0, 0, 0, 0, 0, 0, 0, 0, 0, 0}), 0, 1e-9);
  EXPECT_NEAR(decibels({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}), 10 * std::log10(20.0),
              1e-9);
}
