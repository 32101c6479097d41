//===- ContractTest.cpp - compiled contractions against plain sums --------===//
//
// Products, batches and windows, every kind of operand and zero point; the
// wanted sums are computed from the formula of N9, (a - za) * (b - zb).
//
//===----------------------------------------------------------------------===//
#include "RunModule.h"

#include "lowbit/Numerics/Requantize.h"
#include "lowbit/Numerics/SmallFloat.h"

#include <cmath>

using namespace lowbit;
using namespace lowbit::test;

namespace {
/// A loop: its size, whether it is summed over, and how an index of each
/// operand moves with it.
struct Loop {
  int64_t size;
  bool isReduction;
  int64_t strideA, strideB;
};

struct Operand {
  std::string type;
  int32_t low, high;
  std::string storage;
};
const Operand kI8{"i8", -128, 127, "i8"};
const Operand kI16{"i16", -32768, 32767, "i16"};
const Operand kU8{"!lowbit.affine<ui8>", 0, 255, "i8"};
const Operand kS8{"!lowbit.affine<i8, -127:127, axis = 1>", -127, 127, "i8"};
const Operand kU8Axis{"!lowbit.affine<ui8, axis = 1>", 0, 255, "i8"};

struct Form {
  std::string name;
  /// Loops, the parallel ones in the order of the result.
  std::vector<Loop> loops;
  std::string maps, iterators;
  Shape lhs, rhs, result;
  /// The loop of the dimension 1 of the right-hand side.
  size_t axisLoop;
};
const Form kForms[] = {
    {"matmul",
     {{9, false, 21, 0}, {18, false, 0, 1}, {21, true, 1, 18}},
     "affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, $X"
     "affine_map<(m, n, k) -> (m, n)>",
     "\"parallel\", \"parallel\", \"reduction\"",
     {9, 21},
     {21, 18},
     {9, 18},
     1},
    {"batch, turned result",
     {{3, false, 35, 28}, {4, false, 0, 1}, {5, false, 7, 0}, {7, true, 1, 4}},
     "affine_map<(b, n, m, k) -> (b, m, k)>, affine_map<(b, n, m, k) -> (k, n, "
     "b)>, $Xaffine_map<(b, n, m, k) -> (b, n, m)>",
     "\"parallel\", \"parallel\", \"parallel\", \"reduction\"",
     {3, 5, 7},
     {7, 4, 3},
     {3, 4, 5},
     1},
    {"windows with strides",
     {{2, false, 11 * 3, 0},
      {5, false, 2 * 3, 0},
      {4, false, 0, 1},
      {3, true, 3, 12},
      {3, true, 1, 4}},
     "affine_map<(n, o, f, h, c) -> (n, o * 2 + h, c)>, affine_map<(n, o, f, "
     "h, "
     "c) -> (c, f, h)>, $Xaffine_map<(n, o, f, h, c) -> (n, o, f)>",
     "\"parallel\", \"parallel\", \"parallel\", \"reduction\", \"reduction\"",
     {2, 11, 3},
     {3, 4, 3},
     {2, 5, 4},
     2},
    {"no reduction",
     {{6, false, 1, 0}, {17, false, 0, 1}},
     "affine_map<(m, n) -> (m)>, affine_map<(m, n) -> (m, n)>, "
     "$Xaffine_map<(m, n) -> (m, n)>",
     "\"parallel\", \"parallel\"",
     {6},
     {6, 17},
     {6, 17},
     1},
};

/// The offset of the right-hand side by its own map: strides above are those of
/// row-major tensors in the order of the map.
int64_t offsetB(const Form &form, const std::vector<int64_t> &at) {
  if (form.name == "matmul")
    return at[2] * 18 + at[1];
  if (form.name == "no reduction")
    return at[0] * 17 + at[1];
  if (form.name[0] == 'b')
    return (at[3] * 4 + at[1]) * 3 + at[0];
  return (at[4] * 4 + at[2]) * 3 + at[3];
}

template <typename F> void forEach(const Form &form, const F &visit) {
  std::vector<int64_t> at(form.loops.size(), 0);
  while (true) {
    visit(at);
    size_t d = at.size();
    while (d > 0 && ++at[d - 1] == form.loops[d - 1].size)
      at[--d] = 0;
    if (d == 0)
      return;
  }
}

std::string withoutExtra(std::string maps, const std::string &extra = "") {
  maps.replace(maps.find("$X"), 2, extra);
  return maps;
}

template <typename T>
NpyArray store(const Shape &shape, const std::vector<int32_t> &values) {
  return arrayOf(shape, std::vector<T>(values.begin(), values.end()));
}

void check(const Form &form, const Operand &a, const Operand &b, bool hasZeroA,
           bool hasZeroB, bool isRunTime, bool isDynamic, unsigned seed) {
  std::mt19937 random(seed);
  auto draw = [&](const Operand &operand) {
    // The ends are drawn often.
    if (random() % 4 == 0)
      return random() % 2 ? operand.low : operand.high;
    return operand.low + int32_t(random() % (operand.high - operand.low + 1));
  };
  std::vector<int32_t> lhs, rhs, zb;
  for (int64_t i = 0; i < countOf(form.lhs); ++i)
    lhs.push_back(draw(a));
  for (int64_t i = 0; i < countOf(form.rhs); ++i)
    rhs.push_back(draw(b));
  int32_t za = hasZeroA ? draw(a) : 0;
  bool isAxis = b.type.find("axis") != std::string::npos;
  for (int64_t i = 0; i < (isAxis ? form.rhs[1] : 1); ++i)
    zb.push_back(hasZeroB ? draw(b) : 0);
  bool isWide = a.storage == "i16" || b.storage == "i16";
  std::string accumulator = isWide ? "i64" : "i32";
  std::vector<int64_t> sums(countOf(form.result), 0);
  forEach(form, [&](const std::vector<int64_t> &at) {
    int64_t offsetA = 0, offset = 0;
    for (size_t l = 0; l < at.size(); ++l) {
      offsetA += at[l] * form.loops[l].strideA;
      if (!form.loops[l].isReduction)
        offset = offset * form.loops[l].size + at[l];
    }
    int64_t zero = zb[isAxis ? at[form.axisLoop] : 0];
    sums[offset] +=
        int64_t(lhs[offsetA] - za) * (rhs[offsetB(form, at)] - zero);
  });
  std::string la = tensorType(form.lhs, a.storage, isDynamic),
              lb = tensorType(form.rhs, b.storage, isDynamic),
              qa = tensorType(form.lhs, a.type, isDynamic),
              qb = tensorType(form.rhs, b.type, isDynamic),
              out = tensorType(form.result, accumulator, isDynamic);
  std::string arguments = "%a: " + la + ", %b: " + lb + ", %init: " + out;
  std::string attributes, operands, body;
  std::vector<NpyArray> inputs;
  for (auto [operand, shape, values] :
       {std::tuple(&a, &form.lhs, &lhs), std::tuple(&b, &form.rhs, &rhs)})
    inputs.push_back(operand->storage == "i16"
                         ? store<int16_t>(*shape, *values)
                         : store<int8_t>(*shape, *values));
  NpyArray init = llvm::cantFail(
      NpyArray::create(isWide ? DType::I64 : DType::I32, form.result));
  std::memset(init.data(), 0x55, init.buffer.size()); // is not read
  inputs.push_back(std::move(init));
  std::string zbType =
      isAxis ? tensorType({form.rhs[1]}, "i32", isDynamic) : "tensor<i32>";
  if (isRunTime) {
    arguments += ", %za: tensor<i32>, %zb: " + zbType;
    operands =
        " lhs_zero_point(%za : tensor<i32>) rhs_zero_point(%zb : " + zbType +
        ")";
    inputs.push_back(arrayOf({}, std::vector<int32_t>{za}));
    inputs.push_back(arrayOf(isAxis ? Shape{form.rhs[1]} : Shape{}, zb));
  } else {
    if (hasZeroA)
      attributes +=
          ", lhs_zero_point = dense<" + std::to_string(za) + "> : tensor<i32>";
    if (hasZeroB)
      attributes += ", rhs_zero_point = " +
                    denseText(isAxis ? Shape{form.rhs[1]} : Shape{}, "i32", zb);
  }
  std::string x = "%a", y = "%b";
  if (qa != la) {
    body += "  %qa = lowbit.storage_cast %a : " + la + " to " + qa + "\n";
    x = "%qa";
  }
  if (qb != lb) {
    body += "  %qb = lowbit.storage_cast %b : " + lb + " to " + qb + "\n";
    y = "%qb";
  }
  std::string text =
      "func.func @main(" + arguments + ") -> " + out + " {\n" + body +
      "  %y = lowbit.contract attributes {indexing_maps = [" +
      withoutExtra(form.maps) + "], iterator_types = [" + form.iterators + "]" +
      attributes + "} ins(" + x + ", " + y + " : " + qa + ", " + qb + ")" +
      operands + " outs(%init : " + out + ") {\n  ^bb0(%acc: " + accumulator +
      "):\n    lowbit.yield %acc : " + accumulator + "\n  } -> " + out +
      "\n  return %y : " + out + "\n}\n";
  std::vector<NpyArray> got = runModule(text, inputs);
  std::string name =
      form.name + " " + a.type + " " + b.type + (isRunTime ? " run time" : "");
  for (size_t i = 0; i < sums.size(); ++i) {
    int64_t sum = isWide ? got[0].elements<int64_t>()[i]
                         : int64_t(got[0].elements<int32_t>()[i]);
    ASSERT_EQ(sum, sums[i]) << name << " element " << i;
  }
}

TEST(LowerContract, IntegersAndZeroPoints) {
  unsigned seed = 100;
  std::pair<Operand, Operand> kinds[] = {
      {kI8, kS8}, {kU8, kI8}, {kU8, kU8Axis}, {kI16, kI8}, {kI16, kI16}};
  for (const Form &form : kForms)
    for (const auto &[a, b] : kinds) {
      unsigned kind = seed % 4;
      ++seed;
      check(form, a, b, kind & 1, kind & 2, kind == 3 && seed % 3,
            seed % 2 == 0, seed);
      check(form, a, b, true, true, seed % 2 == 0, false, seed + 1000);
    }
}

TEST(LowerContract, EpilogueRequantizes) {
  std::mt19937 random(5);
  std::vector<int32_t> lhs, rhs, bias, wanted;
  std::vector<float> scales;
  for (int i = 0; i < 13 * 40; ++i)
    lhs.push_back(int32_t(random() % 256));
  for (int i = 0; i < 40 * 17; ++i)
    rhs.push_back(int32_t(random() % 255) - 127);
  for (int i = 0; i < 17; ++i) {
    bias.push_back(int32_t(random() % 20000) - 10000);
    scales.push_back(0.0005f * float(1 + random() % 9));
  }
  for (int m = 0; m < 13; ++m)
    for (int n = 0; n < 17; ++n) {
      int32_t sum = bias[n];
      for (int k = 0; k < 40; ++k)
        sum += (lhs[m * 40 + k] - 77) * rhs[k * 17 + n];
      wanted.push_back(quantize(float(sum) * scales[n], {0.25f, -4}, {-8, 7}));
    }
  std::vector<NpyArray> inputs;
  inputs.push_back(store<int8_t>({13, 40}, lhs));
  inputs.push_back(store<int8_t>({40, 17}, rhs));
  inputs.push_back(arrayOf({17}, bias));
  inputs.push_back(arrayOf({17}, scales));
  std::vector<NpyArray> got = runModule(R"(
!a = !lowbit.affine<ui8>
!y = !lowbit.affine<i4>
#n = affine_map<(m, n, k) -> (n)>
func.func @main(%a: tensor<13x40xi8>, %w: tensor<40x17xi8>, %bias: tensor<17xi32>, %s: tensor<17xf32>) -> tensor<13x17xf32> {
  %q = lowbit.storage_cast %a : tensor<13x40xi8> to tensor<13x40x!a>
  %init = tensor.empty() : tensor<13x17x!y>
  %y = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>, #n, #n,
      affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"], lhs_zero_point = dense<77> : tensor<i32>}
      ins(%q, %w : tensor<13x40x!a>, tensor<40x17xi8>) extra(%bias, %s : tensor<17xi32>, tensor<17xf32>) outs(%init : tensor<13x17x!y>) {
  ^bb0(%acc: i32, %b: i32, %scale: f32):
    %sum = arith.addi %acc, %b : i32
    %f = arith.sitofp %sum : i32 to f32
    %x = arith.mulf %f, %scale : f32
    %r = lowbit.quantize %x {scale = dense<0.25> : tensor<f32>, zero_point = dense<-4> : tensor<i32>} : f32 -> !y
    lowbit.yield %r : !y
  } -> tensor<13x17x!y>
  %d = lowbit.dequantize %y {scale = dense<1.0> : tensor<f32>, zero_point = dense<0> : tensor<i32>} : tensor<13x17x!y> -> tensor<13x17xf32>
  return %d : tensor<13x17xf32>
}
)",
                                        inputs);
  EXPECT_TRUE(haveSameBits(got[0].elements<float>(),
                           std::vector<float>(wanted.begin(), wanted.end())));
}

