//===- RangesSearch.cpp - coarse to fine over clipping ranges -------------===//
//
// In: where the values end, and the error as a function of the quantizer. Out:
// the range of least error that the search meets.
//
//===----------------------------------------------------------------------===//
#include "RangesSearch.h"

#include "llvm/ADT/DenseSet.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <tuple>

using namespace lowbit;

/// Steps an octave, and the step of the first grid.
static constexpr int kFinest = 1024, kFirst = 128;
/// The last octaves of a float.
static constexpr int kMost = 300 * kFinest;
/// An end at zero.
static constexpr int kZeroEnd = 1 << 30;

ChosenParams lowbit::chooseParams(float min, float max, const Target &target) {
  if (target.symmetry == Symmetry::Symmetric)
    return chooseSymmetric(std::max(std::fabs(min), std::fabs(max)),
                           target.range);
  return chooseAsymmetric(min, max, target.range);
}

/// 2^(-steps / kFinest), from square roots of 1/2.
static double shrink(int steps) {
  if (steps < 0)
    return 1 / shrink(-steps);
  static const std::vector<double> roots = [] {
    std::vector<double> result;
    double root = 0.5;
    for (int n = kFinest; n > 1; n /= 2)
      result.push_back(root = std::sqrt(root));
    return result; // 2^(-1/2), 2^(-1/4), ..., 2^(-1/kFinest)
  }();
  double result = std::ldexp(1.0, -(steps / kFinest));
  int rest = steps % kFinest;
  for (size_t i = 0; i < roots.size(); ++i)
    if (rest & (kFinest >> (i + 1)))
      result *= roots[i];
  return result;
}

/// The steps that shrink(steps) is nearest to `ratio` with, up to a multiple of
/// `multiple`; by bisection.
static int stepsTo(double ratio, int multiple) {
  int low = 0, high = 400 * kFinest / multiple;
  while (low < high) {
    int middle = (low + high) / 2;
    if (shrink(middle * multiple) > ratio)
      low = middle + 1;
    else
      high = middle;
  }
  return low * multiple;
}

namespace {
class Search {
public:
  Search(const SearchSpace &space, ErrorOf error, LeastErrorOf leastError)
      : space(space), error(error), leastError(leastError),
        symmetric(space.target.symmetry == Symmetry::Symmetric),
        steps(double(space.target.range.max) - space.target.range.min),
        widest(-int(std::min(3 * 1.4427 * kFinest / steps, kFinest / 2.0))) {}

  FoundRange run();

private:
  /// A range as steps from either end; `low` is not used where symmetric.
  struct Node {
    int low, high;
    double score = 0;
    /// Of the quantizer that scored.
    double scale = 0;
    int32_t zeroPoint = 0;
  };

  void startFromGiven();
  void startAlong(bool negative);
  void startFromPairs();
  /// False where the range clips too much for its error to be the least.
  bool visit(int low, int high);
  void keepBest();
  void refine(int step);
  /// From the scale that fits the integers of `node` best, as long as the error
  /// falls.
  void polish(const Node &node);
  Fit measure(double min, double max, Levels *levelsOut);
  /// The given starts, as steps from `extent`.
  std::vector<int> ends(double extent) const;

  const SearchSpace &space;
  ErrorOf error;
  LeastErrorOf leastError;
  bool symmetric;
  double steps;
  /// A range may end up to three steps of the quantizer beyond the values:
  /// where these lie on a grid of their own it may fit them better.
  int widest;
  double extent[2] = {0, 0}; // magnitudes of min and max
  std::vector<Node> nodes;
  llvm::DenseSet<std::pair<int, int>> seen;
  FoundRange best;
  bool found = false;
};
} // namespace

/// The error of [min, max], which is remembered where it is the least.
Fit Search::measure(double min, double max, Levels *levelsOut) {
  float low = float(min), high = float(max);
  ChosenParams chosen = chooseParams(low, high, space.target);
  Levels levels(chosen.params, space.target.range);
  if (levelsOut)
    *levelsOut = levels;
  // The better scale may clip less, so what clips a little too much stays. No
  // range has a scale below the floor.
  if (found && (chosen.floored || leastError(levels) > 1.25 * best.error))
    return {std::numeric_limits<double>::infinity(), 0, 0};
  Fit fit = error(levels);
  bool wider = double(high) - low > double(best.max) - best.min;
  if (!found || fit.error < best.error || (fit.error == best.error && wider))
    best = {low, high, fit.error};
  found = true;
  return fit;
}

static double endAt(double extent, int steps) {
  return steps == kZeroEnd ? 0 : extent * shrink(steps);
}

