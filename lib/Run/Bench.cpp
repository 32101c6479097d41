//===- Bench.cpp - how fast a compiled model is ---------------------------===//
//
// Wall-clock times of whole runs; medians, because machines are shared.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Run/Bench.h"
#include "lowbit/Codegen/CPU/TargetISA.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

#include "llvm/TargetParser/Host.h"

#include <chrono>

using namespace mlir;
using Clock = std::chrono::steady_clock;

static double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

llvm::Expected<lowbit::BenchResult>
lowbit::bench(Program &program, ArrayRef<const NpyArray *> inputs,
              double seconds) {
  auto warmUp = Clock::now();
  for (int i = 0; i < 3 || (i < 100 && secondsSince(warmUp) < seconds / 5);
       ++i) {
    auto outputs = program.run(inputs);
    if (!outputs)
      return outputs.takeError();
  }
  std::vector<double> times;
  auto start = Clock::now();
  while (times.size() < 5 || secondsSince(start) < seconds) {
    auto before = Clock::now();
    auto outputs = program.run(inputs);
    times.push_back(secondsSince(before));
    if (!outputs)
      return outputs.takeError();
  }
  std::sort(times.begin(), times.end());
  return BenchResult{1e3 * times[times.size() / 2], 1e3 * times.front(),
                     int64_t(times.size())};
}

llvm::Expected<std::vector<lowbit::StepTime>>
lowbit::profile(Program &program, ArrayRef<const NpyArray *> inputs,
                double seconds) {
  // By site, then by run. A site is reached once a run: marks are not in loops.
  std::vector<std::vector<double>> times(program.siteNames().size());
  int64_t site = -1;
  Clock::time_point begin;
  program.setMarkHandler([&](int64_t next) {
    Clock::time_point now = Clock::now();
    if (site >= 0)
      times[site].push_back(std::chrono::duration<double>(now - begin).count());
    site = next;
    begin = Clock::now();
  });
  auto start = Clock::now();
  for (int64_t run = 0; run < 5 || secondsSince(start) < seconds; ++run) {
    auto outputs = program.run(inputs);
    if (!outputs)
      return outputs.takeError();
    // Nothing between two runs is a step.
    site = -1;
  }
  std::vector<StepTime> steps;
  for (auto [index, list] : llvm::enumerate(times)) {
    if (list.empty())
      continue;
    std::sort(list.begin(), list.end());
    steps.push_back({program.siteNames()[index], 1e3 * list[list.size() / 2]});
  }
  llvm::sort(steps, [](const StepTime &a, const StepTime &b) {
    return std::tie(b.medianMs, a.name) < std::tie(a.medianMs, b.name);
  });
  return steps;
}

std::optional<lowbit::MultiplyAdds> lowbit::countMultiplyAdds(ModuleOp module) {
  MultiplyAdds count;
  bool isStatic = true;
  module.walk([&](linalg::LinalgOp op) {
    if (op.getNumDpsInputs() < 2 || op.getNumReductionLoops() == 0 ||
        !(linalg::isaContractionOpInterface(op) ||
          linalg::isaConvolutionOpInterface(op)))
      return;
    // Pooling has a window, not a second factor.
    if (isa<linalg::PoolingNhwcMaxOp, linalg::PoolingNhwcSumOp>(op))
      return;
    int64_t product = 1;
    for (int64_t range : op.getStaticLoopRanges()) {
      isStatic &= !ShapedType::isDynamic(range);
      product *= range;
    }
    bool isFloat =
        isa<FloatType>(getElementTypeOrSelf(op.getDpsInputs()[0].getType()));
    (isFloat ? count.floating : count.integer) += product;
  });
  if (!isStatic)
    return std::nullopt;
  return count;
}

std::string lowbit::describeTarget(StringRef isa) {
  std::string error;
  TargetISA target = resolveISA(isa, error);
  return (llvm::sys::getHostCPUName() + " " + isaName(target)).str();
}
