//===- ValueClasses.h - quantized values that must have one type *- C++ -*-===//
//
// The quantized values of a module, the arguments and results of functions
// among them, in classes: two are in one class when an operation hands the
// elements of one to the other (a slice, a branch, a call, a return).
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CONVERT_VALUECLASSES_H
#define LOWBIT_LIB_CONVERT_VALUECLASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/IntEqClasses.h"
#include "llvm/ADT/MapVector.h"

namespace lowbit {

/// The format of a quantized value; null for other types.
inline QuantizedTypeInterface quantizedElement(mlir::Type type) {
  return llvm::dyn_cast<QuantizedTypeInterface>(
      mlir::getElementTypeOrSelf(type));
}

class ValueClasses {
public:
  struct Node {
    unsigned index;
    mlir::Type type;
    mlir::Location loc;
  };

  explicit ValueClasses(mlir::ModuleOp module);

  unsigned node(mlir::Value value) const { return values.lookup(value); }
  /// Those of a function's type, which a declaration has too.
  unsigned argument(mlir::Operation *function, unsigned index) const {
    return signature.lookup({function, {0u, index}});
  }
  unsigned result(mlir::Operation *function, unsigned index) const {
    return signature.lookup({function, {1u, index}});
  }
  unsigned leader(unsigned node) const { return classes.findLeader(node); }
  llvm::ArrayRef<Node> nodes() const { return all; }
  void
  forEachValue(llvm::function_ref<void(mlir::Value, unsigned)> callback) const {
    for (auto [value, node] : values)
      callback(value, node);
  }

private:
  unsigned add(mlir::Type type, mlir::Location loc);
  void join(mlir::Value a, mlir::Value b);
  void joinThrough(mlir::Operation *op, mlir::ModuleOp module);

  using Place = std::pair<mlir::Operation *, std::pair<unsigned, unsigned>>;
  std::vector<Node> all;
  llvm::MapVector<mlir::Value, unsigned> values;
  llvm::DenseMap<Place, unsigned> signature;
  llvm::IntEqClasses classes;
};

} // namespace lowbit

#endif // LOWBIT_LIB_CONVERT_VALUECLASSES_H
