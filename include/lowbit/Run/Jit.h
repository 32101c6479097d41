//===- Jit.h - LLVM dialect to machine code ---------------------*- C++ -*-===//
//
// The one place that configures the JIT.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_JIT_H
#define LOWBIT_RUN_JIT_H

#include "mlir/ExecutionEngine/ExecutionEngine.h"

namespace lowbit {
/// Compiles a module in the LLVM dialect for the host, optimized, with the
/// functions of Callbacks.h at hand. `parallel`: the code calls OpenMP.
llvm::Expected<std::unique_ptr<mlir::ExecutionEngine>>
createJit(mlir::ModuleOp module, bool parallel);
} // namespace lowbit

#endif // LOWBIT_RUN_JIT_H
