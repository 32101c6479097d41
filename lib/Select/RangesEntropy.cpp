//===- RangesEntropy.cpp - the range of least divergence ------------------===//
//
// In: a histogram. Out: the range whose quantized distribution diverges least
// from the clipped one (Kullback-Leibler), by Migacz's definition as written in
// docs/calibration.md. More levels than bins leave nothing to choose: then the
// range is that of minmax, and a note says so.
//
//===----------------------------------------------------------------------===//
#include "RangesMethods.h"
#include "RangesSearch.h"

#include "llvm/ADT/DenseSet.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

using namespace lowbit;

/// What a bin that has values and loses them all counts for.
static constexpr double kEmpty = 1e-4;

/// Fewer bins than these say too little of what rounding loses: with a bin for
/// each level it loses nothing.
static constexpr int kFewestBins = 128;

/// Of a number of elements or bins; most are small.
static double logOf(double count) {
  static const std::vector<double> small = [] {
    std::vector<double> result(1 << 13);
    for (size_t n = 1; n < result.size(); ++n)
      result[n] = std::log(double(n));
    return result;
  }();
  return count < double(small.size()) ? small[size_t(count)] : std::log(count);
}

namespace {
/// Bins of one width w, a power of two, away from zero on both sides. Exact
/// zeros are left out: every range holds them exactly.
class LinearBins {
public:
  explicit LinearBins(const ValueStatistics &statistics);

  /// Bins in use below and above zero.
  int below = 0, above = 0;
  double width = 0;

  /// The end of a range of so many bins; the last ones end with the values.
  double low(int bins) const { return bins >= below ? min : -bins * width; }
  double high(int bins) const { return bins >= above ? max : bins * width; }
  /// Of the bin that is the outermost of `bins`.
  double countAt(bool negative, int bins) const {
    return counts[negative ? below - bins : below + bins - 1];
  }
  /// The divergence where the bins from -low to high are kept.
  double divergence(int low, int high, const Levels &levels) const;

private:
  /// Sums over the bins from the lowest up to `end`, counted from zero.
  struct Sums {
    double count = 0, countLogCount = 0, used = 0;
  };
  const Sums &upTo(int end) const { return sums[end + below]; }

  double min = 0, max = 0;
  std::vector<double> counts;
  std::vector<Sums> sums;
};
} // namespace

LinearBins::LinearBins(const ValueStatistics &statistics)
    : min(std::min(statistics.min, 0.0f)), max(std::max(statistics.max, 0.0f)) {
  const Histogram &histogram = statistics.histogram;
  if (!histogram.topExponent())
    return;
  width = std::ldexp(1.0, *histogram.topExponent() - Histogram::kTopBits);
  std::map<int, double> found;
  for (const Histogram::Bin &bin : histogram.bins()) {
    if (bin.near == 0 && bin.far == 0)
      continue;
    // Bins of the histogram are this wide, or divide a bin of this width.
    int index = int(std::floor(std::fabs(double(bin.near)) / width));
    bool negative = bin.near < 0 || bin.far < 0;
    found[negative ? -index - 1 : index] += double(bin.count);
  }
  for (auto [index, count] : found) {
    below = std::max(below, -index);
    above = std::max(above, index + 1);
  }
  counts.assign(below + above, 0.0);
  sums.resize(below + above + 1);
  for (auto [index, count] : found)
    counts[index + below] = count;
  for (size_t i = 0; i < counts.size(); ++i) {
    sums[i + 1] = sums[i];
    if (counts[i] == 0)
      continue;
    sums[i + 1].count += counts[i];
    sums[i + 1].countLogCount += counts[i] * logOf(counts[i]);
    sums[i + 1].used += 1;
  }
}

double LinearBins::divergence(int low, int high, const Levels &levels) const {
  low = std::min(low, below);
  high = std::min(high, above);
  double cutBelow = upTo(-low).count, kept = upTo(high).count - cutBelow;
  double total = upTo(above).count, cutAbove = total - cutBelow - kept;
  // With p the counts, those outside added to the outermost bins, and q what
  // the levels make of those inside, the divergence is
  //   (sum p log p - sum p log q) / sum p - log(sum p / sum q).
  double logP = upTo(high).countLogCount - upTo(-low).countLogCount;
  auto addOutside = [&](int bin, double outside) {
    double own = counts[bin + below];
    if (own > 0)
      logP -= own * logOf(own);
    logP += (own + outside) * logOf(own + outside);
    return own == 0;
  };
  bool newBelow = cutBelow > 0 && addOutside(-low, cutBelow);
  bool newAbove = cutAbove > 0 && addOutside(high - 1, cutAbove);

  double logQ = 0, sumQ = 0, step = levels.scale / width;
  int begin = -low;
  for (int32_t level = levels.lowest; begin < high; ++level) {
    // The level has the bins whose middles are nearest to it.
    int end = high;
    if (level < levels.highest)
      end = int(std::clamp(std::ceil((level + 0.5) * step - 0.5), double(begin),
                           double(high)));
    if (end == begin)
      continue;
    const Sums &first = upTo(begin), &last = upTo(end);
    double count = last.count - first.count, used = last.used - first.used;
    double clipped = 0;
    if (begin == -low && cutBelow > 0) {
      clipped += cutBelow;
      used += newBelow;
    }
    if (end == high && cutAbove > 0) {
      clipped += cutAbove;
      used += newAbove;
    }
    begin = end;
    if (used == 0)
      continue;
    if (count > 0) {
      logQ += (count + clipped) * (logOf(count) - logOf(used));
      sumQ += count;
    } else {
      logQ += clipped * std::log(kEmpty);
      sumQ += kEmpty * used;
    }
  }
  return std::max((logP - logQ) / total - std::log(total / sumQ), 0.0);
}

