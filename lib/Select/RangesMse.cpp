//===- RangesMse.cpp - the range of least squared error -------------------===//
//
// In: the density of a value. Out: the range that quantizes it with the least
// expected squared error, of rounding and of clipping.
//
//===----------------------------------------------------------------------===//
#include "RangesMethods.h"
#include "RangesSearch.h"

using namespace lowbit;

MethodRange lowbit::mseRange(const ValueStatistics &statistics,
                             const Density &density, const Target &target) {
  SearchSpace space;
  space.min = statistics.min;
  space.max = statistics.max;
  space.target = target;
  FoundRange found = searchRange(
      space, [&](const Levels &levels) { return density.fit(levels); },
      [&](const Levels &levels) { return density.clippingError(levels); });
  double count = std::max(density.count(), 1.0);
  return {found.min, found.max, found.error / count, ""};
}
