//===- ChannelReaders.h - who sums over an activation's channels *- C++ -*-===//
//
// A channel of an activation can be scaled when everything that reads the
// observed value is a contraction with a constant weight that sums over the
// channels: the weight takes the inverse. The channels are told from indexing
// maps, through data movement.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_CHANNELREADERS_H
#define LOWBIT_LIB_PREPARE_CHANNELREADERS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"

#include <string>

namespace lowbit {

/// One contraction that sums over the channels of an activation.
struct ChannelReader {
  Contraction contraction;
  /// The operand that is the activation; the other one is the weight.
  unsigned operand = 0;
  /// The observer of the weight, and which dimension of it has the channels.
  ObserveOp weight;
  int64_t weightAxis = 0;
};

struct ChannelGroup {
  ObserveOp observer;
  int64_t axis = 0;
  int64_t channels = 0;
  llvm::SmallVector<ChannelReader> readers;
};

/// The contractions that read the channels of `observer`, an activation with an
/// axis. None where there is another reader; `reason` then says which.
std::optional<ChannelGroup> matchChannelGroup(ObserveOp observer,
                                              std::string &reason);

/// The observer that operand `operand` of a contraction comes from, through
/// data movement, with the dimension of it that dimension `axis` of the operand
/// runs along. None where there is no observer, or the indices differ.
std::optional<std::pair<ObserveOp, int64_t>>
traceToObserver(mlir::Value operand, int64_t axis);

/// The name of what the operation makes, or its own.
std::string describe(mlir::Operation *op);

/// The contractions that read `value` at the end of data movement, as operands.
/// Anything else that reads it goes to `others`, except what reads sizes.
void collectContractionReaders(
    mlir::Value value, llvm::SmallVectorImpl<mlir::OpOperand *> &readers,
    llvm::SmallVectorImpl<mlir::Operation *> &others);

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_CHANNELREADERS_H
