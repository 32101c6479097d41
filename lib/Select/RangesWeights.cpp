//===- RangesWeights.cpp - parameters of weights --------------------------===//
//
// In: the values of one group, finite all. Out: parameters by minmax,
// percentile or mse, whose error is that of rules N7 and N8 on the values
// themselves.
//
//===----------------------------------------------------------------------===//
#include "RangesSearch.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

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

namespace {
/// What the largest magnitudes of one side sum up to, 1/32 of an octave at a
/// time.
class Tails {
public:
  void add(float magnitude) {
    uint32_t key = keyOf(magnitude);
    first = std::max(first, key);
    last = std::min(last, key);
    Sums &own = sums[key];
    own.count += 1;
    own.sum += magnitude;
    own.squares += double(magnitude) * magnitude;
  }
  void finish() {
    for (uint32_t key = first; key-- > last;) {
      sums[key].count += sums[key + 1].count;
      sums[key].sum += sums[key + 1].sum;
      sums[key].squares += sums[key + 1].squares;
    }
  }
  void clear() {
    for (uint32_t key = last; key <= first; ++key)
      sums[key] = {};
    first = 0;
    last = kKeys;
  }
  /// The squared error of clipping at `reach`, or a little less.
  double clipped(double reach) const {
    uint32_t key = std::max(keyOf(float(reach)) + 1, last);
    if (key > first)
      return 0;
    const Sums &beyond = sums[key];
    return beyond.squares - 2 * reach * beyond.sum +
           reach * reach * beyond.count;
  }

private:
  struct Sums {
    double count = 0, sum = 0, squares = 0;
  };
  static uint32_t keyOf(float magnitude) {
    uint32_t bits;
    std::memcpy(&bits, &magnitude, sizeof(bits));
    return bits >> 18;
  }
  static constexpr uint32_t kKeys = 1 << 13;
  uint32_t first = 0, last = kKeys;
  std::vector<Sums> sums = std::vector<Sums>(kKeys + 1);
};
} // namespace

namespace {
/// The values of a group, ready for many choices of parameters.
class Group {
public:
  Group(ArrayRef<float> values, Tails (&tails)[2]);
  ~Group();

  Fit fit(const Levels &levels) const;
  double clipped(const Levels &levels) const {
    return tails[0].clipped(levels.high()) + tails[1].clipped(-levels.low());
  }
  /// The symmetric scale of least error; 0 where it takes too many changes to
  /// find. `whole` is that of the whole range.
  double exactScale(const Levels &whole) const;

private:
  /// Changes of an integer that the exact search steps over at most, and so few
  /// that it looks at all scales.
  static constexpr size_t kMostChanges = 4096, kFewChanges = 1200;

  ArrayRef<float> values;
  Tails (&tails)[2];
  double squares = 0;
};
} // namespace

Group::Group(ArrayRef<float> values, Tails (&tails)[2])
    : values(values), tails(tails) {
  for (float x : values) {
    squares += double(x) * x;
    tails[x < 0].add(std::fabs(x));
  }
  for (Tails &side : tails)
    side.finish();
}

Group::~Group() {
  for (Tails &side : tails)
    side.clear();
}

Fit Group::fit(const Levels &levels) const {
  Sums sums = sumUp(values, levels);
  Fit fit{sums.error, 0, 0};
  if (sums.squares > 0) {
    fit.betterScale = sums.products / sums.squares;
    fit.betterError = std::max(squares - sums.products * fit.betterScale, 0.0);
  }
  return fit;
}

