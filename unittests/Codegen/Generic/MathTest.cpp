//===- MathTest.cpp - accuracy of the polynomials -------------------------===//
//
// The plain functions against libm in double over all of f32, and the compiled
// code, scalar and vector, against the plain functions, bit for bit.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "lowbit/Numerics/PlainMath.h"
#include "gtest/gtest.h"
#include <functional>

using namespace lowbit;
using namespace lowbit::test;

namespace {
struct Function {
  const char *name;
  std::function<float(float)> plain;
  std::function<double(double)> exact;
  double ulps;
  double limit = std::numeric_limits<double>::infinity();
};

std::vector<Function> functions() {
  auto m = plainMath();
  return {
      {"exp", [=](float x) mutable { return m.exp(x); },
       [](double x) { return std::exp(x); }, 1.0},
      {"exp2", [=](float x) mutable { return m.exp2(x); },
       [](double x) { return std::exp2(x); }, 1.0},
      {"expm1", [=](float x) mutable { return m.expm1(x); },
       [](double x) { return std::expm1(x); }, 1.5},
      {"tanh", [=](float x) mutable { return m.tanh(x); },
       [](double x) { return std::tanh(x); }, 1.5},
      {"erf", [=](float x) mutable { return m.erf(x); },
       [](double x) { return std::erf(x); }, 6.0},
      {"log", [=](float x) mutable { return m.log(x); },
       [](double x) { return std::log(x); }, 1.0},
      {"log2", [=](float x) mutable { return m.log2(x); },
       [](double x) { return std::log2(x); }, 2.0},
      {"log10", [=](float x) mutable { return m.log10(x); },
       [](double x) { return std::log10(x); }, 2.0},
      {"log1p", [=](float x) mutable { return m.log1p(x); },
       [](double x) { return std::log1p(x); }, 2.5},
      {"sin", [=](float x) mutable { return m.sin(x); },
       [](double x) { return std::sin(x); }, 1.6, 0x1p20},
      {"cos", [=](float x) mutable { return m.cos(x); },
       [](double x) { return std::cos(x); }, 1.6, 0x1p20},
      {"rsqrt", [](float x) { return 1.0f / std::sqrt(x); },
       [](double x) { return 1.0 / std::sqrt(x); }, 1.5},
  };
}

/// The distance from `got` to `exact` in units of the last place of f32.
double ulpError(float got, double exact) {
  float rounded = static_cast<float>(exact);
  if (std::isnan(exact) || std::isnan(got))
    return std::isnan(exact) && std::isnan(got) ? 0 : 1e30;
  if (std::isinf(rounded) || std::isinf(got))
    return rounded == got || std::fabs(got) >= 3.402823e38f ? 0 : 1e30;
  int exponent;
  std::frexp(exact, &exponent);
  return std::fabs(got - exact) /
         std::ldexp(1.0, std::max(exponent - 24, -149));
}

float floatOf(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

/// Floats of every exponent, and those that rounding makes special.
std::vector<float> samples() {
  float inf = std::numeric_limits<float>::infinity();
  std::vector<float> values = {0.0f,       -0.0f,          inf,
                               -inf,       std::nanf(""),  1.0f,
                               -1.0f,      -3.4028235e38f, 3.4028235e38f,
                               -10000.0f,  88.72283f,      88.72284f,
                               -87.33654f, -103.97f,       -104.0f,
                               0x1p-149f,  -0x1p-149f,     0x1p-126f};
  for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 1000003)
    values.push_back(floatOf(bits));
  return values;
}
} // namespace

TEST(Math, ErrorsOverAllFloats) {
  for (Function &f : functions()) {
    double worst = 0;
    float at = 0;
    auto check = [&](float x) {
      if (std::fabs(x) > f.limit)
        return;
      double error = ulpError(f.plain(x), f.exact(x));
      if (error > worst) {
        worst = error;
        at = x;
      }
    };
    for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += 3989)
      check(floatOf(bits));
    for (float x : samples())
      check(x);
    EXPECT_LE(worst, f.ulps) << f.name << " at " << at;
    RecordProperty(f.name, std::to_string(worst));
  }
}

