//===- Tally.cpp - the two passes over the elements of a value ------------===//
//
// In: finite floats. Out: extremes; counts, sums and sums of squares.
//
// An element costs one counter and two sums. The counter's place is a look-up
// by sign and exponent (where the octave starts, and by how much the fraction
// is shifted). The sums are those of the fractions and of their squares for
// each sign and exponent; the leading one that fractions lack is put in when
// the counts of the octaves are known:
//
//   sum (2^23 + f)   = n 2^23 + sum f
//   sum (2^23 + f)^2 = n 2^46 + 2^24 sum f + sum f^2
//
//===----------------------------------------------------------------------===//
#include "Tally.h"
#include "lowbit/Table/Histogram.h"

#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace lowbit;

static constexpr uint32_t kFraction = 0x7fffff;

static uint32_t exponentField(float x) {
  return llvm::bit_cast<uint32_t>(x) >> 23 & 0xff;
}

//===----------------------------------------------------------------------===//
// Extremes
//===----------------------------------------------------------------------===//

uint32_t Extremes::topField() const {
  return std::max(exponentField(min), exponentField(max));
}
uint32_t Extremes::leastField() const { return exponentField(least); }

void Extremes::merge(const Extremes &other) {
  min = std::min(min, other.min);
  max = std::max(max, other.max);
  least = std::min(least, other.least);
  zeros += other.zeros;
  finite &= other.finite;
}

Extremes lowbit::findExtremes(llvm::ArrayRef<float> elements) {
  // Independent lanes, so that the compiler makes vectors of them.
  constexpr size_t kLanes = 16;
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  float least[kLanes], min[kLanes], max[kLanes];
  uint32_t nonZeros[kLanes] = {}, special[kLanes] = {};
  std::fill_n(min, kLanes, kInfinity);
  std::fill_n(max, kLanes, -kInfinity);
  std::fill_n(least, kLanes, kInfinity);
  Extremes result;
  uint64_t nonZero = 0;
  auto flush = [&] {
    for (uint32_t &lane : nonZeros) {
      nonZero += lane;
      lane = 0;
    }
  };
  auto visit = [&](const float *x, size_t count) {
    for (size_t j = 0; j < count; ++j) {
      float size = std::fabs(x[j]);
      float sized = size == 0 ? kInfinity : size;
      min[j] = x[j] < min[j] ? x[j] : min[j];
      max[j] = x[j] > max[j] ? x[j] : max[j];
      least[j] = sized < least[j] ? sized : least[j];
      nonZeros[j] += size == 0 ? 0 : 1;
      // All ones in the exponent come out negative.
      special[j] |= (llvm::bit_cast<uint32_t>(x[j]) & ~(1u << 31)) + (1u << 23);
    }
  };
  size_t i = 0;
  while (i + kLanes <= elements.size()) {
    size_t end = std::min(elements.size(), i + (size_t(1) << 30));
    for (; i + kLanes <= end; i += kLanes)
      visit(elements.data() + i, kLanes);
    flush();
  }
  visit(elements.data() + i, elements.size() - i);
  flush();
  result.min = *std::min_element(min, min + kLanes) + 0.0f; // -0 becomes 0
  result.max = *std::max_element(max, max + kLanes) + 0.0f;
  result.least = *std::min_element(least, least + kLanes);
  result.zeros = elements.size() - nonZero;
  for (uint32_t lane : special)
    result.finite &= lane >> 31 == 0;
  return result;
}

//===----------------------------------------------------------------------===//
// Counts and sums
//===----------------------------------------------------------------------===//

int lowbit::binBits(int exponent, int topExponent) {
  return std::clamp(Histogram::kTopBits - (topExponent - exponent),
                    Histogram::kLeastBits, Histogram::kTopBits);
}

namespace {
/// Where the octave of a sign and an exponent is counted.
struct Place {
  uint32_t base, shift;
};

/// The counters and sums of one chunk. Neighbouring elements use different
/// copies, else each would wait for the one before it to be stored.
struct Scratch {
  static constexpr unsigned kCountCopies = 2, kSumCopies = 4;
  /// 16 bits of counter, and 46 + 16 bits of sums of squares, do not overflow.
  static constexpr size_t kChunk = size_t(1) << 16;

  Place places[kOctaves];
  uint64_t sums[kSumCopies][kOctaves] = {};
  uint64_t squares[kSumCopies][kOctaves] = {};
  std::vector<uint16_t> counts[kCountCopies];

