//===- PaddingFilter.h - leaves padded elements out -------------*- C++ -*-===//
//
// For one sample after another: which elements of an observed value are at
// positions that the mask has. An element is at several positions where several
// of its dimensions run along one of the mask (a probability of attention has a
// query and a key); all of them must be there. Where a value runs along some
// dimensions of the mask only, a position is there if it is for any index of
// the others.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_PADDINGFILTER_H
#define LOWBIT_RUN_PADDINGFILTER_H

#include "lowbit/Analysis/Padding.h"
#include "lowbit/Data/NpyArray.h"

namespace lowbit {

/// A row-major tensor in blocks of `blockSize` elements that stay or go.
struct KeptBlocks {
  std::vector<uint8_t> isKept;
  int64_t blockSize = 1;
};

class PaddingFilter {
public:
  explicit PaddingFilter(PaddingPlan plan) : plan(std::move(plan)) {}

  unsigned argument() const { return plan.argument; }
  /// The mask of the sample in hand: zero (false) where there is padding, one
  /// elsewhere. Refused: any other value.
  llvm::Error setMask(const NpyArray &mask);
  /// The dimensions of a value that run along the mask; empty where none does.
  llvm::ArrayRef<llvm::SmallVector<DimensionPart, 1>>
  dimensions(llvm::StringRef id) const;
  /// None where all elements stay.
  llvm::Expected<std::optional<KeptBlocks>>
  apply(llvm::StringRef id, llvm::ArrayRef<int64_t> shape) const;

private:
  PaddingPlan plan;
  llvm::SmallVector<int64_t, 4> maskShape;
  std::vector<uint8_t> isValid;
  bool isWhole = true;
};

} // namespace lowbit

#endif // LOWBIT_RUN_PADDINGFILTER_H
