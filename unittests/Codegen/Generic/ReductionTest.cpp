//===- ReductionTest.cpp - the order of reductions over lanes -------------===//
//
// Float sums along the contiguous dimension equal a plain model of the order
// that EmitLaneReduction.cpp defines, bit for bit; integers and maxima equal
// scalar loops.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "gtest/gtest.h"
#include <functional>

using namespace lowbit::test;

namespace {
using Combine = std::function<float(float, float)>;

/// The accumulators of one reduction.
struct LaneSum {
  Combine combine;
  float lanes[4][16];

  LaneSum(float identity, Combine combine) : combine(combine) {
    std::fill(&lanes[0][0], &lanes[0][0] + 64, identity);
  }
  void add(int64_t i, float x) {
    float &lane = lanes[i / 16 % 4][i % 16];
    lane = combine(lane, x);
  }
  float total() {
    float v[16];
    for (int l = 0; l < 16; ++l)
      v[l] = combine(combine(lanes[0][l], lanes[1][l]),
                     combine(lanes[2][l], lanes[3][l]));
    for (int half = 8; half >= 1; half /= 2)
      for (int l = 0; l < half; ++l)
        v[l] = combine(v[l], v[l + half]);
    return v[0];
  }
};

float add(float a, float b) { return a + b; }
float multiply(float a, float b) { return a * b; }

std::string str(int64_t n) { return std::to_string(n); }

const char *rowReduce = R"(
  func.func @f(%a: memref<$Mx$Nx$E>, %o: memref<$Mx$E>) {
    linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
      affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
      ins(%a : memref<$Mx$Nx$E>) outs(%o : memref<$Mx$E>) {
    ^bb0(%x: $E, %s: $E):
      %r = arith.$K %s, %x : $E
      linalg.yield %r : $E
    }
    return
  })";

void expectRows(const std::string &kind, float identity, Combine combine,
                int64_t n, bool isStatic) {
  constexpr int64_t m = 3;
  std::vector<Buffer> buffers = {{"f32", {m, n}}, {"f32", {m}}};
  std::vector<float> expected;
  for (int64_t i = 0; i < m; ++i) {
    LaneSum sum(identity, combine);
    for (int64_t j = 0; j < n; ++j)
      sum.add(j, buffers[0].as<float>()[i * n + j]);
    expected.push_back(combine(buffers[1].as<float>()[i], sum.total()));
  }
  std::string text = replaced(
      rowReduce,
      {{"M", "?"}, {"N", isStatic ? str(n) : "?"}, {"E", "f32"}, {"K", kind}});
  JitModule(text, true).run(buffers);
  for (int64_t i = 0; i < m; ++i)
    EXPECT_EQ(buffers[1].as<float>()[i], expected[i]) << kind << " of " << n;
}
} // namespace

TEST(Reduction, RowSumsFollowTheDefinedOrder) {
  for (int64_t n : oddSizes()) {
    expectRows("addf", -0.0f, add, n, true);
    expectRows("addf", -0.0f, add, n, false);
  }
  for (int64_t n : {0, 63, 64, 65, 127, 384, 1000}) {
    expectRows("addf", -0.0f, add, n, n != 0);
    expectRows("mulf", 1.0f, multiply, n, false);
  }
}

TEST(Reduction, OrderFreeCombinersEqualScalarLoops) {
  for (auto [kind, element] :
       std::vector<std::pair<const char *, const char *>>{{"maximumf", "f32"},
                                                          {"minimumf", "f32"},
                                                          {"maxnumf", "f32"},
                                                          {"minnumf", "f32"},
                                                          {"addi", "i32"},
                                                          {"muli", "i32"},
                                                          {"maxsi", "i8"},
                                                          {"minsi", "i64"},
                                                          {"maxui", "i32"},
                                                          {"minui", "i8"},
                                                          {"andi", "i32"},
                                                          {"ori", "i1"},
                                                          {"xori", "i64"}})
    for (int64_t n : {1, 17, 100, 128}) {
      std::string text = replaced(
          rowReduce, {{"M", "4"}, {"N", str(n)}, {"E", element}, {"K", kind}});
      expectSame(text, {{element, {4, n}}, {element, {4}}});
      text = replaced(rowReduce,
                      {{"M", "?"}, {"N", "?"}, {"E", element}, {"K", kind}});
      expectSame(text, {{element, {4, n}}, {element, {4}}});
    }
}

