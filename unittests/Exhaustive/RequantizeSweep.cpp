//===- RequantizeSweep.cpp - Every accumulator through requantize ---------===//
//
// All 2^32 accumulators for 16 sets of scale and zero points (ties, powers of
// two, extremes), in float and in fixed point with single and double rounding;
// for 1024 more sets of each, 64 accumulators on both sides of every transition
// of the output, and 2^24 random ones. Against Exact.h.
//
//===----------------------------------------------------------------------===//

#include "Exact.h"
#include "Sweep.h"
#include "lowbit/Numerics/Requantize.h"

using namespace lowbit;
using namespace lowbit::exhaustive;

namespace {

constexpr uint64_t kEnd = uint64_t(1) << 32;
constexpr uint64_t kRandomSets = 1024, kRandomAccumulators = 1 << 24;

/// Accumulators in ascending order.
inline int32_t accumulatorAt(uint64_t index) {
  return static_cast<int32_t>(static_cast<uint32_t>(index) ^ 0x80000000u);
}

struct Zeros {
  int32_t in;
  int32_t out;
  StorageRange range;
};

constexpr StorageRange kI8{-128, 127}, kNarrow{-127, 127}, kU8{0, 255},
    kI16{-32768, 32767}, kI4{-8, 7};

/// float(acc - zin) * scale, half to even.
struct FloatSet {
  float scale;
  Zeros zeros;

