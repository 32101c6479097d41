//===- Elementwise.h - bodies on a few elements -----------------*- C++ -*-===//
//
// What elementwise operations of a module make of elements that are chosen:
// the entries of a table, points of a curve.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_ELEMENTWISE_H
#define LOWBIT_INTERPRETER_ELEMENTWISE_H

#include "lowbit/Interpreter/Tensor.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit::interpreter {

/// The float that all elements of a constant or filled tensor are; null where
/// there is none.
mlir::FloatAttr numberOf(mlir::Value value);

/// Whether the body of `op` computes from its arguments and numbers alone.
bool isClosed(mlir::linalg::GenericOp op);

/// `results`, of `steps`, where `input` has the elements of `elements`, of one
/// dimension. Steps are parallel loops with closed bodies and one result; they
/// read, element by element, `input`, results of steps before and tensors of
/// one float. What is wrong is reported through the context's diagnostics.
llvm::FailureOr<std::vector<Tensor>>
runElementwise(llvm::ArrayRef<mlir::linalg::GenericOp> steps, mlir::Value input,
               const Tensor &elements, mlir::ValueRange results);

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_ELEMENTWISE_H
