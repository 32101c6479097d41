//===- RangesCrossEntropy.cpp - ranges that keep what a softmax says ------===//
//
// In: rows that a softmax reads (logits) or makes (probabilities). Out: the
// range of least cross-entropy between a row's probabilities and those of its
// quantized row, averaged over the rows. Rows are probabilities where all are
// at least 0 and sum up to 1 within 2^-10.
//
//===----------------------------------------------------------------------===//
#include "RangesMethods.h"
#include "RangesSearch.h"

#include <algorithm>
#include <cmath>

using namespace lowbit;
using llvm::ArrayRef;

/// The least probability; what Keras clips to.
static constexpr double kEpsilon = 1e-7;
/// Elements that are looked at, rows whole and the first one always.
static constexpr size_t kMostElements = size_t(1) << 16;

namespace {
struct Row {
  ArrayRef<float> values;
  std::vector<double> probabilities;
};

class CrossEntropy {
public:
  explicit CrossEntropy(const KeptRows &kept);
  ArrayRef<Row> allRows() const { return rows; }
  /// The mean over the rows.
  double operator()(const Levels &levels);

private:
  double ofLogits(const Row &row, double scale) const;
  double ofProbabilities(const Row &row, double scale) const;

  std::vector<Row> rows;
  bool areProbabilities = true;
  /// Of the row that is looked at.
  std::vector<int32_t> integers;
  /// exp(-k scale), or log(max(k scale, kEpsilon)), for k = 0, 1, ...
  std::vector<double> table;
};
} // namespace

CrossEntropy::CrossEntropy(const KeptRows &kept) {
  size_t elements = 0;
  for (ArrayRef<float> values : kept.rows) {
    elements += values.size();
    if (!rows.empty() && elements > kMostElements)
      break;
    rows.push_back({values, {values.begin(), values.end()}});
    double sum = 0, least = 0;
    for (double x : values) {
      sum += x;
      least = std::min(least, x);
    }
    areProbabilities &= least >= 0 && std::fabs(sum - 1) <= 0x1p-10;
  }
  if (areProbabilities)
    return;
  for (Row &row : rows) {
    double max = *std::max_element(row.values.begin(), row.values.end());
    double sum = 0;
    for (double &p : row.probabilities)
      sum += p = std::exp(p - max);
    for (double &p : row.probabilities)
      p /= sum;
  }
}

/// With x = k s, sum p log softmax(x) = s sum p (k - m) - log sum exp(s (k -
/// m)), m the greatest k.
double CrossEntropy::ofLogits(const Row &row, double scale) const {
  int32_t max = *std::max_element(integers.begin(), integers.end());
  double expected = 0, sum = 0;
  for (size_t i = 0; i < integers.size(); ++i) {
    int32_t below = max - integers[i];
    expected -= row.probabilities[i] * below;
    sum += table[below];
  }
  return std::log(sum) - scale * expected;
}

double CrossEntropy::ofProbabilities(const Row &row, double scale) const {
  double expected = 0, weight = 0, sum = 0;
  for (size_t i = 0; i < integers.size(); ++i) {
    int32_t k = std::max(integers[i], 0);
    expected += row.probabilities[i] * table[k];
    weight += row.probabilities[i];
    sum += std::max(k * scale, kEpsilon);
  }
  return weight * std::log(sum) - expected;
}

double CrossEntropy::operator()(const Levels &levels) {
  double scale = levels.scale;
  size_t size = size_t(int64_t(levels.highest) - levels.lowest) + 1;
  table.resize(size);
  for (size_t k = 0; k < size; ++k)
    table[k] = areProbabilities ? std::log(std::max(k * scale, kEpsilon))
                                : std::exp(-scale * double(k));
  float divisor = float(scale);
  float lowest = float(levels.lowest), highest = float(levels.highest);
  double total = 0;
  for (const Row &row : rows) {
    integers.resize(row.values.size());
    for (size_t i = 0; i < integers.size(); ++i)
      integers[i] = int32_t(
          roundHalfEven(std::clamp(row.values[i] / divisor, lowest, highest)));
    total +=
        areProbabilities ? ofProbabilities(row, scale) : ofLogits(row, scale);
  }
  return total / double(rows.size());
}

/// Where clipping may begin: evenly among the values, and four steps an octave
/// below the greatest magnitude and below gaps, for masked values lie far away
/// from the others.
static std::vector<double> startingEnds(std::vector<float> magnitudes) {
  constexpr size_t kEven = 16, kHeads = 3, kSteps = 12;
  std::vector<double> ends;
  std::sort(magnitudes.begin(), magnitudes.end(), std::greater<float>());
  size_t heads = 0;
  for (size_t i = 0; i < magnitudes.size() && heads < kHeads; ++i) {
    if (i > 0 && magnitudes[i] > magnitudes[i - 1] / 4)
      continue;
    ++heads;
    double end = magnitudes[i];
    for (size_t step = 0; step < kSteps; ++step, end *= 0.8408964152537145)
      ends.push_back(end); // 2^(-1/4) each
  }
  for (size_t i = 0; i < kEven && !magnitudes.empty(); ++i)
    ends.push_back(magnitudes[magnitudes.size() * i / kEven]);
  return ends;
}

MethodRange lowbit::crossEntropyRange(const ValueStatistics &statistics,
                                      const KeptRows &kept,
                                      const Target &target) {
  CrossEntropy crossEntropy(kept);
  std::vector<float> below, above;
  for (const Row &row : crossEntropy.allRows())
    for (float x : row.values) {
      if (x < 0 || target.symmetry == Symmetry::Symmetric)
        (x < 0 ? below : above).push_back(std::fabs(x));
      else if (x > 0)
        above.push_back(x);
    }
  if (target.symmetry == Symmetry::Symmetric)
    above.insert(above.end(), below.begin(), below.end());
  SearchSpace space;
  space.min = statistics.min;
  space.max = statistics.max;
  space.target = target;
  space.beam = 16;
  space.lows = startingEnds(std::move(below));
  space.highs = startingEnds(std::move(above));
  FoundRange found = searchRange(
      space,
      [&](const Levels &levels) { return Fit{crossEntropy(levels), 0, 0}; },
      [](const Levels &) { return 0.0; });
  return {found.min, found.max, found.error, ""};
}
