//===- Accumulation.h - What an accumulator can reach ----------*- C++ -*-===//
//
// In: the constant integers of one output channel along the reduction, and the
// interval of the other operand. Out: the exact smallest and largest sum over
// all inputs, and those of adjacent pairs (N19, N20 of docs/numerics.md). Both
// ends are reached: each input takes the end that its factor's sign asks for.
// A sum that no i64 holds is reported by giving no interval.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_NUMERICS_ACCUMULATION_H
#define LOWBIT_NUMERICS_ACCUMULATION_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>

namespace lowbit {

/// Integers from min to max, both included.
struct Interval {
  int64_t min = 0;
  int64_t max = 0;
};

/// The sum of two intervals; nothing beyond i64.
std::optional<Interval> addIntervals(Interval a, Interval b);

/// The interval of factor * x for x in `x`; both have at most 32 bits.
inline Interval scaleInterval(int64_t factor, Interval x) {
  int64_t low = factor * x.min, high = factor * x.max;
  return {std::min(low, high), std::max(low, high)};
}

/// The bits that two's complement needs for every number of the interval.
unsigned neededBits(Interval x);

/// Whether every number of the interval has `bits` (1 to 64) in two's
/// complement.
inline bool fitsBits(Interval x, unsigned bits) {
  return neededBits(x) <= bits;
}

/// N19: the sum over k < length of weight(k) * x[k], where every x[k] is in
/// `input` by itself, plus what the accumulator starts with.
template <typename Weight>
std::optional<Interval> accumulatorRange(int64_t length, const Weight &weight,
                                         Interval input, Interval start = {}) {
  std::optional<Interval> sum = start;
  for (int64_t k = 0; k < length && sum; ++k)
    sum = addIntervals(*sum, scaleInterval(int64_t(weight(k)), input));
  return sum;
}

/// N20: the extremes of weight(k) * x[k] + weight(k + 1) * x[k + 1] over even
/// k; a last element without a partner is a pair with 0.
template <typename Weight>
Interval pairSumRange(int64_t length, const Weight &weight, Interval input) {
  Interval worst;
  for (int64_t k = 0; k < length; k += 2) {
    Interval a = scaleInterval(int64_t(weight(k)), input), b;
    if (length - k > 1)
      b = scaleInterval(int64_t(weight(k + 1)), input);
    worst.min = k == 0 ? a.min + b.min : std::min(worst.min, a.min + b.min);
    worst.max = k == 0 ? a.max + b.max : std::max(worst.max, a.max + b.max);
  }
  return worst;
}

/// N20: no pair sum saturates 16 bits, as vpmaddubsw would.
template <typename Weight>
bool pairSumsFit16(int64_t length, const Weight &weight, Interval input) {
  return fitsBits(pairSumRange(length, weight, input), 16);
}

} // namespace lowbit

#endif // LOWBIT_NUMERICS_ACCUMULATION_H
