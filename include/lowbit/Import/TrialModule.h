//===- TrialModule.h - a copy of a module to change -------------*- C++ -*-===//
//
// The context keeps the bytes of every parameter that it was ever given. Those
// that only the copy has go with it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_TRIALMODULE_H
#define LOWBIT_IMPORT_TRIALMODULE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/StringSet.h"

namespace lowbit {

class TrialModule {
public:
  explicit TrialModule(mlir::ModuleOp original);
  ~TrialModule();
  TrialModule(const TrialModule &) = delete;
  TrialModule &operator=(const TrialModule &) = delete;

  mlir::ModuleOp operator*() const { return copy.get(); }

private:
  mlir::OwningOpRef<mlir::ModuleOp> copy;
  /// Of the parameters that the original has too.
  llvm::StringSet<> shared;
};

} // namespace lowbit

#endif // LOWBIT_IMPORT_TRIALMODULE_H
