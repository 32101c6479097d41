//===- InterpretedModel.h - a model that the interpreter runs ---*- C++ -*-===//
//
// The same face as Program (see Program.h), without code generation.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_INTERPRETEDMODEL_H
#define LOWBIT_RUN_INTERPRETEDMODEL_H

#include "lowbit/Interpreter/Interpreter.h"
#include "lowbit/Run/Callbacks.h"
#include "lowbit/Run/Signature.h"

namespace lowbit {
class InterpretedModel {
public:
  /// Takes a module of phases 1 to 6.
  static llvm::Expected<std::unique_ptr<InterpretedModel>>
  create(mlir::OwningOpRef<mlir::ModuleOp> module);

  const Signature &signature() const { return modelSignature; }
  mlir::ModuleOp module() { return *source; }

  /// Called for each f32 tensor that has an id, as compiled code's taps of
  /// `values` are.
  void setValueHandler(TapHandler handler) { onValue = std::move(handler); }

  /// Runs once. `inputs` are in the signature's order and fit it. The error is
  /// empty when a diagnostic has been emitted.
  llvm::Expected<std::vector<NpyArray>>
  run(llvm::ArrayRef<const NpyArray *> inputs);

private:
  explicit InterpretedModel(mlir::OwningOpRef<mlir::ModuleOp> module)
      : source(std::move(module)), interpreter(*source) {}

  mlir::OwningOpRef<mlir::ModuleOp> source;
  interpreter::Interpreter interpreter;
  mlir::func::FuncOp entry;
  Signature modelSignature;
  TapHandler onValue;
};
} // namespace lowbit

#endif // LOWBIT_RUN_INTERPRETEDMODEL_H
