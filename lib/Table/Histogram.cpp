//===- Histogram.cpp - counts of floats by their own bits -----------------===//
//
// In: finite floats, other histograms, or the octaves of a table. Out: counts
// that depend on nothing but the values. Refused: octaves that no values give.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/Histogram.h"
#include "Tally.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Parallel.h"

#include <cmath>
#include <limits>

using namespace lowbit;

static constexpr int kHighestExponent = 127;

static int exponentOf(size_t index) {
  return static_cast<int>(index / 2) + Histogram::kSubnormalExponent;
}

size_t Histogram::octaveLength(int exponent, int top) {
  return size_t(1) << binBits(exponent, top);
}

/// By how much a fraction is shifted to be the number of its bin.
static unsigned shiftOf(size_t length) { return 23 - llvm::Log2_64(length); }

//===----------------------------------------------------------------------===//
// Counting
//===----------------------------------------------------------------------===//

void Histogram::raiseTop(int newTop) {
  if (!top) {
    top = newTop;
    octaveCells.resize(kOctaves);
    return;
  }
  if (newTop <= *top)
    return;
  for (size_t i = 0; i < octaveCells.size(); ++i) {
    std::vector<Cell> &octave = octaveCells[i];
    if (octave.empty())
      continue;
    size_t length = octaveLength(exponentOf(i), newTop);
    size_t joined = octave.size() / length;
    if (joined == 1)
      continue;
    unsigned shift = shiftOf(octave.size());
    for (size_t k = 0; k < length; ++k) {
      Cell sum;
      for (size_t j = 0; j < joined; ++j) {
        const Cell &cell = octave[k * joined + j];
        sum.count += cell.count;
        sum.offsets += cell.offsets + ((j * cell.count) << shift);
      }
      octave[k] = sum;
    }
    octave.resize(length);
  }
  top = newTop;
}

void Histogram::add(llvm::ArrayRef<float> values) {
  ExactSum sum, sumOfSquares;
  if (!values.empty())
    add(values, findExtremes(values), sum, sumOfSquares);
}

void Histogram::add(llvm::ArrayRef<float> values, const Extremes &extremes,
                    ExactSum &sum, ExactSum &sumOfSquares) {
  zeroCount += extremes.zeros;
  if (extremes.zeros == values.size())
    return;
  raiseTop(static_cast<int>(extremes.topField()) + kSubnormalExponent);

  // A thread pays off from some 100 us of work on.
  constexpr size_t kLeastPiece = size_t(1) << 17;
  size_t pieces = values.size() / kLeastPiece;
  if (pieces > 1)
    pieces = std::min(pieces, llvm::parallel::getThreadCount());
  if (pieces < 2) {
    Tally::add(values, extremes, *this, sum, sumOfSquares);
    return;
  }
  struct Piece {
    Histogram histogram;
    ExactSum sum, sumOfSquares;
  };
  std::vector<Piece> results(pieces);
  llvm::parallelFor(0, pieces, [&](size_t i) {
    size_t begin = values.size() * i / pieces;
    size_t end = values.size() * (i + 1) / pieces;
    Piece &piece = results[i];
    piece.histogram.raiseTop(*top);
    // Its own extremes: it may have no subnormals, and has zeros of its own.
    llvm::ArrayRef<float> own = values.slice(begin, end - begin);
    Tally::add(own, findExtremes(own), piece.histogram, piece.sum,
               piece.sumOfSquares);
  });
  for (const Piece &piece : results) {
    merge(piece.histogram);
    sum.merge(piece.sum);
    sumOfSquares.merge(piece.sumOfSquares);
  }
}

void Histogram::merge(const Histogram &other) {
  zeroCount += other.zeroCount;
  if (!other.top)
    return;
  raiseTop(*other.top);
  Histogram aligned = other;
  aligned.raiseTop(*top);
  for (auto [octave, added] : llvm::zip(octaveCells, aligned.octaveCells)) {
    if (octave.empty()) {
      octave = std::move(added);
      continue;
    }
    for (size_t k = 0; k < added.size(); ++k) {
      octave[k].count += added[k].count;
      octave[k].offsets += added[k].offsets;
    }
  }
}

//===----------------------------------------------------------------------===//
// Reading the counts
//===----------------------------------------------------------------------===//

uint64_t Histogram::total() const {
  uint64_t count = zeroCount;
  for (const std::vector<Cell> &octave : octaveCells)
    for (const Cell &cell : octave)
      count += cell.count;
  return count;
}

ExactSum Histogram::sum() const {
  ExactSum result;
  for (size_t i = 0; i < octaveCells.size(); ++i) {
    const std::vector<Cell> &octave = octaveCells[i];
    uint64_t leading = i / 2 ? 1 << 23 : 0;
    __int128 mantissas = 0;
    for (size_t k = 0; k < octave.size(); ++k)
      mantissas +=
          __int128(leading + (k << shiftOf(octave.size()))) * octave[k].count +
          octave[k].offsets;
    result.add(i % 2 ? -mantissas : mantissas, i / 2 ? int(i / 2) - 150 : -149);
  }
  return result;
}

