//===- Pipeline.h - phase 7 for the CPU -------------------------*- C++ -*-===//
//
// The passes from the integer (or float) contract to LLVM IR, in two stages:
// the host program reads the parameter arguments between them.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CODEGEN_CPU_PIPELINE_H
#define LOWBIT_CODEGEN_CPU_PIPELINE_H

#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace lowbit {
struct CpuCodegenOptions {
  /// Dot product to use; `auto` asks the host.
  std::string isa = "auto";
  /// Whether the code runs on more than one thread.
  bool parallel = false;
  /// What lowbit-insert-taps taps.
  std::string taps = "none";
  /// Whether each step is marked, for profiling.
  bool marks = false;
};

/// Tensors to vector loops on buffers.
void buildCpuLoopPipeline(mlir::OpPassManager &pm,
                          const CpuCodegenOptions &options);
/// Vector loops on buffers to the LLVM dialect.
void buildCpuLLVMPipeline(mlir::OpPassManager &pm,
                          const CpuCodegenOptions &options);
} // namespace lowbit

#endif // LOWBIT_CODEGEN_CPU_PIPELINE_H