TEST(Math, MaskedScoresVanish) {
  auto m = plainMath();
  EXPECT_EQ(m.exp(-3.4028235e38f), 0.0f);
  EXPECT_EQ(m.exp(-10000.0f), 0.0f);
  EXPECT_EQ(m.exp(-std::numeric_limits<float>::infinity()), 0.0f);
  EXPECT_EQ(m.exp(0.0f), 1.0f);
  EXPECT_TRUE(std::isfinite(m.exp(88.72283f)));
}

TEST(Math, ErfAndTanhStayInRange) {
  auto m = plainMath();
  for (float x : samples()) {
    EXPECT_FALSE(std::fabs(m.erf(x)) > 1.0f) << x;
    EXPECT_FALSE(std::fabs(m.tanh(x)) > 1.0f) << x;
    if (std::isfinite(x)) {
      EXPECT_NEAR(m.erf(x), std::erf(double(x)), 4e-7);
    }
  }
}

TEST(Math, Powers) {
  std::vector<float> bases = samples();
  std::vector<float> exponents = {0.0f,
                                  -0.0f,
                                  1.0f,
                                  2.0f,
                                  3.0f,
                                  -1.0f,
                                  -3.0f,
                                  0.5f,
                                  -0.5f,
                                  1.7f,
                                  10.0f,
                                  16777216.0f,
                                  1e-3f,
                                  std::numeric_limits<float>::infinity(),
                                  -std::numeric_limits<float>::infinity(),
                                  std::nanf("")};
  for (float x : bases)
    for (float y : exponents) {
      double exact = std::pow(double(x), double(y));
      EXPECT_LE(ulpError(plainPow(x, y), exact), 0.51) << x << " ^ " << y;
    }
}

TEST(Math, CompiledCodeEqualsThePlainFunctions) {
  const char *text = R"(
    func.func @f(%a: memref<?xf32>, %o: memref<?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
        affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : memref<?xf32>) outs(%o : memref<?xf32>) {
      ^bb0(%x: f32, %old: f32):
        %r = math.$N %x : f32
        linalg.yield %r : f32
      }
      return
    })";
  std::vector<float> inputs = samples();
  auto size = static_cast<int64_t>(inputs.size());
  for (Function &f : functions())
    for (bool vectorize : {true, false}) {
      std::vector<Buffer> buffers = {{"f32", {size}}, {"f32", {size}}};
      std::copy(inputs.begin(), inputs.end(), buffers[0].as<float>());
      JitModule(replaced(text, {{"N", f.name}}), vectorize).run(buffers);
      for (int64_t i = 0; i < size; ++i) {
        float got = buffers[1].as<float>()[i], want = f.plain(inputs[i]);
        bool same =
            std::memcmp(&got, &want, 4) == 0 || (got != got && want != want);
        ASSERT_TRUE(same) << f.name << "(" << inputs[i] << ") = " << got
                          << ", plain " << want << ", vector " << vectorize;
      }
    }
}

TEST(Math, CompiledPowerEqualsThePlainFunction) {
  const char *text = R"(
    func.func @f(%a: memref<?xf32>, %b: memref<?xf32>, %o: memref<?xf32>) {
      linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
        affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
        iterator_types = ["parallel"]}
        ins(%a, %b : memref<?xf32>, memref<?xf32>) outs(%o : memref<?xf32>) {
      ^bb0(%x: f32, %y: f32, %old: f32):
        %r = math.powf %x, %y : f32
        linalg.yield %r : f32
      }
      return
    })";
  for (bool vectorize : {true, false}) {
    std::vector<Buffer> buffers = {
        {"f32", {1001}}, {"f32", {1001}}, {"f32", {1001}}};
    buffers[1].fill(5);
    JitModule(text, vectorize).run(buffers);
    for (int i = 0; i < 1001; ++i) {
      float got = buffers[2].as<float>()[i];
      float want =
          plainPow(buffers[0].as<float>()[i], buffers[1].as<float>()[i]);
      EXPECT_TRUE(got == want || (got != got && want != want));
    }
  }
}
