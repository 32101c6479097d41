//===- ExactSumTest.cpp - sums of floats without rounding -----------------===//
//
// Checks sums against wide integers, that order and grouping do not matter,
// rounding to double at its ties, and texts that read back the same.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/ExactSum.h"
#include "Samples.h"
#include "gtest/gtest.h"

#include "llvm/ADT/APInt.h"
#include "llvm/ADT/SmallString.h"
#include <algorithm>
#include <limits>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

constexpr unsigned kBits = 640;

/// The float as an integer of 640 bits, in units of 2^-298.
llvm::APInt wide(float x) {
  int exponent;
  float mantissa = std::frexp(x, &exponent);
  llvm::APInt value(kBits, uint64_t(std::ldexp(std::fabs(mantissa), 24)));
  value <<= exponent - 24 + 298;
  return x < 0 ? -value : value;
}

std::string hex(llvm::APInt value) {
  bool negative = value.isNegative();
  value = value.abs();
  if (value.isZero())
    return "0x0p+0";
  unsigned shift = value.countr_zero();
  value.lshrInPlace(shift);
  llvm::SmallString<200> digits;
  value.toString(digits, 16, /*Signed=*/false, /*formatAsCLiteral=*/false,
                 /*UpperCase=*/false);
  int exponent = int(shift) - 298;
  return std::string(negative ? "-0x" : "0x") + digits.c_str() +
         (exponent < 0 ? "p" : "p+") + std::to_string(exponent);
}

TEST(ExactSum, EqualsWideIntegers) {
  for (Kind kind : kKinds) {
    llvm::APInt expected(kBits, 0);
    ExactSum sum;
    for (float x : makeSample(kind, 2000, 7)) {
      expected += wide(x);
      sum.add(x);
      ASSERT_EQ(sum.toString(), hex(expected));
    }
  }
}

TEST(ExactSum, OrderAndGroupingDoNotMatter) {
  std::vector<float> values = makeSample(Kind::AnyBits, 3000, 1);
  ExactSum once;
  for (float x : values)
    once.add(x);
  std::mt19937 random(2);
  for (int round = 0; round < 20; ++round) {
    std::shuffle(values.begin(), values.end(), random);
    ExactSum parts[5], all;
    for (float x : values)
      parts[random() % 5].add(x);
    for (const ExactSum &part : parts)
      all.merge(part);
    EXPECT_EQ(all, once);
  }
}

TEST(ExactSum, LargeMantissas) {
  ExactSum sum;
  __int128 most = ~(__int128(1) << 127);
  sum.add(most, 20);
  sum.add(-most - 1, 20);
  EXPECT_EQ(sum.toString(), "-0x1p+20");
  sum.add(1, 20);
  EXPECT_TRUE(sum.isZero());
  sum.add(-1, ExactSum::kUnitExponent);
  EXPECT_EQ(sum.toString(), "-0x1p-298");
  EXPECT_EQ(sum.toDouble(), -std::ldexp(1.0, -298));
  sum.add(1, ExactSum::kUnitExponent);
  EXPECT_EQ(sum.toString(), "0x0p+0");
  EXPECT_EQ(sum.toDouble(), 0.0);
}

TEST(ExactSum, DoublesOfFewTermsAreExact) {
  for (float x : makeSample(Kind::AnyBits, 5000, 3)) {
    ExactSum sum;
    sum.add(x);
    EXPECT_EQ(sum.toDouble(), double(x));
  }
}

TEST(ExactSum, RoundsToEven) {
  struct {
    uint64_t units;
    int below; // an extra term of this sign far below
    double expected;
  } cases[] = {
      {(1ull << 53) + 1, 0, 9007199254740992.0},
      {(1ull << 53) + 1, 1, 9007199254740994.0},
      {(1ull << 53) + 1, -1, 9007199254740992.0},
      {(1ull << 53) + 3, 0, 9007199254740996.0},
      {(1ull << 53) + 3, -1, 9007199254740994.0},
      {~0ull, 0, 18446744073709551616.0},
  };
  for (auto &c : cases)
    for (int sign : {1, -1})
      for (int exponent : {-298 + 200, -30, 60}) {
        ExactSum sum;
        sum.add(sign * __int128(c.units), exponent);
        sum.add(sign * c.below, exponent - 200);
        EXPECT_EQ(sum.toDouble(), sign * std::ldexp(c.expected, exponent))
            << c.units << " " << c.below << " " << exponent;
      }
}

TEST(ExactSum, TextsReadBackTheSame) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 3000; ++i) {
    ExactSum sum;
    for (int k = random() % 4; k >= 0; --k)
      sum.add(__int128(int64_t(random())) << random() % 60,
              int(random() % 480) - 298);
    auto back = ExactSum::parse(sum.toString());
    ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
    EXPECT_EQ(*back, sum);
    EXPECT_EQ(back->toDouble(), sum.toDouble());
  }
}

TEST(ExactSum, TheLargestSum) {
  // 2^63 - 1 squares of the largest float.
  ExactSum square, sum;
  __int128 mantissa = (1 << 24) - 1;
  square.add(mantissa * mantissa, 2 * 104);
  uint64_t times = ~0ull >> 1;
  sum.add(mantissa * mantissa * (times >> 32), 2 * 104 + 32);
  sum.add(mantissa * mantissa * (times & 0xffffffff), 2 * 104);
  EXPECT_FALSE(sum.isNegative());
  auto back = ExactSum::parse(sum.toString());
  ASSERT_TRUE(bool(back)) << llvm::toString(back.takeError());
  EXPECT_EQ(*back, sum);
}

TEST(ExactSum, RefusesOtherTexts) {
  for (const char *text :
       {"",         "0",        "0x",       "0x0",
        "0x0p0",    "-0x0p+0",  "0x2p+0",   "0x01p+0",
        "0xAp+1",   "0x1p",     "0x1p+",    "0x1p-",
        "0x1p--1",  "0x1p+-1",  "0x1p-299", "0x1p+700",
        "0x1p+320", "1p+3",     "0x1.8p+3", " 0x1p+3",
        "0x1p+3 ",  "0x1g3p+3", "--0x1p+3", "0x1p+99999999999999999999",
        "nan",      "inf",      "-"}) {
    auto parsed = ExactSum::parse(text);
    EXPECT_FALSE(bool(parsed)) << text;
    llvm::consumeError(parsed.takeError());
  }
}

} // namespace
