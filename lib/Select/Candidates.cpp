//===- Candidates.cpp - what each method would choose ---------------------===//
//
// In: statistics or weights, and settings. Out: JSON, one entry a method.
//
//===----------------------------------------------------------------------===//
#include "Candidates.h"

#include "WeightGroups.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

/// A range that grows by more than this with one more sample is not known yet.
static constexpr double kMostGrowth = 0.05;
/// A range this many times as wide as that of 99.9 % of the elements.
static constexpr double kHeavyTail = 10;

/// The chosen method first, where it is not among those of every value.
static SmallVector<MethodSpec> methodsFor(const MethodSpec &chosen,
                                          ArrayRef<MethodSpec> all) {
  SmallVector<MethodSpec> methods(all);
  if (llvm::none_of(methods, [&](const MethodSpec &method) {
        return method.text() == chosen.text();
      }))
    methods.insert(methods.begin(), chosen);
  return methods;
}

llvm::json::Array
lowbit::activationCandidates(const ValueStatistics &statistics,
                             const Settings &settings) {
  SmallVector<MethodSpec> all = {{Method::MinMax},
                                 {Method::MovingAverage},
                                 {Method::Percentile, 99.9},
                                 {Method::Percentile, 99.99},
                                 {Method::Mse},
                                 {Method::Entropy}};
  if (statistics.kept)
    all.push_back({Method::CrossEntropy});
  llvm::json::Array list;
  for (const MethodSpec &method : methodsFor(settings.method, all))
    list.push_back(
        toJson(method, chooseRange(statistics, method, settings.target())));
  return list;
}

llvm::json::Array lowbit::weightCandidates(ArrayRef<float> values,
                                           ArrayRef<int64_t> shape,
                                           GranularityAttr granularity,
                                           const Settings &settings) {
  llvm::json::Array list;
  for (const MethodSpec &method : methodsFor(
           settings.method,
           {{Method::MinMax}, {Method::Percentile, 99.99}, {Method::Mse}})) {
    WeightChoice choice =
        chooseWeights(values, shape, granularity, method, settings.target());
    list.push_back(llvm::json::Object{{"method", method.text()},
                                      {"range", toJson(choice.min, choice.max)},
                                      {"objective", choice.objective},
                                      {"sqnr_db", choice.sqnrDb},
                                      {"clipped", choice.clippedShare}});
  }
  return list;
}

void lowbit::warnOf(StringRef id, const ValueStatistics &statistics,
                    SelectionLog &log) {
  if (statistics.min == 0 && statistics.max == 0) {
    log.warn(id, SelectionLog::DeadValue, double(statistics.count),
             "it was always 0");
    return;
  }
  double growth = statistics.rangeGrowth();
  if (growth > kMostGrowth)
    log.warn(id, SelectionLog::FewSamples, growth,
             llvm::formatv("one sample of {0} makes {1:f1} % of its range",
                           statistics.samples, 100 * growth));
  if (const auto &channels = statistics.channels) {
    size_t dead = 0;
    for (auto [min, max] : llvm::zip_equal(channels->min, channels->max))
      dead += min == 0 && max == 0;
    if (dead > 0)
      log.warn(id, SelectionLog::DeadChannels,
               double(dead) / double(channels->min.size()),
               llvm::formatv("{0} of {1}", dead, channels->min.size()));
  }
  // A scale does not matter to the range that is asked for.
  RangeChoice most =
      chooseRange(statistics, {Method::Percentile, 99.9}, Target());
  double width = double(statistics.max) - statistics.min;
  double mostWidth = double(most.max) - most.min;
  if (width > kHeavyTail * mostWidth)
    log.warn(id, SelectionLog::HeavyTail,
             mostWidth > 0 ? width / mostWidth : INFINITY,
             mostWidth > 0
                 ? llvm::formatv("its range is {0:f1} times that of 99.9 % of "
                                 "its elements",
                                 width / mostWidth)
                       .str()
                 : "99.9 % of its elements are 0");
}
