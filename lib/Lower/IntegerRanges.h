//===- IntegerRanges.h - which integers a value can be ----------*- C++ -*-===//
//
// A forward interval analysis over scalars, tensors and linalg bodies.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_INTEGERRANGES_H
#define LOWBIT_LIB_LOWER_INTEGERRANGES_H

#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Numerics/Accumulation.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Interfaces/InferIntRangeInterface.h"

namespace lowbit {

/// The integers (of the elements, for a tensor) that values can be. `visit` is
/// called on operations in order; what was not visited, or is not understood,
/// can be anything of its type.
class IntegerRanges {
public:
  explicit IntegerRanges(ParameterReader &reader) : reader(reader) {}

  /// The element type of `value` must be an integer.
  mlir::ConstantIntRanges get(mlir::Value value) const;
  /// The same, signed, as plain numbers.
  Interval getSigned(mlir::Value value) const;

  /// Says what the integers of `value` can be.
  void narrow(mlir::Value value, Interval interval);

  /// Finds the ranges of the results of `op`, and of what is in its body.
  void visit(mlir::Operation *op);

private:
  using Range = mlir::ConstantIntRanges;
  /// Bounds of a float that is not NaN.
  struct FloatBounds {
    double min, max;
  };
  void set(mlir::Value value, const Range &range);
  Range hull(mlir::ValueRange values) const;
  std::optional<Range> readConstant(mlir::Value value) const;
  void visitLinalg(mlir::linalg::LinalgOp op);
  FloatBounds floatBounds(mlir::Value value) const;

  ParameterReader &reader;
  llvm::DenseMap<mlir::Value, Range> ranges;
};

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_INTEGERRANGES_H
