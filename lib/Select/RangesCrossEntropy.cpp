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
static constexpr size_t kMostElements = size_t(1) << 14;

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
  template <typename Exp>
  double ofLogits(const Row &row, double scale, Exp exp);
  template <typename Log>
  double ofProbabilities(const Row &row, double scale, Log log);
  template <typename Function>
  double sumUp(const Levels &levels, Function function);

  std::vector<Row> rows;
  bool areProbabilities = true;
  /// Of the row that is looked at.
  std::vector<int32_t> integers;
  /// exp(-k scale), or log(max(k scale, kEpsilon)), for few k = 0, 1, ...
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
/// m)), m the greatest k. `exp(n)` is that of -n s.
template <typename Exp>
double CrossEntropy::ofLogits(const Row &row, double scale, Exp exp) {
  int32_t max = *std::max_element(integers.begin(), integers.end());
  double expected = 0, sum = 0;
  for (size_t i = 0; i < integers.size(); ++i) {
    int32_t below = max - integers[i];
    expected -= row.probabilities[i] * below;
    sum += exp(below);
  }
  return std::log(sum) - scale * expected;
}

/// `log(k)` is that of the value of k, not below kEpsilon.
template <typename Log>
double CrossEntropy::ofProbabilities(const Row &row, double scale, Log log) {
  double expected = 0, weight = 0, sum = 0;
  for (size_t i = 0; i < integers.size(); ++i) {
    int32_t k = std::max(integers[i], 0);
    expected += row.probabilities[i] * log(k);
    weight += row.probabilities[i];
    sum += std::max(k * scale, kEpsilon);
  }
  return weight * std::log(sum) - expected;
}

template <typename Function>
double CrossEntropy::sumUp(const Levels &levels, Function function) {
  // Clamped before they are rounded, which gives the same, and rounded half to
  // even by a sum: they have at most 17 bits.
  constexpr float kRound = 0x1.8p23f;
  float scale = float(levels.scale);
  float lowest = float(levels.lowest), highest = float(levels.highest);
  double total = 0;
  for (const Row &row : rows) {
    integers.resize(row.values.size());
    for (size_t i = 0; i < integers.size(); ++i) {
      float steps = row.values[i] / scale;
      steps = steps < lowest ? lowest : steps;
      steps = steps > highest ? highest : steps;
      integers[i] = int32_t((steps + kRound) - kRound);
    }
    total += areProbabilities ? ofProbabilities(row, levels.scale, function)
                              : ofLogits(row, levels.scale, function);
  }
  return total / double(rows.size());
}

double CrossEntropy::operator()(const Levels &levels) {
  auto exact = [&](int32_t k) {
    return areProbabilities ? std::log(std::max(k * levels.scale, kEpsilon))
                            : std::exp(-levels.scale * k);
  };
  int64_t size = int64_t(levels.highest) - levels.lowest + 1;
  if (size > 1024)
    return sumUp(levels, exact);
  table.resize(size);
  for (int32_t k = 0; k < size; ++k)
    table[k] = exact(k);
  return sumUp(levels, [&](int32_t k) { return table[k]; });
}

/// Where clipping may begin, on either side: evenly among the magnitudes, and
/// in steps below the greatest and below gaps, for masked values lie far away
/// from the others. Steps are fine where one end alone is looked for: few rows
/// have many local minima.
static std::vector<double> startingEnds(ArrayRef<Row> rows, bool isOneEnd) {
  constexpr size_t kHeads = 3, kOctaves = 3;
  const size_t kEven = isOneEnd ? 64 : 12, kPerOctave = isOneEnd ? 32 : 2;
  // 2^(-1/32) and 2^(-1/2).
  const double kShrink = isOneEnd ? 0.9785720620877001 : std::sqrt(0.5);
  std::vector<float> magnitudes;
  for (const Row &row : rows)
    for (float x : row.values)
      magnitudes.push_back(std::fabs(x));
  std::sort(magnitudes.begin(), magnitudes.end(), std::greater<float>());
  std::vector<double> ends;
  size_t heads = 0;
  for (size_t i = 0; i < magnitudes.size() && heads < kHeads; ++i) {
    if (i > 0 && magnitudes[i] > magnitudes[i - 1] / 4)
      continue;
    ++heads;
    double end = magnitudes[i];
    for (size_t step = 0; step < kOctaves * kPerOctave; ++step, end *= kShrink)
      ends.push_back(end);
  }
  for (size_t i = 0; i < kEven && !magnitudes.empty(); ++i)
    ends.push_back(magnitudes[magnitudes.size() * i / kEven]);
  return ends;
}

MethodRange lowbit::crossEntropyRange(const ValueStatistics &statistics,
                                      const KeptRows &kept,
                                      const Target &target) {
  CrossEntropy crossEntropy(kept);
  SearchSpace space;
  space.min = statistics.min;
  space.max = statistics.max;
  space.target = target;
  bool isOneEnd = target.symmetry == Symmetry::Symmetric || space.min >= 0 ||
                  space.max <= 0;
  space.beam = isOneEnd ? 48 : 16;
  space.toFinest = true;
  space.starts = startingEnds(crossEntropy.allRows(), isOneEnd);
  FoundRange found = searchRange(
      space,
      [&](const Levels &levels) { return Fit{crossEntropy(levels), 0, 0}; },
      [](const Levels &) { return 0.0; });
  return {found.min, found.max, found.error, ""};
}
