//===- RangesMethods.h - the methods that Ranges.cpp calls ------*- C++ -*-===//
//
// Each is one file. A range that they give holds 0.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_RANGESMETHODS_H
#define LOWBIT_LIB_SELECT_RANGESMETHODS_H

#include "RangesDensity.h"
#include "lowbit/Select/Ranges.h"

namespace lowbit {

struct MethodRange {
  double min = 0, max = 0;
  /// The method's own measure, where it has one.
  std::optional<double> objective;
  std::string note;
};

MethodRange percentileRange(const ValueStatistics &statistics,
                            const Density &density, double percentile,
                            const Target &target);
MethodRange mseRange(const ValueStatistics &statistics, const Density &density,
                     const Target &target);
MethodRange entropyRange(const ValueStatistics &statistics,
                         const Target &target);
MethodRange crossEntropyRange(const ValueStatistics &statistics,
                              const KeptRows &kept, const Target &target);

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_RANGESMETHODS_H
