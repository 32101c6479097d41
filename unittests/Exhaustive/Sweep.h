//===- Sweep.h - Checks of every value of a domain -------------*- C++ -*-===//
//
// A sweep is a name and a function that counts what it checked and what
// differed. To add one: a function that returns sweeps, named in Main.cpp.
//
// `parallelFor` spreads numbered parts of the work over the threads; counts are
// sums, so they do not depend on the threads.
//
//===----------------------------------------------------------------------===//

#ifndef LOWBIT_UNITTESTS_EXHAUSTIVE_SWEEP_H
#define LOWBIT_UNITTESTS_EXHAUSTIVE_SWEEP_H

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

namespace lowbit::exhaustive {

struct Counts {
  uint64_t checked = 0;
  uint64_t differing = 0;

  Counts &operator+=(const Counts &other) {
    checked += other.checked;
    differing += other.differing;
    return *this;
  }
};

struct Options {
  /// Check one of so many parts of each domain.
  uint64_t sample = 1;
};

struct Sweep {
  std::string name;
  std::function<Counts(const Options &)> run;
};

/// Calls work(0) to work(parts - 1) on all threads, reporting progress under
/// `name`, and adds up what they return.
Counts parallelFor(const std::string &name, uint64_t parts,
                   const std::function<Counts(uint64_t)> &work);

/// Prints one difference on standard error; of each sweep the first few only.
void reportDifference(const std::string &name, const std::string &text);

/// A number for each index, as good as random, the same in every run.
inline uint64_t scramble(uint64_t index) {
  uint64_t z = index + 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

/// From `begin` on, up to the next segment, the expected result is `value`.
struct Segment {
  uint64_t begin;
  int64_t value;
};

/// The segments of a function that never goes down (or never up) on
/// [begin, end), found by halving.
std::vector<Segment> segmentsOf(uint64_t begin, uint64_t end,
                                const std::function<int64_t(uint64_t)> &exact);

/// The parts of 2^16 indices that a sweep over [begin, end) has.
inline constexpr uint64_t kPart = uint64_t(1) << 16;

/// Holds `check(begin, end, expected)`, which counts differing indices, against
/// each segment of [begin, end); with a sample, against some of its parts.
template <typename Check>
Counts checkSegments(const std::string &name, const Options &options,
                     uint64_t begin, uint64_t end,
                     const std::vector<Segment> &segments, const Check &check) {
  uint64_t parts = (end - begin + kPart - 1) / kPart;
  uint64_t taken = (parts + options.sample - 1) / options.sample;
  // A sample has both ends of the domain too.
  uint64_t ends = options.sample > 1 ? 2 : 0;
  return parallelFor(name, taken + ends, [&](uint64_t i) {
    // Some part of each stride, and another one in each.
    uint64_t part = i * options.sample + scramble(i) % options.sample;
    if (i >= taken)
      part = i == taken ? 0 : parts - 1;
    Counts counts;
    uint64_t low = begin + part * kPart, high = low + kPart;
    if (low >= end)
      return counts;
    high = std::min(high, end);
    auto after = std::upper_bound(
        segments.begin(), segments.end(), low,
        [](uint64_t index, const Segment &s) { return index < s.begin; });
    while (low < high) {
      uint64_t next = after == segments.end() ? end : after->begin;
      next = std::min(next, high);
      counts += {next - low, check(low, next, std::prev(after)->value)};
      low = next;
      ++after;
    }
    return counts;
  });
}

std::vector<Sweep> quantizeSweeps();
std::vector<Sweep> requantizeSweeps();
std::vector<Sweep> smallFloatSweeps();

} // namespace lowbit::exhaustive

#endif // LOWBIT_UNITTESTS_EXHAUSTIVE_SWEEP_H