/// The edge of bin `k` of `length` in the octave at `index`.
static float edge(size_t index, size_t k, size_t length) {
  uint32_t bits = static_cast<uint32_t>(index / 2 << 23) +
                  (static_cast<uint32_t>(k) << shiftOf(length));
  float size =
      std::min(llvm::bit_cast<float>(bits), std::numeric_limits<float>::max());
  return index % 2 && size != 0 ? -size : size;
}

std::vector<Histogram::Bin> Histogram::bins() const {
  std::vector<Bin> result;
  auto append = [&](size_t index, size_t k) {
    const std::vector<Cell> &octave = octaveCells[index];
    const Cell &cell = octave[k];
    if (cell.count == 0)
      return;
    Bin bin{edge(index, k, octave.size()), edge(index, k + 1, octave.size()),
            cell.count};
    double beyond = std::ldexp(double(cell.offsets) / double(cell.count),
                               index / 2 ? int(index / 2) - 150 : -149);
    bin.mean = index % 2 ? bin.near - beyond : bin.near + beyond;
    result.push_back(bin);
  };
  for (size_t index = octaveCells.size(); index-- > 0;)
    if (index % 2)
      for (size_t k = octaveCells[index].size(); k-- > 0;)
        append(index, k);
  if (zeroCount)
    result.push_back({0, 0, zeroCount});
  for (size_t index = 0; index < octaveCells.size(); index += 2)
    for (size_t k = 0; k < octaveCells[index].size(); ++k)
      append(index, k);
  return result;
}

std::vector<Histogram::Octave> Histogram::octaves() const {
  std::vector<Octave> result;
  for (size_t sign : {1, 0})
    for (size_t index = sign; index < octaveCells.size(); index += 2) {
      if (octaveCells[index].empty())
        continue;
      Octave octave{sign == 1, exponentOf(index), {}, {}};
      for (const Cell &cell : octaveCells[index]) {
        octave.counts.push_back(cell.count);
        octave.offsets.push_back(cell.offsets);
      }
      result.push_back(std::move(octave));
    }
  return result;
}

llvm::Expected<Histogram>
Histogram::fromOctaves(uint64_t zeros, llvm::ArrayRef<Octave> octaves) {
  Histogram result;
  result.zeroCount = zeros;
  for (const Octave &octave : octaves) {
    if (octave.exponent < kSubnormalExponent ||
        octave.exponent > kHighestExponent)
      return llvm::createStringError(
          "an octave has exponent " + llvm::Twine(octave.exponent) +
          ", floats have those from " + llvm::Twine(kSubnormalExponent) +
          " to " + llvm::Twine(kHighestExponent));
    result.raiseTop(std::max(octave.exponent, result.top.value_or(-127)));
  }
  for (const Octave &octave : octaves) {
    auto refuse = [&](const llvm::Twine &why) {
      return llvm::createStringError(
          "the octave of exponent " + llvm::Twine(octave.exponent) +
          " and sign " + (octave.negative ? "- " : "+ ") + why);
    };
    size_t length = octaveLength(octave.exponent, *result.top);
    if (octave.counts.size() != length || octave.offsets.size() != length)
      return refuse("has " + llvm::Twine(octave.counts.size()) +
                    " counts and " + llvm::Twine(octave.offsets.size()) +
                    " offsets, and " + llvm::Twine(length) +
                    " bins below the highest exponent, " +
                    llvm::Twine(*result.top));
    if (llvm::all_of(octave.counts, [](uint64_t n) { return n == 0; }))
      return refuse("has no counts");
    std::vector<Cell> &own =
        result.octaveCells[2 * (octave.exponent - kSubnormalExponent) +
                           octave.negative];
    if (!own.empty())
      return refuse("is there twice");
    own.resize(length);
    uint64_t most = (uint64_t(1) << shiftOf(length)) - 1;
    for (size_t k = 0; k < length; ++k) {
      own[k].count = octave.counts[k];
      own[k].offsets = octave.offsets[k];
      // The smallest subnormal bin holds no zeros.
      uint64_t least =
          octave.exponent == kSubnormalExponent && k == 0 ? own[k].count : 0;
      if (own[k].count > kMostValues || own[k].offsets > own[k].count * most ||
          own[k].offsets < least)
        return refuse("has offsets " + llvm::Twine(own[k].offsets) +
                      " in bin " + llvm::Twine(k) + ", and " +
                      llvm::Twine(own[k].count) + " counts allow " +
                      llvm::Twine(least) + " to " +
                      llvm::Twine(own[k].count * most));
    }
  }
  return result;
}
