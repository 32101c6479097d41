//===- Samples.h - one sample after another ---------------------*- C++ -*-===//
//
// The feeds of a data source cut as finely as the model allows, or a few random
// ones: what calibration and evaluation count as samples. A sample is an entry
// of the first dimension where that is one open batch, else a run.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_SAMPLES_H
#define LOWBIT_RUN_SAMPLES_H

#include "lowbit/Data/HeldOut.h"
#include "lowbit/Run/Signature.h"

namespace lowbit {

class Samples {
public:
  static constexpr int64_t kRandomSamples = 8;

  /// `inputs` is a path for DataSource, or `random`.
  static llvm::Expected<std::unique_ptr<Samples>> open(Signature signature,
                                                       llvm::StringRef inputs);
  /// The next one; none at the end.
  llvm::Expected<std::optional<Feed>> next();
  /// Passes over the next ones; the sum of their hashes modulo 2^64.
  llvm::Expected<uint64_t> skip(int64_t samples);
  void rewind();
  int64_t count() const;

  /// Reads all samples and chooses those to hold out.
  llvm::Expected<HeldOut> chooseHeldOut(unsigned most);
  /// The same, and from now on the others only are there.
  llvm::Error holdOut(unsigned most);
  /// What that holds out; null where it holds out none.
  const HeldOut *heldOut() const {
    return left && left->size() > 0 ? &*left : nullptr;
  }

private:
  Samples() = default;
  llvm::Expected<std::optional<Feed>> nextOfAll();

  Signature signature;
  /// None for random samples.
  std::unique_ptr<DataSource> source;
  int64_t position = 0;
  std::optional<HeldOut> left;
};

/// `a.npz, sample 3`, for messages.
std::string nameOf(const Feed &feed);

} // namespace lowbit

#endif // LOWBIT_RUN_SAMPLES_H
