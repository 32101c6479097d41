//===- WindowTest.cpp - pooling and depthwise convolutions ----------------===//
//
// Sums over a window run in the order of the scalar program, so they are equal
// bit for bit. Float contractions are in NamedOrderTest.cpp.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "gtest/gtest.h"

using namespace lowbit::test;

static std::string str(int64_t n) { return std::to_string(n); }

TEST(Window, Pooling) {
  const char *text = R"(
    func.func @f(%a: memref<2x11x9x$Cxf32>, %w: memref<3x2xf32>,
                 %o: memref<2x5x4x$Cxf32>) {
      linalg.pooling_nhwc_$K {strides = dense<2> : tensor<2xi64>,
        dilations = dense<1> : tensor<2xi64>}
        ins(%a, %w : memref<2x11x9x$Cxf32>, memref<3x2xf32>)
        outs(%o : memref<2x5x4x$Cxf32>)
      return
    })";
  for (const char *kind : {"max", "sum"})
    for (int64_t c : {1, 8, 16, 33, 100})
      expectSame(
          replaced(text, {{"K", kind}, {"C", str(c)}}),
          {{"f32", {2, 11, 9, c}}, {"f32", {3, 2}}, {"f32", {2, 5, 4, c}}});
}

TEST(Window, Depthwise) {
  const char *text = R"(
    func.func @f(%a: memref<?x11x11x$Cx$E>, %w: memref<3x3x$Cx$E>,
                 %o: memref<?x5x5x$Cx$A>) {
      linalg.depthwise_conv_2d_nhwc_hwc {strides = dense<2> : tensor<2xi64>,
        dilations = dense<1> : tensor<2xi64>}
        ins(%a, %w : memref<?x11x11x$Cx$E>, memref<3x3x$Cx$E>)
        outs(%o : memref<?x5x5x$Cx$A>)
      return
    })";
  for (int64_t c : {3, 16, 40, 64, 72}) {
    expectSame(
        replaced(text, {{"E", "i8"}, {"A", "i32"}, {"C", str(c)}}),
        {{"i8", {2, 11, 11, c}}, {"i8", {3, 3, c}}, {"i32", {2, 5, 5, c}}});
  }
}

TEST(Window, MeanOverHeightAndWidth) {
  // The sequential order of a reduction outside of the lanes.
  const char *text = R"(
    func.func @f(%a: memref<3x7x7x$Cxf32>, %o: memref<3x$Cxf32>) {
      linalg.generic {indexing_maps = [
        affine_map<(n, h, w, c) -> (n, h, w, c)>,
        affine_map<(n, h, w, c) -> (n, c)>],
        iterator_types = ["parallel", "reduction", "reduction", "parallel"]}
        ins(%a : memref<3x7x7x$Cxf32>) outs(%o : memref<3x$Cxf32>) {
      ^bb0(%x: f32, %s: f32):
        %r = arith.addf %s, %x : f32
        linalg.yield %r : f32
      }
      return
    })";
  for (int64_t c : {2, 16, 70, 512}) {
    expectSame(replaced(text, {{"C", str(c)}}),
               {{"f32", {3, 7, 7, c}}, {"f32", {3, c}}});
    expectSame(replaced(text, {{"C", "?"}}),
               {{"f32", {3, 7, 7, c}}, {"f32", {3, c}}});
  }
}

TEST(Window, ColumnSums) {
  const char *text = R"(
    func.func @f(%a: memref<?x?xf32>, %o: memref<?xf32>) {
      linalg.reduce ins(%a : memref<?x?xf32>) outs(%o : memref<?xf32>)
        dimensions = [0] (%x: f32, %s: f32) {
          %r = arith.addf %x, %s : f32
          linalg.yield %r : f32
        }
      return
    })";
  for (int64_t n : {0, 1, 17, 64, 300})
    expectSame(text, {{"f32", {23, n}}, {"f32", {n}}});
}

TEST(Window, ResultsThatDependOnEachOther) {
  // The place of the maximum of a row: the lanes run over the rows.
  const char *text = R"(
    func.func @f(%a: memref<$Mx$Nxf32>, %v: memref<$Mxf32>, %p: memref<$Mxi64>) {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i)>],
        iterator_types = ["parallel", "reduction"]}
        ins(%a : memref<$Mx$Nxf32>)
        outs(%v, %p : memref<$Mxf32>, memref<$Mxi64>) {
      ^bb0(%x: f32, %best: f32, %at: i64):
        %i = linalg.index 1 : index
        %n = arith.index_cast %i : index to i64
        %c = arith.cmpf ogt, %x, %best : f32
        %r = arith.select %c, %x, %best : f32
        %q = arith.select %c, %n, %at : i64
        linalg.yield %r, %q : f32, i64
      }
      return
    })";
  for (int64_t m : {2, 16, 70}) {
    std::vector<Buffer> buffers = {
        {"f32", {m, 33}}, {"f32", {m}}, {"i64", {m}}};
    expectSame(replaced(text, {{"M", str(m)}, {"N", "33"}}), buffers);
    expectSame(replaced(text, {{"M", "?"}, {"N", "?"}}), buffers);
  }
}
