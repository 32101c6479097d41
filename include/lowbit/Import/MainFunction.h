//===- MainFunction.h - the function that is the model ----------*- C++ -*-===//
//
// Finds it, whatever a module from elsewhere calls it.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_IMPORT_MAINFUNCTION_H
#define LOWBIT_IMPORT_MAINFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

/// @main, or the only public function with a body. Emits the error.
llvm::FailureOr<mlir::func::FuncOp> findMain(mlir::ModuleOp module);

} // namespace lowbit

#endif // LOWBIT_IMPORT_MAINFUNCTION_H
