//===- DensityTest.cpp - Errors from histograms, and of weights -----------===//
//
// Checks the two ways to integrate the squared error against each other and
// against the elements, and the parameters of small groups of weights against
// the exact least error over all scales.
//
//===----------------------------------------------------------------------===//

#include "../Table/Samples.h"
#include "RangesDensity.h"
#include "lowbit/Select/Ranges.h"
#include "gtest/gtest.h"
#include <algorithm>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

double errorOf(llvm::ArrayRef<float> values, AffineParams params,
               StorageRange range) {
  double sum = 0;
  for (float x : values) {
    double distance = double(x) - fakeQuant(x, params, range);
    sum += distance * distance;
  }
  return sum;
}

ValueStatistics statisticsOf(llvm::ArrayRef<float> values) {
  ValueStatistics result;
  EXPECT_TRUE(result.addSample(values));
  return result;
}

struct Case {
  AffineParams params;
  StorageRange range;
};

std::vector<Case> cases(float max) {
  std::vector<Case> result;
  for (unsigned width : {2, 4, 8})
    for (float share : {1.5f, 1.0f, 0.3f, 0.01f}) {
      StorageRange range = rangeForWidth(width, true, false);
      result.push_back(
          {chooseAsymmetric(-max * share, max * share / 3, range).params,
           range});
      result.push_back({chooseSymmetric(max * share, range).params, range});
    }
  return result;
}

TEST(Density, FewValuesHaveTheirExactError) {
  // Hardly any two share a bin; where they do, their mean is known.
  for (Kind kind : {Kind::Normal, Kind::Rectified, Kind::Outliers})
    for (unsigned seed = 0; seed < 20; ++seed) {
      std::vector<float> values = makeSample(kind, 40, seed);
      ValueStatistics statistics = statisticsOf(values);
      float max = std::max(-statistics.min, statistics.max);
      for (auto [params, range] : cases(max)) {
        double exact = errorOf(values, params, range);
        double found = Density(statistics).error({params, range});
        EXPECT_NEAR(found, exact, 1e-2 * exact + 1e-12 * max * max);
        EXPECT_NEAR(meanSquaredError(statistics.histogram, params, range) * 40,
                    exact, 2e-2 * exact + 1e-6 * max * max);
      }
    }
}

TEST(Density, ManyValuesHaveNearlyTheirExactError) {
  for (Kind kind : {Kind::Normal, Kind::Rectified, Kind::Outliers}) {
    std::vector<float> values = makeSample(kind, 50000, 7);
    ValueStatistics statistics = statisticsOf(values);
    Density density(statistics);
    for (auto [params, range] :
         cases(std::max(-statistics.min, statistics.max))) {
      double exact = errorOf(values, params, range);
      EXPECT_NEAR(density.error({params, range}), exact, 2e-3 * exact);
    }
  }
}

TEST(Density, BothWaysToIntegrateAgree) {
  for (Kind kind : {Kind::Normal, Kind::Rectified, Kind::Outliers}) {
    Density density(statisticsOf(makeSample(kind, 20000, 11)));
    double max = density.cells().back().mean;
    for (auto [params, range] : cases(float(max))) {
      Levels levels(params, range);
      Fit fit = density.fit(levels);
      double error = density.error(levels);
      EXPECT_NEAR(fit.error, error, 1e-9 * error + 1e-13 * max * max);
      EXPECT_LE(fit.betterError, fit.error + 1e-12 * max * max);
      // The better scale has that error or less.
      AffineParams better = params;
      better.scale = float(fit.betterScale);
      EXPECT_LE(density.error({better, range}),
                fit.betterError * (1 + 1e-5) + 1e-12 * max * max);
      EXPECT_LE(density.clippingError(levels), error * (1 + 1e-9));
    }
  }
}

