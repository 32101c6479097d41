//===- Interpreter.h - the reference semantics of the IR --------*- C++ -*-===//
//
// Evaluates a function of phases 1 to 6, operation by operation, on tensors.
// Slow and obvious: what compiled code is held against, bit for bit. Integers
// follow docs/numerics.md (N1 to N11). Floats have one order of operations:
//
//   F1  Every arith and math operation rounds once, to nearest even; a*b+c is
//       contracted only in math.fma. exp, exp2, expm1, log, log2, log10, log1p,
//       tanh, erf, sin, cos and powf are the formulas of lib/Numerics, rsqrt(x)
//       is 1 / sqrt(x). f16 and bf16 compute in f32 and round.
//   F2  Contraction: a linalg operation with a reduction loop whose body is
//       acc + a * b, in any order of operands, where a and b are two
//       block arguments, extended (extf) or not; the square of one is none. acc
//       begins as the init's element; over the reduction loops in their order,
//       the last one fastest, acc = fma(a, b, acc).
//   F3  Reduction: every output is combine(out, x), combine one of addf, mulf,
//       maximumf, minimumf, maxnumf, minnumf, and x does not depend on an
//       output. When the last loop is a reduction and all indexing maps are
//       projected permutations (constant 0 results allowed), the lane tree of
//       lib/Codegen/CPU/Generic/EmitLaneReduction.cpp; otherwise sequential in
//       the order of the loops, the last one fastest. Integers: no order.
//   F4  Any other body: sequential in the order of the loops, the last one
//       fastest.
//
//   maxnumf(a, b) is b when a is NaN or b > a, otherwise a; minnumf(a, b) is b
//   when a is NaN or b < a, otherwise a. maximumf and minimumf give NaN for a
//   NaN, and -0 < +0. The bits of a NaN are not defined. A dimension of size 1
//   counts like any other.
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
