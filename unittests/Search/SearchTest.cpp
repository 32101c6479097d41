//===- SearchTest.cpp - a method for each value, by the output ------------===//
//
// The search on functions whose best assignment is known: it finds it where
// units do not interact, is never worse than its start, asks few samples first,
// and is not led by a single sample.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Search/Search.h"
#include "gtest/gtest.h"
#include <algorithm>
#include <random>

using namespace lowbit;
using mlir::failed;

namespace {
/// A value for each unit and method, and noise of samples.
struct Landscape {
  std::vector<std::vector<double>> values;
  size_t samples = 32;
  size_t runs = 0;

  SearchProblem problem() {
    SearchProblem result;
    for (const std::vector<double> &methods : values) {
      result.candidates.emplace_back();
      for (unsigned i = 0; i < methods.size(); ++i)
        result.candidates.back().push_back(i);
      result.priority.push_back(methods[0]);
    }
    result.samples = samples;
    result.progress = [](size_t, size_t) {};
    result.evaluate =
        [this](const Assignment &methods,
               size_t count) -> llvm::FailureOr<std::vector<double>> {
      runs += count;
      std::vector<double> db;
      for (size_t sample = 0; sample < count; ++sample) {
        double sum = double(sample % 7);
        for (size_t unit = 0; unit < methods.size(); ++unit)
          sum += values[unit][methods[unit]];
        db.push_back(sum);
      }
      return db;
    };
    return result;
  }
};
} // namespace

TEST(Search, FindsTheBestOfUnitsThatDoNotInteract) {
  Landscape landscape;
  std::mt19937 random(3);
  Assignment best;
  for (int unit = 0; unit < 20; ++unit) {
    std::vector<double> methods;
    for (int method = 0; method < 5; ++method)
      methods.push_back(double(random() % 1000) / 10);
    best.push_back(std::max_element(methods.begin(), methods.end()) -
                   methods.begin());
    landscape.values.push_back(methods);
  }
  SearchProblem problem = landscape.problem();
  auto result = searchMethods(problem, Assignment(20, 0));
  ASSERT_FALSE(failed(result));
  EXPECT_EQ(result->methods, best);
  // The worse ones were run on eight samples of 32.
  EXPECT_LT(landscape.runs, size_t(result->evaluations) * 32);
  double gained = 0;
  for (double gain : result->gains)
    gained += gain;
  std::vector<double> start = *problem.evaluate(Assignment(20, 0), 32);
  EXPECT_NEAR(result->meanDb - meanOf(start), gained, 1e-9);
}

TEST(Search, IsNeverWorseThanItsStart) {
  std::mt19937 random(5);
  for (int turn = 0; turn < 50; ++turn) {
    // No structure at all: every assignment has numbers of its own.
    SearchProblem problem;
    problem.candidates.assign(6, {0, 1, 2, 3});
    problem.priority.assign(6, 0);
    problem.samples = 1 + random() % 40;
    problem.progress = [](size_t, size_t) {};
    problem.evaluate =
        [&](const Assignment &methods,
            size_t count) -> llvm::FailureOr<std::vector<double>> {
      uint32_t seed = turn;
      for (unsigned method : methods)
        seed = seed * 4 + method;
      std::mt19937 own(seed);
      std::vector<double> db;
      for (size_t i = 0; i < count; ++i)
        db.push_back(double(own() % 1000) / 50);
      return db;
    };
    Assignment start(6, turn % 4);
    std::vector<double> before = *problem.evaluate(start, problem.samples);
    auto result = searchMethods(problem, start);
    ASSERT_FALSE(failed(result));
    EXPECT_GE(result->meanDb, meanOf(before));
    std::vector<double> after =
        *problem.evaluate(result->methods, problem.samples);
    EXPECT_EQ(result->meanDb, meanOf(after));
  }
}

TEST(Search, OneSampleDoesNotDecide) {
  // Method 1 is a little worse everywhere but for one sample, where it gains
  // more than the others lose.
  SearchProblem problem;
  problem.candidates.assign(1, {0, 1});
  problem.priority.assign(1, 0);
  problem.samples = 32;
  problem.progress = [](size_t, size_t) {};
  problem.evaluate = [&](const Assignment &methods,
                         size_t count) -> llvm::FailureOr<std::vector<double>> {
    std::vector<double> db(count, 30.0);
    if (methods[0] == 1) {
      db.assign(count, 29.9);
      db[0] = 30 + 31 * 0.1 + 1;
    }
    return db;
  };
  auto result = searchMethods(problem, {0});
  ASSERT_FALSE(failed(result));
  EXPECT_EQ(result->methods, Assignment{0});
}

TEST(Search, FailsWhereTheFunctionDoes) {
  Landscape landscape;
  landscape.values = {{0, 1}, {0, 1}};
  SearchProblem problem = landscape.problem();
  int calls = 0;
  auto evaluate = problem.evaluate;
  problem.evaluate = [&](const Assignment &methods,
                         size_t count) -> llvm::FailureOr<std::vector<double>> {
    if (++calls == 3)
      return mlir::failure();
    return evaluate(methods, count);
  };
  EXPECT_TRUE(failed(searchMethods(problem, {0, 0})));
  EXPECT_EQ(calls, 3);
}
