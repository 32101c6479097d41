//===- IntegerForms.h - one loop, one result, a neutral start ---*- C++ -*-===//
//
// What users write, in the forms that emitIntegerBody knows: one operation may
// be several.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_INTEGERFORMS_H
#define LOWBIT_LIB_LOWER_INTEGERFORMS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

/// The operations that have taken the place of `op`, in order; none where it
/// stays as it is. `op` is not read any more then.
llvm::SmallVector<mlir::linalg::GenericOp>
splitForms(mlir::linalg::GenericOp op);

/// Whether joining `start` with a value by `combiner` is that value.
bool isNeutral(mlir::Operation *combiner, double start);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_INTEGERFORMS_H
