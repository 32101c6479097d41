//===- WeightChannels.h - the weights of each sum ---------------*- C++ -*-===//
//
// Walks a constant operand of a contraction, sum by sum.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_WEIGHTCHANNELS_H
#define LOWBIT_LIB_LOWER_WEIGHTCHANNELS_H

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Numerics/Accumulation.h"

namespace lowbit {

/// The loops of a constant operand that are not summed over, in the order of
/// its dimensions, and their extents: one channel for each of their indices.
struct WeightChannels {
  llvm::SmallVector<unsigned> loops;
  llvm::SmallVector<int64_t> extents;
  int64_t count = 1;

  /// None when a dimension of the operand is no single loop.
  static std::optional<WeightChannels> get(mlir::AffineMap map,
                                           llvm::ArrayRef<unsigned> reduction,
                                           llvm::ArrayRef<int64_t> shape);
  static std::optional<WeightChannels>
  get(const Contraction &c, unsigned operand, llvm::ArrayRef<int64_t> shape) {
    return get(c.map(operand), c.reduction, shape);
  }
  /// Calls `visit` with the channel and the value of each element.
  void
  forEach(llvm::ArrayRef<int8_t> values,
          llvm::function_ref<void(int64_t channel, int8_t value)> visit) const;
  /// The weights of each channel, minus `zeroPoint`.
  std::vector<ChannelWeights> collect(llvm::ArrayRef<int8_t> values,
                                      int64_t zeroPoint) const;

private:
  llvm::SmallVector<int64_t> shape, strides;
};

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_WEIGHTCHANNELS_H
