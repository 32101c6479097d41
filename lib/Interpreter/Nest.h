//===- Nest.h - the loops of a linalg operation -----------------*- C++ -*-===//
//
// Which element of each operand an iteration reads or writes, with the sizes
// that the operands have at run time.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_NEST_H
#define LOWBIT_INTERPRETER_NEST_H

#include "Machine.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit::interpreter {

struct Access {
  Tensor tensor;
  mlir::AffineMap map;
  /// The row-major offset is base + the sum of stride * index over the loops.
  int64_t base = 0;
  llvm::SmallVector<int64_t> strides;

  int64_t at(llvm::ArrayRef<int64_t> indices) const {
    int64_t offset = base;
    for (size_t loop = 0; loop < strides.size(); ++loop)
      offset += strides[loop] * indices[loop];
    return offset;
  }
};

struct Nest {
  mlir::linalg::LinalgOp op;
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<bool> isReduction;
  /// The operands in order; outputs are copies of the inits, to be written.
  llvm::SmallVector<Access> inputs, outputs;

  bool hasReduction() const { return llvm::is_contained(isReduction, true); }
  bool isEmpty() const { return llvm::is_contained(extents, 0); }
};

/// The error is emitted.
llvm::FailureOr<Nest> makeNest(Machine &machine, mlir::linalg::LinalgOp op);

/// Emits an error when an element of tensor.empty would be read.
llvm::LogicalResult checkDefined(const Nest &nest, const Access &access);

/// acc + a * b, where a and b are inputs.
struct MultiplyAdd {
  unsigned lhs, rhs;
  bool lhsUnsigned = false, rhsUnsigned = false;
};
/// Whether the operation is a contraction (F2, N9), which runContraction runs.
std::optional<MultiplyAdd> matchMultiplyAdd(const Nest &nest);
llvm::LogicalResult runContraction(Nest &nest, const MultiplyAdd &match);

/// Runs the operation when it is a reduction (F3): true then.
llvm::FailureOr<bool> runReduction(Machine &machine, Nest &nest);

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_NEST_H
