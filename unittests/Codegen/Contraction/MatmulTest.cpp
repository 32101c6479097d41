//===- MatmulTest.cpp - matrix products, every ISA, exactly ---------------===//
#include "Harness.h"
#include "gtest/gtest.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {

std::vector<Variant> integerVariants() {
  std::vector<Variant> all = variants();
  llvm::erase_if(all, [](const Variant &variant) { return variant.isFloat; });
  return all;
}

std::string extent(int64_t n) { return n < 0 ? "?" : std::to_string(n); }

class Matmul : public testing::TestWithParam<Variant> {
protected:
  std::string memref(std::vector<int64_t> sizes, bool result = false) {
    std::string text = "memref<";
    for (int64_t n : sizes)
      text += extent(n) + "x";
    return text + (isFloat() ? "f32>" : result ? "i32>" : "i8>");
  }
  bool isFloat() { return GetParam().isFloat; }

  /// @main on buffers of these shapes around one operation. In `op`, $A, $B and
  /// $C stand for the types.
  std::string text(std::string op, std::string a, std::string b, std::string c,
                   bool filled, bool parameter = false) {
    std::string out = "func.func @main(%a: " + a + ", %b: " + b +
                      (parameter ? " {lowbit.parameter = \"w\"}" : "") +
                      ", %c: " + c + ") {\n";
    if (filled)
      out += isFloat() ? "  %z = arith.constant 0.0 : f32\n"
                         "  linalg.fill ins(%z : f32) outs(%c : " +
                             c + ")\n"
                       : "  %z = arith.constant 7 : i32\n"
                         "  linalg.fill ins(%z : i32) outs(%c : " +
                             c + ")\n";
    for (auto [key, type] : {std::pair("$A", a), {"$B", b}, {"$C", c}})
      for (size_t at; (at = op.find(key)) != std::string::npos;)
        op.replace(at, 2, type);
    return out + "  " + op + "\n  return\n}\n";
  }

  std::string matmul(int64_t m, int64_t n, int64_t k, bool filled,
                     bool parameter = false) {
    return text("linalg.matmul ins(%a, %b : $A, $B) outs(%c : $C)",
                memref({m, k}), memref({k, n}), memref({m, n}, true), filled,
                parameter);
  }

  /// Any maps; m, n, k, ... as the text of the three maps.
  std::string contract(std::string maps, std::string a, std::string b,
                       std::string c, bool filled, bool parameter = false) {
    return text("linalg.contract indexing_maps = [" + maps +
                    "] ins(%a, %b : $A, $B) outs(%c : $C)",
                a, b, c, filled, parameter);
  }
};

TEST_P(Matmul, DynamicShapes) {
  for (bool filled : {false, true}) {
    Kernel kernel(matmul(-1, -1, -1, filled), GetParam().isa);
    ASSERT_EQ(kernel.error, "");
    ASSERT_EQ(kernel.left, 0);
    for (int64_t m : {0, 1, 2, 3, 5, 7, 17, 31, 33, 127})
      for (int64_t n : {0, 1, 2, 3, 7, 16, 31, 33, 127})
        for (int64_t k : {0, 1, 2, 3, 5, 7, 16, 33})
          ASSERT_EQ(kernel.mismatches({{m, k}, {k, n}, {m, n}}), 0)
              << m << "x" << n << "x" << k << (filled ? " filled" : "");
  }
}

TEST_P(Matmul, StaticShapes) {
  int64_t shapes[][3] = {
      {1, 1, 1},    {2, 3, 5},    {7, 16, 3},    {16, 33, 17},  {17, 31, 127},
      {31, 7, 33},  {33, 127, 2}, {127, 17, 31}, {128, 96, 64}, {383, 5, 7},
      {3, 383, 16}, {5, 2, 383},  {14, 64, 64},  {49, 48, 9},   {127, 127, 0}};
  for (auto [m, n, k] : shapes)
    for (bool filled : {false, true})
      for (bool parameter : {false, true}) {
        Kernel kernel(matmul(m, n, k, filled, parameter), GetParam().isa);
        ASSERT_EQ(kernel.error, "");
        ASSERT_EQ(kernel.left, 0);
        ASSERT_EQ(kernel.packedArguments, parameter ? 1 : 0);
        EXPECT_EQ(kernel.mismatches({{m, k}, {k, n}, {m, n}}), 0)
            << m << "x" << n << "x" << k << (filled ? " filled" : "")
            << (parameter ? " parameter" : "");
      }
}