bool Search::visit(int low, int high) {
  if (symmetric)
    low = 0;
  if (!seen.insert({low, high}).second)
    return true;
  double max = endAt(extent[1], high);
  double min = symmetric ? -max : -endAt(extent[0], low);
  Levels levels({}, {0, 1});
  Fit fit = measure(min, max, &levels);
  if (std::isinf(fit.error))
    return false;
  double score = fit.error;
  if (fit.betterScale > 0)
    score = std::min(score, fit.betterError);
  nodes.push_back({low, high, score, levels.scale,
                   int32_t(space.target.range.min - levels.lowest)});
  return true;
}

std::vector<int> Search::ends(double extent) const {
  std::vector<int> result;
  if (extent == 0)
    return {kZeroEnd};
  result.push_back(0);
  for (double magnitude : space.starts)
    if (magnitude > 0 && magnitude < extent)
      result.push_back(stepsTo(magnitude / extent, 1));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

void Search::startFromGiven() {
  std::vector<int> lows = symmetric ? std::vector<int>{0} : ends(extent[0]);
  for (int high : ends(extent[1]))
    for (int low : lows)
      visit(low, high);
}

/// One end at every step until what it clips says that it is enough.
void Search::startAlong(bool negative) {
  for (int i = 0; i < kMost; i += kFirst) {
    bool useful = negative ? visit(i, kZeroEnd) : visit(kZeroEnd, i);
    if (!useful)
      return;
  }
}

/// Each pair of ends of which neither is lost beside the other.
void Search::startFromPairs() {
  for (int i = 0; i < kMost; i += kFirst) {
    double high = endAt(extent[1], i), widestLow = high * 2 * steps;
    int first =
        extent[0] > widestLow ? stepsTo(widestLow / extent[0], kFirst) : 0;
    for (int j = first; j < kMost; j += kFirst) {
      if (endAt(extent[0], j) * 2 * steps < high)
        break;
      if (visit(j, i))
        continue;
      // Above, it clips too much even where nothing is clipped below.
      if (j == 0)
        return;
      break;
    }
  }
}

void Search::keepBest() {
  std::sort(nodes.begin(), nodes.end(), [](const Node &a, const Node &b) {
    return std::tie(a.score, a.low, a.high) < std::tie(b.score, b.low, b.high);
  });
  if (nodes.size() > space.beam)
    nodes.resize(space.beam);
}

void Search::refine(int step) {
  std::vector<Node> parents = nodes;
  auto moved = [&](int end, int by) {
    return end == kZeroEnd ? end : std::max(end + by, widest);
  };
  for (const Node &node : parents)
    for (int high : {-step, 0, step}) {
      if (node.high == kZeroEnd && high)
        continue;
      for (int low : {-step, 0, step}) {
        if ((symmetric || node.low == kZeroEnd) && low)
          continue;
        visit(moved(node.low, low), moved(node.high, high));
      }
    }
}

void Search::polish(const Node &node) {
  double scale = node.scale;
  double last = std::numeric_limits<double>::infinity();
  StorageRange range = space.target.range;
  for (int turn = 0; turn < 8; ++turn) {
    double min = (double(range.min) - node.zeroPoint) * scale;
    double max = (double(range.max) - node.zeroPoint) * scale;
    if (symmetric) {
      // The shorter side decides, as in N5; with one bit the only one.
      max = std::min(-min, max) > 0 ? std::min(-min, max) : std::max(-min, max);
      min = -max;
    }
    if (!std::isfinite(float(min)) || !std::isfinite(float(max)))
      return;
    Levels levels({}, {0, 1});
    Fit fit = measure(min, max, &levels);
    if (!(fit.error < last) || !(fit.betterScale > 0))
      return;
    last = fit.error;
    scale = fit.betterScale;
  }
}

FoundRange Search::run() {
  extent[0] = std::max(-space.min, 0.0);
  extent[1] = std::max(space.max, 0.0);
  if (symmetric)
    extent[1] = std::max(extent[0], extent[1]);
  if (extent[0] == 0 && extent[1] == 0)
    return {};
  // The whole range first: what clips more than all that it loses is pruned.
  visit(extent[0] > 0 ? 0 : kZeroEnd, extent[1] > 0 ? 0 : kZeroEnd);
  if (chooseParams(best.min, best.max, space.target).floored)
    return best;
  if (!space.starts.empty()) {
    startFromGiven();
  } else {
    startAlong(/*negative=*/false);
    if (!symmetric) {
      startAlong(/*negative=*/true);
      startFromPairs();
    }
  }
  keepBest();
  int finest = std::clamp(int(kFinest / (3 * steps)), 1, kFirst / 2);
  if (space.toFinest)
    finest = 1;
  for (int step = kFirst / 2; step >= finest; step /= 2) {
    refine(step);
    keepBest();
  }
  std::vector<Node> last = nodes;
  for (const Node &node : last)
    polish(node);
  return best;
}

FoundRange lowbit::searchRange(const SearchSpace &space, ErrorOf error,
                               LeastErrorOf leastError) {
  return Search(space, error, leastError).run();
}
