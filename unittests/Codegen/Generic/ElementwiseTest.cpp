//===- ElementwiseTest.cpp - loops, layouts and tails ---------------------===//
//
// Elementwise operations compute bit for bit what scalar loops compute, for
// every extent, layout and element width.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "gtest/gtest.h"

using namespace lowbit::test;

static std::string str(int64_t n) { return std::to_string(n); }

static const char *addBias = R"(
func.func @f(%a: memref<$Mx$Nxf32>, %b: memref<$Nxf32>, %o: memref<$Mx$Nxf32>) {
  linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
    affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
    iterator_types = ["parallel", "parallel"]}
    ins(%a, %b : memref<$Mx$Nxf32>, memref<$Nxf32>)
    outs(%o : memref<$Mx$Nxf32>) {
  ^bb0(%x: f32, %y: f32, %z: f32):
    %s = arith.addf %x, %y : f32
    %e = math.exp %s : f32
    linalg.yield %e : f32
  }
  return
})";

TEST(Elementwise, StaticSizes) {
  for (int64_t n : oddSizes())
    expectSame(replaced(addBias, {{"M", "5"}, {"N", str(n)}}),
               {{"f32", {5, n}}, {"f32", {n}}, {"f32", {5, n}}});
}

TEST(Elementwise, DynamicSizes) {
  std::string text = replaced(addBias, {{"M", "?"}, {"N", "?"}});
  for (int64_t n : {0, 1, 7, 16, 17, 100, 128})
    expectSame(text, {{"f32", {3, n}}, {"f32", {n}}, {"f32", {3, n}}});
}

TEST(Elementwise, FlatInPlace) {
  // One long loop, cut into chunks, that overwrites its input.
  const char *text = R"(
    func.func @f(%a: memref<$Sxf32>) {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<$Sxf32>) outs(%a : memref<$Sxf32>) {
      ^bb0(%x: f32, %y: f32):
        %s = arith.mulf %x, %y : f32
        linalg.yield %s : f32
      }
      return
    })";
  expectSame(replaced(text, {{"S", "?x?"}}), {{"f32", {97, 131}}});
  expectSame(replaced(text, {{"S", "97x211"}}), {{"f32", {97, 211}}});
  expectSame(replaced(text, {{"S", "128x256"}}), {{"f32", {128, 256}}});
  expectSame(replaced(text, {{"S", "1x7"}}), {{"f32", {1, 7}}});
}

TEST(Elementwise, Transposes) {
  const char *text = R"(
    func.func @f(%a: memref<$Sx$E>, %o: memref<$Tx$E>) {
      linalg.transpose ins(%a : memref<$Sx$E>) outs(%o : memref<$Tx$E>)
        permutation = $P
      return
    })";
  for (std::string e : {"f32", "i8", "i64", "i1"})
    for (int64_t n : {1, 7, 16, 33, 100})
      expectSame(replaced(text, {{"S", "37x" + str(n)},
                                 {"T", str(n) + "x37"},
                                 {"E", e},
                                 {"P", "[1, 0]"}}),
                 {{e, {37, n}}, {e, {n, 37}}});
  expectSame(replaced(text, {{"S", "?x?x?x?"},
                             {"T", "?x?x?x?"},
                             {"E", "f32"},
                             {"P", "[0, 2, 1, 3]"}}),
             {{"f32", {2, 9, 12, 32}}, {"f32", {2, 12, 9, 32}}});
  expectSame(replaced(text, {{"S", "?x?x?x?"},
                             {"T", "?x?x?x?"},
                             {"E", "f32"},
                             {"P", "[0, 2, 3, 1]"}}),
             {{"f32", {2, 19, 3, 33}}, {"f32", {2, 3, 33, 19}}});
}

