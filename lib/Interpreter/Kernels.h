//===- Kernels.h - operations on one element --------------------*- C++ -*-===//
//
// A kernel computes one arith or math operation on scalars. It is made once for
// an operation and then called for each element, in the body of a linalg
// operation, on tensors or on the scalars of a function alike.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_KERNELS_H
#define LOWBIT_INTERPRETER_KERNELS_H

#include "lowbit/Interpreter/Tensor.h"

#include "mlir/IR/Operation.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/StringMap.h"
#include <functional>

namespace lowbit::interpreter {

/// What a kernel sees of the place where it runs, and what it leaves there.
struct Context {
  /// The current values of the loops.
  llvm::ArrayRef<int64_t> indices;
  /// Why the last kernel has no result; empty when it has one.
  std::string fault;

  Scalar fail(std::string message) {
    fault = std::move(message);
    return {};
  }
};

using Kernel = std::function<Scalar(const Scalar *operands, Context &)>;
/// Emits an error when the operation is of a form without a defined result.
using KernelFactory = std::function<llvm::FailureOr<Kernel>(mlir::Operation *)>;

/// The factories by operation name.
class KernelTable {
public:
  template <typename OpTy, typename Factory> void add(Factory factory) {
    factories[OpTy::getOperationName()] = [factory](mlir::Operation *op) {
      return llvm::FailureOr<Kernel>(factory(mlir::cast<OpTy>(op)));
    };
  }
  const KernelFactory *find(mlir::Operation *op) const {
    auto found = factories.find(op->getName().getStringRef());
    return found == factories.end() ? nullptr : &found->second;
  }

private:
  llvm::StringMap<KernelFactory> factories;
};

const KernelTable &kernelTable();

// One a family.
void addArithIntegerKernels(KernelTable &table);
void addArithCastKernels(KernelTable &table);
void addArithFloatKernels(KernelTable &table);
void addMathKernels(KernelTable &table);

/// Bits of the integers that the value holds.
inline unsigned widthOf(mlir::Value value) {
  return elementFormat(getElementTypeOrSelf(value.getType()))->width;
}
inline mlir::FloatType floatTypeOf(mlir::Value value) {
  return mlir::cast<mlir::FloatType>(getElementTypeOrSelf(value.getType()));
}

/// A kernel of floats: `function` is called with doubles for f64, otherwise
/// with floats, and its result is rounded to the type.
template <typename Function>
Kernel floatKernel(mlir::FloatType type, Function function) {
  if (type.isF64())
    return [function](const Scalar *x, Context &) {
      return Scalar::ofFloat(function(x, double()));
    };
  if (type.isF32())
    return [function](const Scalar *x, Context &) {
      return Scalar::ofFloat(function(x, float()));
    };
  return [function, type](const Scalar *x, Context &) {
    return Scalar::ofFloat(roundTo(type, function(x, float())));
  };
}
template <typename Function>
Kernel unaryFloat(mlir::Value result, Function function) {
  return floatKernel(floatTypeOf(result), [function](const Scalar *x, auto as) {
    using T = decltype(as);
    return T(function(T(x[0].f)));
  });
}
template <typename Function>
Kernel binaryFloat(mlir::Value result, Function function) {
  return floatKernel(floatTypeOf(result), [function](const Scalar *x, auto as) {
    using T = decltype(as);
    return T(function(T(x[0].f), T(x[1].f)));
  });
}

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_KERNELS_H
