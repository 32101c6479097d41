//===- QuantizedOperand.h - an operand of a contraction ---------*- C++ -*-===//
//
// What lies behind a dequantize: integers, format and parameters.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_QUANTIZEDOPERAND_H
#define LOWBIT_LIB_LOWER_QUANTIZEDOPERAND_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/PatternMatch.h"

namespace lowbit {

struct QuantizedOperand {
  DequantizeOp dequantize;
  AffineType format;
  /// Each known at compile time; empty otherwise.
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;

  bool isStatic() const { return !scales.empty() && !zeroPoints.empty(); }
  bool isSymmetric() const {
    return !zeroPoints.empty() &&
           llvm::all_of(zeroPoints, [](int32_t z) { return z == 0; });
  }
  /// Whether all of it is known: a weight.
  bool isConstant() const;
  mlir::Value dynamicScale() const;
  mlir::Value dynamicZeroPoint() const;
  /// The integers in their plain type.
  mlir::Value emitIntegers(mlir::OpBuilder &builder) const;
  /// The greatest |q - zero_point|, and the greatest |q|.
  int64_t maxSteps() const;
  int64_t maxMagnitude() const;
};

/// None when `value` is no dequantize of an affine tensor or its parameters
/// cannot be read.
std::optional<QuantizedOperand> matchQuantizedOperand(mlir::Value value);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_QUANTIZEDOPERAND_H
