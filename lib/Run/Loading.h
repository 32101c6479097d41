//===- Loading.h - what the commands share ----------------------*- C++ -*-===//
//
// From a path to a program, and what is said while it runs.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_RUN_LOADING_H
#define LOWBIT_LIB_RUN_LOADING_H

#include "lowbit/Run/Commands.h"
#include "lowbit/Run/Program.h"

namespace lowbit {

llvm::Expected<std::unique_ptr<Program>>
loadAndCompile(mlir::MLIRContext &context, const RunOptions &options,
               llvm::StringRef taps = "none", bool marks = false);

llvm::SmallVector<const NpyArray *> pointers(llvm::ArrayRef<NpyArray> arrays);

/// A line for whoever follows the program, where LOWBIT_PROGRESS is set.
void reportProgress(int64_t done, int64_t total, llvm::StringRef what);

} // namespace lowbit

#endif // LOWBIT_LIB_RUN_LOADING_H
