//===- WeightGroups.h - parameters of constants -----------------*- C++ -*-===//
//
// Which elements of a constant share a scale, and the scales.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_SELECT_WEIGHTGROUPS_H
#define LOWBIT_LIB_SELECT_WEIGHTGROUPS_H

#include "lowbit/Select/Settings.h"

namespace lowbit {

/// The granularity of the settings for this constant. The error is emitted: a
/// group needs one dimension that all readers sum over.
llvm::FailureOr<GranularityAttr> weightGranularity(ObservedValue &value);

struct WeightChoice {
  std::vector<AffineParams> params;
  /// Groups whose scale had to be raised to the floor.
  unsigned dead = 0;
  /// Over all elements, as in RangeChoice: the range is what the integers of
  /// any group reach, the objective the mean over the elements.
  float min = 0, max = 0;
  double objective = 0, meanSquaredError = 0, sqnrDb = 0, clippedShare = 0;
};

/// Parameters for `values`, of `shape`, finite all. Groups are chosen in
/// parallel; what comes out does not depend on it.
WeightChoice chooseWeights(llvm::ArrayRef<float> values,
                           llvm::ArrayRef<int64_t> shape,
                           GranularityAttr granularity,
                           const MethodSpec &method, const Target &target);

} // namespace lowbit

#endif // LOWBIT_LIB_SELECT_WEIGHTGROUPS_H
