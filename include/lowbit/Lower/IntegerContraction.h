//===- IntegerContraction.h - contractions on integers ----------*- C++ -*-===//
//
// The pieces that lowbit-lower-contractions puts together.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LOWER_INTEGERCONTRACTION_H
#define LOWBIT_LOWER_INTEGERCONTRACTION_H

#include "lowbit/Import/Contractions.h"

#include "mlir/IR/Builders.h"

namespace lowbit {

/// The operation of `c` on the integers `lhs` and `rhs`, accumulating in i32
/// from zero. Matmul, batch matmul, contract, generic and convolutions keep
/// their kind; other contractions become `linalg.contract`.
mlir::Value emitIntegerContraction(mlir::OpBuilder &builder,
                                   const Contraction &c, mlir::Value lhs,
                                   mlir::Value rhs);

/// A tensor whose dimensions are some of the loops of a contraction; no loops
/// and a null value: nothing to add.
struct LoopTensor {
  mlir::Value value;
  llvm::SmallVector<unsigned> loops;
};

/// A constant, or an i32 tensor of rank 0 or, a zero point for each row, of one
/// dimension for each of `loops`.
struct ZeroPoint {
  int32_t known = 0;
  mlir::Value dynamic;
  llvm::SmallVector<unsigned> loops;
  bool isZero() const { return !dynamic && known == 0; }
};

/// sum over the reduction of `operand` minus `subtract`, times `times` (the
/// zero point of the other operand, one for all): i32 over the other loops of
/// `operand`. Of the image of a convolution it is the sum of each window.
LoopTensor emitWeightedSum(mlir::OpBuilder &builder, const Contraction &c,
                           unsigned operand, mlir::Value ints,
                           ZeroPoint subtract, ZeroPoint times);

} // namespace lowbit

#endif // LOWBIT_LOWER_INTEGERCONTRACTION_H