namespace {
/// The least divergence among ranges of whole bins.
class EntropySearch {
public:
  EntropySearch(const LinearBins &bins, const Target &target)
      : bins(bins), target(target) {}

  struct Node {
    double divergence;
    int low, high;
    /// Of equals the wider one is less.
    bool operator<(const Node &other) const {
      return std::make_tuple(divergence, -low - high, -high) <
             std::make_tuple(other.divergence, -other.low - other.high,
                             -other.high);
    }
  };
  /// Ranges have `least` bins or more.
  Node overOneEnd(int least) const;
  Node overBothEnds(int least) const;
  Node at(int low, int high) const;

private:
  /// How many starts each rule gives an end, and how many ranges go on to the
  /// next step.
  static constexpr size_t kStarts = 24, kFullest = 16, kBeam = 48;
  std::vector<int> starts(bool negative) const;

  const LinearBins &bins;
  const Target &target;
};
} // namespace

EntropySearch::Node EntropySearch::at(int low, int high) const {
  ChosenParams chosen =
      chooseParams(float(bins.low(low)), float(bins.high(high)), target);
  return {bins.divergence(low, high, Levels(chosen.params, target.range)), low,
          high};
}

EntropySearch::Node EntropySearch::overOneEnd(int least) const {
  Node best = at(bins.below, bins.above);
  for (int end = std::max(bins.below, bins.above); end >= least; --end)
    best = std::min(best,
                    at(std::min(end, bins.below), std::min(end, bins.above)));
  return best;
}

/// Where a range of one side may end, as numbers of bins: some evenly over all
/// bins, some evenly over those that have values, and the fullest bins. To clip
/// just beyond one of those costs little, for it bears what is added to it.
std::vector<int> EntropySearch::starts(bool negative) const {
  std::vector<int> used;
  int most = negative ? bins.below : bins.above;
  for (int end = 1; end <= most; ++end)
    if (bins.countAt(negative, end) > 0)
      used.push_back(end);
  std::set<int> result;
  for (size_t i = 1; i <= kStarts; ++i) {
    result.insert(std::max(int(most * i / kStarts), 1));
    result.insert(used[(used.size() * i - 1) / kStarts]);
  }
  size_t kept = std::min(kFullest, used.size());
  std::partial_sort(used.begin(), used.begin() + kept, used.end(),
                    [&](int a, int b) {
                      return std::make_pair(bins.countAt(negative, a), a) >
                             std::make_pair(bins.countAt(negative, b), b);
                    });
  result.insert(used.begin(), used.begin() + kept);
  return {result.begin(), result.end()};
}

/// A grid first, then the neighbours of the best at half the step, and so on;
/// at last all ranges that share an end with the best, for values that many
/// elements share make the divergence jump from one range to the next.
EntropySearch::Node EntropySearch::overBothEnds(int least) const {
  std::vector<Node> nodes;
  llvm::DenseSet<std::pair<int, int>> seen;
  auto visit = [&](int low, int high) {
    low = std::clamp(low, 1, bins.below);
    high = std::clamp(high, 1, bins.above);
    if (low + high >= least && seen.insert({low, high}).second)
      nodes.push_back(at(low, high));
  };
  auto best = [&] { return *std::min_element(nodes.begin(), nodes.end()); };
  std::vector<int> highs = starts(false);
  for (int low : starts(true))
    for (int high : highs)
      visit(low, high);
  int step = 1;
  while (step * int(kStarts) < std::max(bins.below, bins.above))
    step *= 2;
  for (; step >= 1; step /= 2) {
    std::sort(nodes.begin(), nodes.end());
    if (nodes.size() > kBeam)
      nodes.resize(kBeam);
    std::vector<Node> parents = nodes;
    for (const Node &node : parents)
      for (int byLow : {-step, 0, step})
        for (int byHigh : {-step, 0, step})
          visit(node.low + byLow, node.high + byHigh);
  }
  for (Node before = best();;) {
    for (int low = 1; low <= bins.below; ++low)
      visit(low, before.high);
    Node middle = best();
    for (int high = 1; high <= bins.above; ++high)
      visit(middle.low, high);
    Node after = best();
    if (!(after < before))
      return after;
    before = after;
  }
}

MethodRange lowbit::entropyRange(const ValueStatistics &statistics,
                                 const Target &target) {
  LinearBins bins(statistics);
  if (bins.below + bins.above == 0)
    return {statistics.min, statistics.max, 0.0, ""};
  int levels = target.range.max - target.range.min + 1;
  // The levels of a symmetric range are those of both sides.
  bool symmetric = target.symmetry == Symmetry::Symmetric;
  int least = std::max(symmetric ? levels / 2 : levels, kFewestBins);
  int most =
      symmetric ? std::max(bins.below, bins.above) : bins.below + bins.above;
  EntropySearch search(bins, target);
  EntropySearch::Node found{};
  std::string note;
  if (most <= least) {
    found = search.at(bins.below, bins.above);
    note = "entropy has " + std::to_string(most) +
           " bins and needs more than " + std::to_string(least) +
           ", so it is minmax";
  } else if (symmetric || bins.below == 0 || bins.above == 0) {
    found = search.overOneEnd(least);
  } else {
    found = search.overBothEnds(least);
  }
  return {bins.low(found.low), bins.high(found.high), found.divergence, note};
}
