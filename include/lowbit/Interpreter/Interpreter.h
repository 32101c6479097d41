//===- Interpreter.h - the reference semantics of the IR --------*- C++ -*-===//
//
// Evaluates a function of phases 1 to 6, operation by operation, on tensors.
// Slow and obvious: what compiled code is held against, bit for bit. It reads
// bodies with matchers of its own (matchMultiplyAdd), not with those of code
// generation, on purpose: a bug in one must not be in the other.
//
// The rules are docs/numerics.md and, for floats and their order of operations
// (F1 to F4), docs/numerics-float.md. A tensor.empty that was partly written
// counts as defined, with zeros in the rest.
//
// Refused, with one located error that names the operation and the element:
// operations that the interpreter does not know, and whatever has no defined
// result (division by zero, a shift by the width or more, a conversion of a
// float that is out of range, an index out of bounds, reading tensor.empty, an
// accumulator beyond its width (N9)).
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_INTERPRETER_H
#define LOWBIT_INTERPRETER_INTERPRETER_H

#include "lowbit/Interpreter/Tensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <functional>

namespace lowbit::interpreter {

struct Hooks {
  /// Sees the result of each operation that carries `lowbit.id` and has one
  /// result.
  std::function<void(llvm::StringRef id, const Tensor &)> onValue;
  /// Sees the operand of each `lowbit.tap`.
  std::function<void(llvm::StringRef id, const Tensor &)> onTap;
  /// Sees the operand of each `lowbit.observe`.
  std::function<void(llvm::StringRef id, const Tensor &)> onObserve;
};

/// Interprets functions of one module; its parameters are read when they are
/// first used.
class Interpreter {
public:
  /// Works on a copy of the module.
  explicit Interpreter(mlir::ModuleOp module);
  ~Interpreter();

  /// The results of @`function` on `inputs`, of which there is one for each
  /// argument. What is wrong is reported through the context's diagnostics.
  llvm::FailureOr<std::vector<Tensor>> run(llvm::StringRef function,
                                           llvm::ArrayRef<Tensor> inputs,
                                           const Hooks &hooks = {});

private:
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_INTERPRETER_H
