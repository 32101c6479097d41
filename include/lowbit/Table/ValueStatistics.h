//===- ValueStatistics.h - what was seen of a value -------------*- C++ -*-===//
//
// The statistics of one observed value. All of them are independent of the
// order of the samples, and those of two sets of samples merge into those of
// their union, exactly.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_TABLE_VALUESTATISTICS_H
#define LOWBIT_TABLE_VALUESTATISTICS_H

#include "lowbit/Table/ExactSum.h"
#include "lowbit/Table/Histogram.h"
#include <optional>
#include <vector>

namespace lowbit {

/// Statistics for each index of one dimension.
struct ChannelStatistics {
  int64_t axis = 0;
  std::vector<float> min, max;
  std::vector<ExactSum> sum;
  bool operator==(const ChannelStatistics &) const = default;
};

/// Whole rows (along the last dimension) of a value that a softmax makes or
/// reads, for cross-entropy. Those with the smallest hashes of their bytes are
/// kept, so that which ones are does not depend on the order of the data.
struct KeptRows {
  static constexpr size_t kMostRows = 64;
  static constexpr size_t kLongestRow = 4096;
  /// By hash, then by content; none twice.
  std::vector<std::vector<float>> rows;

  void add(llvm::ArrayRef<float> row);
  void merge(const KeptRows &other);
  bool operator==(const KeptRows &) const = default;
};

struct ValueStatistics {
  /// Elements, without those that a mask leaves out.
  uint64_t count = 0;
  /// Samples that had an element.
  uint64_t samples = 0;
  float min = 0, max = 0;
  /// The second least of the samples' minima and the second greatest of their
  /// maxima (those of the only sample, where there is one): how far the range
  /// still grows (see rangeGrowth).
  float secondMin = 0, secondMax = 0;
  /// Of the samples' minima and maxima: their mean is `moving-average`.
  ExactSum sumOfMinima, sumOfMaxima;
  ExactSum sum, sumOfSquares;
  Histogram histogram;
  std::optional<ChannelStatistics> channels;
  std::optional<KeptRows> kept;

  bool empty() const { return count == 0; }
  /// Adds the elements of one sample, finite all.
  void addSample(llvm::ArrayRef<float> elements);
  /// The same for a sample that comes in several pieces: the extremes of the
  /// sample are those of all pieces.
  void merge(const ValueStatistics &other);

  double mean() const { return count ? sum.toDouble() / double(count) : 0; }
  double meanMin() const {
    return samples ? sumOfMinima.toDouble() / double(samples) : 0;
  }
  double meanMax() const {
    return samples ? sumOfMaxima.toDouble() / double(samples) : 0;
  }
  /// By how much of its width the range would be narrower without its most
  /// extreme sample: a jackknife estimate of what one more sample may add.
  double rangeGrowth() const;

  bool operator==(const ValueStatistics &) const = default;
};

} // namespace lowbit

#endif // LOWBIT_TABLE_VALUESTATISTICS_H