  int32_t compute(int32_t acc) const {
    return requantize(acc, zeros.in, scale, zeros.out, zeros.range);
  }
  int32_t exactly(int32_t acc) const {
    return exact::requantize(acc, zeros.in, exact::bitsOf(scale), zeros.out,
                             zeros.range, Rounding::HalfEven);
  }
  std::string text() const {
    char text[64];
    std::snprintf(text, sizeof(text), "scale %a", double(scale));
    return text;
  }
  static FloatSet random(uint64_t seed, Zeros zeros) {
    double exponent = double(scramble(seed) % 46000) / 1000.0 - 40.0;
    return {static_cast<float>(std::exp2(exponent)), zeros};
  }
};

template <FixedRounding Mode> struct FixedSet {
  FixedScale scale;
  Zeros zeros;

  int32_t compute(int32_t acc) const {
    return requantizeFixed(acc, zeros.in, scale, Mode, zeros.out, zeros.range);
  }
  int32_t exactly(int32_t acc) const {
    return exact::requantizeFixed(acc, zeros.in, scale,
                                  Mode == FixedRounding::Double, zeros.out,
                                  zeros.range);
  }
  std::string text() const {
    return "multiplier " + std::to_string(scale.multiplier) + ", shift " +
           std::to_string(scale.shift);
  }
  static FixedSet random(uint64_t seed, Zeros zeros) {
    auto multiplier = int32_t(scramble(seed) >> 33);
    // Mostly as fixedScale makes them, sometimes any.
    if (seed % 8)
      multiplier |= 1 << 30;
    return {{multiplier, int32_t(2 + scramble(seed + 1) % 61)}, zeros};
  }
};

const std::vector<FloatSet> kFloatSets = {
    {1.0f, {0, 0, kI8}},
    {0.5f, {0, 0, kI8}},
    {0x1p-8f, {0, 3, kI8}},
    {0x1p-24f, {0, 0, kI8}},
    {0x1.8p-20f, {0, -1, kI16}},
    {0x1p-31f, {0, 0, kI4}},
    {0x1.fffffep-9f, {1, 128, kU8}},
    {0x1.000002p-9f, {-1, 127, kU8}},
    {0.00123f, {0, -128, kI8}},
    {1.0f / 3, {32767, 0, kI16}},
    {0x1.8p-1f, {-32768, -32768, kI16}},
    {3.7e-6f, {0, 127, kNarrow}},
    {0x1p-126f, {0, 5, kI8}},
    {3.4028234e38f, {0, -5, kI8}},
    {0x1.000002p-15f, {255, 0, {0, 65535}}},
    {0x1.5p-17f, {65535, 65535, {0, 65535}}}};

template <FixedRounding Mode> std::vector<FixedSet<Mode>> fixedSets() {
  return {{{1 << 30, 30}, {0, 0, kI8}},
          {{1 << 30, 31}, {0, 0, kI8}},
          {{1 << 30, 38}, {0, 3, kI8}},
          {{1 << 30, 54}, {0, 0, kI8}},
          {{3 << 29, 50}, {0, -1, kI16}},
          {{1 << 30, 62}, {0, 0, kI8}},
          {{2147483647, 40}, {1, 128, kU8}},
          {{(1 << 30) + 1, 39}, {-1, 127, kU8}},
          {{1583594044, 40}, {0, -128, kI8}},
          {{1431655765, 32}, {32767, 0, kI16}},
          {{3, 2}, {-32768, -32768, kI16}},
          {{2147483647, 2}, {0, 127, kNarrow}},
          {{0, 2}, {0, 5, kI8}},
          {{1, 62}, {0, -5, kI4}},
          {{2147483647, 62}, {65535, 65535, {0, 65535}}},
          {{1 << 30, 45}, {255, 0, {0, 65535}}}};
}

template <typename Set> std::vector<Segment> segmentsFor(const Set &set) {
  return segmentsOf(0, kEnd, [&](uint64_t index) {
    return int64_t(set.exactly(accumulatorAt(index)));
  });
}

template <typename Set>
void report(const std::string &name, const Set &set, int32_t acc) {
  const Zeros &z = set.zeros;
  reportDifference(name, "accumulator " + std::to_string(acc) + ", " +
                             set.text() + ", zero points " +
                             std::to_string(z.in) + " and " +
                             std::to_string(z.out) + ": expected " +
                             std::to_string(set.exactly(acc)) + ", got " +
                             std::to_string(set.compute(acc)));
}

template <typename Set>
Counts everyAccumulator(const Options &options, const std::string &name,
                        const std::vector<Set> &sets) {
  Counts counts;
  for (const Set &set : sets)
    counts +=
        checkSegments(name, options, 0, kEnd, segmentsFor(set),
                      [&](uint64_t begin, uint64_t end, int64_t expected) {
                        // A copy that no other thread sees, so that its members
                        // stay in registers.
                        const Set mine = set;
                        uint32_t n = uint32_t(end - begin), differing = 0;
                        auto want = int32_t(expected);
                        for (uint32_t k = 0; k < n; ++k)
                          differing +=
                              mine.compute(accumulatorAt(begin + k)) != want;
                        for (uint64_t i = begin; differing && i < end; ++i)
                          if (mine.compute(accumulatorAt(i)) != want) {
                            report(name, mine, accumulatorAt(i));
                            break;
                          }
                        return uint64_t(differing);
                      });
  return counts;
}

Zeros randomZeros(uint64_t seed) {
  const StorageRange ranges[] = {kI8,     kU8, kNarrow, kI4,
                                 {0, 15}, kI8, kU8,     kI16};
  StorageRange range = ranges[scramble(seed) % 8];
  uint64_t count = uint64_t(range.max) - range.min + 1;
  Zeros zeros{0, int32_t(range.min + scramble(seed + 1) % count), range};
  // Half of the accumulators have their zero point folded into the bias.
  if (seed % 2)
    zeros.in = int32_t(scramble(seed + 2) % 98304) - 32768;
  return zeros;
}

/// For each integer of the range the accumulators that become it, which are
/// neighbours: none where first > last.
class Preimages {
  StorageRange range;
  std::vector<uint32_t> first, last;

public:
  Preimages(StorageRange range, const std::vector<Segment> &segments)
      : range(range) {
    size_t count = size_t(range.max - range.min) + 1;
    first.assign(count, 1);
    last.assign(count, 0);
    for (size_t s = 0; s < segments.size(); ++s) {
      bool isLast = s + 1 == segments.size();
      uint64_t end = isLast ? kEnd : segments[s + 1].begin;
      first[segments[s].value - range.min] = uint32_t(segments[s].begin);
      last[segments[s].value - range.min] = uint32_t(end - 1);
    }
  }
  bool holds(int32_t q, int32_t acc) const {
    if (q < range.min || q > range.max)
      return false;
    uint32_t index = static_cast<uint32_t>(acc) ^ 0x80000000u;
    return first[q - range.min] <= index && index <= last[q - range.min];
  }
};

template <typename Set>
Counts randomSets(const Options &options, const std::string &name) {
  // The transitions of a set are looked for before any is checked, so a small
  // sample has fewer sets too.
  uint64_t sets = kRandomSets / std::min<uint64_t>(options.sample, 16);
  return parallelFor(name, sets, [&](uint64_t number) {
    const Set set = Set::random(number << 8, randomZeros((number << 8) + 16));
    Counts counts;
    auto around = [&](uint64_t middle) {
      uint64_t begin = middle < 64 ? 0 : middle - 64;
      uint64_t end = std::min(middle + 64, kEnd);
      for (uint64_t i = begin; i < end; ++i) {
        int32_t acc = accumulatorAt(i);
        bool differs = set.compute(acc) != set.exactly(acc);
        counts += {1, differs};
        if (differs)
          report(name, set, acc);
      }
    };
    auto segments = segmentsFor(set);
    for (size_t s = 1; s < segments.size(); ++s)
      if (scramble(s) % options.sample == 0)
        around(segments[s].begin);
    around(0);
    around(kEnd);
    const Preimages preimages(set.zeros.range, segments);
    // In batches, so that the first loop is vectorized.
    int32_t accs[1024], results[1024];
    for (uint64_t i = 0; i < kRandomAccumulators / options.sample; i += 1024) {
      const Set mine = set;
      for (uint64_t k = 0; k < 1024; ++k) {
        accs[k] = int32_t(scramble((number << 32) + i + k));
        results[k] = mine.compute(accs[k]);
      }
      uint64_t differing = 0;
      for (uint64_t k = 0; k < 1024; ++k)
        if (!preimages.holds(results[k], accs[k])) {
          ++differing;
          report(name, set, accs[k]);
        }
      counts += {1024, differing};
    }
    return counts;
  });
}

} // namespace

std::vector<Sweep> lowbit::exhaustive::requantizeSweeps() {
  using Single = FixedSet<FixedRounding::Single>;
  using Double = FixedSet<FixedRounding::Double>;
  std::vector<Sweep> sweeps;
  auto add = [&](const std::string &kind, auto sets) {
    using Set = typename decltype(sets)::value_type;
    std::string every = "requantize-" + kind + "-every-accumulator";
    std::string random = "requantize-" + kind + "-random-sets";
    sweeps.push_back({every, [=](const Options &o) {
                        return everyAccumulator(o, every, sets);
                      }});
    sweeps.push_back(
        {random, [=](const Options &o) { return randomSets<Set>(o, random); }});
  };
  add("float", kFloatSets);
  add("single", std::vector<Single>(fixedSets<FixedRounding::Single>()));
  add("double", std::vector<Double>(fixedSets<FixedRounding::Double>()));
  return sweeps;
}
