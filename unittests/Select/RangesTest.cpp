//===- RangesTest.cpp - Methods on samples of every kind ------------------===//
//
// Checks what holds for every method, width and symmetry; the parts of
// docs/calibration.md that can be told from a few numbers; and the names of
// methods. Objectives on real values are checked by test_range_methods.py.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Select/Ranges.h"
#include "../Table/Samples.h"
#include "gtest/gtest.h"
#include <numeric>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

constexpr Target kI8{{-128, 127}, Symmetry::Asymmetric};
constexpr Target kNarrowI8{{-127, 127}, Symmetry::Symmetric};

MethodSpec spec(llvm::StringRef text) {
  return llvm::cantFail(MethodSpec::parse(text));
}

ValueStatistics statisticsOf(llvm::ArrayRef<float> values, size_t samples = 1) {
  ValueStatistics result;
  for (size_t i = 0; i < samples; ++i) {
    size_t begin = values.size() * i / samples;
    size_t end = values.size() * (i + 1) / samples;
    EXPECT_TRUE(result.addSample(values.slice(begin, end - begin)));
  }
  return result;
}

std::vector<Target> allTargets() {
  std::vector<Target> result;
  for (unsigned width : {2, 3, 4, 8, 10, 16})
    for (bool isSigned : {true, false})
      for (bool narrow : {true, false})
        for (Symmetry symmetry : {Symmetry::Asymmetric, Symmetry::Symmetric})
          result.push_back({rangeForWidth(width, isSigned, narrow), symmetry});
  return result;
}

std::string textOf(Kind kind, llvm::StringRef method, const Target &target) {
  return "kind " + std::to_string(int(kind)) + ", " + method.str() + ", [" +
         std::to_string(target.range.min) + ", " +
         std::to_string(target.range.max) + "]" +
         (target.symmetry == Symmetry::Symmetric ? " symmetric" : "");
}

TEST(Methods, EveryChoiceIsSound) {
  for (Kind kind : kKinds) {
    std::vector<float> values = makeSample(kind, 2000, 1);
    ValueStatistics statistics = statisticsOf(values, 4);
    for (const Target &target : allTargets())
      for (llvm::StringRef method :
           {"minmax", "moving-average", "percentile:99", "mse", "entropy",
            "cross-entropy"}) {
        SCOPED_TRACE(textOf(kind, method, target));
        RangeChoice choice = chooseRange(statistics, spec(method), target);
        EXPECT_LE(choice.min, 0);
        EXPECT_GE(choice.max, 0);
        EXPECT_GE(choice.chosen.params.scale, kMinScale);
        EXPECT_GE(choice.chosen.params.zeroPoint, target.range.min);
        EXPECT_LE(choice.chosen.params.zeroPoint, target.range.max);
        EXPECT_GE(choice.clippedShare, 0);
        EXPECT_LE(choice.clippedShare, 1);
        EXPECT_GE(choice.meanSquaredError, 0);
        EXPECT_TRUE(std::isfinite(choice.meanSquaredError));
        EXPECT_TRUE(std::isfinite(choice.objective));
        EXPECT_LE(std::fabs(choice.sqnrDb), 200);
        EXPECT_EQ(kind == Kind::Zeros || kind == Kind::Subnormal,
                  choice.chosen.floored);
        if (target.symmetry == Symmetry::Asymmetric && statistics.min >= 0)
          EXPECT_EQ(choice.chosen.params.zeroPoint, target.range.min);
      }
  }
}

TEST(Methods, NoneHasALesserErrorThanMse) {
  for (Kind kind : {Kind::Normal, Kind::Rectified, Kind::Outliers}) {
    ValueStatistics statistics = statisticsOf(makeSample(kind, 5000, 2), 5);
    for (const Target &target : allTargets()) {
      double least =
          chooseRange(statistics, spec("mse"), target).meanSquaredError;
      for (llvm::StringRef method :
           {"minmax", "moving-average", "percentile:99.9", "percentile:99",
            "percentile:90", "entropy"}) {
        SCOPED_TRACE(textOf(kind, method, target));
        RangeChoice choice = chooseRange(statistics, spec(method), target);
        EXPECT_LE(least, choice.meanSquaredError * (1 + 1e-3));
      }
    }
  }
}

TEST(Methods, SamplesMayComeInAnyOrderAndInParts) {
  std::vector<float> values = makeSample(Kind::Outliers, 4096, 3);
  ValueStatistics forward, backward;
  llvm::ArrayRef<float> all(values);
  for (size_t i = 0; i < 16; ++i) {
    ASSERT_TRUE(forward.addSample(all.slice(i * 256, 256)));
    ValueStatistics part = statisticsOf(all.slice((15 - i) * 256, 256));
    backward.merge(part);
  }
  for (llvm::StringRef method :
       {"moving-average", "percentile:99.9", "mse", "entropy"}) {
    SCOPED_TRACE(method.str());
    RangeChoice a = chooseRange(forward, spec(method), kI8);
    RangeChoice b = chooseRange(backward, spec(method), kI8);
    EXPECT_EQ(a.min, b.min);
    EXPECT_EQ(a.max, b.max);
    EXPECT_EQ(a.chosen.params.scale, b.chosen.params.scale);
    EXPECT_EQ(a.objective, b.objective);
    EXPECT_EQ(a.meanSquaredError, b.meanSquaredError);
  }
}