TEST(LowerContract, SmallFloatsAddInOrder) {
  std::mt19937 random(6);
  std::vector<int8_t> lhs, rhs;
  for (int i = 0; i < 6 * 50; ++i)
    lhs.push_back(int8_t(random() % 256));
  for (int i = 0; i < 50 * 20; ++i)
    rhs.push_back(int8_t(random() % 8 ? random() % 0x7c : random() % 256));
  std::vector<float> wanted;
  for (int m = 0; m < 6; ++m)
    for (int n = 0; n < 20; ++n) {
      float sum = 0.0f;
      for (int k = 0; k < 50; ++k)
        sum = std::fma(decode(uint8_t(lhs[m * 50 + k]), kF8E4M3FN),
                       decode(uint8_t(rhs[k * 20 + n]), kF8E5M2), sum);
      wanted.push_back(sum);
    }
  std::vector<NpyArray> inputs;
  inputs.push_back(arrayOf({6, 50}, lhs));
  inputs.push_back(arrayOf({50, 20}, rhs));
  std::vector<NpyArray> got = runModule(R"(
!a = !lowbit.float<f8E4M3FN>
!b = !lowbit.float<f8E5M2, axis = 1>
func.func @main(%a: tensor<6x50xi8>, %b: tensor<50x20xi8>) -> tensor<6x20xf32> {
  %x = lowbit.storage_cast %a : tensor<6x50xi8> to tensor<6x50x!a>
  %y = lowbit.storage_cast %b : tensor<50x20xi8> to tensor<50x20x!b>
  %init = tensor.empty() : tensor<6x20xf32>
  %r = lowbit.contract attributes {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (k, n)>,
      affine_map<(m, n, k) -> (m, n)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %y : tensor<6x50x!a>, tensor<50x20x!b>) outs(%init : tensor<6x20xf32>) {
  ^bb0(%acc: f32):
    lowbit.yield %acc : f32
  } -> tensor<6x20xf32>
  return %r : tensor<6x20xf32>
}
)",
                                        inputs);
  EXPECT_TRUE(haveSameBits(got[0].elements<float>(), wanted));
}

