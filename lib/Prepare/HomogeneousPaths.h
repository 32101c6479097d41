//===- HomogeneousPaths.h - from one layer to the next ----------*- C++ -*-===//
//
// What lies between a contraction and those that sum over its channels, where
// all of it keeps a factor: f(s x) = s f(x) for s > 0, channel by channel.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_HOMOGENEOUSPATHS_H
#define LOWBIT_LIB_PREPARE_HOMOGENEOUSPATHS_H

#include "ChannelReaders.h"

namespace lowbit {

/// A constant that is added on the way, and has to be scaled too.
struct AddedConstant {
  mlir::OpOperand *operand;
  /// The dimension of it that has the channels.
  int64_t axis;
};

/// A contraction, and all that reads its result.
struct LayerPair {
  Contraction first;
  /// The observer of its weight, and the dimension that has the output
  /// channels.
  ObserveOp weight;
  int64_t weightAxis = 0;
  int64_t channels = 0;
  llvm::SmallVector<AddedConstant> constants;
  llvm::SmallVector<ChannelReader> seconds;
};

/// None, with the reason, where something stands between.
std::optional<LayerPair> matchLayerPair(const Contraction &first,
                                        std::string &reason);

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_HOMOGENEOUSPATHS_H
