//===- Accumulation.h - what sums of products can reach ---------*- C++ -*-===//
//
// The exact smallest and largest sum of w[k] * x[k] when the weights w are
// known and each x[k] is any integer of an interval, on its own (the sums of
// rules N9, N19 and N20 of docs/numerics.md):
//
//   max = sum of max(w * x.min, w * x.max), min likewise
//
// Because x.min and x.max are the same for every k, the positive and the
// negative weights of a sum say it all. Everything is exact in 64 bits for
// weights and inputs of up to 16 bits and fewer than 2^31 products.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_NUMERICS_ACCUMULATION_H
#define LOWBIT_NUMERICS_ACCUMULATION_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

namespace lowbit {

/// All integers from min to max.
struct Interval {
  int64_t min = 0;
  int64_t max = 0;

  bool fitsI32() const {
    return min >= std::numeric_limits<int32_t>::min() &&
           max <= std::numeric_limits<int32_t>::max();
  }
  Interval plus(Interval other) const {
    return {min + other.min, max + other.max};
  }
  Interval minus(Interval other) const {
    return {min - other.max, max - other.min};
  }
  /// The products of an integer of each.
  Interval times(Interval other) const {
    auto ends = {min * other.min, min * other.max, max * other.min,
                 max * other.max};
    return {std::min(ends), std::max(ends)};
  }
  Interval unite(Interval other) const {
    return {std::min(min, other.min), std::max(max, other.max)};
  }
  bool fitsI16() const {
    return min >= std::numeric_limits<int16_t>::min() &&
           max <= std::numeric_limits<int16_t>::max();
  }
  bool operator==(const Interval &other) const {
    return min == other.min && max == other.max;
  }
};

/// The weights of one sum, as far as its bounds depend on them.
class ChannelWeights {
public:
  /// `zeroPoint` is taken from every weight.
  explicit ChannelWeights(int64_t zeroPoint = 0) : zeroPoint(zeroPoint) {}

  void add(int64_t weight) {
    int64_t w = weight - zeroPoint;
    ++number;
    (w > 0 ? positive : negative) += w;
    if (w > largest[0])
      largest[1] = std::exchange(largest[0], w);
    else
      largest[1] = std::max(largest[1], w);
    if (w < smallest[0])
      smallest[1] = std::exchange(smallest[0], w);
    else
      smallest[1] = std::min(smallest[1], w);
  }

  int64_t count() const { return number; }
  /// The sum of the weights.
  int64_t total() const { return positive + negative; }

  /// The sum of w * x; both ends are attained.
  Interval sumOfProducts(Interval x) const {
    return {positive * x.min + negative * x.max,
            positive * x.max + negative * x.min};
  }

  /// Any two of the products w * x added up, or one alone (its partner is
  /// padding): what vpmaddubsw must keep in 16 bits, whatever products meet.
  Interval sumOfPair(Interval x) const {
    int64_t up = std::max<int64_t>(x.max, 0);
    int64_t down = std::min<int64_t>(x.min, 0);
    return {std::min({largest[0] * down + largest[1] * down,
                      largest[0] * down + smallest[0] * up,
                      smallest[0] * up + smallest[1] * up}),
            std::max({largest[0] * up + largest[1] * up,
                      largest[0] * up + smallest[0] * down,
                      smallest[0] * down + smallest[1] * down})};
  }

private:
  int64_t zeroPoint;
  int64_t number = 0;
  int64_t positive = 0;
  int64_t negative = 0;
  /// The two greatest that are positive, the two least that are negative.
  int64_t largest[2] = {0, 0};
  int64_t smallest[2] = {0, 0};
};

} // namespace lowbit

#endif // LOWBIT_NUMERICS_ACCUMULATION_H
