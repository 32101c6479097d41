//===- RangesSearch.h - coarse to fine over clipping ranges -----*- C++ -*-===//
//
// The least error over ranges that hold zero: each end shrinks in powers of
// 2^(1/1024) from where the values end. A grid of eight steps an octave first,
// then the best ranges and their neighbours at half the step, and so on; at
// last the scale that fits the chosen integers best.
//
// Grids are fixed and only additions, products, quotients and square roots are
// used, so the result is the same on every machine. Of equal errors the wider
// range wins.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_RANGESSEARCH_H
#define LOWBIT_LIB_SELECT_RANGESSEARCH_H

#include "RangesDensity.h"
#include "lowbit/Select/Ranges.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace lowbit {

/// What is searched over, and how.
struct SearchSpace {
  /// The values' own ends, 0 included.
  double min = 0, max = 0;
  Target target;
  /// How many ranges go on to the next, finer step.
  unsigned beam = 64;
  /// Whether steps go on to the finest. Otherwise they end where they move the
  /// outermost level by a third of the scale: the better scale does the rest.
  bool toFinest = false;
  /// Where not empty: the magnitudes of ends to start with, instead of eight an
  /// octave.
  std::vector<double> starts;
};

/// The error of a choice.
using ErrorOf = llvm::function_ref<Fit(const Levels &)>;
/// An error that the choice has at least; cheap.
using LeastErrorOf = llvm::function_ref<double(const Levels &)>;

struct FoundRange {
  float min = 0, max = 0;
  double error = 0;
};

FoundRange searchRange(const SearchSpace &space, ErrorOf error,
                       LeastErrorOf leastError);

/// N4 or N5, as the target says.
ChosenParams chooseParams(float min, float max, const Target &target);

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_RANGESSEARCH_H
