//===- Bench.h - how fast a compiled model is -------------------*- C++ -*-===//
//
// Times runs, counts the operations of a module, and measures the peak of the
// machine's dot product.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_BENCH_H
#define LOWBIT_RUN_BENCH_H

#include "lowbit/Run/Program.h"

namespace lowbit {
struct BenchResult {
  double medianMs = 0, minMs = 0;
  int64_t runs = 0;
};

/// Runs until `seconds` have passed and at least 5 times, after warming up.
llvm::Expected<BenchResult> bench(Program &program,
                                  llvm::ArrayRef<const NpyArray *> inputs,
                                  double seconds);

/// One step of compiled code, and its median time in a run.
struct StepTime {
  std::string name;
  double medianMs = 0;
};

/// Times the steps of a program that was compiled with marks, longest first.
llvm::Expected<std::vector<StepTime>>
profile(Program &program, llvm::ArrayRef<const NpyArray *> inputs,
        double seconds);

/// Multiply-adds of the module's contractions, float and integer; none when a
/// loop has no static bound.
struct MultiplyAdds {
  int64_t floating = 0, integer = 0;
};
std::optional<MultiplyAdds> countMultiplyAdds(mlir::ModuleOp module);

/// Operations a second (2 a multiply-add) of `threads` copies of a loop of
/// nothing but the dot product that `isa` names, in registers.
llvm::Expected<double> measurePeak(mlir::MLIRContext &context,
                                   llvm::StringRef isa, bool isFloat,
                                   unsigned threads);

/// The host's CPU and the dot product that `isa` chooses, for reports:
/// "sapphirerapids avx512-vnni".
std::string describeTarget(llvm::StringRef isa);
} // namespace lowbit

#endif // LOWBIT_RUN_BENCH_H
