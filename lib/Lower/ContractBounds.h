//===- ContractBounds.h - sums of a contraction fit ------------*- C++ -*-===//
//
// Proves that the sums of a contraction fit its accumulator (N19 of
// docs/numerics.md), or has the run prove it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_CONTRACTBOUNDS_H
#define LOWBIT_LIB_LOWER_CONTRACTBOUNDS_H

#include "ContractLowering.h"

#include "lowbit/Import/ParameterAccess.h"

namespace lowbit {

/// Emits the error when a sum of `nest`, which is of integers, may not fit.
/// `corrects` says that zero points are taken from the sums of products, and
/// not from the factors. `rhs` is the right-hand side as it was given, null
/// when it is packed.
llvm::LogicalResult checkSums(mlir::OpBuilder &builder,
                              const ContractNest &nest, mlir::Value rhs,
                              bool corrects, ParameterReader &reader);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_CONTRACTBOUNDS_H
