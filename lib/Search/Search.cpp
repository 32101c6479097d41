//===- Search.cpp - a method for each value, by the output ----------------===//
//
// In: units with candidates, a function that measures. Out: an assignment that
// is at least as good as the start. Fails where the function does.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Search/Search.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace llvm;
using namespace lowbit;

double lowbit::meanOf(ArrayRef<double> values) {
  double sum = 0;
  for (double value : values)
    sum += value;
  return values.empty() ? 0 : sum / double(values.size());
}

std::pair<double, double> lowbit::gainOf(ArrayRef<double> now,
                                         ArrayRef<double> before) {
  std::vector<double> gains;
  for (auto [left, right] : zip_equal(now, before))
    gains.push_back(left - right);
  double mean = meanOf(gains), squares = 0;
  for (double gain : gains)
    squares += (gain - mean) * (gain - mean);
  double count = double(gains.size());
  return {mean, count > 1 ? std::sqrt(squares / (count - 1) / count) : 0};
}

namespace {
class Descent {
public:
  Descent(const SearchProblem &problem, Assignment start) : problem(problem) {
    result.methods = std::move(start);
    result.tried.resize(problem.candidates.size());
    result.gains.resize(problem.candidates.size());
    for (size_t unit = 0; unit < problem.candidates.size(); ++unit)
      order.push_back(unit);
    llvm::sort(order, [&](size_t left, size_t right) {
      return std::make_pair(problem.priority[left], left) <
             std::make_pair(problem.priority[right], right);
    });
  }

  FailureOr<SearchResult> run() {
    if (mlir::failed(measure(problem.samples, current)))
      return mlir::failure();
    size_t steps = 0;
    while (result.sweeps < kMostSweeps) {
      double before = meanOf(current);
      ++result.sweeps;
      for (size_t unit : order) {
        problem.progress(steps++, kMostSweeps * order.size());
        if (mlir::failed(improve(unit)))
          return mlir::failure();
      }
      if (meanOf(current) - before < kLeastSweepGainDb)
        break;
    }
    result.meanDb = meanOf(current);
    return std::move(result);
  }

private:
  mlir::LogicalResult measure(size_t samples, std::vector<double> &db) {
    ++result.evaluations;
    auto measured = problem.evaluate(result.methods, samples);
    if (mlir::failed(measured))
      return mlir::failure();
    db = std::move(*measured);
    return mlir::success();
  }

  /// Gives the unit its best method.
  mlir::LogicalResult improve(size_t unit) {
    unsigned &method = result.methods[unit];
    unsigned before = method, best = method;
    double bestGain = 0;
    std::vector<double> bestDb;
    result.tried[unit] = {{before, meanOf(current)}};
    for (unsigned candidate : problem.candidates[unit]) {
      if (candidate == before)
        continue;
      method = candidate;
      std::vector<double> db;
      if (problem.samples > 2 * kScreeningSamples) {
        if (mlir::failed(measure(kScreeningSamples, db)))
          return mlir::failure();
        ArrayRef<double> known = ArrayRef(current).take_front(db.size());
        if (meanOf(db) <= meanOf(known))
          continue;
      }
      if (mlir::failed(measure(problem.samples, db)))
        return mlir::failure();
      result.tried[unit][candidate] = meanOf(db);
      auto [gain, error] = gainOf(db, current);
      if (gain > kLeastGainDb && gain > error / 2 && gain > bestGain) {
        best = candidate;
        bestGain = gain;
        bestDb = std::move(db);
      }
    }
    method = best;
    result.gains[unit] += bestGain;
    if (best != before)
      current = std::move(bestDb);
    return mlir::success();
  }

  const SearchProblem &problem;
  SearchResult result;
  SmallVector<size_t> order;
  /// The dB of each sample with result.methods.
  std::vector<double> current;
};
} // namespace

FailureOr<SearchResult> lowbit::searchMethods(const SearchProblem &problem,
                                              Assignment start) {
  return Descent(problem, std::move(start)).run();
}
