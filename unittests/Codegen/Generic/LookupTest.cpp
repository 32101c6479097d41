//===- LookupTest.cpp - look-ups in a body --------------------------------===//
//
// Rows of an embedding table, with a scale a row, and tables indexed by data.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "gtest/gtest.h"

using namespace lowbit::test;

TEST(Lookup, RowsOfAnInt8Table) {
  const char *text = R"(
    func.func @f(%ids: memref<?x?xi64>, %t: memref<50x$Hxi8>,
                 %s: memref<50xf32>, %o: memref<?x?x$Hxf32>) {
      linalg.generic {indexing_maps = [affine_map<(b, s, h) -> (b, s)>,
        affine_map<(b, s, h) -> (b, s, h)>],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%ids : memref<?x?xi64>) outs(%o : memref<?x?x$Hxf32>) {
      ^bb0(%id: i64, %old: f32):
        %i = arith.index_cast %id : i64 to index
        %h = linalg.index 2 : index
        %q = memref.load %t[%i, %h] : memref<50x$Hxi8>
        %k = memref.load %s[%i] : memref<50xf32>
        %x = arith.sitofp %q : i8 to f32
        %y = arith.mulf %x, %k : f32
        linalg.yield %y : f32
      }
      return
    })";
  for (int64_t h : {3, 16, 40, 384}) {
    std::vector<Buffer> buffers = {
        {"i64", {2, 5}}, {"i8", {50, h}}, {"f32", {50}}, {"f32", {2, 5, h}}};
    buffers[0].fill(3, 50);
    expectSame(replaced(text, {{"H", std::to_string(h)}}), buffers);
  }
}

TEST(Lookup, RowsWithAnIdForEachElement) {
  // The ids have the shape of the result: the row may change from lane to lane.
  std::vector<Buffer> buffers = {
      {"i64", {4, 21}}, {"f32", {9, 21}}, {"f32", {4, 21}}};
  buffers[0].fill(3, 9);
  expectSame(R"(
    func.func @f(%ids: memref<4x21xi64>, %t: memref<9x21xf32>,
                 %o: memref<4x21xf32>) {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%ids : memref<4x21xi64>) outs(%o : memref<4x21xf32>) {
      ^bb0(%id: i64, %old: f32):
        %i = arith.index_cast %id : i64 to index
        %j = linalg.index 1 : index
        %x = memref.load %t[%i, %j] : memref<9x21xf32>
        linalg.yield %x : f32
      }
      return
    })",
             buffers);
}

TEST(Lookup, TableOfAUnaryFunction) {
  const char *text = R"(
    func.func @f(%q: memref<?xi8>, %t: memref<256xi8>, %o: memref<?xi8>) {
      linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
        affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%q : memref<?xi8>) outs(%o : memref<?xi8>) {
      ^bb0(%x: i8, %old: i8):
        %c = arith.constant 128 : i32
        %w = arith.extsi %x : i8 to i32
        %u = arith.addi %w, %c : i32
        %i = arith.index_cast %u : i32 to index
        %y = memref.load %t[%i] : memref<256xi8>
        linalg.yield %y : i8
      }
      return
    })";
  for (int64_t n : {1, 16, 37})
    expectSame(text, {{"i8", {n}}, {"i8", {256}}, {"i8", {n}}});
}
