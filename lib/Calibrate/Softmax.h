//===- Softmax.h - what a softmax reads and makes ---------------*- C++ -*-===//
//
// Finds softmax by its structure, so that it does not matter which front end
// spelled it:
//
//   powers = exp(x) or exp(x - max), total = sum(powers) over the last
//   dimension, powers / total
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CALIBRATE_SOFTMAX_H
#define LOWBIT_LIB_CALIBRATE_SOFTMAX_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lowbit {

/// The values whose last dimension is a distribution over classes, with what
/// `rows` of lowbit.observe says of them: `probabilities` of what a softmax
/// makes; `logits` of what one reads, and of f32 results of the function of
/// rank 2 and more. The sources of such values are in it too, where movement
/// keeps their last dimension.
llvm::DenseMap<mlir::Value, llvm::StringRef> findRows(mlir::func::FuncOp main);

} // namespace lowbit

#endif // LOWBIT_LIB_CALIBRATE_SOFTMAX_H
