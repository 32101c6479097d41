//===- RangesWeights.cpp - parameters of weights --------------------------===//
//
// In: the values of one group, finite all. Out: parameters by minmax,
// percentile or mse, whose error is that of rules N7 and N8 on the values
// themselves.
//
//===----------------------------------------------------------------------===//
#include "RangesSearch.h"

#include <algorithm>
#include <cmath>

using namespace lowbit;
using llvm::ArrayRef;

namespace {
/// Sums over the values at one choice of parameters.
struct Sums {
  double error = 0, products = 0, squares = 0;
};
} // namespace

/// Integers are clamped before they are rounded, which gives the same, and are
/// rounded by a sum with 1.5 2^23, half to even: they have at most 17 bits.
/// Lanes, so that the compiler makes vectors of it and the order is fixed.
static Sums sumUp(ArrayRef<float> values, const Levels &levels) {
  constexpr size_t kLanes = 8;
  constexpr float kRound = 0x1.8p23f;
  float scale = float(levels.scale);
  float lowest = float(levels.lowest), highest = float(levels.highest);
  double error[kLanes] = {}, products[kLanes] = {}, squares[kLanes] = {};
  auto visit = [&](const float *x, size_t count) {
    for (size_t lane = 0; lane < count; ++lane) {
      float steps = x[lane] / scale;
      steps = steps < lowest ? lowest : steps;
      steps = steps > highest ? highest : steps;
      float integer = (steps + kRound) - kRound;
      double wide = x[lane], whole = integer;
      double distance = wide - double(integer * scale);
      error[lane] += distance * distance;
      products[lane] += wide * whole;
      squares[lane] += whole * whole;
    }
  };
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes)
    visit(values.data() + i, kLanes);
  visit(values.data() + i, values.size() - i);
  Sums sums;
  for (size_t lane = 0; lane < kLanes; ++lane) {
    sums.error += error[lane];
    sums.products += products[lane];
    sums.squares += squares[lane];
  }
  return sums;
}

/// numpy.percentile, linear. Reorders `values`.
static double percentileOf(std::vector<float> &values, double share) {
  double place = share * double(values.size() - 1);
  size_t rank = size_t(std::floor(place));
  double rest = place - double(rank);
  std::nth_element(values.begin(), values.begin() + rank, values.end());
  double low = values[rank];
  if (rest == 0 || rank + 1 == values.size())
    return low;
  double next = *std::min_element(values.begin() + rank + 1, values.end());
  return low + (next - low) * rest;
}

static std::pair<double, double> percentileEnds(ArrayRef<float> values,
                                                double percentile,
                                                const Target &target) {
  std::vector<float> copy(values.begin(), values.end());
  if (target.symmetry == Symmetry::Symmetric) {
    for (float &x : copy)
      x = std::fabs(x);
    double end = percentileOf(copy, percentile / 100);
    return {-end, end};
  }
  double cut = (100 - percentile) / 200;
  double min = percentileOf(copy, cut);
  return {min, percentileOf(copy, 1 - cut)};
}

static FoundRange leastError(ArrayRef<float> values, float min, float max,
                             const Target &target) {
  double squares = 0;
  for (float x : values)
    squares += double(x) * x;
  SearchSpace space;
  space.min = min;
  space.max = max;
  space.target = target;
  space.beam = 8;
  return searchRange(
      space,
      [&](const Levels &levels) {
        Sums sums = sumUp(values, levels);
        Fit fit{sums.error, 0, 0};
        if (sums.squares > 0) {
          fit.betterScale = sums.products / sums.squares;
          fit.betterError =
              std::max(squares - sums.products * fit.betterScale, 0.0);
        }
        return fit;
      },
      [&](const Levels &levels) {
        // What the outermost values alone have.
        double above = std::max(max - levels.high(), 0.0);
        double below = std::max(levels.low() - min, 0.0);
        return above * above + below * below;
      });
}

ChosenParams lowbit::chooseWeightGroup(ArrayRef<float> values,
                                       const MethodSpec &method,
                                       const Target &target,
                                       double *objective) {
  assert(isWeightMethod(method.method) && "not a method of weights");
  float min = 0, max = 0;
  for (float x : values) {
    min = std::min(min, x);
    max = std::max(max, x);
  }
  if (method.method == Method::Mse && !values.empty()) {
    FoundRange found = leastError(values, min, max, target);
    if (objective)
      *objective = found.error / double(values.size());
    return chooseParams(found.min, found.max, target);
  }
  if (method.method == Method::Percentile && !values.empty()) {
    auto [low, high] = percentileEnds(values, method.percentile, target);
    min = std::min(float(low), 0.0f);
    max = std::max(float(high), 0.0f);
  }
  ChosenParams chosen = chooseParams(min, max, target);
  if (objective) {
    Levels levels(chosen.params, target.range);
    double reach = levels.scale / 2;
    size_t clipped = llvm::count_if(values, [&](float x) {
      return x > levels.high() + reach || x < levels.low() - reach;
    });
    *objective = values.empty() ? 0 : double(clipped) / double(values.size());
  }
  return chosen;
}
