//===- HeldOut.h - which samples choices are tested on ----------*- C++ -*-===//
//
// Of n samples the min(most, n / 4) with the least hashes of their content are
// held out: not observed, but what the choices are evaluated on. Which ones
// they are depends neither on the order of the samples nor on how they lie in
// files. Of samples that are equal some may be held out and others not.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DATA_HELDOUT_H
#define LOWBIT_DATA_HELDOUT_H

#include "lowbit/Data/NpyArray.h"
#include <map>
#include <queue>

namespace lowbit {

/// Of types, shapes and bytes of a sample's arrays, in the model's order.
uint64_t hashSample(llvm::ArrayRef<NpyArray> arrays);

/// Chooses in one pass over the hashes, in memory for `most` of them.
class HeldOut {
public:
  static constexpr unsigned kMost = 32;
  explicit HeldOut(unsigned most = kMost) : most(most) {}

  /// First all samples are shown.
  void show(uint64_t hash);
  /// Then the choice is made, once.
  void choose();
  /// How many were chosen: none of less than four.
  size_t size() const { return hashes.size(); }
  /// The sum of their hashes modulo 2^64.
  uint64_t hash() const;
  /// In the order of their hashes.
  const std::vector<uint64_t> &chosen() const { return hashes; }

  /// Then, sample by sample: whether this one is held out. A hash that was
  /// chosen k times is held out k times.
  bool take(uint64_t hash);
  /// Starts again with the first sample.
  void rewind();

private:
  unsigned most;
  uint64_t shown = 0;
  std::priority_queue<uint64_t> least;
  std::vector<uint64_t> hashes;
  std::map<uint64_t, unsigned> left;
};

} // namespace lowbit

#endif // LOWBIT_DATA_HELDOUT_H
