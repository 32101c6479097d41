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

  /// Adds elements of a row-major array whose dimension `axis` has `channels`
  /// indices and whose later dimensions have `inner` elements; the first call
  /// says how many channels there are. False, and nothing is added, where the
  /// elements are not whole rows of that many channels.
  bool add(llvm::ArrayRef<float> elements, int64_t channels, int64_t inner);
  /// False, and nothing is merged, where axis or number of channels differ.
  bool merge(const ChannelStatistics &other);

  bool operator==(const ChannelStatistics &other) const;
  bool operator!=(const ChannelStatistics &other) const {
    return !(*this == other);
  }
};

/// Whole rows (along the last dimension) of a value that a softmax makes or
/// reads, for cross-entropy. Those with the smallest hashes of their bytes are
/// kept, so that which ones are does not depend on the order of the data.
struct KeptRows {
  static constexpr size_t kMostRows = 64;
  static constexpr size_t kLongestRow = 4096;
  /// By hash, then by content; none twice.
  std::vector<std::vector<float>> rows;
  /// Those of `rows`.
  std::vector<uint64_t> hashes;

  /// Rows that are empty or longer than kLongestRow are not kept.
  void add(llvm::ArrayRef<float> row);
  void merge(const KeptRows &other);

  bool operator==(const KeptRows &other) const { return rows == other.rows; }
  bool operator!=(const KeptRows &other) const { return !(*this == other); }
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
  /// Adds the elements of one sample, to everything but `channels` and `kept`:
  /// those need to know the shape. False, and nothing is added, where one is
  /// not finite. A sample without elements adds nothing.
  [[nodiscard]] bool addSample(llvm::ArrayRef<float> elements);
  /// Adds what was seen of other samples. What only one of the two has of
  /// channels or rows is dropped: it would not speak for all samples.
  void merge(const ValueStatistics &other);

  double mean() const { return count ? sum.toDouble() / double(count) : 0; }
  double meanMin() const {
    return samples ? sumOfMinima.toDouble() / double(samples) : 0;
  }
  double meanMax() const {
    return samples ? sumOfMaxima.toDouble() / double(samples) : 0;
  }
  /// By how much of its width the range would be narrower without its most
  /// extreme sample: a jackknife estimate of what one more sample may add. 1
  /// for a single sample; 0 where the range has no width.
  double rangeGrowth() const;

  bool operator==(const ValueStatistics &other) const;
  bool operator!=(const ValueStatistics &other) const {
    return !(*this == other);
  }

private:
  /// All but histogram, channels and rows.
  void mergeScalars(const ValueStatistics &other);
};

} // namespace lowbit

#endif // LOWBIT_TABLE_VALUESTATISTICS_H