/// What only integers have: the largest sums.
class IntegerMatmul : public Matmul {};

TEST_P(IntegerMatmul, Extremes) {
  for (bool parameter : {false, true}) {
    Kernel kernel(matmul(17, 33, 383, true, parameter), GetParam().isa);
    ASSERT_EQ(kernel.error, "");
    for (Fill fill : {Fill::Lowest, Fill::LowestAndHighest})
      EXPECT_EQ(kernel.mismatches({{17, 383}, {383, 33}, {17, 33}}, 1, fill),
                0);
  }
}

TEST_P(Matmul, TransposedMaps) {
  const char *ak = "affine_map<(m,n,k)->(m,k)>",
             *ka = "affine_map<(m,n,k)->(k,m)>";
  const char *kb = "affine_map<(m,n,k)->(k,n)>",
             *bk = "affine_map<(m,n,k)->(n,k)>";
  const char *mn = "affine_map<(m,n,k)->(m,n)>",
             *nm = "affine_map<(m,n,k)->(n,m)>";
  for (bool known : {false, true})
    for (int form = 0; form < 8; ++form)
      for (bool parameter : {false, true}) {
        int64_t m = 21, n = 50, k = 39;
        bool ta = form & 1, tb = form & 2, tc = form & 4;
        if (parameter && !known)
          continue;
        std::vector<int64_t> a = ta ? std::vector{k, m} : std::vector{m, k};
        std::vector<int64_t> b = tb ? std::vector{n, k} : std::vector{k, n};
        std::vector<int64_t> c = tc ? std::vector{n, m} : std::vector{m, n};
        std::vector<int64_t> unknown{-1, -1};
        Kernel kernel(contract(std::string(ta ? ka : ak) + ", " +
                                   (tb ? bk : kb) + ", " + (tc ? nm : mn),
                               memref(known ? a : unknown),
                               memref(known ? b : unknown),
                               memref(known ? c : unknown, true), form % 3 == 0,
                               parameter),
                      GetParam().isa);
        ASSERT_EQ(kernel.error, "");
        ASSERT_EQ(kernel.left, 0);
        EXPECT_EQ(kernel.mismatches({a, b, c}), 0)
            << form << (known ? " known" : " unknown")
            << (parameter ? " parameter" : "");
      }
}

TEST_P(Matmul, Batch) {
  for (bool known : {false, true}) {
    auto shape = [&](std::vector<int64_t> s) {
      return known ? s : std::vector<int64_t>{-1, -1, -1};
    };
    Kernel kernel(text("linalg.batch_matmul ins(%a, %b : $A, $B) outs(%c : $C)",
                       memref(shape({3, 13, 18})), memref(shape({3, 18, 37})),
                       memref(shape({3, 13, 37}), true), known),
                  GetParam().isa);
    ASSERT_EQ(kernel.error, "");
    ASSERT_EQ(kernel.left, 0);
    EXPECT_EQ(kernel.mismatches({{3, 13, 18}, {3, 18, 37}, {3, 13, 37}}), 0);
  }
}