  /// One counter that zeros go to where there are no subnormals.
  void layOut(uint32_t leastField, uint32_t topField, int topExponent);
  void add(llvm::ArrayRef<float> elements);
};
} // namespace

void Scratch::layOut(uint32_t leastField, uint32_t topField, int topExponent) {
  uint32_t size = 1;
  places[0] = places[256] = {0, 31};
  for (uint32_t field = leastField; field <= topField; ++field)
    for (uint32_t sign : {0, 1}) {
      int bits =
          binBits(int(field) + Histogram::kSubnormalExponent, topExponent);
      places[sign << 8 | field] = {size, uint32_t(23 - bits)};
      size += 1u << bits;
    }
  for (std::vector<uint16_t> &copy : counts)
    if (copy.size() < size)
      copy.resize(size);
}

void Scratch::add(llvm::ArrayRef<float> elements) {
  uint16_t *even = counts[0].data(), *odd = counts[1].data();
  auto visit = [&](float x, uint16_t *count, unsigned copy) {
    uint32_t bits = llvm::bit_cast<uint32_t>(x);
    uint32_t octave = bits >> 23, fraction = bits & kFraction;
    Place place = places[octave];
    ++count[place.base + (fraction >> place.shift)];
    sums[copy][octave] += fraction;
    squares[copy][octave] += uint64_t(fraction) * fraction;
  };
  size_t i = 0;
  for (; i + 4 <= elements.size(); i += 4) {
    visit(elements[i], even, 0);
    visit(elements[i + 1], odd, 1);
    visit(elements[i + 2], even, 2);
    visit(elements[i + 3], odd, 3);
  }
  for (; i < elements.size(); ++i)
    visit(elements[i], even, 0);
}

void lowbit::tally(llvm::ArrayRef<float> elements, const Extremes &extremes,
                   int topExponent, OctaveCounters &counters, ExactSum *sum,
                   ExactSum *sumOfSquares) {
  if (extremes.zeros == elements.size())
    return;
  // Kept from call to call: all zero but for the places.
  static thread_local Scratch scratch;
  uint32_t least = extremes.leastField(), top = extremes.topField();
  scratch.layOut(least, top, topExponent);
  counters.resize(kOctaves);

  uint64_t zeros[2] = {0, 0};
  if (least == 0 && extremes.zeros)
    for (float x : elements)
      if (x == 0)
        ++zeros[std::signbit(x)];

  for (size_t i = 0; i < elements.size(); i += Scratch::kChunk) {
    scratch.add(
        elements.slice(i, std::min(Scratch::kChunk, elements.size() - i)));
    for (uint32_t field = least; field <= top; ++field)
      for (uint32_t sign : {0, 1}) {
        uint32_t octave = sign << 8 | field;
        Place place = scratch.places[octave];
        size_t bins = size_t(1) << (23 - place.shift);
        uint16_t *a = scratch.counts[0].data() + place.base;
        uint16_t *b = scratch.counts[1].data() + place.base;
        uint64_t n = 0;
        for (size_t k = 0; k < bins; ++k)
          n += uint32_t(a[k]) + b[k];
        if (n == 0)
          continue;
        std::vector<uint64_t> &kept = counters[2 * field + sign];
        kept.resize(bins);
        for (size_t k = 0; k < bins; ++k)
          kept[k] += uint32_t(a[k]) + b[k];
        std::memset(a, 0, bins * sizeof *a);
        std::memset(b, 0, bins * sizeof *b);

        __int128 fractions = 0, squares = 0;
        for (unsigned copy = 0; copy < Scratch::kSumCopies; ++copy) {
          fractions += scratch.sums[copy][octave];
          squares += scratch.squares[copy][octave];
          scratch.sums[copy][octave] = scratch.squares[copy][octave] = 0;
        }
        if (field) {
          squares += (fractions << 24) + (__int128(n) << 46);
          fractions += __int128(n) << 23;
        }
        int unit = field ? int(field) - 150 : -149;
        if (sum)
          sum->add(sign ? -fractions : fractions, unit);
        if (sumOfSquares)
          sumOfSquares->add(squares, 2 * unit);
      }
    scratch.counts[0][0] = scratch.counts[1][0] = 0;
  }

  // Among subnormals zeros were counted like any other.
  for (unsigned sign : {0, 1})
    if (zeros[sign]) {
      std::vector<uint64_t> &octave = counters[sign];
      octave[0] -= zeros[sign];
      if (std::all_of(octave.begin(), octave.end(),
                      [](uint64_t count) { return count == 0; }))
        octave.clear();
    }
}
