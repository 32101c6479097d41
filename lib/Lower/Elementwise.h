//===- Elementwise.h - a body for each element ------------------*- C++ -*-===//
//
// One way to write what happens to an element: a linalg.generic over a tensor,
// plain operations over a scalar.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_ELEMENTWISE_H
#define LOWBIT_LIB_LOWER_ELEMENTWISE_H

#include "ElementArithmetic.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

/// What a body reads: a number, a scalar, an element of a tensor through `map`,
/// or, with `blocks`, one that is looked up at index / block in each dimension
/// (-1: at 0).
struct ElementInput {
  mlir::TypedAttr number;
  mlir::Value value;
  mlir::AffineMap map;
  llvm::SmallVector<int64_t> blocks;

  bool isArgument() const {
    return !number && blocks.empty() &&
           mlir::isa<mlir::RankedTensorType>(value.getType());
  }
  static ElementInput ofNumber(mlir::TypedAttr number);
  /// `value` itself, with the identity map when it is a tensor.
  static ElementInput of(mlir::Value value);
  /// A rank-0 tensor or a scalar.
  static ElementInput single(mlir::Value value, unsigned rank);
};

using ElementBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
    ElementBuilder, mlir::ValueRange)>;

/// Applies `body`, which makes elements of the types `results`, to all elements
/// of `like`. The place is that of `op`.
llvm::SmallVector<mlir::Value>
emitElementwise(mlir::OpBuilder &builder, mlir::Operation *op, mlir::Value like,
                llvm::ArrayRef<ElementInput> inputs,
                llvm::ArrayRef<mlir::Type> results, ElementBody body);

/// The generic behind `to` makes the value that `from` made: it gets its
/// `lowbit.id` and `lowbit.integers`.
void carryId(mlir::Operation *from, mlir::Value to);

/// A tensor with the dimensions of `shape`, filled with `number`.
mlir::Value emitFilled(mlir::OpBuilder &builder, mlir::Location loc,
                       llvm::ArrayRef<mlir::OpFoldResult> shape,
                       mlir::TypedAttr number);

/// `value` as a tensor of `type`, which differs in what is static at most.
mlir::Value emitTensorCast(mlir::OpBuilder &builder, mlir::Location loc,
                           mlir::Value value, mlir::Type type);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_ELEMENTWISE_H
