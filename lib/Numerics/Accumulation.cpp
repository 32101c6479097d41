//===- Accumulation.cpp - Sums and widths of intervals --------------------===//
//
// In: intervals of integers. Out: their sum, or the bits they need; no sum
// where it leaves 64 bits (N19 of docs/numerics.md).
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Accumulation.h"

using namespace lowbit;

static std::optional<int64_t> addExactly(int64_t a, int64_t b) {
  constexpr int64_t lowest = std::numeric_limits<int64_t>::min();
  constexpr int64_t highest = std::numeric_limits<int64_t>::max();
  if (b > 0 ? a > highest - b : a < lowest - b)
    return std::nullopt;
  return a + b;
}

std::optional<Interval> lowbit::addIntervals(Interval a, Interval b) {
  auto min = addExactly(a.min, b.min), max = addExactly(a.max, b.max);
  if (!min || !max)
    return std::nullopt;
  return Interval{*min, *max};
}

unsigned lowbit::neededBits(Interval x) {
  unsigned bits = 1;
  // n bits hold -2^(n-1) to 2^(n-1) - 1.
  while (bits < 64 && (x.min < -(int64_t(1) << (bits - 1)) ||
                       x.max >= (int64_t(1) << (bits - 1))))
    ++bits;
  return bits;
}
