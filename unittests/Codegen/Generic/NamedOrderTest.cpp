//===- NamedOrderTest.cpp - named operations on floats, by the rules ------===//
//
// Contractions that no kernel takes and pooling against plain loops
// written from docs/numerics-float.md, bit for bit; and each pair of special
// values under the four maxima and minima.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "lowbit/Numerics/PlainMath.h"
#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

using namespace lowbit::test;

namespace {
using Index = std::vector<int64_t>;

/// A named operation: its loops, and how it indexes a, b and o. Scalar: the
/// pass finds no loop for the lanes and leaves it to plain loops.
enum class Loops { Vector, Scalar };
struct Named {
  const char *operation;
  Shape a, b, o;
  Index extents;
  std::function<int64_t(const Index &)> atA, atB, atO;
};

void forEach(const Index &extents, const std::function<void(Index &)> &visit) {
  Index i(extents.size(), 0);
  for (;;) {
    visit(i);
    size_t d = extents.size();
    while (d > 0 && ++i[d - 1] == extents[d - 1])
      i[--d] = 0;
    if (d == 0)
      return;
  }
}

std::string memref(const Shape &shape, bool isStatic, const char *element) {
  std::string text = "memref<";
  for (int64_t n : shape)
    text += (isStatic ? std::to_string(n) : "?") + "x";
  return text + element + ">";
}

void expectEqualBits(float actual, float expected, const std::string &what) {
  bool same = std::memcmp(&actual, &expected, sizeof actual) == 0 ||
              (actual != actual && expected != expected);
  EXPECT_TRUE(same) << actual << " instead of " << expected << "\n" << what;
}

void check(const Named &named,
           const std::function<float(float, float, float)> &step,
           Loops loops = Loops::Vector) {
  for (bool isStatic : {true, false}) {
    std::vector<Buffer> buffers = {
        {"f32", named.a}, {"f32", named.b}, {"f32", named.o}};
    buffers[1].fill(3);
    std::vector<float> expected(buffers[2].as<float>(),
                                buffers[2].as<float>() + buffers[2].size());
    forEach(named.extents, [&](Index &i) {
      float &o = expected[named.atO(i)];
      o = step(buffers[0].as<float>()[named.atA(i)],
               buffers[1].as<float>()[named.atB(i)], o);
    });
    std::string a = memref(named.a, isStatic, "f32"),
                b = memref(named.b, isStatic, "f32"),
                o = memref(named.o, isStatic, "f32");
    std::string text = "func.func @f(%a: " + a + ", %b: " + b + ", %o: " + o +
                       ") {\n  linalg." + named.operation +
                       " ins(%a, %b : " + a + ", " + b + ") outs(%o : " + o +
                       ")\n  return\n}";
    JitModule(text, true, loops == Loops::Vector).run(buffers);
    for (size_t i = 0; i < expected.size(); ++i)
      expectEqualBits(buffers[2].as<float>()[i], expected[i], text);
  }
}

float fused(float a, float b, float o) { return std::fma(a, b, o); }
} // namespace

TEST(NamedOrder, ContractionsAreFused) {
  check({"dot",
         {77},
         {77},
         {},
         {77},
         [](const Index &i) { return i[0]; },
         [](const Index &i) { return i[0]; },
         [](const Index &) { return 0; }},
        fused, Loops::Scalar);
  check({"matvec",
         {9, 70},
         {70},
         {9},
         {9, 70},
         [](const Index &i) { return i[0] * 70 + i[1]; },
         [](const Index &i) { return i[1]; },
         [](const Index &i) { return i[0]; }},
        fused);
  check({"batch_reduce_matmul",
         {3, 5, 20},
         {3, 20, 33},
         {5, 33},
         {3, 5, 33, 20},
         [](const Index &i) { return (i[0] * 5 + i[1]) * 20 + i[3]; },
         [](const Index &i) { return (i[0] * 20 + i[3]) * 33 + i[2]; },
         [](const Index &i) { return i[1] * 33 + i[2]; }},
        fused);
}

