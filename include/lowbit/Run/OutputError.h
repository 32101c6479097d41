//===- OutputError.h - how far outputs are from float -----------*- C++ -*-===//
//
// One number for an output of a sample, in dB, the greater the better.
//
// Floats: the signal-to-noise ratio
//
//   10 log10((S + e) / (N + e)),  S = mean(y^2), N = mean((y - x)^2)
//
// of the float result y and the other one x, in double; e is 1e-12 of the
// median of S over the samples of that output, so that an output of zeros, or
// one that is exact, has a finite number too. Elements that are the same NaN or
// infinity in both are passed over; one that is not finite in one of them only
// makes the whole -200.
//
// Integers and booleans (an argmax, say): 10 log10(n / max(d, 1/2)) of n
// elements of which d differ: 0 when all differ, and no difference counts as
// half a one.
//
// Results are in [-200, 200]; another shape than the float result's is -200.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_OUTPUTERROR_H
#define LOWBIT_RUN_OUTPUTERROR_H

#include "lowbit/Data/NpyArray.h"

namespace lowbit {

class OutputError {
public:
  static constexpr double kMostDb = 200;

  /// The float results: by sample, then by output.
  explicit OutputError(std::vector<std::vector<NpyArray>> references);

  size_t samples() const { return references.size(); }
  double decibels(size_t sample, size_t output, const NpyArray &result) const;

private:
  std::vector<std::vector<NpyArray>> references;
  /// e, by output.
  std::vector<double> floors;
};

} // namespace lowbit

#endif // LOWBIT_RUN_OUTPUTERROR_H