TEST(Density, ClippedAreThoseThatRoundBeyondTheRange) {
  Density density(statisticsOf({-3, -2.25f, 0, 1, 2, 2.25f, 2.75f, 5}));
  Levels levels({1.0f, 0}, {-2, 2});
  EXPECT_EQ(density.clipped(levels), 3); // -3, 2.75 and 5
  EXPECT_EQ(density.clippingError(levels), 1 + 0.0625 + 0.0625 + 0.5625 + 9);
}

/// The least error of symmetric parameters over all scales: between two scales
/// at which an element changes its integer the best scale is known.
double exactLeastError(llvm::ArrayRef<float> values, StorageRange range) {
  std::vector<double> borders = {1e-3};
  for (float x : values) {
    int32_t most = x < 0 ? -range.min : range.max;
    for (int32_t k = 1; k <= most; ++k)
      borders.push_back(std::fabs(x) / (k - 0.5));
  }
  std::sort(borders.begin(), borders.end());
  borders.push_back(borders.back() * 2);
  double least = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i + 1 < borders.size(); ++i) {
    double middle = (borders[i] + borders[i + 1]) / 2;
    double products = 0, squares = 0, all = 0;
    for (float x : values) {
      double k = std::clamp(std::nearbyint(x / middle), double(range.min),
                            double(range.max));
      products += x * k;
      squares += k * k;
      all += double(x) * x;
    }
    if (squares > 0)
      least = std::min(least, all - products * products / squares);
  }
  return least;
}

double mseOf(llvm::ArrayRef<float> values, StorageRange range) {
  MethodSpec mse = llvm::cantFail(MethodSpec::parse("mse"));
  double objective = 0;
  ChosenParams chosen =
      chooseWeightGroup(values, mse, {range, Symmetry::Symmetric}, &objective);
  double error = errorOf(values, chosen.params, range);
  EXPECT_NEAR(objective * double(values.size()), error, 1e-9 * error + 1e-20);
  return error;
}

TEST(WeightGroups, SmallGroupsHaveTheLeastErrorOfAnyScale) {
  for (auto [width, size] :
       {std::pair(2, 400), {3, 300}, {4, 4}, {4, 32}, {4, 128}, {8, 4}, {8, 9}})
    for (Kind kind : {Kind::Normal, Kind::Rectified, Kind::Outliers})
      for (bool narrow : {true, false})
        for (unsigned seed = 0; seed < 5; ++seed) {
          std::vector<float> values = makeSample(kind, size, seed);
          StorageRange range = rangeForWidth(width, true, narrow);
          double least = exactLeastError(values, range);
          // The scale is rounded to a float, in [-1, 1] 2^-24 of it.
          double squares = 0;
          for (float x : values)
            squares += double(x) * x;
          EXPECT_LE(mseOf(values, range),
                    least + 1e-6 * std::sqrt(squares * least) + 1e-13 * squares)
              << width << " " << size << " " << int(kind) << " " << seed;
        }
}

TEST(WeightGroups, LargerGroupsHaveTheLeastOfScalesNearTheirs) {
  for (size_t size : {32, 128, 400})
    for (unsigned seed = 0; seed < 10; ++seed) {
      std::vector<float> values = makeSample(Kind::Normal, size, seed);
      StorageRange range = rangeForWidth(8, true, true);
      double error = mseOf(values, range);
      double least = exactLeastError(values, range);
      EXPECT_LE(error, 1.001 * least) << size << " " << seed;
    }
}

TEST(WeightGroups, ZerosAndOneValue) {
  for (llvm::StringRef method : {"minmax", "percentile:99", "mse"}) {
    MethodSpec spec = llvm::cantFail(MethodSpec::parse(method));
    Target target{{-7, 7}, Symmetry::Symmetric};
    EXPECT_TRUE(chooseWeightGroup({0, 0, 0}, spec, target).floored);
    EXPECT_TRUE(chooseWeightGroup({}, spec, target).floored);
    ChosenParams one = chooseWeightGroup({-3.5f}, spec, target);
    EXPECT_EQ(fakeQuant(-3.5f, one.params, target.range), -3.5f);
  }
}

} // namespace
