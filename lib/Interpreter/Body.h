//===- Body.h - a region of scalar operations -------------------*- C++ -*-===//
//
// The body of linalg.generic, tensor.generate or tensor.pad, made ready once
// and evaluated for each element.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_BODY_H
#define LOWBIT_INTERPRETER_BODY_H

#include "Kernels.h"
#include "Machine.h"

namespace lowbit::interpreter {

class Body {
public:
  /// What computes `wanted` from the block's arguments, and nothing else. The
  /// error is emitted.
  static llvm::FailureOr<Body> prepare(Machine &machine, mlir::Block &block,
                                       mlir::ValueRange wanted);

  /// Whether `wanted` depends on the argument.
  bool reads(unsigned argument) const { return read[argument]; }
  /// Sets an argument for the evaluations to come.
  void setArgument(unsigned argument, Scalar value) { slots[argument] = value; }
  /// `indices`: the current loops. The error is emitted.
  llvm::LogicalResult evaluate(llvm::ArrayRef<int64_t> indices);
  Scalar result(unsigned i) const { return slots[wanted[i]]; }

private:
  struct Step {
    Kernel kernel;
    llvm::SmallVector<unsigned, 3> operands;
    unsigned result;
    mlir::Operation *op;
  };

  std::vector<Scalar> slots;
  std::vector<bool> read;
  llvm::SmallVector<unsigned> wanted;
  std::vector<Step> steps;
};

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_BODY_H
