//===- SampledFunction.h - functions of one integer -------------*- C++ -*-===//
//
// What a chain of float operations makes of one integer is known at compile
// time: at every integer where there are few, else at the points of a grid that
// is finest at zero: 64 to each power of two, of either sign. Between them is
// a straight line, so that exp, erf, sqrt, 1 / x and their like are right to
// some 15 bits whatever the range is.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_SAMPLEDFUNCTION_H
#define LOWBIT_LIB_LOWER_SAMPLEDFUNCTION_H

#include "FixedPoint.h"

namespace lowbit {

/// Where functions of an integer of `range` are sampled.
class SampleGrid {
public:
  explicit SampleGrid(Interval range) : range(range) {}

  /// Each integer has its sample.
  bool isExact() const { return range.max - range.min < kMostExact; }
  /// The integers, in the order of the samples.
  std::vector<int64_t> points() const;
  /// In the body: the value of the function at `value`, in the steps of
  /// `samples`, which are `table` in the order of points().
  mlir::Value emitLookup(ElementBuilder e, mlir::Value value,
                         mlir::Value table) const;

private:
  static constexpr int64_t kMostExact = 1024;
  static constexpr unsigned kSegmentBits = 6;
  /// How many points the magnitudes up to `most` have.
  static int64_t count(int64_t most);

  Interval range;
};

/// The operation of a body on samples instead of scalars, as the interpreter
/// has it; a condition is 0 or 1. None, with the error emitted, where it cannot.
std::optional<std::vector<float>>
evaluateOnSamples(mlir::Operation *op,
                  llvm::ArrayRef<std::vector<float>> operands);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_SAMPLEDFUNCTION_H
