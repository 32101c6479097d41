//===- Patterns.h - rewrites of phase 5 -------------------------*- C++ -*-===//
//
// Populates the patterns of lowbit-fold-qdq, by theme.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_FOLD_PATTERNS_H
#define LOWBIT_FOLD_PATTERNS_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/PatternMatch.h"

namespace lowbit {

/// move(dequantize(q)) -> dequantize(move(q)).
void populateFoldDataMovementPatterns(mlir::RewritePatternSet &patterns);

/// max_pool(dequantize(q)) -> dequantize(max_pool(q)).
void populateFoldPoolingPatterns(mlir::RewritePatternSet &patterns);

/// Look-ups in dequantize(table) read the integers. Scales of long tables
/// become parameters of `module`.
void populateFoldLookupPatterns(mlir::RewritePatternSet &patterns,
                                mlir::ModuleOp module);

/// concat(dequantize(a), dequantize(b)) -> dequantize(concat(a, b)).
void populateFoldConcatPatterns(mlir::RewritePatternSet &patterns);

/// quantize(max(x, least value)) -> quantize(x).
void populateFoldClampPatterns(mlir::RewritePatternSet &patterns);

/// The narrower of two formats of a value is made of the wider one.
void populateChainQuantizePatterns(mlir::RewritePatternSet &patterns);

/// quantize(dequantize(q)) -> requantize(q), where all integers stay the same.
void populateFoldRequantizePatterns(mlir::RewritePatternSet &patterns);

} // namespace lowbit

#endif // LOWBIT_FOLD_PATTERNS_H
