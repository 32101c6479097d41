//===- MoveBytes.h - data movement at compile time --------------*- C++ -*-===//
//
// Computes transposes, reshapes and slices of constants.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_FOLD_MOVEBYTES_H
#define LOWBIT_LIB_FOLD_MOVEBYTES_H

#include "mlir/IR/Operation.h"

#include <optional>
#include <vector>

namespace lowbit {

/// What the movement `op` makes of `bytes`, elements of one byte each. None for
/// movements with sizes that are not known, and for those that would make the
/// constant larger.
std::optional<std::vector<char>> moveBytes(mlir::Operation *op,
                                           llvm::ArrayRef<char> bytes);

} // namespace lowbit

#endif // LOWBIT_LIB_FOLD_MOVEBYTES_H