TEST(NamedOrder, ConvolutionsAreFused) {
  check({"conv_1d",
         {40},
         {9},
         {32},
         {32, 9},
         [](const Index &i) { return i[0] + i[1]; },
         [](const Index &i) { return i[1]; },
         [](const Index &i) { return i[0]; }},
        fused, Loops::Scalar);
  // Loops n, f, oh, ow, c, kh, kw.
  check(
      {"conv_2d_nchw_fchw {strides = dense<1> : tensor<2xi64>, "
       "dilations = dense<1> : tensor<2xi64>}",
       {2, 3, 8, 20},
       {4, 3, 3, 2},
       {2, 4, 6, 19},
       {2, 4, 6, 19, 3, 3, 2},
       [](const Index &i) {
         return ((i[0] * 3 + i[4]) * 8 + i[2] + i[5]) * 20 + i[3] + i[6];
       },
       [](const Index &i) { return ((i[1] * 3 + i[4]) * 3 + i[5]) * 2 + i[6]; },
       [](const Index &i) {
         return ((i[0] * 4 + i[1]) * 6 + i[2]) * 19 + i[3];
       }},
      fused);
  // Loops n, oh, ow, c, kh, kw.
  for (int64_t c : {3, 40})
    check({"depthwise_conv_2d_nhwc_hwc {strides = dense<2> : tensor<2xi64>, "
           "dilations = dense<1> : tensor<2xi64>}",
           {2, 7, 9, c},
           {3, 3, c},
           {2, 3, 4, c},
           {2, 3, 4, c, 3, 3},
           [c](const Index &i) {
             return ((i[0] * 7 + 2 * i[1] + i[4]) * 9 + 2 * i[2] + i[5]) * c +
                    i[3];
           },
           [c](const Index &i) { return (i[4] * 3 + i[5]) * c + i[3]; },
           [c](const Index &i) {
             return ((i[0] * 3 + i[1]) * 4 + i[2]) * c + i[3];
           }},
          fused);
}

TEST(NamedOrder, PoolingIsSequential) {
  // The window's loops are last, but the maps are no permutations. Loops n, oh,
  // ow, c, kh, kw, and n, c, oh, ow, kh, kw.
  auto add = [](float a, float, float o) { return o + a; };
  check({"pooling_nhwc_sum",
         {2, 9, 8, 20},
         {3, 2},
         {2, 7, 7, 20},
         {2, 7, 7, 20, 3, 2},
         [](const Index &i) {
           return ((i[0] * 9 + i[1] + i[4]) * 8 + i[2] + i[5]) * 20 + i[3];
         },
         [](const Index &i) { return i[4] * 2 + i[5]; },
         [](const Index &i) {
           return ((i[0] * 7 + i[1]) * 7 + i[2]) * 20 + i[3];
         }},
        add);
  check({"pooling_nchw_sum",
         {2, 5, 9, 8},
         {3, 2},
         {2, 5, 7, 7},
         {2, 5, 7, 7, 3, 2},
         [](const Index &i) {
           return ((i[0] * 5 + i[1]) * 9 + i[2] + i[4]) * 8 + i[3] + i[5];
         },
         [](const Index &i) { return i[4] * 2 + i[5]; },
         [](const Index &i) {
           return ((i[0] * 5 + i[1]) * 7 + i[2]) * 7 + i[3];
         }},
        add);
}

