//===- PeakTest.cpp - the peak loop compiles, runs and is not folded ------===//
#include "Harness.h"
#include "lowbit/Codegen/CPU/PeakKernel.h"
#include "mlir/IR/Builders.h"
#include "gtest/gtest.h"
#include <chrono>

using namespace lowbit;
using namespace lowbit::test;

TEST(Peak, EveryISA) {
  for (TargetISA isa : runnableISAs())
    for (bool isFloat : {false, true}) {
      mlir::OpBuilder builder(&sharedContext());
      mlir::OwningOpRef<mlir::ModuleOp> module(
          mlir::ModuleOp::create(builder.getUnknownLoc()));
      int64_t operations = buildPeakFunction(builder, *module, isa, isFloat);
      ASSERT_GT(operations, 0);
      std::string error;
      auto engine = compile(*module, error);
      ASSERT_EQ(error, "");
      auto seconds = [&](int64_t iterations) {
        int64_t result = 0;
        void *arguments[] = {&iterations, &result};
        auto start = std::chrono::steady_clock::now();
        llvm::cantFail(engine->invokePacked("lowbit_peak", arguments));
        std::chrono::duration<double> t =
            std::chrono::steady_clock::now() - start;
        return t.count();
      };
      seconds(10);
      // No machine of today does 20,000 Gop/s on a core: the loop is there.
      double best = 1;
      for (int i = 0; i < 10; ++i)
        best = std::min(best, seconds(100000));
      double gops = 100000.0 * operations / best / 1e9;
      EXPECT_LT(gops, 20000);
      RecordProperty((isaName(isa) + (isFloat ? "-f32" : "-i8")).str(),
                     std::to_string(gops));
    }
}
