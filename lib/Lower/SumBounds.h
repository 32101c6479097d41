//===- SumBounds.h - which sums fit 32 bits ---------------------*- C++ -*-===//
//
// Bounds of what a lowered contraction computes in i32: from the formats of its
// operands, and, where one is a constant, from the integers themselves.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_SUMBOUNDS_H
#define LOWBIT_LIB_LOWER_SUMBOUNDS_H

#include "QuantizedOperand.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Numerics/Accumulation.h"

namespace lowbit {

/// The most products that a sum of two formats may have in 32 bits.
int64_t maxProducts(const QuantizedOperand &a, const QuantizedOperand &b);

/// Fails the run when the sums that make `result` are longer than `limit`
/// products, or other `terms`, which is what `width` bits hold.
void emitLengthCheck(mlir::OpBuilder &builder, mlir::Location loc,
                     mlir::Value length, int64_t limit, mlir::Value result,
                     unsigned width, llvm::StringRef terms = "products");

/// Why the accumulator, the corrections or what is left after them may leave 32
/// bits; empty when none can, and when the length of the sum is not known.
std::string findOverflow(const Contraction &c, const QuantizedOperand &a,
                         const QuantizedOperand &b, ParameterReader &reader);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_SUMBOUNDS_H
