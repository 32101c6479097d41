//===- Reductions.h - what counts as pooling --------------------*- C++ -*-===//
//
// The vocabulary that phases 5 and 6 share: which linalg operations take the
// largest, the smallest or the sum of elements of one tensor. Forms are told by
// their maps and body, so that pooling of any layout, a generic that spells it,
// and a reduction along whole dimensions are one thing.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_REDUCTIONS_H
#define LOWBIT_IMPORT_REDUCTIONS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace lowbit {

enum class ReductionKind { Max, Min, Sum };

/// result[...] = init[...], combined with each element of a window of the input
struct Reduction {
  mlir::linalg::LinalgOp op;
  ReductionKind kind = ReductionKind::Sum;
  /// The operand that is read; others only say how large the window is.
  unsigned operand = 0;
  /// The loops that run over the window.
  llvm::SmallVector<unsigned> window;

  mlir::Value input() const { return op->getOperand(operand); }
  mlir::Value init() const;
  mlir::AffineMap inputMap() const;
  mlir::AffineMap resultMap() const;
  /// Elements of a window, where that is known.
  std::optional<int64_t> windowSize() const;
};

/// Matches an operation on f32 tensors.
std::optional<Reduction> matchFloatReduction(mlir::Operation *op);

/// A reduction of a dequantized value, behind padding that it ignores.
struct QuantizedReduction : Reduction {
  DequantizeOp dequantize;
  mlir::tensor::PadOp pad; ///< null where there is none

  AffineType format() const;
  /// Where the axis of the format is in the result; none where it is reduced.
  std::optional<int64_t> resultAxis() const;
};

/// None when the operand is not dequantized from a tensor.
std::optional<QuantizedReduction> matchQuantizedReduction(mlir::Operation *op);

/// Why it is not the same on integers; empty when it is.
std::string findFloatReason(const QuantizedReduction &r);

/// The same loops on the integers `ints`, with elements of type `result` that
/// start from `start`; `combine` builds the body from the element and what was
/// combined so far. `extra` are inputs of rank 0, which follow the element.
mlir::Value
emitReduction(mlir::OpBuilder &builder, const Reduction &r, mlir::Value ints,
              mlir::IntegerAttr start, mlir::ValueRange extra,
              llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                             mlir::ValueRange)>
                  combine);

} // namespace lowbit

#endif // LOWBIT_IMPORT_REDUCTIONS_H
