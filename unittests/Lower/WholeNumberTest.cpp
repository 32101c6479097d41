//===- WholeNumberTest.cpp - rounding on integers against the float -------===//
//
// Every integer of 16 bits, times a scale: what lowbit-lower-to-integers makes
// of floor, ceil, trunc, round, roundeven and remf, compiled, against the float
// functions (N38).
//
//===----------------------------------------------------------------------===//
#include "RunModule.h"

#include "lowbit/Lower/Passes.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace lowbit;
using namespace lowbit::test;

static constexpr int64_t kCount = 65536;

static std::vector<int32_t> lowered(const std::string &operation, float scale) {
  std::string text =
      llvm::formatv(R"(
    #id = affine_map<(i) -> (i)>
    func.func @main(%i: tensor<65536xi16>) -> tensor<65536xi32> {{
      %scale = arith.constant {0} : f32
      %four = arith.constant 4.0 : f32
      %e = tensor.empty() : tensor<65536xi32>
      %y = linalg.generic {{indexing_maps = [#id, #id], iterator_types = ["parallel"]}
          ins(%i : tensor<65536xi16>) outs(%e : tensor<65536xi32>) {{
      ^bb0(%a: i16, %o: i32):
        %f = arith.sitofp %a : i16 to f32
        %x = arith.mulf %f, %scale : f32
        %r = {1} : f32
        %t = arith.fptosi %r : f32 to i32
        linalg.yield %t : i32
      } -> tensor<65536xi32>
      return %y : tensor<65536xi32>
    })",
                    llvm::formatv("{0:e8}", scale).str(), operation);
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, &context());
  EXPECT_TRUE(module) << text;
  mlir::PassManager passes(&context());
  passes.addPass(createLowerToIntegers());
  EXPECT_TRUE(mlir::succeeded(passes.run(*module)));
  std::string made;
  llvm::raw_string_ostream(made) << *module;
  EXPECT_EQ(made.find("arith.sitofp"), std::string::npos);
  std::vector<int16_t> values;
  for (int64_t i = 0; i < kCount; ++i)
    values.push_back(int16_t(i - 32768));
  std::vector<NpyArray> inputs;
  inputs.push_back(arrayOf({kCount}, values));
  return integersOf(runModule(made, inputs).front());
}

static void check(const std::string &operation, float scale,
                  float (*function)(float)) {
  std::vector<int32_t> got = lowered(operation, scale);
  int wrong = 0;
  for (int64_t i = 0; i < kCount; ++i)
    wrong += got[i] != int32_t(function(float(i - 32768) * scale));
  EXPECT_EQ(wrong, 0) << operation << " of " << scale;
}

TEST(WholeNumber, IsThatOfTheFloat) {
  // Whole numbers and halves occur, and are exact in float as well.
  for (float scale : {0.25f, 0.1f, 0.5f, 0.0625f, 3.0f}) {
    check("math.floor %x", scale, [](float x) { return std::floor(x); });
    check("math.ceil %x", scale, [](float x) { return std::ceil(x); });
    check("math.trunc %x", scale, [](float x) { return std::trunc(x); });
    check("math.round %x", scale, [](float x) { return std::round(x); });
    check("math.roundeven %x", scale,
          [](float x) { return std::nearbyint(x); });
    check("arith.remf %x, %four", scale,
          [](float x) { return std::fmod(x, 4.0f); });
  }
}