TEST(LowerContract, PackedRightHandSide) {
  // Two loops of columns (3 x 5) and of depth (2 x 7): neither fills panels.
  constexpr int kN0 = 3, kN1 = 5, kK0 = 2, kK1 = 7, kWidth = 4, kGroup = 4;
  std::mt19937 random(7);
  std::vector<int8_t> lhs, packed(4 * 4 * kWidth * kGroup, 0x55);
  for (int i = 0; i < 6 * kK0 * kK1; ++i)
    lhs.push_back(int8_t(random()));
  std::vector<int32_t> wanted(6 * kN0 * kN1, 0);
  for (int n = 0; n < kN0 * kN1; ++n)
    for (int k = 0; k < kK0 * kK1; ++k) {
      auto value = int8_t(random());
      packed[((n / kWidth * 4 + k / kGroup) * kWidth + n % kWidth) * kGroup +
             k % kGroup] = value;
      for (int m = 0; m < 6; ++m)
        wanted[m * kN0 * kN1 + n] += (lhs[m * kK0 * kK1 + k] + 5) * (value - 9);
    }
  std::vector<NpyArray> inputs;
  inputs.push_back(arrayOf({6, kK0, kK1}, lhs));
  inputs.push_back(arrayOf({4, 4, kWidth, kGroup}, packed));
  std::vector<NpyArray> got = runModule(R"(
func.func @main(%a: tensor<6x2x7xi8>, %p: tensor<4x4x4x4xi8>) -> tensor<6x3x5xi32> {
  %init = tensor.empty() : tensor<6x3x5xi32>
  %y = lowbit.packed_contract attributes {indexing_maps = [affine_map<(m, i, j, k, l) -> (m, k, l)>,
      affine_map<(m, i, j, k, l) -> (l, j, k, i)>, affine_map<(m, i, j, k, l) -> (m, i, j)>],
      iterator_types = ["parallel", "parallel", "parallel", "reduction", "reduction"],
      layout = #lowbit.panels<columns = 4, group = 4>, rhs_type = tensor<7x5x2x3xi8>,
      lhs_zero_point = dense<-5> : tensor<i32>, rhs_zero_point = dense<9> : tensor<i32>}
      ins(%a, %p : tensor<6x2x7xi8>, tensor<4x4x4x4xi8>) outs(%init : tensor<6x3x5xi32>) {
  ^bb0(%acc: i32):
    lowbit.yield %acc : i32
  } -> tensor<6x3x5xi32>
  return %y : tensor<6x3x5xi32>
}
)",
                                        inputs);
  EXPECT_EQ(integersOf(got[0]), wanted);
}
} // namespace
