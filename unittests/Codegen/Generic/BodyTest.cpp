//===- BodyTest.cpp - operations and element types of a body --------------===//
//
// Casts, comparisons, integers of every width, indices, divisions whose masked
// lanes would trap.
//
//===----------------------------------------------------------------------===//
#include "JitModule.h"
#include "gtest/gtest.h"

using namespace lowbit::test;

/// out[i] = body(x[i], y[i]) of `types` for several extents.
static void expectUnary(const std::string &in, const std::string &out,
                        const std::string &body) {
  const char *text = R"(
    func.func @f(%a: memref<?x$I>, %o: memref<?x$O>) {
      linalg.generic {indexing_maps = [affine_map<(i) -> (i)>,
        affine_map<(i) -> (i)>], iterator_types = ["parallel"]}
        ins(%a : memref<?x$I>) outs(%o : memref<?x$O>) {
      ^bb0(%x: $I, %old: $O):
        $B
        linalg.yield %r : $O
      }
      return
    })";
  std::string full = replaced(text, {{"I", in}, {"O", out}, {"B", body}});
  for (int64_t n : {1, 16, 33, 100})
    expectSame(full, {{in, {n}}, {out, {n}}});
}

TEST(Body, Casts) {
  expectUnary("i8", "f32", "%r = arith.sitofp %x : i8 to f32");
  expectUnary("i8", "f32", "%r = arith.uitofp %x : i8 to f32");
  expectUnary("i8", "i32", "%r = arith.extsi %x : i8 to i32");
  expectUnary("i64", "f32", "%r = arith.sitofp %x : i64 to f32");
  expectUnary("i64", "i8", "%r = arith.trunci %x : i64 to i8");
  expectUnary("f32", "f64", "%r = arith.extf %x : f32 to f64");
  expectUnary("i1", "f32", "%r = arith.uitofp %x : i1 to f32");
  expectUnary("f32", "i8", R"(%l = arith.constant -128.0 : f32
        %h = arith.constant 127.0 : f32
        %k = arith.constant 31.7 : f32
        %q = arith.mulf %x, %k : f32
        %n = math.roundeven %q : f32
        %t = arith.maxnumf %n, %l : f32
        %u = arith.minnumf %t, %h : f32
        %r = arith.fptosi %u : f32 to i8)");
}

TEST(Body, ComparisonsAndBits) {
  expectUnary("f32", "i1", R"(%c = arith.constant 0.5 : f32
        %r = arith.cmpf ogt, %x, %c : f32)");
  expectUnary("i1", "i1", R"(%c = arith.constant true
        %r = arith.xori %x, %c : i1)");
  expectUnary("i32", "i32", R"(%c = arith.constant 7 : i32
        %p = arith.cmpi slt, %x, %c : i32
        %s = arith.shrsi %x, %c : i32
        %r = arith.select %p, %s, %old : i32)");
  expectUnary("f32", "f32", R"(%c = arith.constant 0x7FFFFFFF : i32
        %b = arith.bitcast %x : f32 to i32
        %m = arith.andi %b, %c : i32
        %r = arith.bitcast %m : i32 to f32)");
}

TEST(Body, DivisionDoesNotTrapInTheTail) {
  expectUnary("i32", "i32", R"(%one = arith.constant 1 : i32
        %d = arith.ori %x, %one : i32
        %r = arith.divsi %old, %d : i32)");
  expectUnary("i64", "i64", R"(%one = arith.constant 1 : i64
        %d = arith.ori %x, %one : i64
        %r = arith.remui %old, %d : i64)");
}

TEST(Body, Index) {
  const char *text = R"(
    func.func @f(%a: memref<$Sxi64>, %o: memref<$Sxf32>) {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%a : memref<$Sxi64>) outs(%o : memref<$Sxf32>) {
      ^bb0(%x: i64, %old: f32):
        %i = linalg.index 0 : index
        %j = linalg.index 1 : index
        %c = arith.cmpi sge, %i, %j : index
        %jj = arith.index_cast %j : index to i64
        %s = arith.addi %x, %jj : i64
        %t = arith.sitofp %s : i64 to f32
        %z = arith.constant 0.0 : f32
        %r = arith.select %c, %t, %z : f32
        linalg.yield %r : f32
      }
      return
    })";
  for (int64_t n : {2, 5, 16, 37}) {
    std::string shape = std::to_string(n) + "x" + std::to_string(n);
    expectSame(replaced(text, {{"S", shape}}),
               {{"i64", {n, n}}, {"f32", {n, n}}});
    expectSame(replaced(text, {{"S", "?x?"}}),
               {{"i64", {n, n}}, {"f32", {n, n}}});
  }
}

TEST(Body, SeveralOutputsAndUniformValues) {
  expectSame(
      R"(
    func.func @f(%a: memref<9x21xf32>, %r: memref<9xf32>, %o: memref<9x21xf32>,
                 %p: memref<9x21xi8>) {
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (i, j)>,
        affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]}
        ins(%a, %r : memref<9x21xf32>, memref<9xf32>)
        outs(%o, %p : memref<9x21xf32>, memref<9x21xi8>) {
      ^bb0(%x: f32, %s: f32, %u: f32, %v: i8):
        %t = math.tanh %s : f32
        %y = arith.mulf %x, %t : f32
        %i = linalg.index 0 : index
        %n = arith.index_cast %i : index to i8
        linalg.yield %y, %n : f32, i8
      }
      return
    })",
      {{"f32", {9, 21}}, {"f32", {9}}, {"f32", {9, 21}}, {"i8", {9, 21}}});
}
