//===- ChildProgram.h - a module for a child process ------------*- C++ -*-===//
//
// Writes a module so that quant-run can start on it from anywhere.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_CHILDPROGRAM_H
#define LOWBIT_CALIBRATE_CHILDPROGRAM_H

#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

/// Writes `program`, a copy that is changed, as bytecode: its store gets an
/// absolute path. Emits the error.
llvm::LogicalResult writeChildProgram(mlir::ModuleOp program,
                                      llvm::StringRef path);

} // namespace lowbit

#endif // LOWBIT_CALIBRATE_CHILDPROGRAM_H