/// Ascending. The upper halves decide, and the lower ones are ascending where
/// those are equal. By digits where there are many: half of the time of a
/// search went into comparing them.
static void sortChanges(std::vector<uint64_t> &changes) {
  constexpr unsigned kDigit = 11, kFewChanges = 256;
  if (changes.size() < kFewChanges) {
    std::sort(changes.begin(), changes.end());
    return;
  }
  static thread_local std::vector<uint64_t> sorted;
  sorted.resize(changes.size());
  for (unsigned shift = 32; shift < 64; shift += kDigit) {
    std::array<uint32_t, (1 << kDigit) + 1> starts = {};
    auto digit = [&](uint64_t change) {
      return (change >> shift) & ((1 << kDigit) - 1);
    };
    for (uint64_t change : changes)
      ++starts[digit(change) + 1];
    std::partial_sum(starts.begin(), starts.end(), starts.begin());
    for (uint64_t change : changes)
      sorted[starts[digit(change)]++] = change;
    changes.swap(sorted);
  }
}

/// As the scale falls, elements reach their next integer one after the other.
/// Between two such changes the best scale is known (see Fit), so the best of
/// all is found by stepping over them. Scales begin where all integers are 0,
/// or else somewhat above `whole`, and end where clipping alone costs more than
/// the least error that a few scales have.
double Group::exactScale(const Levels &whole) const {
  double first = std::numeric_limits<double>::infinity(), last = 0;
  size_t most = size_t(std::max(-whole.lowest, whole.highest));
  if (values.size() > kMostChanges)
    return 0;
  if (values.size() * most > kFewChanges) {
    Levels levels = whole;
    double least = std::numeric_limits<double>::infinity();
    first = whole.scale * 1.25;
    for (last = first; clipped(levels) <= least; last = levels.scale) {
      least = std::min(least, fit(levels).error);
      levels.scale *= 0.97;
      if (levels.scale < kMinScale)
        return 0;
    }
  }
  // Changes by scale, the largest first, each with its element.
  std::vector<uint64_t> changes;
  std::vector<int32_t> integers(values.size());
  double products = 0, sums = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    double magnitude = std::fabs(values[i]);
    int32_t count = values[i] < 0 ? -whole.lowest : whole.highest;
    auto at = [&](double scale) {
      return int32_t(
          std::min(std::floor(magnitude / scale + 0.5), double(count)));
    };
    int32_t k = integers[i] = at(first);
    products += magnitude * k;
    sums += double(k) * k;
    int32_t end = magnitude == 0 ? 0 : last > 0 ? at(last) : count;
    while (k < end) {
      float scale = float(magnitude / (++k - 0.5));
      uint32_t bits;
      std::memcpy(&bits, &scale, sizeof(bits));
      changes.push_back(uint64_t(~bits) << 32 | i);
    }
    if (changes.size() > kMostChanges)
      return 0;
  }
  sortChanges(changes);
  double gain = 0, scale = 0;
  auto look = [&] {
    if (sums > 0 && products * products > gain * sums) {
      gain = products * products / sums;
      scale = products / sums;
    }
  };
  look();
  for (uint64_t change : changes) {
    size_t i = uint32_t(change);
    products += std::fabs(values[i]);
    sums += 2.0 * integers[i]++ + 1;
    look();
  }
  return scale;
}

static FoundRange leastError(ArrayRef<float> values, float min, float max,
                             const Target &target) {
  // Kept from group to group, for there are many small ones.
  static thread_local Tails tails[2];
  Group group(values, tails);
  ChosenParams whole = chooseParams(min, max, target);
  if (target.symmetry == Symmetry::Symmetric && !whole.floored) {
    Levels levels(whole.params, target.range);
    if (double scale = group.exactScale(levels); scale > kMinScale) {
      // The range that N5 gives this scale for.
      float end = float(scale * (std::max(-min, max) / levels.scale));
      Levels exact(chooseParams(-end, end, target).params, target.range);
      return {-end, end, group.fit(exact).error};
    }
  }
  SearchSpace space;
  space.min = min;
  space.max = max;
  space.target = target;
  space.beam = 8;
  return searchRange(
      space, [&](const Levels &levels) { return group.fit(levels); },
      [&](const Levels &levels) { return group.clipped(levels); });
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
