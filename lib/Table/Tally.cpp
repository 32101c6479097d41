//===- Tally.cpp - the two passes over the elements of a value ------------===//
//
// In: finite floats. Out: extremes; counts, sums and sums of squares.
//
// An element costs two additions in memory. One counts it and adds its offset,
// in a cell whose place is a look-up by sign and exponent (where the octave
// starts, and by how much the fraction is shifted). The other adds the square
// of its fraction to the sum for its sign and exponent; the leading one that
// fractions lack is put in when the counts of the octaves are known:
//
//   sum f            = sum over bins (n_k k 2^shift + offsets_k)
//   sum (2^23 + f)   = n 2^23 + sum f
//   sum (2^23 + f)^2 = n 2^46 + 2^24 sum f + sum f^2
//
//===----------------------------------------------------------------------===//
#include "Tally.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

using namespace lowbit;

// The two loops over elements are a fifth faster with AVX2 and BMI2, where the
// machine has them. They have no rounding that could differ.
#if defined(__x86_64__) && defined(__ELF__)
#define LOWBIT_FASTEST_OF_TWO                                                  \
  __attribute__((target_clones("arch=x86-64-v3", "default")))
#else
#define LOWBIT_FASTEST_OF_TWO
#endif

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

LOWBIT_FASTEST_OF_TWO
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
/// The cells and sums of one chunk. Neighbouring elements use different copies
/// of the sums, and zeros of neighbours different cells, else each would wait
/// for the one before it to be stored.
struct Scratch {
  static constexpr unsigned kCopies = 4;
  /// Offsets have 16 bits at most, so that as many of them fit in 32; squares
  /// of fractions have 46.
  static constexpr size_t kChunk = size_t(1) << 16;

  /// Where the octave of a sign and an exponent starts, by how much a fraction
  /// is shifted to be the number of its bin, and the bits that are shifted out.
  uint32_t bases[kCopies][kOctaves];
  uint32_t shifts[kOctaves], masks[kOctaves];
  uint64_t squares[kCopies][kOctaves] = {};
  /// The count above, the sum of offsets in the lower 32 bits.
  std::vector<uint64_t> cells;

  void layOut(uint32_t leastField, uint32_t topField, int topExponent);
  void add(llvm::ArrayRef<float> elements);
  /// Moves what one octave has to its place in the histogram and to the sums.
  template <typename Cell>
  void flush(uint32_t sign, uint32_t field, std::vector<Cell> &octave,
             ExactSum &sum, ExactSum &sumOfSquares);
};
} // namespace

void Scratch::layOut(uint32_t leastField, uint32_t topField, int topExponent) {
  // Cells that zeros go to where there are no subnormals.
  uint32_t size = kCopies;
  for (uint32_t zero : {0, 256}) {
    for (unsigned copy = 0; copy < kCopies; ++copy)
      bases[copy][zero] = copy;
    shifts[zero] = 31;
    masks[zero] = 0;
  }
  for (uint32_t field = leastField; field <= topField; ++field)
    for (uint32_t sign : {0, 1}) {
      uint32_t octave = sign << 8 | field;
      int bits =
          binBits(int(field) + Histogram::kSubnormalExponent, topExponent);
      for (auto &copy : bases)
        copy[octave] = size;
      shifts[octave] = 23 - bits;
      masks[octave] = (1u << shifts[octave]) - 1;
      size += 1u << bits;
    }
  if (cells.size() < size)
    cells.resize(size);
}

LOWBIT_FASTEST_OF_TWO
void Scratch::add(llvm::ArrayRef<float> elements) {
  uint64_t *cell = cells.data();
  auto visit = [&](float x, unsigned copy) {
    uint32_t bits = llvm::bit_cast<uint32_t>(x);
    uint32_t octave = bits >> 23, fraction = bits & kFraction;
    cell[bases[copy][octave] + (fraction >> shifts[octave])] +=
        uint64_t(1) << 32 | (fraction & masks[octave]);
    squares[copy][octave] += uint64_t(fraction) * fraction;
  };
  size_t i = 0;
  for (; i + kCopies <= elements.size(); i += kCopies)
    for (unsigned copy = 0; copy < kCopies; ++copy)
      visit(elements[i + copy], copy);
  for (; i < elements.size(); ++i)
    visit(elements[i], 0);
}

template <typename Cell>
void Scratch::flush(uint32_t sign, uint32_t field, std::vector<Cell> &octave,
                    ExactSum &sum, ExactSum &sumOfSquares) {
  uint32_t at = sign << 8 | field, shift = shifts[at];
  size_t bins = size_t(1) << (23 - shift);
  uint64_t *cell = cells.data() + bases[0][at];
  uint64_t any = 0;
  for (size_t k = 0; k < bins; ++k)
    any |= cell[k];
  if (any == 0)
    return;
  octave.resize(bins);
  // The sum of the numbers of the bins is less than 2^26.
  uint64_t all = 0, numbers = 0;
  for (size_t k = 0; k < bins; ++k) {
    octave[k].count += cell[k] >> 32;
    octave[k].offsets += uint32_t(cell[k]);
    all += cell[k];
    numbers += k * (cell[k] >> 32);
  }
  std::memset(cell, 0, bins * sizeof *cell);

  uint64_t count = all >> 32;
  __int128 total = (numbers << shift) + uint32_t(all), square = 0;
  for (auto &copy : squares) {
    square += copy[at];
    copy[at] = 0;
  }
  if (field) {
    square += (total << 24) + (__int128(count) << 46);
    total += __int128(count) << 23;
  }
  int unit = field ? int(field) - 150 : -149;
  sum.add(sign ? -total : total, unit);
  sumOfSquares.add(square, 2 * unit);
}

void Tally::add(llvm::ArrayRef<float> elements, const Extremes &extremes,
                Histogram &histogram, ExactSum &sum, ExactSum &sumOfSquares) {
  if (extremes.zeros == elements.size())
    return;
  // Kept from call to call: all zero but for the places.
  static thread_local Scratch scratch;
  uint32_t least = extremes.leastField(), top = extremes.topField();
  scratch.layOut(least, top, *histogram.top);
  auto &octaves = histogram.octaveCells;
  for (size_t i = 0; i < elements.size(); i += Scratch::kChunk) {
    scratch.add(
        elements.slice(i, std::min(Scratch::kChunk, elements.size() - i)));
    for (uint32_t field = least; field <= top; ++field)
      for (uint32_t sign : {0, 1})
        scratch.flush(sign, field, octaves[2 * field + sign], sum,
                      sumOfSquares);
    std::fill_n(scratch.cells.begin(), Scratch::kCopies, 0);
  }

  // Among subnormals zeros were counted like any other.
  if (least == 0 && extremes.zeros) {
    uint64_t zeros[2] = {0, 0};
    for (float x : elements)
      if (x == 0)
        ++zeros[std::signbit(x)];
    for (unsigned sign : {0, 1})
      if (zeros[sign]) {
        auto &octave = octaves[sign];
        octave[0].count -= zeros[sign];
        if (llvm::all_of(octave, [](auto &cell) { return cell.count == 0; }))
          octave.clear();
      }
  }
}
