//===- LoweringPatterns.h - patterns of lowbit-lower-qdq --------*- C++ -*-===//
//
// One populate function a theme. Patterns rewrite their operation and nothing
// else, on tensors and on scalars; quantized values pass through toCarrier and
// fromCarrier (Storage.h).
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_LOWERINGPATTERNS_H
#define LOWBIT_LIB_LOWER_LOWERINGPATTERNS_H

#include "Elementwise.h"

#include "mlir/IR/PatternMatch.h"

namespace lowbit {

/// quantize, dequantize and fake_quant.
void populateQuantizationPatterns(mlir::RewritePatternSet &patterns);
/// requantize.
void populateRequantizePatterns(mlir::RewritePatternSet &patterns);
/// fake_quant_grad.
void populateGradientPatterns(mlir::RewritePatternSet &patterns);

/// Scales, the tensor scale multiplied in, and zero points as inputs of a body.
struct ElementParameters {
  ElementInput scale;
  /// None for formats without zero points.
  std::optional<ElementInput> zeroPoint;

  /// The value and the parameters, in the order in which bodies read them.
  llvm::SmallVector<ElementInput> inputsAfter(mlir::Value value) const;
  /// The last element of what such a body reads.
  ElementZeroPoint zeroPointOf(mlir::ValueRange elements) const;
};

/// Emits what has to be computed from the operands. Emits the error when
/// numbers cannot be read.
mlir::FailureOr<ElementParameters>
readElementParameters(mlir::OpBuilder &builder, QuantizationOpInterface op);

/// A list of numbers over tensors of `rank`: one number when all are equal,
/// else a constant that `map` reads.
ElementInput makeElementInput(mlir::OpBuilder &builder, mlir::Operation *op,
                              llvm::ArrayRef<float> values,
                              llvm::ArrayRef<int64_t> shape,
                              llvm::StringRef suffix, ElementInput access);
ElementInput makeElementInput(mlir::OpBuilder &builder, mlir::Operation *op,
                              llvm::ArrayRef<int32_t> values,
                              llvm::ArrayRef<int64_t> shape,
                              llvm::StringRef suffix, ElementInput access);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_LOWERINGPATTERNS_H