TEST(NamedOrder, HalvesComputeInF32) {
  // Products of f16 are exact in f32; the sum rounds to f32, then to f16.
  const char *text = R"(
    func.func @f(%a: memref<7x50xf32>, %b: memref<50x20xf32>,
                 %o: memref<7x20xf32>) {
      %x = memref.alloc() : memref<7x50xf16>
      %y = memref.alloc() : memref<50x20xf16>
      %z = memref.alloc() : memref<7x20xf16>
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<7x50xf32>) outs(%x : memref<7x50xf16>) {
      ^bb0(%v: f32, %w: f16):
        %t = arith.truncf %v : f32 to f16
        linalg.yield %t : f16
      }
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%b : memref<50x20xf32>) outs(%y : memref<50x20xf16>) {
      ^bb0(%v: f32, %w: f16):
        %t = arith.truncf %v : f32 to f16
        linalg.yield %t : f16
      }
      %zero = arith.constant 0.0 : f16
      linalg.fill ins(%zero : f16) outs(%z : memref<7x20xf16>)
      linalg.matmul ins(%x, %y : memref<7x50xf16>, memref<50x20xf16>)
        outs(%z : memref<7x20xf16>)
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
        ins(%z : memref<7x20xf16>) outs(%o : memref<7x20xf32>) {
      ^bb0(%v: f16, %w: f32):
        %t = arith.extf %v : f16 to f32
        linalg.yield %t : f32
      }
      return
    })";
  std::vector<Buffer> buffers = {
      {"f32", {7, 50}}, {"f32", {50, 20}}, {"f32", {7, 20}}};
  buffers[1].fill(5);
  JitModule(text, true).run(buffers);
  for (int64_t i = 0; i < 7; ++i)
    for (int64_t j = 0; j < 20; ++j) {
      _Float16 sum = 0;
      for (int64_t k = 0; k < 50; ++k) {
        auto x = _Float16(buffers[0].as<float>()[i * 50 + k]);
        auto y = _Float16(buffers[1].as<float>()[k * 20 + j]);
        sum = _Float16(std::fma(float(x), float(y), float(sum)));
      }
      expectEqualBits(buffers[2].as<float>()[i * 20 + j], float(sum), "f16");
    }
}

TEST(NamedOrder, EachPairOfSpecialValues) {
  constexpr float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> values = {
      0.0f,   -0.0f,   1.0f,  -1.0f,  inf,           -inf,
      1e-45f, -1e-45f, 1e38f, -1e38f, std::nanf(""), -std::nanf("")};
  auto maximum = [](float a, float b) {
    if (a != a || b != b)
      return std::nanf("");
    if (a == b)
      return std::signbit(a) ? b : a;
    return a > b ? a : b;
  };
  auto maxNum = [&](float a, float b) {
    return maximum(a != a ? b : a, b != b ? a : b);
  };
  struct Kind {
    const char *name;
    std::function<float(float, float)> function;
  };
  const std::vector<Kind> kinds = {
      {"maximumf", maximum},
      {"minimumf", [&](float a, float b) { return -maximum(-a, -b); }},
      {"maxnumf", maxNum},
      {"minnumf", [&](float a, float b) { return -maxNum(-a, -b); }}};
  auto n = int64_t(values.size());
  for (const Kind &kind : kinds) {
    // Vectors, and scalars where a loop of one element is left.
    std::string text = replaced(R"(
      func.func @f(%a: memref<?xf32>, %b: memref<?xf32>, %o: memref<?xf32>) {
        linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
          affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
          iterator_types = ["parallel"]}
          ins(%a, %b : memref<?xf32>, memref<?xf32>) outs(%o : memref<?xf32>) {
        ^bb0(%x: f32, %y: f32, %s: f32):
          %r = arith.$K %x, %y : f32
          linalg.yield %r : f32
        }
        return
      })",
                                {{"K", kind.name}});
    for (bool vectorize : {true, false}) {
      std::vector<Buffer> buffers = {
          {"f32", {n * n}}, {"f32", {n * n}}, {"f32", {n * n}}};
      for (int64_t i = 0; i < n * n; ++i) {
        buffers[0].as<float>()[i] = values[i / n];
        buffers[1].as<float>()[i] = values[i % n];
      }
      JitModule(text, vectorize).run(buffers);
      for (int64_t i = 0; i < n * n; ++i)
        expectEqualBits(buffers[2].as<float>()[i],
                        kind.function(values[i / n], values[i % n]),
                        std::string(kind.name) + " of " +
                            std::to_string(values[i / n]) + " and " +
                            std::to_string(values[i % n]));
    }
  }
}
