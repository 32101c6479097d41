//===- ValueStatistics.cpp - what was seen of a value ---------------------===//
//
// In: the elements of samples, or the statistics of other samples. Out: the
// statistics of all of them. Refused: elements that are not finite, channels of
// another number.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/ValueStatistics.h"
#include "Tally.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <tuple>

using namespace lowbit;

bool ValueStatistics::addSample(llvm::ArrayRef<float> elements) {
  if (elements.empty())
    return true;
  Extremes extremes = findExtremes(elements);
  if (!extremes.finite)
    return false;
  ValueStatistics sample;
  sample.count = elements.size();
  sample.samples = 1;
  sample.min = sample.secondMin = extremes.min;
  sample.max = sample.secondMax = extremes.max;
  sample.sumOfMinima.add(extremes.min);
  sample.sumOfMaxima.add(extremes.max);
  mergeScalars(sample);
  histogram.add(elements, extremes, sum, sumOfSquares);
  return true;
}

/// The first two of the values of two sorted lists, each given by its first two
/// and its length.
template <typename Less>
static std::pair<float, float>
firstTwo(float first, float second, uint64_t samples, float otherFirst,
         float otherSecond, uint64_t otherSamples, Less less) {
  float values[4];
  size_t n = 0;
  for (auto [a, b, length] :
       {std::tuple(first, second, samples),
        std::tuple(otherFirst, otherSecond, otherSamples)}) {
    if (length > 0)
      values[n++] = a;
    if (length > 1)
      values[n++] = b;
  }
  if (n == 0)
    return {0, 0};
  std::sort(values, values + n, less);
  return {values[0], values[n > 1]};
}

void ValueStatistics::mergeScalars(const ValueStatistics &other) {
  std::tie(min, secondMin) =
      firstTwo(min, secondMin, samples, other.min, other.secondMin,
               other.samples, std::less<float>());
  std::tie(max, secondMax) =
      firstTwo(max, secondMax, samples, other.max, other.secondMax,
               other.samples, std::greater<float>());
  count += other.count;
  samples += other.samples;
  sumOfMinima.merge(other.sumOfMinima);
  sumOfMaxima.merge(other.sumOfMaxima);
  sum.merge(other.sum);
  sumOfSquares.merge(other.sumOfSquares);
}

void ValueStatistics::merge(const ValueStatistics &other) {
  if (other.empty())
    return;
  if (empty()) {
    *this = other;
    return;
  }
  mergeScalars(other);
  histogram.merge(other.histogram);
  if (channels && !(other.channels && channels->merge(*other.channels)))
    channels.reset();
  if (kept && other.kept)
    kept->merge(*other.kept);
  else
    kept.reset();
}

double ValueStatistics::rangeGrowth() const {
  double width = double(max) - min;
  if (width <= 0)
    return 0;
  if (samples < 2)
    return 1;
  return std::max(double(secondMin) - min, double(max) - secondMax) / width;
}

bool ValueStatistics::operator==(const ValueStatistics &other) const {
  auto all = [](const ValueStatistics &s) {
    return std::tie(s.count, s.samples, s.min, s.max, s.secondMin, s.secondMax,
                    s.sumOfMinima, s.sumOfMaxima, s.sum, s.sumOfSquares,
                    s.histogram, s.channels, s.kept);
  };
  return all(*this) == all(other);
}

//===----------------------------------------------------------------------===//
// Channels
//===----------------------------------------------------------------------===//

/// Adds `rows` runs of `inner` elements, `stride` apart. Those within some
/// powers of two of the largest, which are nearly all, are summed up as
/// integers.
static void addStrided(ExactSum &sum, const float *x, int64_t rows,
                       int64_t inner, int64_t stride, float largest) {
  int top = llvm::bit_cast<uint32_t>(largest) >> 23 & 0xff;
  // 24 bits of mantissa, those of the count, and a sign; the rest is for
  // exponents below the largest.
  int spare = 63 - 24 - (64 - int(llvm::countl_zero(uint64_t(rows * inner))));
  int least = std::max(1, top - std::max(spare, 0));
  // Less one, so that zero is not below it: zeros are many, and cost no branch.
  uint32_t below = spare < 0 ? 0x7fffffff : (uint32_t(least) << 23) - 1;
  int64_t integer = 0;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < inner; ++j) {
      float value = x[i * stride + j];
      uint32_t bits = llvm::bit_cast<uint32_t>(value);
      uint32_t size = bits & 0x7fffffff;
      if (size - 1 < below) {
        sum.add(value);
        continue;
      }
      int shift = std::max(int(size >> 23) - least, 0);
      int64_t mantissa = size ? (bits & 0x7fffff) | 1 << 23 : 0;
      mantissa <<= shift;
      integer += bits >> 31 ? -mantissa : mantissa;
    }
  sum.add(integer, least - 150);
}

bool ChannelStatistics::add(llvm::ArrayRef<float> elements, int64_t channels,
                            int64_t inner) {
  if (channels <= 0 || inner <= 0 ||
      elements.size() % (uint64_t(channels) * inner) != 0 ||
      (!sum.empty() && int64_t(sum.size()) != channels))
    return false;
  int64_t rows = elements.size() / (channels * inner);
  if (rows == 0)
    return true;
  bool first = sum.empty();
  sum.resize(channels);
  std::vector<float> low(channels), high(channels);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t c = 0; c < channels; ++c) {
      const float *x = elements.data() + (row * channels + c) * inner;
      float least = row ? low[c] : *x, most = row ? high[c] : *x;
      for (int64_t j = 0; j < inner; ++j) {
        least = x[j] < least ? x[j] : least;
        most = x[j] > most ? x[j] : most;
      }
      low[c] = least;
      high[c] = most;
    }
  for (int64_t c = 0; c < channels; ++c) {
    float largest = std::max(std::fabs(low[c]), std::fabs(high[c]));
    addStrided(sum[c], elements.data() + c * inner, rows, inner,
               channels * inner, largest);
    low[c] += 0.0f; // -0 becomes 0
    high[c] += 0.0f;
  }
  if (first) {
    min = std::move(low);
    max = std::move(high);
    return true;
  }
  for (int64_t c = 0; c < channels; ++c) {
    min[c] = std::min(min[c], low[c]);
    max[c] = std::max(max[c], high[c]);
  }
  return true;
}

bool ChannelStatistics::merge(const ChannelStatistics &other) {
  if (axis != other.axis || sum.size() != other.sum.size())
    return false;
  for (size_t c = 0; c < sum.size(); ++c) {
    min[c] = std::min(min[c], other.min[c]);
    max[c] = std::max(max[c], other.max[c]);
    sum[c].merge(other.sum[c]);
  }
  return true;
}

bool ChannelStatistics::operator==(const ChannelStatistics &other) const {
  return std::tie(axis, min, max, sum) ==
         std::tie(other.axis, other.min, other.max, other.sum);
}
