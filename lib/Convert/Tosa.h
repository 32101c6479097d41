//===- Tosa.h - quantized operators of TOSA ---------------------*- C++ -*-===//
//
// What the files that read TOSA share.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CONVERT_TOSA_H
#define LOWBIT_LIB_CONVERT_TOSA_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Operation.h"

namespace lowbit {

/// The elements of a constant operand: tosa.const, arith.constant, or what
/// folds to one. Null when it is none.
mlir::ElementsAttr constantElements(mlir::Value value);

/// The one element of a constant; none when it is not constant.
std::optional<int64_t> constantScalar(mlir::Value value, bool isUnsigned);

/// Whether `op` is a matmul or convolution of i8 with an i32 accumulator, which
/// `convertContraction` takes.
bool isQuantizedContraction(mlir::Operation *op);

/// Replaces such an operator by `lowbit.contract`; emits the error.
llvm::LogicalResult convertContraction(mlir::Operation *op);

/// Averages of f32 images and look-ups in one batch, in the forms that the
/// phases after know.
void rewriteTosaForms(mlir::ModuleOp module);

} // namespace lowbit

#endif // LOWBIT_LIB_CONVERT_TOSA_H
