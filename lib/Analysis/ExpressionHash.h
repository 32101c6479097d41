//===- ExpressionHash.h - what a model computes -----------------*- C++ -*-===//
//
// A hash of all that a result is computed by, for the fingerprint: operations,
// their ids, bodies, indexing maps, attributes and constants.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_ANALYSIS_EXPRESSIONHASH_H
#define LOWBIT_LIB_ANALYSIS_EXPRESSIONHASH_H

#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lowbit {

/// 32 hexadecimal digits.
std::string hashOf(llvm::ArrayRef<char> bytes);

/// One hash for each result of `main`. Emits the error where the bytes of a
/// constant cannot be read.
llvm::FailureOr<std::vector<std::string>>
hashExpressions(mlir::func::FuncOp main, ParameterReader &reader);

} // namespace lowbit

#endif // LOWBIT_LIB_ANALYSIS_EXPRESSIONHASH_H
