//===- EvaluatorTest.cpp - an evaluation leaves nothing behind ------------===//
//
// Weights that the probed copy has for itself are bytes in the context, which
// would keep those of every evaluator that was ever started. The quant-run here
// keeps what it was given, and ends.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Evaluate/Evaluator.h"
#include "TempFolder.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinDialect.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace lowbit;

namespace {
/// Two observers of one parameter: all but the last get a copy of it.
const char *const kModule = R"(
  lowbit.parameter @w : tensor<16xf32> = dense_resource<w> : tensor<16xf32>
  func.func @main(%x: tensor<16xf32>) -> (tensor<16xf32>, tensor<16xf32>) {
    %w = lowbit.get_parameter @w : tensor<16xf32>
    %a = lowbit.observe %w "weight" "a" : tensor<16xf32>
    %b = lowbit.observe %w "weight" "b" : tensor<16xf32>
    return %a, %b : tensor<16xf32>, tensor<16xf32>
  }
  {-# dialect_resources: { builtin: { w: "0x04000000WEIGHT" } } #-}
)";

struct Held {
  size_t keys = 0, bytes = 0;
};

Held heldBy(MLIRContext &context) {
  Held held;
  DenseResourceElementsHandle::getManagerInterface(&context)
      .getBlobManager()
      .getBlobMap([&](const auto &blobs) {
        held.keys = blobs.size();
        for (const auto &entry : blobs)
          if (const AsmResourceBlob *blob = entry.second.getBlob())
            held.bytes += blob->getData().size();
      });
  return held;
}

TEST(Evaluator, LeavesNoBytesInTheContext) {
  lowbit::testing::TempFolder tools;
  std::string tool = tools.write(
      "quant-run", "#!/bin/sh\ncp \"$1\" \"$(dirname \"$0\")/given\"\n"
                   "echo 'error: seen' >&2\nexit 1\n");
  namespace fs = llvm::sys::fs;
  ASSERT_FALSE(fs::setPermissions(tool, fs::all_read | fs::all_exe));
  setenv("LOWBIT_TOOLS", tools.path("").c_str(), 1);

  MLIRContext context;
  context.loadDialect<LowbitDialect, arith::ArithDialect, func::FuncDialect>();
  std::string text = kModule, hex;
  for (int i = 0; i < 16; ++i)
    hex += "0000803F";
  text.replace(text.find("WEIGHT"), 6, hex);
  auto module = parseSourceString<ModuleOp>(text, &context);
  ASSERT_TRUE(bool(module));
  Held before = heldBy(context);
  EXPECT_EQ(before.bytes, 16 * sizeof(float));

  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
    message += diagnostic.str();
    return success();
  });
  EXPECT_TRUE(failed(Evaluator::start(*module, EvaluatorOptions())));
  unsetenv("LOWBIT_TOOLS");
  EXPECT_EQ(message, "evaluation: seen");
  // Parameter and copy were written, and the copy is gone.
  EXPECT_GT(tools.read("given").size(), 2 * before.bytes);
  Held after = heldBy(context);
  EXPECT_EQ(after.keys, before.keys + 1);
  EXPECT_EQ(after.bytes, before.bytes);
}
} // namespace
