//===- OutputError.h - how far outputs are from float -----------*- C++ -*-===//
//
// One number for an output of a sample, in dB, the greater the better.
//
// Floats: the signal-to-noise ratio
//
//   10 log10((S + e) / (N + e)),  S = mean(y^2), N = mean((y - x)^2)
//
// of the float result y and the other one x, in double; e is 1e-12 of the
// median M of S over the samples of that output whose S is not 0, so that a
// result that is exact has a finite number too. Elements that are the same NaN
// or infinity in both are passed over; one that is not finite in one of them
// only makes the whole -200.
//
// A sample with S < 1e-6 M has no number: a ratio to next to nothing is 0 where
// the result is exact and hugely negative under the least noise, so it would
// outweigh all the others in a mean. Where S is 0 in all samples, each has one.
//
// Integers and booleans (an argmax, say): 10 log10(n / max(d, 1/2)) of n
// elements of which d differ: 0 when all differ, and no difference counts as
// half a one.
//
// Results are in [-200, 200]; another shape than the float result's is -200.
//
// Elements that are padding are left out throughout; a sample that is nothing
// but padding has no number.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_OUTPUTERROR_H
#define LOWBIT_RUN_OUTPUTERROR_H

#include "lowbit/Run/PaddingFilter.h"

namespace lowbit {

class OutputError {
public:
  static constexpr double kMostDb = 200;

  /// S, of M, that a sample needs to have a number.
  static constexpr double kLeastSignal = 1e-6;
  /// By sample, then by output: what is no padding; none where all is.
  using Kept = std::vector<std::vector<std::optional<KeptBlocks>>>;

  /// The float results: by sample, then by output. Without `kept` there is no
  /// padding.
  explicit OutputError(std::vector<std::vector<NpyArray>> references,
                       Kept kept = {});

  size_t samples() const { return references.size(); }
  /// Whether that output of that sample has a number.
  bool counts(size_t sample, size_t output) const;
  /// Whether some output of that sample has one.
  bool counts(size_t sample) const;
  /// The number, of what counts.
  double decibels(size_t sample, size_t output, const NpyArray &result) const;

private:
  const KeptBlocks *keptOf(size_t sample, size_t output) const;

  std::vector<std::vector<NpyArray>> references;
  Kept kept;
  /// S, by sample, then by output.
  std::vector<std::vector<double>> signals;
  /// M, by output; 0 where all signals are.
  std::vector<double> medians;
};

} // namespace lowbit

#endif // LOWBIT_RUN_OUTPUTERROR_H
