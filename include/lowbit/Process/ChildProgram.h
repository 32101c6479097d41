//===- ChildProgram.h - a module that runs in a child process ---*- C++ -*-===//
//
// A module as a file that quant-run can start on from anywhere, and what went
// wrong there as one diagnostic here. `task` is what the child is for, such as
// "calibration".
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PROCESS_CHILDPROGRAM_H
#define LOWBIT_PROCESS_CHILDPROGRAM_H

#include "lowbit/Process/ChildProcess.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace lowbit {

/// The path of quant-run. Emits an error where there is none.
llvm::FailureOr<std::string> findQuantRun(mlir::ModuleOp module,
                                          llvm::StringRef task);

/// `threads` as quant-run is told; 0 is as many as the machine has.
std::string threadsArgument(unsigned threads);

/// Writes `program`, a copy that is changed, as bytecode: its store gets an
/// absolute path. Emits the error.
llvm::LogicalResult writeChildProgram(mlir::ModuleOp program,
                                      llvm::StringRef path);

/// One error out of how a child ended: the first error that it said with its
/// notes, each of which may be replaced by `rewordNote`.
llvm::LogicalResult emitChildError(
    mlir::ModuleOp module, llvm::StringRef task, const ChildResult &child,
    llvm::function_ref<llvm::StringRef(llvm::StringRef)> rewordNote = nullptr);

} // namespace lowbit

#endif // LOWBIT_PROCESS_CHILDPROGRAM_H