// Scores and context of attention, and projections in and out of heads.
TEST_P(Matmul, Attention) {
  int64_t B = 2, S = 21, T = 19, H = 3, D = 10;
  struct Form {
    const char *maps;
    std::vector<int64_t> a, b, c;
  } forms[] = {
      {"affine_map<(b,h,s,t,d)->(b,s,h,d)>, affine_map<(b,h,s,t,d)->(b,t,h,d)>,"
       "affine_map<(b,h,s,t,d)->(b,h,s,t)>",
       {B, S, H, D},
       {B, T, H, D},
       {B, H, S, T}},
      {"affine_map<(b,h,s,t,d)->(b,h,s,t)>, affine_map<(b,h,s,t,d)->(b,t,h,d)>,"
       "affine_map<(b,h,s,t,d)->(b,s,h,d)>",
       {B, H, S, T},
       {B, T, H, D},
       {B, S, H, D}},
      {"affine_map<(b,s,h,e,d)->(b,s,d)>, affine_map<(b,s,h,e,d)->(d,h,e)>,"
       "affine_map<(b,s,h,e,d)->(b,s,h,e)>",
       {B, S, D},
       {D, H, T},
       {B, S, H, T}},
      {"affine_map<(b,s,h,e,d)->(b,s,d)>, affine_map<(b,s,h,e,d)->(d,h,e)>,"
       "affine_map<(b,s,h,e,d)->(b,h,s,e)>",
       {B, S, D},
       {D, H, T},
       {B, H, S, T}},
      {"affine_map<(b,s,n,h,d)->(b,s,h,d)>, affine_map<(b,s,n,h,d)->(h,d,n)>,"
       "affine_map<(b,s,n,h,d)->(b,s,n)>",
       {B, S, H, D},
       {H, D, T},
       {B, S, T}},
      {"affine_map<(b,s,n,h,d)->(b,h,s,d)>, affine_map<(b,s,n,h,d)->(n,h,d)>,"
       "affine_map<(b,s,n,h,d)->(b,s,n)>",
       {B, H, S, D},
       {T, H, D},
       {B, S, T}},
      // A matrix times a vector, and the other way round.
      {"affine_map<(s,d)->(s,d)>, affine_map<(s,d)->(d)>, "
       "affine_map<(s,d)->(s)>",
       {S, D},
       {D},
       {S}},
      {"affine_map<(s,d)->(d)>, affine_map<(s,d)->(d,s)>, "
       "affine_map<(s,d)->(s)>",
       {D},
       {D, S},
       {S}},
  };
  for (const Form &form : forms)
    for (int kind = 0; kind < 3; ++kind) {
      auto shape = [&](std::vector<int64_t> s) {
        return kind == 0 ? std::vector<int64_t>(s.size(), -1) : s;
      };
      Kernel kernel(contract(form.maps, memref(shape(form.a)),
                             memref(shape(form.b)), memref(shape(form.c), true),
                             true, kind == 2),
                    GetParam().isa);
      ASSERT_EQ(kernel.error, "");
      ASSERT_EQ(kernel.left, 0);
      EXPECT_EQ(kernel.mismatches({form.a, form.b, form.c}), 0)
          << form.maps << " kind " << kind;
    }
}

// Rows, columns and depth of every operand lie apart, at an offset.
TEST_P(Matmul, StridedViews) {
  for (bool known : {false, true}) {
    auto type = [&](const char *sizes, bool result) {
      std::string t = known ? sizes : "?x?";
      return "memref<" + t +
             (isFloat() ? "xf32"
              : result  ? "xi32"
                        : "xi8") +
             ", strided<[?, ?], offset: ?>>";
    };
    Kernel kernel(text("linalg.matmul ins(%a, %b : $A, $B) outs(%c : $C)",
                       type("15x22", false), type("22x35", false),
                       type("15x35", true), known),
                  GetParam().isa);
    ASSERT_EQ(kernel.error, "");
    ASSERT_EQ(kernel.left, 0);
    size_t in = isFloat() ? 4 : 1;
    for (int64_t s : {1, 2}) {
      Buffer a(in, {15, 22}, {22 * s + 3, s}, 5);
      Buffer b(in, {22, 35}, {35 * s + 1, s}, 3);
      Buffer c(4, {15, 35}, {35 * s + 2, s}, 1);
      EXPECT_EQ(kernel.mismatches({&a, &b, &c}, 1, Fill::Random), 0) << s;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, Matmul, testing::ValuesIn(variants()),
                         variantName);
INSTANTIATE_TEST_SUITE_P(All, IntegerMatmul,
                         testing::ValuesIn(integerVariants()), variantName);

} // namespace
