//===- QuantizeSweep.cpp - Every float through quantize -------------------===//
//
// quantize and fakeQuant of every f32 bit pattern and dequantize of every i32
// for two parameter sets; for more sets and every rounding mode, 64 floats on
// both sides of every transition of the output. Against Exact.h.
//
//===----------------------------------------------------------------------===//

#include "Exact.h"
#include "Sweep.h"
#include "lowbit/Numerics/Affine.h"

using namespace lowbit;
using namespace lowbit::exhaustive;

namespace {

struct ParameterSet {
  AffineParams params;
  StorageRange range;
};

const ParameterSet kFullSets[] = {{{0.0371f, -13}, {-128, 127}},
                                  {{0x1p-7f, 32768}, {0, 65535}}};

constexpr uint64_t kEnd = uint64_t(1) << 32;

int64_t exactAt(uint64_t index, const ParameterSet &set, Rounding mode) {
  return exact::quantize(exact::orderedBits(uint32_t(index)),
                         exact::bitsOf(set.params.scale), set.params.zeroPoint,
                         set.range, mode);
}

/// The expected results of all f32 in order; NaN at both ends.
std::vector<Segment> quantizeSegments(const ParameterSet &set, Rounding mode) {
  auto segments =
      segmentsOf(exact::kMinusInf, uint64_t(exact::kPlusInf) + 1,
                 [&](uint64_t index) { return exactAt(index, set, mode); });
  segments.insert(segments.begin(), {0, set.params.zeroPoint});
  segments.push_back({uint64_t(exact::kPlusInf) + 1, set.params.zeroPoint});
  return segments;
}

void report(const std::string &name, const ParameterSet &set, uint32_t index,
            int64_t expected) {
  char text[160];
  std::snprintf(
      text, sizeof(text),
      "x = %a, scale %a, zero point %d, range %d to %d: expected %lld",
      double(exact::floatOf(exact::orderedBits(index))),
      double(set.params.scale), set.params.zeroPoint, set.range.min,
      set.range.max, static_cast<long long>(expected));
  reportDifference(name, text);
}

/// Where `differs(index)`, counted without a branch that would keep the loop
/// from being vectorized; looked for one by one only after a difference.
template <typename Differs>
uint64_t countDiffering(uint64_t begin, uint64_t end, const Differs &differs,
                        const std::function<void(uint32_t)> &show) {
  uint32_t count = 0;
  for (uint32_t i = uint32_t(begin), n = uint32_t(end - begin), k = 0; k < n;
       ++k, ++i)
    count += differs(i);
  for (uint64_t i = begin; count && i < end; ++i)
    if (differs(uint32_t(i))) {
      show(uint32_t(i));
      break;
    }
  return count;
}

Counts everyFloat(const Options &options, const std::string &name) {
  Counts counts;
  for (const ParameterSet &set : kFullSets)
    counts += checkSegments(
        name, options, 0, kEnd, quantizeSegments(set, Rounding::HalfEven),
        [&](uint64_t begin, uint64_t end, int64_t expected) {
          return countDiffering(
              begin, end,
              [=](uint32_t i) {
                float x = exact::floatOf(exact::orderedBits(i));
                return quantize(x, set.params, set.range) != expected;
              },
              [&](uint32_t i) { report(name, set, i, expected); });
        });
  return counts;
}

Counts everyFloatThere(const Options &options, const std::string &name) {
  Counts counts;
  for (const ParameterSet &set : kFullSets) {
    auto segments = quantizeSegments(set, Rounding::HalfEven);
    for (Segment &segment : segments)
      segment.value = exact::dequantize(int32_t(segment.value),
                                        exact::bitsOf(set.params.scale),
                                        set.params.zeroPoint);
    counts += checkSegments(
        name, options, 0, kEnd, segments,
        [&](uint64_t begin, uint64_t end, int64_t expected) {
          return countDiffering(
              begin, end,
              [=](uint32_t i) {
                float x = exact::floatOf(exact::orderedBits(i));
                float y = fakeQuant(x, set.params, set.range);
                return exact::bitsOf(y) != uint32_t(expected);
              },
              [&](uint32_t i) { report(name, set, i, expected); });
        });
  }
  return counts;
}

Counts everyInteger(const Options &options, const std::string &name) {
  Counts counts;
  for (const ParameterSet &set : kFullSets)
    counts +=
        checkSegments(name, options, 0, kEnd, {{0, 0}},
                      [&](uint64_t begin, uint64_t end, int64_t) {
                        uint32_t scale = exact::bitsOf(set.params.scale);
                        int32_t zero = set.params.zeroPoint;
                        return countDiffering(
                            begin, end,
                            [=](uint32_t i) {
                              int32_t q = static_cast<int32_t>(i);
                              return exact::bitsOf(dequantize(q, set.params)) !=
                                     exact::dequantize(q, scale, zero);
                            },
                            [&](uint32_t i) { report(name, set, i, 0); });
                      });
  return counts;
}

std::vector<ParameterSet> manySets() {
  std::vector<ParameterSet> sets;
  const float scales[] = {1.0f,    0.5f,        0.1f,     1.0f / 3, 0.0078125f,
                          0.0371f, 1.9999999f,  3e-5f,    127.5f,   kMinScale,
                          1e30f,   0x1.8p+119f, 0x1p-149f};
  const ParameterSet kinds[] = {{{0, 0}, {-127, 127}},
                                {{0, -128}, {-128, 127}},
                                {{0, 7}, {0, 15}},
                                {{0, 200}, {0, 255}},
                                {{0, -2}, {-2, 1}}};
  for (float scale : scales)
    for (ParameterSet set : kinds) {
      set.params.scale = scale;
      sets.push_back(set);
    }
  sets.push_back({{0.00123f, -1}, {-32768, 32767}});
  sets.push_back({{0.25f, 32767}, {0, 65535}});
  return sets;
}

Counts transitions(const Options &options, const std::string &name) {
  std::vector<ParameterSet> sets = manySets();
  uint64_t modes = std::size(kRoundings);
  return parallelFor(name, sets.size() * modes, [&](uint64_t part) {
    Counts counts;
    const ParameterSet &set = sets[part / modes];
    Rounding mode = kRoundings[part % modes];
    auto segments = quantizeSegments(set, mode);
    // Every segment begins at a transition, with NaN before the first one.
    for (size_t s = 1; s < segments.size(); ++s) {
      if (scramble(s) % options.sample)
        continue;
      uint64_t middle = segments[s].begin;
      for (uint64_t i = middle - 64; i < middle + 64; ++i) {
        float x = exact::floatOf(exact::orderedBits(uint32_t(i)));
        int64_t expected = exactAt(i, set, mode);
        bool differs = quantize(x, set.params, set.range, mode) != expected;
        counts += {1, differs};
        if (differs)
          report(name, set, uint32_t(i), expected);
      }
    }
    // Every code of the range back to a float.
    for (int32_t q = set.range.min; q <= set.range.max; ++q) {
      uint32_t expected = exact::dequantize(q, exact::bitsOf(set.params.scale),
                                            set.params.zeroPoint);
      bool differs = exact::bitsOf(dequantize(q, set.params)) != expected;
      counts += {1, differs};
      if (differs)
        report(name, set, uint32_t(q), expected);
    }
    return counts;
  });
}

} // namespace

std::vector<Sweep> lowbit::exhaustive::quantizeSweeps() {
  std::vector<Sweep> sweeps;
  auto add = [&](std::string name, auto run) {
    sweeps.push_back({name, [=](const Options &o) { return run(o, name); }});
  };
  add("quantize-every-float", everyFloat);
  add("fake-quant-every-float", everyFloatThere);
  add("dequantize-every-integer", everyInteger);
  add("quantize-transitions", transitions);
  return sweeps;
}
