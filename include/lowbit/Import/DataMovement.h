//===- DataMovement.h - operations that keep values -------------*- C++ -*-===//
//
// Reshapes, transposes, broadcasts, slices, casts of shape and padding with
// zero: quantizing before them or after them is the same. Phase 2 observes
// before them, phase 5 moves dequantize after them.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_DATAMOVEMENT_H
#define LOWBIT_IMPORT_DATAMOVEMENT_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace lowbit {

/// The operand whose values the operation moves; null for any other operation.
mlir::OpOperand *movedOperand(mlir::Operation *op);

/// A linalg operation that yields its only input: transpose, broadcast, copy.
bool isLinalgCopy(mlir::Operation *op);

/// The dimension of the moved operand that dimension `axis` of the result runs
/// along, and the reverse. None when the indices along it are not the same.
std::optional<int64_t> axisBefore(mlir::Operation *op, int64_t axis);
std::optional<int64_t> axisAfter(mlir::Operation *op, int64_t axis);

/// The same for rows: `blocks` has 1 for dimensions whose indices tell rows
/// apart, and GranularityAttr::kWhole for the others. Before: those of the
/// operand whose rows are in rows of the result; padding fills rows, it makes
/// none. After: none where the movement joins a row with another.
llvm::SmallVector<int64_t> rowBlocksBefore(mlir::Operation *op,
                                           llvm::ArrayRef<int64_t> blocks);
std::optional<llvm::SmallVector<int64_t>>
rowBlocksAfter(mlir::Operation *op, llvm::ArrayRef<int64_t> blocks);

} // namespace lowbit

#endif // LOWBIT_IMPORT_DATAMOVEMENT_H
