//===- Search.h - a method for each value, by the output --------*- C++ -*-===//
//
// Coordinate descent over methods. What a choice costs is asked of a function,
// so nothing here knows of models or processes.
//
// From the start that is given, one unit (a value, or those that share their
// parameters) after another takes the method with the greatest gain, in the
// order of their priority. A gain counts when the mean over the samples rises
// by more than kLeastGainDb and by more than half the standard error of the
// samples' differences, so that it is not one sample's doing. Where there are
// more than twice kScreeningSamples, a candidate that is no better on that many
// is not run on the others. A second sweep follows where the first gained
// kLeastSweepGainDb.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SEARCH_SEARCH_H
#define LOWBIT_SEARCH_SEARCH_H

#include "mlir/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include <functional>
#include <map>
#include <vector>

namespace lowbit {

/// For each unit the number of its method.
using Assignment = std::vector<unsigned>;

struct SearchProblem {
  /// By unit: the methods to try, of which no two are alike.
  std::vector<llvm::SmallVector<unsigned>> candidates;
  /// By unit: the one to be tried first has the least.
  std::vector<double> priority;
  /// How many samples there are to measure on.
  size_t samples = 0;
  /// The dB of each of the first `samples` samples.
  std::function<llvm::FailureOr<std::vector<double>>(const Assignment &,
                                                     size_t samples)>
      evaluate;
  /// Called before each unit; `total` is that of all sweeps that may be.
  std::function<void(size_t done, size_t total)> progress;
};

struct SearchResult {
  Assignment methods;
  double meanDb = 0;
  unsigned evaluations = 0, sweeps = 0;
  /// By unit: the mean dB with each method that all samples were run with, the
  /// other units being as they were in its last turn.
  std::vector<std::map<unsigned, double>> tried;
  /// By unit: what its changes gained, in dB.
  std::vector<double> gains;
};

/// The least gain that counts, in dB.
inline constexpr double kLeastGainDb = 0.002;
/// How many samples a candidate has to be better on to be run on all.
inline constexpr size_t kScreeningSamples = 8;
inline constexpr unsigned kMostSweeps = 2;
/// A sweep that gained less is the last one.
inline constexpr double kLeastSweepGainDb = 0.05;

/// Improves `start`; the result is at least as good by the function's numbers.
/// Fails where the function does.
llvm::FailureOr<SearchResult> searchMethods(const SearchProblem &problem,
                                            Assignment start);

double meanOf(llvm::ArrayRef<double> values);
/// The mean of the differences, and its standard error.
std::pair<double, double> gainOf(llvm::ArrayRef<double> now,
                                 llvm::ArrayRef<double> before);

} // namespace lowbit

#endif // LOWBIT_SEARCH_SEARCH_H
