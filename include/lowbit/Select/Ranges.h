//===- Ranges.h - ranges and parameters from statistics ---------*- C++ -*-===//
//
// Every method, as a function of the statistics of one value. Nothing here
// reads IR: passes, the search and the report call it alike. Each method and
// its objective is defined in docs/calibration.md, with its source.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SELECT_RANGES_H
#define LOWBIT_SELECT_RANGES_H

#include "lowbit/Numerics/Affine.h"
#include "lowbit/Table/ValueStatistics.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace lowbit {

enum class Method {
  MinMax,
  MovingAverage,
  Percentile,
  Mse,
  Entropy,
  CrossEntropy,
  Auto,
};

/// A method and its parameter.
struct MethodSpec {
  Method method = Method::MinMax;
  /// Of all elements, how many percent are not clipped.
  double percentile = 99.99;

  /// `minmax`, `moving-average`, `percentile`, `percentile:99.9`, `mse`,
  /// `entropy`, `kl`, `cross-entropy`, `auto`. The error names what there is.
  static llvm::Expected<MethodSpec> parse(llvm::StringRef text);
  /// The canonical text: `entropy` for `kl`, `percentile:99.99`.
  std::string text() const;
};

enum class Symmetry { Asymmetric, Symmetric };

/// The integers that a value is to be held in, and whether zero is their
/// middle.
struct Target {
  StorageRange range;
  Symmetry symmetry = Symmetry::Asymmetric;
};

struct RangeChoice {
  /// What the method asked for, 0 included; values beyond are clipped.
  float min = 0, max = 0;
  ChosenParams chosen;
  /// The method's own measure of this choice, the smaller the better: the mean
  /// squared error, the divergence, the cross-entropy; the clipped share where
  /// the method has none.
  double objective = 0;
  /// Expected squared error of quantize and dequantize, over all elements.
  double meanSquaredError = 0;
  /// 10 log10(mean square / mean squared error), in [-200, 200].
  double sqnrDb = 0;
  /// Of all elements, how many lie outside of what the integers reach.
  double clippedShare = 0;
  /// What a reader should know: cross-entropy without kept rows is mse, say.
  std::string note;
};

/// The choice of one method other than `auto` for a value that was seen.
RangeChoice chooseRange(const ValueStatistics &statistics,
                        const MethodSpec &method, const Target &target);

/// The choice that covers [min, max], measured on the statistics.
RangeChoice measureRange(const ValueStatistics &statistics, float min,
                         float max, const Target &target);

/// 10 log10(signal / noise), both sums or both means of squares, in
/// [-200, 200].
double sqnrDb(double signal, double noise);

/// Expected squared error per element, where the values of a bin are taken to
/// be spread evenly over it.
double meanSquaredError(const Histogram &histogram, const AffineParams &params,
                        StorageRange range);

/// The kinds of methods that weights have: minmax, percentile and mse.
bool isWeightMethod(Method method);

/// Parameters for one group of weights (a channel, a block, a tensor), finite
/// all, which are symmetric or not as `target` says; from the values
/// themselves, not from a histogram. Where `objective` is not null it gets the
/// method's measure as in RangeChoice.
ChosenParams chooseWeightGroup(llvm::ArrayRef<float> values,
                               const MethodSpec &method, const Target &target,
                               double *objective = nullptr);

} // namespace lowbit

#endif // LOWBIT_SELECT_RANGES_H