TEST(Reduction, MaximaSeeNaNAndInfinity) {
  float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
  for (const char *kind : {"maximumf", "maxnumf", "minimumf", "minnumf"}) {
    std::vector<Buffer> buffers = {{"f32", {4, 70}}, {"f32", {4}}};
    float *x = buffers[0].as<float>(), *o = buffers[1].as<float>();
    x[66] = nan;
    std::fill(x + 70, x + 140, -inf);
    std::fill(x + 140, x + 210, nan);
    o[1] = -inf;
    o[2] = nan;
    std::vector<Buffer> loops = buffers;
    std::string text = replaced(
        rowReduce, {{"M", "?"}, {"N", "?"}, {"E", "f32"}, {"K", kind}});
    JitModule(text, true).run(buffers);
    JitModule(text, false).run(loops);
    for (int i = 0; i < 4; ++i) {
      float a = buffers[1].as<float>()[i], b = loops[1].as<float>()[i];
      EXPECT_TRUE(a == b || (a != a && b != b)) << kind << i << a << b;
    }
  }
}

TEST(Reduction, TwoOutputsAndABody) {
  // Layer norm: the sum and the sum of squares of x + y, in one pass.
  const char *text = R"(
    func.func @f(%a: memref<$Sxf32>, %b: memref<$Sxf32>, %o: memref<5xf32>,
                 %p: memref<5xf32>) {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>,
        affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
        ins(%a, %b : memref<$Sxf32>, memref<$Sxf32>)
        outs(%o, %p : memref<5xf32>, memref<5xf32>) {
      ^bb0(%x: f32, %y: f32, %s: f32, %q: f32):
        %v = arith.addf %x, %y : f32
        %w = arith.mulf %v, %v : f32
        %r = arith.addf %v, %s : f32
        %t = arith.addf %q, %w : f32
        linalg.yield %r, %t : f32, f32
      }
      return
    })";
  for (int64_t n : {17, 64, 100, 384})
    for (bool isStatic : {true, false}) {
      std::vector<Buffer> buffers = {
          {"f32", {5, n}}, {"f32", {5, n}}, {"f32", {5}}, {"f32", {5}}};
      buffers[1].fill(7);
      std::vector<float> sums, squares;
      for (int64_t i = 0; i < 5; ++i) {
        LaneSum sum(-0.0f, add), square(-0.0f, add);
        for (int64_t j = 0; j < n; ++j) {
          float v = buffers[0].as<float>()[i * n + j] +
                    buffers[1].as<float>()[i * n + j];
          sum.add(j, v);
          square.add(j, v * v);
        }
        sums.push_back(buffers[2].as<float>()[i] + sum.total());
        squares.push_back(buffers[3].as<float>()[i] + square.total());
      }
      JitModule(replaced(text, {{"S", isStatic ? "5x" + str(n) : "?x?"}}), true)
          .run(buffers);
      for (int64_t i = 0; i < 5; ++i) {
        EXPECT_EQ(buffers[2].as<float>()[i], sums[i]);
        EXPECT_EQ(buffers[3].as<float>()[i], squares[i]);
      }
    }
}

TEST(Reduction, AccumulatorsLiveAcrossOuterReductions) {
  // NCHW mean: the lanes run over w, the sum over h goes on in them.
  const char *text = R"(
    func.func @f(%a: memref<2x3x$Hx$Wxf32>, %o: memref<2x3x1x1xf32>) {
      linalg.generic {indexing_maps = [
        affine_map<(n, c, h, w) -> (n, c, h, w)>,
        affine_map<(n, c, h, w) -> (n, c, 0, 0)>],
        iterator_types = ["parallel", "parallel", "reduction", "reduction"]}
        ins(%a : memref<2x3x$Hx$Wxf32>) outs(%o : memref<2x3x1x1xf32>) {
      ^bb0(%x: f32, %s: f32):
        %r = arith.addf %s, %x : f32
        linalg.yield %r : f32
      }
      return
    })";
  for (int64_t w : {5, 16, 64, 67})
    for (bool isStatic : {true, false}) {
      constexpr int64_t h = 5;
      std::vector<Buffer> buffers = {{"f32", {2, 3, h, w}},
                                     {"f32", {2, 3, 1, 1}}};
      std::vector<float> expected;
      for (int64_t n = 0; n < 6; ++n) {
        LaneSum sum(-0.0f, add);
        for (int64_t i = 0; i < h; ++i)
          for (int64_t j = 0; j < w; ++j)
            sum.add(j, buffers[0].as<float>()[(n * h + i) * w + j]);
        expected.push_back(buffers[1].as<float>()[n] + sum.total());
      }
      std::string width = isStatic ? str(w) : "?";
      JitModule(replaced(text, {{"H", isStatic ? "5" : "?"}, {"W", width}}),
                true)
          .run(buffers);
      for (int64_t n = 0; n < 6; ++n)
        EXPECT_EQ(buffers[1].as<float>()[n], expected[n]) << w;
    }
}
