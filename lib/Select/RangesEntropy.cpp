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

#include <algorithm>
#include <cmath>
#include <map>

using namespace lowbit;

/// What a bin that has values and loses them all counts for.
static constexpr double kEmpty = 1e-4;

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
    sums[i + 1].countLogCount += counts[i] * std::log(counts[i]);
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
      logP -= own * std::log(own);
    logP += (own + outside) * std::log(own + outside);
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
    double each = count > 0 ? count / used : kEmpty;
    logQ += (count + clipped) * std::log(each);
    sumQ += each * used;
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
  Node overOneEnd(int least);
  Node overBothEnds(int least);
  Node at(int low, int high);

private:
  const LinearBins &bins;
  const Target &target;
  std::map<std::pair<int, int>, double> seen;
};
} // namespace

EntropySearch::Node EntropySearch::at(int low, int high) {
  auto [entry, isNew] = seen.insert({{low, high}, 0});
  if (isNew) {
    ChosenParams chosen =
        chooseParams(float(bins.low(low)), float(bins.high(high)), target);
    entry->second =
        bins.divergence(low, high, Levels(chosen.params, target.range));
  }
  return {entry->second, low, high};
}

EntropySearch::Node EntropySearch::overOneEnd(int least) {
  Node best = at(bins.below, bins.above);
  for (int end = std::max(bins.below, bins.above); end >= least; --end)
    best = std::min(best,
                    at(std::min(end, bins.below), std::min(end, bins.above)));
  return best;
}

/// A grid first, then the neighbours of the best at half the step, and so on.
EntropySearch::Node EntropySearch::overBothEnds(int least) {
  constexpr int kGrid = 1600;
  constexpr size_t kBeam = 24;
  int step = 1;
  while ((bins.below / step + 1) * (bins.above / step + 1) > kGrid)
    step *= 2;
  std::vector<Node> nodes;
  for (int low = bins.below; low > 0; low -= step)
    for (int high = bins.above; high > 0 && low + high >= least; high -= step)
      nodes.push_back(at(low, high));
  for (; step >= 1; step /= 2) {
    std::sort(nodes.begin(), nodes.end());
    if (nodes.size() > kBeam)
      nodes.resize(kBeam);
    std::vector<Node> parents = nodes;
    for (const Node &node : parents)
      for (int byLow : {-step, 0, step})
        for (int byHigh : {-step, 0, step}) {
          int low = std::clamp(node.low + byLow, 1, bins.below);
          int high = std::clamp(node.high + byHigh, 1, bins.above);
          if (low + high >= least && !seen.count({low, high}))
            nodes.push_back(at(low, high));
        }
  }
  return *std::min_element(nodes.begin(), nodes.end());
}

MethodRange lowbit::entropyRange(const ValueStatistics &statistics,
                                 const Target &target) {
  LinearBins bins(statistics);
  if (bins.below + bins.above == 0)
    return {statistics.min, statistics.max, 0.0, ""};
  int levels = target.range.max - target.range.min + 1;
  // A bin for each level at least; the levels of a symmetric range are those of
  // both sides.
  bool symmetric = target.symmetry == Symmetry::Symmetric;
  int least = symmetric ? levels / 2 : levels;
  int most =
      symmetric ? std::max(bins.below, bins.above) : bins.below + bins.above;
  EntropySearch search(bins, target);
  EntropySearch::Node found{};
  std::string note;
  if (most <= least) {
    found = search.at(bins.below, bins.above);
    note = "entropy has " + std::to_string(most) + " bins for " +
           std::to_string(least) + " levels, so it is minmax";
  } else if (symmetric || bins.below == 0 || bins.above == 0) {
    found = search.overOneEnd(least);
  } else {
    found = search.overBothEnds(least);
  }
  return {bins.low(found.low), bins.high(found.high), found.divergence, note};
}
