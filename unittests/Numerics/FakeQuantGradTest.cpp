//===- FakeQuantGradTest.cpp - Gradients of fake quantization -------------===//
//
// Checks rule N18 of docs/numerics.md: by hand, against differences of the
// straight-through function, and the order of the sums.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/FakeQuantGrad.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>

using namespace lowbit;

namespace {

constexpr StorageRange kI4{-8, 7};
constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(FakeQuantGradN18, InsideAndOutside) {
  AffineParams p{0.5f, 2};
  // 1.2 / 0.5 = 2.4 becomes 2, plus 2 is 4: inside.
  FakeQuantGrad in = fakeQuantGrad(1.2f, 3.0f, p, kI4);
  EXPECT_EQ(in.x, 3.0f);
  EXPECT_EQ(in.scale, 3.0f * (2.0f - 1.2f / 0.5f));
  EXPECT_EQ(in.zeroPoint, 0.0f);
  FakeQuantGrad above = fakeQuantGrad(10.0f, 3.0f, p, kI4);
  EXPECT_EQ(above.x, 0.0f);
  EXPECT_EQ(above.scale, 3.0f * (7 - 2));
  EXPECT_EQ(above.zeroPoint, -1.5f);
  FakeQuantGrad below = fakeQuantGrad(-10.0f, 3.0f, p, kI4);
  EXPECT_EQ(below.x, 0.0f);
  EXPECT_EQ(below.scale, 3.0f * (-8 - 2));
  EXPECT_EQ(below.zeroPoint, -1.5f);
}

TEST(FakeQuantGradN18, TheBorderIsWhereTheRoundedSumLeaves) {
  AffineParams p{1.0f, 0};
  // 7.5 rounds to 8, which is outside; just below it rounds to 7.
  EXPECT_EQ(fakeQuantGrad(7.5f, 1.0f, p, kI4).x, 0.0f);
  EXPECT_EQ(fakeQuantGrad(std::nextafter(7.5f, 0.0f), 1.0f, p, kI4).x, 1.0f);
  EXPECT_EQ(fakeQuantGrad(-8.5f, 1.0f, p, kI4).x, 1.0f); // Ties to -8.
  EXPECT_EQ(fakeQuantGrad(std::nextafter(-8.5f, -9.0f), 1.0f, p, kI4).x, 0.0f);
  // Toward zero the border moves.
  EXPECT_EQ(fakeQuantGrad(7.5f, 1.0f, p, kI4, Rounding::TowardZero).x, 1.0f);
}

TEST(FakeQuantGradN18, TiesRoundAsTheModeSays) {
  AffineParams p{0.5f, 0};
  auto scaleOf = [&](float x, Rounding mode) {
    return fakeQuantGrad(x, 1.0f, p, kI4, mode).scale;
  };
  EXPECT_EQ(scaleOf(-0.25f, Rounding::HalfEven), 0.5f);
  EXPECT_EQ(scaleOf(-0.25f, Rounding::HalfUp), 0.5f);
  EXPECT_EQ(scaleOf(-0.25f, Rounding::HalfAway), -0.5f);
  EXPECT_EQ(scaleOf(0.25f, Rounding::HalfEven), -0.5f);
  EXPECT_EQ(scaleOf(0.25f, Rounding::HalfUp), 0.5f);
  EXPECT_EQ(scaleOf(0.4f, Rounding::TowardZero), -0.8f);
  EXPECT_EQ(scaleOf(-0.4f, Rounding::Floor), -1.0f + 0.8f);
  // Of floor alone the difference may be rounded.
  EXPECT_EQ(scaleOf(-0x1p-40f, Rounding::Floor), -1.0f);
}

TEST(FakeQuantGradN18, SpecialValues) {
  AffineParams p{0.5f, 2};
  FakeQuantGrad nan = fakeQuantGrad(NAN, 3.0f, p, kI4);
  EXPECT_EQ(nan.x, 0.0f);
  EXPECT_EQ(nan.scale, 0.0f);
  EXPECT_EQ(nan.zeroPoint, 0.0f);
  EXPECT_EQ(fakeQuantGrad(kInf, 3.0f, p, kI4).scale, 15.0f);
  EXPECT_EQ(fakeQuantGrad(-kInf, 3.0f, p, kI4).scale, -30.0f);
  EXPECT_EQ(fakeQuantGrad(3e38f, 3.0f, {kMinScale, 2}, kI4).scale, 15.0f);
}

/// Straight-through: with the rounding error held as a constant, the function
/// (clamp(x / s + error + zp) - zp) * s has a derivative.
TEST(FakeQuantGradN18, AgreesWithDifferences) {
  std::mt19937 random(12);
  std::uniform_real_distribution<double> uniform(-8.0, 8.0);
  int outside = 0;
  for (int i = 0; i < 5000; ++i) {
    auto x = float(uniform(random));
    double s = 0.61, zp = -1.0;
    double error = std::nearbyint(x / s) - x / s;
    auto f = [&](double at, double scale, double zero) {
      double q = at / scale + error + zero;
      return (std::min(std::max(q, -8.0), 7.0) - zero) * scale;
    };
    double h = 1e-6;
    double dx = (f(x + h, s, zp) - f(x - h, s, zp)) / (2 * h);
    double ds = (f(x, s + h, zp) - f(x, s - h, zp)) / (2 * h);
    double dz = (f(x, s, zp + h) - f(x, s, zp - h)) / (2 * h);
    // At the last code a step out of the range is clamped on one side.
    int32_t q = quantize(x, {0.61f, -1}, {-1000, 1000});
    if (q == -8 || q == 7)
      continue;
    FakeQuantGrad grad = fakeQuantGrad(x, 1.0f, {0.61f, -1}, kI4);
    // Of central differences and of 0.61f, not of the gradient.
    ASSERT_NEAR(grad.x, dx, 1e-5) << x;
    ASSERT_NEAR(grad.scale, ds, 1e-5) << x;
    ASSERT_NEAR(grad.zeroPoint, dz, 1e-5) << x;
    outside += grad.x == 0.0f;
  }
  EXPECT_GT(outside, 100);
}

TEST(FakeQuantGradN18, SumsAreInOrderAndRoundedOnce) {
  FakeQuantGradSum sum;
  // A float sum would lose the small terms.
  sum.add({0.0f, 0x1p24f, 1.0f});
  for (int i = 0; i < 4; ++i)
    sum.add({0.0f, 1.0f, 0x1p-24f});
  EXPECT_EQ(sum.scale(), 16777220.0f);
  EXPECT_EQ(sum.zeroPoint(), 1.0f + 0x1p-22f);
  // In double too the order counts.
  FakeQuantGradSum forward, backward;
  const float terms[] = {1.0f, 0x1p60f, -0x1p60f};
  for (int i = 0; i < 3; ++i) {
    forward.add({0.0f, terms[i], 0.0f});
    backward.add({0.0f, terms[2 - i], 0.0f});
  }
  EXPECT_EQ(forward.scale(), 0.0f);
  EXPECT_EQ(backward.scale(), 1.0f);
}

TEST(FakeQuantGradN18, LsqFactor) {
  EXPECT_EQ(lsqGradientFactor(4, 1), 0.5f);
  EXPECT_EQ(lsqGradientFactor(1000, 127), float(1.0 / std::sqrt(127000.0)));
}

} // namespace
