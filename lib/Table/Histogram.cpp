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
#include "llvm/Support/Parallel.h"

#include <limits>

using namespace lowbit;

static constexpr int kHighestExponent = 127;

static int exponentOf(size_t index) {
  return static_cast<int>(index / 2) + Histogram::kSubnormalExponent;
}

size_t Histogram::octaveLength(int exponent, int top) {
  return size_t(1) << binBits(exponent, top);
}

//===----------------------------------------------------------------------===//
// Counting
//===----------------------------------------------------------------------===//

void Histogram::raiseTop(int newTop) {
  if (!top) {
    top = newTop;
    counters.resize(kOctaves);
    return;
  }
  if (newTop <= *top)
    return;
  for (size_t i = 0; i < counters.size(); ++i) {
    std::vector<uint64_t> &octave = counters[i];
    if (octave.empty())
      continue;
    size_t length = octaveLength(exponentOf(i), newTop);
    size_t joined = octave.size() / length;
    if (joined == 1)
      continue;
    for (size_t k = 0; k < length; ++k) {
      uint64_t count = 0;
      for (size_t j = 0; j < joined; ++j)
        count += octave[k * joined + j];
      octave[k] = count;
    }
    octave.resize(length);
  }
  top = newTop;
}

void Histogram::add(llvm::ArrayRef<float> values) {
  if (!values.empty())
    add(values, findExtremes(values), nullptr, nullptr);
}

void Histogram::add(llvm::ArrayRef<float> values, const Extremes &extremes,
                    ExactSum *sum, ExactSum *sumOfSquares) {
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
    tally(values, extremes, *top, counters, sum, sumOfSquares);
    return;
  }
  struct Piece {
    OctaveCounters counters;
    ExactSum sum, sumOfSquares;
  };
  std::vector<Piece> results(pieces);
  llvm::parallelFor(0, pieces, [&](size_t i) {
    size_t begin = values.size() * i / pieces;
    size_t end = values.size() * (i + 1) / pieces;
    Piece &piece = results[i];
    // Where subnormals lie beside zeros, the zeros of the piece must be known.
    llvm::ArrayRef<float> own = values.slice(begin, end - begin);
    tally(own, findExtremes(own), *top, piece.counters, &piece.sum,
          &piece.sumOfSquares);
  });
  for (const Piece &piece : results) {
    for (auto [octave, added] : llvm::zip(counters, piece.counters)) {
      if (octave.empty())
        octave = added;
      else
        for (size_t k = 0; k < added.size(); ++k)
          octave[k] += added[k];
    }
    if (sum)
      sum->merge(piece.sum);
    if (sumOfSquares)
      sumOfSquares->merge(piece.sumOfSquares);
  }
}

void Histogram::merge(const Histogram &other) {
  zeroCount += other.zeroCount;
  if (!other.top)
    return;
  raiseTop(*other.top);
  Histogram aligned = other;
  aligned.raiseTop(*top);
  for (auto [octave, added] : llvm::zip(counters, aligned.counters)) {
    if (octave.empty())
      octave = std::move(added);
    else
      for (size_t k = 0; k < added.size(); ++k)
        octave[k] += added[k];
  }
}

//===----------------------------------------------------------------------===//
// Reading the counts
//===----------------------------------------------------------------------===//

uint64_t Histogram::total() const {
  uint64_t count = zeroCount;
  for (const std::vector<uint64_t> &octave : counters)
    for (uint64_t bin : octave)
      count += bin;
  return count;
}

/// The edge of bin `k` of `length` in the octave at `index`.
static float edge(size_t index, size_t k, size_t length) {
  uint32_t step = uint32_t(1 << 23) / length;
  uint32_t bits = static_cast<uint32_t>(index / 2 << 23) + uint32_t(k) * step;
  float size =
      std::min(llvm::bit_cast<float>(bits), std::numeric_limits<float>::max());
  return index % 2 && size != 0 ? -size : size;
}

std::vector<Histogram::Bin> Histogram::bins() const {
  std::vector<Bin> result;
  auto append = [&](size_t index, size_t k) {
    const std::vector<uint64_t> &octave = counters[index];
    if (octave[k])
      result.push_back({edge(index, k, octave.size()),
                        edge(index, k + 1, octave.size()), octave[k]});
  };
  for (size_t index = counters.size(); index-- > 0;)
    if (index % 2)
      for (size_t k = counters[index].size(); k-- > 0;)
        append(index, k);
  if (zeroCount)
    result.push_back({0, 0, zeroCount});
  for (size_t index = 0; index < counters.size(); index += 2)
    for (size_t k = 0; k < counters[index].size(); ++k)
      append(index, k);
  return result;
}

std::vector<Histogram::Octave> Histogram::octaves() const {
  std::vector<Octave> result;
  for (size_t sign : {1, 0})
    for (size_t index = sign; index < counters.size(); index += 2)
      if (!counters[index].empty())
        result.push_back({sign == 1, exponentOf(index), counters[index]});
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
          "has exponent " + llvm::Twine(octave.exponent) +
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
    if (octave.counts.size() != length)
      return refuse("has " + llvm::Twine(octave.counts.size()) + " bins, and " +
                    llvm::Twine(length) + " below the highest exponent, " +
                    llvm::Twine(*result.top));
    if (llvm::all_of(octave.counts, [](uint64_t n) { return n == 0; }))
      return refuse("has no counts");
    std::vector<uint64_t> &own =
        result.counters[2 * (octave.exponent - kSubnormalExponent) +
                        octave.negative];
    if (!own.empty())
      return refuse("is there twice");
    own = octave.counts;
  }
  return result;
}
