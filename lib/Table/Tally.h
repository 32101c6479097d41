//===- Tally.h - the two passes over the elements of a value ----*- C++ -*-===//
//
// The first pass finds the extremes, which say how fine the bins are; the
// second counts and sums. Both are exact, so elements may come in any order.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_TABLE_TALLY_H
#define LOWBIT_LIB_TABLE_TALLY_H

#include "lowbit/Table/Histogram.h"

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

/// An octave for each exponent field and sign.
constexpr unsigned kOctaves = 512;

/// log2 of the number of bins of an octave.
int binBits(int exponent, int topExponent);

/// Counts into the cells of a histogram, which has the exponent of the largest
/// magnitude already.
class Tally {
public:
  /// Adds the elements to `histogram`, except zeros, and to the sums.
  static void add(llvm::ArrayRef<float> elements, const Extremes &extremes,
                  Histogram &histogram, ExactSum &sum, ExactSum &sumOfSquares);
};

} // namespace lowbit

#endif // LOWBIT_LIB_TABLE_TALLY_H
