//===- Machine.h - the state of an interpretation ---------------*- C++ -*-===//
//
// The values of the operations that have run and are still to be read, and what
// the operation families share.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_INTERPRETER_MACHINE_H
#define LOWBIT_INTERPRETER_MACHINE_H

#include "lowbit/Import/ParameterAccess.h"
#include "lowbit/Interpreter/Interpreter.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

#include "llvm/ADT/StringMap.h"

namespace lowbit::interpreter {

class Machine {
public:
  Machine(mlir::ModuleOp module, const Hooks &hooks)
      : hooks(hooks), parameters(module), module(module) {}

  /// Runs a function in a frame of its own; `user` takes the errors.
  llvm::FailureOr<std::vector<Tensor>> call(mlir::Operation *user,
                                            llvm::StringRef function,
                                            std::vector<Tensor> arguments);
  /// Runs a block of the current frame; the operands of its terminator.
  llvm::FailureOr<std::vector<Tensor>> runBlock(mlir::Block &block,
                                                std::vector<Tensor> arguments);

  Tensor get(mlir::Value value) const { return values.lookup(value); }
  int64_t getInt(mlir::Value value) const { return get(value).value().i; }
  /// Sizes, offsets and the like: attributes or index values.
  llvm::SmallVector<int64_t>
  getInts(llvm::ArrayRef<mlir::OpFoldResult> mixed) const;

  /// Gives the value a tensor, which has to fit its type.
  llvm::LogicalResult set(mlir::Value value, Tensor tensor);

  /// Zeros of a shape that was computed.
  llvm::FailureOr<Tensor> allocate(mlir::Operation *op, mlir::Type elementType,
                                   llvm::ArrayRef<int64_t> shape);
  /// A copy to write to.
  llvm::FailureOr<Tensor> clone(mlir::Operation *op, const Tensor &tensor);

  const Hooks &hooks;
  ParameterReader parameters;

private:
  llvm::LogicalResult runOperation(mlir::Operation *op);
  /// Applies an arith or math operation to scalars, or to tensors element by
  /// element.
  llvm::LogicalResult runElementwise(mlir::Operation *op);
  /// The values of a block that nothing reads after each operation.
  const llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value, 2>> &
  lastUses(mlir::Block &block);

  mlir::ModuleOp module;
  llvm::DenseMap<mlir::Value, Tensor> values;
  unsigned depth = 0;
  llvm::DenseMap<
      mlir::Block *,
      llvm::DenseMap<mlir::Operation *, llvm::SmallVector<mlir::Value, 2>>>
      uses;
};

using Handler =
    std::function<llvm::LogicalResult(Machine &, mlir::Operation *)>;

/// What runs each operation, by name.
class HandlerTable {
public:
  template <typename OpTy, typename Function> void add(Function function) {
    handlers[OpTy::getOperationName()] = [function](Machine &machine,
                                                    mlir::Operation *op) {
      return function(machine, mlir::cast<OpTy>(op));
    };
  }
  const Handler *find(mlir::Operation *op) const {
    auto found = handlers.find(op->getName().getStringRef());
    return found == handlers.end() ? nullptr : &found->second;
  }

private:
  llvm::StringMap<Handler> handlers;
};

// One a family.
void addTensorHandlers(HandlerTable &table);
void addSliceHandlers(HandlerTable &table);
void addLowbitHandlers(HandlerTable &table);
void addQuantizationHandlers(HandlerTable &table);
void addContractHandlers(HandlerTable &table);
void addControlFlowHandlers(HandlerTable &table);
/// Any linalg operation with indexing maps and a body.
llvm::LogicalResult runLinalg(Machine &machine, mlir::Operation *op);

/// The attribute's elements.
llvm::FailureOr<Tensor> readConstant(Machine &machine, mlir::Operation *op);

/// Calls `visit` with each index below `extents` in row-major order, until it
/// fails. Without extents that is the empty index, once.
template <typename Visit>
llvm::LogicalResult forEachIndex(llvm::ArrayRef<int64_t> extents, Visit visit) {
  for (int64_t extent : extents)
    if (extent <= 0)
      return llvm::success();
  llvm::SmallVector<int64_t> index(extents.size(), 0);
  while (true) {
    if (failed(visit(llvm::ArrayRef<int64_t>(index))))
      return llvm::failure();
    size_t dim = extents.size();
    while (dim > 0 && ++index[dim - 1] == extents[dim - 1])
      index[--dim] = 0;
    if (dim == 0)
      return llvm::success();
  }
}

} // namespace lowbit::interpreter

#endif // LOWBIT_INTERPRETER_MACHINE_H