TEST(Elementwise, StridedSubviews) {
  const char *text = R"(
    func.func @f(%a: memref<20x40xf32>, %o: memref<20x40xf32>) {
      %s = memref.subview %a[1, 2] [9, $N] [2, $K]
        : memref<20x40xf32> to memref<9x$Nxf32, strided<[80, $K], offset: 42>>
      %t = memref.subview %o[3, 1] [9, $N] [1, $L]
        : memref<20x40xf32> to memref<9x$Nxf32, strided<[40, $L], offset: 121>>
      linalg.copy ins(%s : memref<9x$Nxf32, strided<[80, $K], offset: 42>>)
        outs(%t : memref<9x$Nxf32, strided<[40, $L], offset: 121>>)
      return
    })";
  for (const char *k : {"1", "2"})
    for (const char *l : {"1", "2"})
      for (const char *n : {"1", "16", "19"})
        expectSame(replaced(text, {{"K", k}, {"L", l}, {"N", n}}),
                   {{"f32", {20, 40}}, {"f32", {20, 40}}});
}

TEST(Elementwise, UnitDimensionsAndBroadcasts) {
  // A mask over the last dimension and a scale a row, both with unit
  // dimensions.
  const char *text = R"(
    func.func @f(%x: memref<$Bx3x$Sx$Sxf32>, %m: memref<$Bx1x1x$Sxf32>,
                 %r: memref<$Bx3x$Sx1xf32>, %o: memref<$Bx3x$Sx$Sxf32>) {
      linalg.generic {indexing_maps = [
        affine_map<(a, b, c, d) -> (a, b, c, d)>,
        affine_map<(a, b, c, d) -> (a, 0, 0, d)>,
        affine_map<(a, b, c, d) -> (a, b, c, 0)>,
        affine_map<(a, b, c, d) -> (a, b, c, d)>],
        iterator_types = ["parallel", "parallel", "parallel", "parallel"]}
        ins(%x, %m, %r : memref<$Bx3x$Sx$Sxf32>, memref<$Bx1x1x$Sxf32>,
                         memref<$Bx3x$Sx1xf32>)
        outs(%o : memref<$Bx3x$Sx$Sxf32>) {
      ^bb0(%e: f32, %mask: f32, %row: f32, %out: f32):
        %s = math.rsqrt %row : f32
        %t = arith.mulf %e, %s : f32
        %u = arith.addf %t, %mask : f32
        linalg.yield %u : f32
      }
      return
    })";
  for (int64_t s : {1, 7, 16, 35}) {
    std::vector<Buffer> buffers = {{"f32", {2, 3, s, s}},
                                   {"f32", {2, 1, 1, s}},
                                   {"f32", {2, 3, s, 1}},
                                   {"f32", {2, 3, s, s}}};
    for (int64_t i = 0; i < buffers[2].size(); ++i)
      buffers[2].as<float>()[i] = 0.25f + i;
    expectSame(replaced(text, {{"B", "2"}, {"S", str(s)}}), buffers);
    expectSame(replaced(text, {{"B", "?"}, {"S", "?"}}), buffers);
  }
}

TEST(Elementwise, NamedOperations) {
  expectSame(R"(
    func.func @f(%a: memref<7x33xf32>, %b: memref<33xf32>,
                 %o: memref<7x33xf32>, %p: memref<?x33xf32>,
                 %q: memref<4x5xi32>) {
      %c = arith.constant 1.5 : f32
      %i = arith.constant 7 : i32
      linalg.fill ins(%i : i32) outs(%q : memref<4x5xi32>)
      linalg.add ins(%a, %o : memref<7x33xf32>, memref<7x33xf32>)
        outs(%o : memref<7x33xf32>)
      linalg.broadcast ins(%b : memref<33xf32>) outs(%p : memref<?x33xf32>)
        dimensions = [0]
      linalg.map ins(%a : memref<7x33xf32>) outs(%a : memref<7x33xf32>)
        (%x: f32, %out: f32) {
          %y = arith.mulf %x, %c : f32
          linalg.yield %y : f32
        }
      return
    })",
             {{"f32", {7, 33}},
              {"f32", {33}},
              {"f32", {7, 33}},
              {"f32", {5, 33}},
              {"i32", {4, 5}}});
}
