//===- AccumulatorRange.h - what an accumulator can hold --------*- C++ -*-===//
//
// The attribute `lowbit.accumulator` of an integer contraction: facts that
// phase 6 proved and code generation may rely on.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_ACCUMULATORRANGE_H
#define LOWBIT_DIALECT_LOWBIT_IR_ACCUMULATORRANGE_H

#include "mlir/IR/Operation.h"

namespace lowbit {

/// `lowbit.accumulator = {max = 32258 : i64, min = -32512 : i64,
/// pair_sums_fit_i16}`
struct AccumulatorRange {
  static constexpr llvm::StringLiteral kAttrName = "lowbit.accumulator";

  /// The smallest and the largest final sum over all inputs, init included;
  /// both fit 32 bits. Inputs are integers in the range of their format, which
  /// whoever makes them by lowbit.storage_cast warrants (S4).
  int64_t min = 0;
  int64_t max = 0;
  /// With the left operand shifted to unsigned (xor 0x80), the sum of any two
  /// products of one accumulator fits 16 bits: vpmaddubsw does not saturate.
  bool pairSumsFitI16 = false;

  /// None when `op` carries no (valid) attribute.
  static std::optional<AccumulatorRange> get(mlir::Operation *op);
  void attachTo(mlir::Operation *op) const;
  /// Whether `attr` is a range, on an operation that adds up in i32.
  static llvm::LogicalResult verify(mlir::Operation *op, mlir::Attribute attr);
};

} // namespace lowbit

#endif // LOWBIT_DIALECT_LOWBIT_IR_ACCUMULATORRANGE_H
