//===- Ranges.cpp - methods by name, and what a choice costs --------------===//
//
// In: statistics, a method and the integers to hold the value in. Out: range,
// parameters, and the error that they bring. Refused: text that is not a
// method.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Select/Ranges.h"

#include "RangesMethods.h"
#include "RangesSearch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>

using namespace lowbit;
using llvm::StringRef;

namespace {
struct NamedMethod {
  StringRef name;
  Method method;
};
} // namespace

// The first name of a method is its canonical one.
static constexpr NamedMethod kMethods[] = {
    {"minmax", Method::MinMax},
    {"moving-average", Method::MovingAverage},
    {"percentile", Method::Percentile},
    {"mse", Method::Mse},
    {"entropy", Method::Entropy},
    {"kl", Method::Entropy},
    {"cross-entropy", Method::CrossEntropy},
    {"auto", Method::Auto},
};

llvm::Expected<MethodSpec> MethodSpec::parse(StringRef text) {
  auto [name, number] = text.split(':');
  const NamedMethod *found = llvm::find_if(
      kMethods, [name = name](const NamedMethod &m) { return m.name == name; });
  if (found == std::end(kMethods)) {
    std::string names = llvm::join(
        llvm::map_range(kMethods,
                        [](const NamedMethod &m) { return m.name.str(); }),
        ", ");
    return llvm::createStringError("unknown method '" + text +
                                   "'; available: " + names +
                                   "; percentile takes a number, as in "
                                   "'percentile:99.9'");
  }
  MethodSpec spec;
  spec.method = found->method;
  if (name.size() == text.size())
    return spec;
  if (spec.method != Method::Percentile)
    return llvm::createStringError("the method '" + name +
                                   "' takes no number, found '" + text + "'");
  // NaN fails the comparison too.
  if (number.getAsDouble(spec.percentile) ||
      !(spec.percentile > 0 && spec.percentile <= 100))
    return llvm::createStringError(
        "percentile takes a number above 0 and up to 100, found '" + number +
        "'");
  return spec;
}

std::string MethodSpec::text() const {
  StringRef name = llvm::find_if(kMethods, [&](const NamedMethod &m) {
                     return m.method == method;
                   })->name;
  if (method != Method::Percentile)
    return name.str();
  // The fewest digits that read back as the same number; fewer than three would
  // write 100 with an exponent.
  for (int digits = 3;; ++digits) {
    std::string number;
    llvm::raw_string_ostream(number)
        << llvm::format("%.*g", digits, percentile);
    double back = 0;
    if (digits >= 17 ||
        (!StringRef(number).getAsDouble(back) && back == percentile))
      return (name + ":" + number).str();
  }
}

bool lowbit::isWeightMethod(Method method) {
  return method == Method::MinMax || method == Method::Percentile ||
         method == Method::Mse;
}

double lowbit::meanSquaredError(const Histogram &histogram,
                                const AffineParams &params,
                                StorageRange range) {
  Density density(histogram);
  if (density.count() == 0)
    return 0;
  return density.error(Levels(params, range)) / density.count();
}

double lowbit::sqnrDb(double signal, double noise) {
  if (noise == 0)
    return 200;
  if (signal == 0)
    return -200;
  return std::clamp(10 * std::log10(signal / noise), -200.0, 200.0);
}

/// The parameters of [min, max] and what they do to the values.
static RangeChoice measure(const Density &density, double min, double max,
                           const Target &target) {
  RangeChoice choice;
  choice.min = std::min(float(min), 0.0f);
  choice.max = std::max(float(max), 0.0f);
  if (target.symmetry == Symmetry::Symmetric) {
    choice.max = std::max(-choice.min, choice.max);
    choice.min = -choice.max;
  }
  choice.chosen = chooseParams(choice.min, choice.max, target);
  Levels levels(choice.chosen.params, target.range);
  if (density.count() > 0) {
    choice.meanSquaredError = density.error(levels) / density.count();
    choice.clippedShare = density.clipped(levels) / density.count();
    choice.sqnrDb = sqnrDb(density.sumOfSquares() / density.count(),
                           choice.meanSquaredError);
  }
  choice.objective = choice.clippedShare;
  return choice;
}

RangeChoice lowbit::measureRange(const ValueStatistics &statistics, float min,
                                 float max, const Target &target) {
  return measure(Density(statistics), min, max, target);
}

static MethodRange rangeOf(const ValueStatistics &statistics,
                           const Density &density, const MethodSpec &method,
                           const Target &target) {
  switch (method.method) {
  case Method::MinMax:
  case Method::Auto:
    return {statistics.min, statistics.max, std::nullopt, ""};
  case Method::MovingAverage:
    return {statistics.meanMin(), statistics.meanMax(), std::nullopt, ""};
  case Method::Percentile:
    return percentileRange(statistics, density, method.percentile, target);
  case Method::Mse:
    return mseRange(statistics, density, target);
  case Method::Entropy:
    return entropyRange(statistics, target);
  case Method::CrossEntropy:
    if (statistics.kept && !statistics.kept->rows.empty())
      return crossEntropyRange(statistics, *statistics.kept, target);
    MethodRange range = mseRange(statistics, density, target);
    range.note = "no rows of it were kept, so cross-entropy is mse";
    return range;
  }
  llvm_unreachable("all methods are listed");
}

RangeChoice lowbit::chooseRange(const ValueStatistics &statistics,
                                const MethodSpec &method,
                                const Target &target) {
  assert(method.method != Method::Auto && "auto is a search over methods");
  Density density(statistics);
  MethodRange range = rangeOf(statistics, density, method, target);
  RangeChoice choice = measure(density, range.min, range.max, target);
  if (range.objective)
    choice.objective = *range.objective;
  choice.note = range.note;
  return choice;
}
