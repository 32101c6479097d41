//===- Peak.cpp - the machine's peak --------------------------------------===//
//
// Runs a loop of nothing but the target's dot product, in registers, on each
// thread at once.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/PeakKernel.h"
#include "lowbit/Codegen/CPU/Pipeline.h"
#include "lowbit/Codegen/CPU/TargetISA.h"
#include "lowbit/Run/Bench.h"
#include "lowbit/Run/Jit.h"

#include "mlir/Pass/PassManager.h"

#include <chrono>
#include <thread>

using namespace mlir;

llvm::Expected<double> lowbit::measurePeak(MLIRContext &context, StringRef isa,
                                           bool isFloat, unsigned threads) {
  std::string error;
  TargetISA target = resolveISA(isa, error);
  if (!error.empty())
    return llvm::createStringError(error);
  OwningOpRef<ModuleOp> module = ModuleOp::create(UnknownLoc::get(&context));
  OpBuilder builder(&context);
  int64_t operations = buildPeakFunction(builder, *module, target, isFloat);
  PassManager pm(&context);
  buildCpuLLVMPipeline(pm, {});
  if (failed(pm.run(*module)))
    return llvm::createStringError("the peak loop could not be compiled");
  auto engine = createJit(*module, /*parallel=*/false);
  if (!engine)
    return engine.takeError();
  auto function = (*engine)->lookupPacked("lowbit_peak");
  if (!function)
    return function.takeError();

  // Long enough for a thread's start not to matter, repeated for the best.
  int64_t iterations = 2000000;
  auto loop = [&] {
    int64_t count = iterations;
    alignas(64) char result[64] = {};
    void *packed[] = {&count, result};
    (*function)(packed);
  };
  double best = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    auto start = std::chrono::steady_clock::now();
    std::vector<std::thread> others;
    for (unsigned i = 1; i < threads; ++i)
      others.emplace_back(loop);
    loop();
    for (std::thread &thread : others)
      thread.join();
    double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
            .count();
    best = std::max(best, double(iterations) * double(operations) * threads /
                              seconds);
  }
  return best;
}
