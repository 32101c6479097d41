//===- Tally.h - the two passes over the elements of a value ----*- C++ -*-===//
//
// The first pass finds the extremes, which say how fine the bins are; the
// second counts and sums. Both are exact, so elements may come in any order.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_TABLE_TALLY_H
#define LOWBIT_LIB_TABLE_TALLY_H

#include "lowbit/Table/ExactSum.h"
#include "llvm/ADT/ArrayRef.h"
#include <vector>

namespace lowbit {

/// Of at least one element.
struct Extremes {
  float min = 0, max = 0;
  /// The least magnitude that is not zero; infinity where there is none.
  float least = 0;
  uint64_t zeros = 0;
  bool finite = true;

  void merge(const Extremes &other);
  /// The exponent field of the largest magnitude.
  uint32_t topField() const;
  uint32_t leastField() const;
};

Extremes findExtremes(llvm::ArrayRef<float> elements);

/// Counts of octaves as Histogram keeps them: by 2 * exponent field + sign.
using OctaveCounters = std::vector<std::vector<uint64_t>>;
constexpr unsigned kOctaves = 512;

/// log2 of the number of bins of an octave.
int binBits(int exponent, int topExponent);

/// Adds the elements to `counters`, except zeros, and to the sums where they
/// are not null. `topExponent` is that which the counters have.
void tally(llvm::ArrayRef<float> elements, const Extremes &extremes,
           int topExponent, OctaveCounters &counters, ExactSum *sum,
           ExactSum *sumOfSquares);

} // namespace lowbit

#endif // LOWBIT_LIB_TABLE_TALLY_H
