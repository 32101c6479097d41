//===- FakeQuantGradTest.cpp - compiled gradients against lib/Numerics ----===//
//
// Every granularity; terms of magnitudes that make sums depend on their order.
//
//===----------------------------------------------------------------------===//
#include "RunModule.h"

#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"
#include "lowbit/Numerics/FakeQuantGrad.h"

#include "mlir/AsmParser/AsmParser.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {
void check(const std::string &format, const Shape &shape, bool isDynamic,
           unsigned seed, RoundingMode mode = RoundingMode::HalfEven) {
  std::mt19937 random(seed);
  auto affine =
      mlir::cast<AffineType>(mlir::parseType("!lowbit." + format, &context()));
  auto sizes = affine.getGranularity().parameterShape(shape);
  Shape parameterShape(sizes.begin(), sizes.end());
  int64_t sets = countOf(parameterShape);
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;
  for (int64_t i = 0; i < sets; ++i) {
    scales.push_back(
        std::ldexp(1.0f + float(random() % 100) / 100, -int(random() % 6)));
    zeroPoints.push_back(int32_t(affine.getMin() + random() % 200));
  }
  StorageRange range{int32_t(affine.getMin()), int32_t(affine.getMax())};
  ParameterIndex index(affine.getGranularity(), shape);
  std::vector<float> x, dy, dx;
  std::vector<FakeQuantGradSum> sums(sets);
  for (int64_t i = 0; i < countOf(shape); ++i) {
    size_t set = index(i);
    x.push_back(interestingFloat(random, scales[set]));
    dy.push_back(std::ldexp(float(int32_t(random())), -int(random() % 90)));
    FakeQuantGrad grad =
        fakeQuantGrad(x.back(), dy.back(), {scales[set], zeroPoints[set]},
                      range, toNumerics(mode));
    dx.push_back(grad.x);
    sums[set].add(grad);
  }
  std::vector<float> dscale, dzero;
  for (const FakeQuantGradSum &sum : sums) {
    dscale.push_back(sum.scale());
    dzero.push_back(sum.zeroPoint());
  }
  std::string value = tensorType(shape, "f32", isDynamic);
  // A dimension that is one block has one parameter, however long it is.
  auto isOne = [&](size_t d) {
    llvm::ArrayRef<int64_t> block = affine.getGranularity().getBlock();
    return !block.empty() && block[d] == GranularityAttr::kWhole;
  };
  std::string dims;
  for (size_t d = 0; d < parameterShape.size(); ++d)
    dims += (isDynamic && !isOne(d) ? "?" : std::to_string(parameterShape[d])) +
            "x";
  std::string parameter = "tensor<" + dims + "f32>";
  std::string zero = "tensor<" + dims + "i32>";
  std::string types = value + ", " + parameter + ", " + parameter;
  std::vector<NpyArray> inputs;
  inputs.push_back(arrayOf(shape, x));
  inputs.push_back(arrayOf(shape, dy));
  inputs.push_back(arrayOf(parameterShape, scales));
  inputs.push_back(arrayOf(parameterShape, zeroPoints));
  std::vector<NpyArray> got = runModule(
      "func.func @main(%x: " + value + ", %dy: " + value +
          ", %s: " + parameter + ", %z: " + zero + ") -> (" + types +
          ") {\n  %0:3 = lowbit.fake_quant_grad %x, %dy as !lowbit." + format +
          " scale(%s : " + parameter + ") zero_point(%z : " + zero +
          ") {rounding = #lowbit.rounding<" +
          stringifyRoundingMode(mode).str() + ">} : " + value + " -> " +
          parameter + "\n  return %0#0, %0#1, %0#2 : " + types + "\n}\n",
      inputs);
  EXPECT_TRUE(haveSameBits(got[0].elements<float>(), dx)) << format;
  EXPECT_TRUE(haveSameBits(got[1].elements<float>(), dscale)) << format;
  EXPECT_TRUE(haveSameBits(got[2].elements<float>(), dzero)) << format;
}

TEST(LowerFakeQuantGrad, EveryGranularity) {
  check("affine<i8>", {}, false, 1);
  check("affine<i8>", {300}, false, 2);
  check("affine<ui8>", {7, 130}, true, 3);
  check("affine<i8, axis = 1>", {40, 33}, false, 4);
  check("affine<i8, axis = 0>", {5, 3, 70}, true, 5);
  check("affine<i8, block = [1, 32]>", {3, 64}, false, 6);
  check("affine<i8, block = [4, 30]>", {10, 100}, false, 7);
  check("affine<i8, block = [32, 1]>", {70, 5}, true, 8);
  check("affine<i8, block = [*, 8]>", {9, 20}, true, 9);
  check("affine<i8, block = [*, 1, *]>", {4, 6, 50}, false, 10);
  check("affine<i8, axis = 0>", {3, 0}, true, 11);
  check("affine<i8, block = [4, 1]>", {3, 0}, false, 12);
}

TEST(LowerFakeQuantGrad, EveryRounding) {
  for (RoundingMode mode : {RoundingMode::HalfAway, RoundingMode::HalfUp,
                            RoundingMode::TowardZero, RoundingMode::Floor}) {
    check("affine<i8>", {300}, false, 13, mode);
    check("affine<ui4, axis = 1>", {90, 7}, true, 14, mode);
  }
}
} // namespace