TEST(Methods, ExtremesAreThoseOfTheSamples) {
  // Samples with the extremes -1 and 1, -3 and 5.
  ValueStatistics statistics = statisticsOf({-1, 0, 1, -3, 0, 5}, 2);
  RangeChoice minmax = chooseRange(statistics, spec("minmax"), kI8);
  EXPECT_EQ(minmax.min, -3);
  EXPECT_EQ(minmax.max, 5);
  EXPECT_EQ(minmax.clippedShare, 0);
  RangeChoice average = chooseRange(statistics, spec("moving-average"), kI8);
  EXPECT_EQ(average.min, -2);
  EXPECT_EQ(average.max, 3);
  EXPECT_EQ(average.clippedShare, 2.0 / 6);
  EXPECT_EQ(average.objective, average.clippedShare);
  RangeChoice symmetric = chooseRange(statistics, spec("minmax"), kNarrowI8);
  EXPECT_EQ(symmetric.min, -5);
  EXPECT_EQ(symmetric.max, 5);
  EXPECT_EQ(measureRange(statistics, -3, 5, kI8).meanSquaredError,
            minmax.meanSquaredError);
}

TEST(Methods, PercentilesLieBetweenValuesLikeNumpys) {
  // Each value has a bin of its own, so it is known exactly.
  std::vector<float> values(101);
  std::iota(values.begin(), values.end(), 0.0f);
  ValueStatistics statistics = statisticsOf(values);
  EXPECT_EQ(chooseRange(statistics, spec("percentile:90"), kI8).max, 95);
  EXPECT_EQ(chooseRange(statistics, spec("percentile:90"), kNarrowI8).max, 90);
  EXPECT_EQ(chooseRange(statistics, spec("percentile:99.5"), kNarrowI8).max,
            99.5f);
  EXPECT_EQ(chooseRange(statistics, spec("percentile:100"), kI8).max, 100);
  for (float &x : values)
    x -= 50;
  RangeChoice choice =
      chooseRange(statisticsOf(values), spec("percentile:90"), kI8);
  EXPECT_EQ(choice.min, -45);
  EXPECT_EQ(choice.max, 45);
}

TEST(Methods, ValuesOnAGridAreHeldExactly) {
  // 0, 1, ..., 255 fit eight bits, and no other range does.
  std::vector<float> values(256);
  std::iota(values.begin(), values.end(), 0.0f);
  RangeChoice choice = chooseRange(statisticsOf(values), spec("mse"), kI8);
  EXPECT_EQ(choice.chosen.params.scale, 1.0f);
  EXPECT_EQ(choice.meanSquaredError, 0);
  EXPECT_EQ(choice.sqnrDb, 200);
}

TEST(Methods, CrossEntropyKeepsTheOrderOfLogits) {
  // A mask far away leaves nothing of the logits to minmax and to mse.
  std::vector<float> row = {1, 2, 3, 4, -1e4f};
  ValueStatistics statistics = statisticsOf(row);
  RangeChoice without = chooseRange(statistics, spec("cross-entropy"), kI8);
  EXPECT_NE(without.note, "");
  EXPECT_EQ(without.chosen.params.scale,
            chooseRange(statistics, spec("mse"), kI8).chosen.params.scale);
  statistics.kept.emplace().add(row);
  RangeChoice choice = chooseRange(statistics, spec("cross-entropy"), kI8);
  EXPECT_EQ(choice.note, "");
  EXPECT_LT(choice.chosen.params.scale, 0.2f);
  for (size_t i = 0; i + 2 < row.size(); ++i)
    EXPECT_LT(quantize(row[i], choice.chosen.params, kI8.range),
              quantize(row[i + 1], choice.chosen.params, kI8.range));
}

TEST(Methods, NothingSeenIsAZeroRange) {
  for (llvm::StringRef method : {"minmax", "percentile", "mse", "entropy"}) {
    RangeChoice choice = chooseRange(ValueStatistics(), spec(method), kI8);
    EXPECT_TRUE(choice.chosen.floored);
    EXPECT_EQ(choice.meanSquaredError, 0);
  }
}

TEST(MethodNames, AreReadAndWritten) {
  for (llvm::StringRef text :
       {"minmax", "moving-average", "percentile:99.99", "percentile:99.999",
        "percentile:50", "mse", "entropy", "cross-entropy", "auto"})
    EXPECT_EQ(spec(text).text(), text.str());
  EXPECT_EQ(spec("kl").text(), "entropy");
  EXPECT_EQ(spec("percentile").text(), "percentile:99.99");
  EXPECT_EQ(spec("percentile:99.90").text(), "percentile:99.9");
}

TEST(MethodNames, OthersAreRefused) {
  auto messageOf = [](llvm::StringRef text) {
    return llvm::toString(MethodSpec::parse(text).takeError());
  };
  EXPECT_EQ(messageOf("mean"),
            "unknown method 'mean'; available: minmax, moving-average, "
            "percentile, mse, entropy, kl, cross-entropy, auto; percentile "
            "takes a number, as in 'percentile:99.9'");
  EXPECT_EQ(messageOf("mse:3"),
            "the method 'mse' takes no number, found 'mse:3'");
  for (llvm::StringRef number : {"", "0", "-1", "100.5", "nan", "x", "99,9"})
    EXPECT_EQ(messageOf(("percentile:" + number).str()),
              "percentile takes a number above 0 and up to 100, found '" +
                  number.str() + "'");
}

} // namespace
