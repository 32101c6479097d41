//===- SmallFloatTest.cpp - Floats of 4 to 8 bits -------------------------===//
//
// Checks rule N25 of docs/numerics.md: values from the specifications, round
// trips of all codes, and floats around every midpoint.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/SmallFloat.h"
#include "Exact.h"
#include "gtest/gtest.h"
#include <cmath>

using namespace lowbit;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

TEST(SmallFloatN25, ValuesOfTheSpecifications) {
  struct Known {
    const SmallFloat &format;
    uint8_t code;
    float value;
  } known[] = {
      {kF8E4M3FN, 0x7e, 448.0f},      {kF8E4M3FN, 0x08, 0x1p-6f},
      {kF8E4M3FN, 0x07, 0.875f / 64}, {kF8E4M3FN, 0x01, 0x1p-9f},
      {kF8E4M3FN, 0xb8, -1.0f},       {kF8E5M2, 0x7b, 57344.0f},
      {kF8E5M2, 0x04, 0x1p-14f},      {kF8E5M2, 0x03, 0.75f * 0x1p-14f},
      {kF8E5M2, 0x01, 0x1p-16f},      {kF8E5M2, 0x7c, kInf},
      {kF8E5M2, 0xfc, -kInf},         {kF6E3M2FN, 0x1f, 28.0f},
      {kF6E3M2FN, 0x04, 0.25f},       {kF6E3M2FN, 0x01, 0.0625f},
      {kF6E2M3FN, 0x1f, 7.5f},        {kF6E2M3FN, 0x08, 1.0f},
      {kF6E2M3FN, 0x01, 0.125f},      {kF4E2M1FN, 0x07, 6.0f},
      {kF4E2M1FN, 0x01, 0.5f},        {kF4E2M1FN, 0x0f, -6.0f},
      {kF8E8M0FNU, 0x00, 0x1p-127f},  {kF8E8M0FNU, 0x7f, 1.0f},
      {kF8E8M0FNU, 0xfe, 0x1p127f}};
  for (const Known &k : known)
    EXPECT_EQ(decode(k.code, k.format), k.value)
        << k.format.name << " " << int(k.code);
  for (uint8_t code : {0x7f, 0xff})
    EXPECT_TRUE(std::isnan(decode(code, kF8E4M3FN)));
  for (uint8_t code : {0x7d, 0x7e, 0x7f, 0xfd, 0xfe, 0xff})
    EXPECT_TRUE(std::isnan(decode(code, kF8E5M2)));
  EXPECT_TRUE(std::isnan(decode(0xff, kF8E8M0FNU)));
}

TEST(SmallFloatN25, Descriptions) {
  const unsigned widths[] = {8, 8, 6, 6, 4, 8};
  const int largest[] = {8, 15, 4, 2, 2, 127};
  for (int i = 0; i < 6; ++i) {
    const SmallFloat &format = *kSmallFloats[i];
    EXPECT_EQ(format.width(), widths[i]) << format.name;
    EXPECT_EQ(format.maxExponent(), largest[i]) << format.name;
    EXPECT_EQ(findSmallFloat(format.name), &format);
  }
  EXPECT_EQ(findSmallFloat("f8E4M3"), nullptr);
}

TEST(SmallFloatN25, EveryCodeComesBack) {
  for (const SmallFloat *format : kSmallFloats) {
    unsigned nans = 0;
    for (unsigned code = 0; code < format->codes(); ++code) {
      float value = decode(uint8_t(code), *format);
      for (bool saturate : {false, true}) {
        unsigned back = encode(value, *format, saturate);
        if (std::isnan(value))
          EXPECT_EQ(back, format->nanCode) << format->name;
        else if (std::isinf(value) && saturate)
          EXPECT_EQ(back & 0x7f, format->maxCode) << format->name;
        else
          EXPECT_EQ(back, code) << format->name << " " << value;
      }
      nans += std::isnan(value);
    }
    // E4M3 has two, E5M2 six, E8M0 one.
    unsigned expected = format == &kF8E4M3FN    ? 2
                        : format == &kF8E5M2    ? 6
                        : format == &kF8E8M0FNU ? 1
                                                : 0;
    EXPECT_EQ(nans, expected) << format->name;
  }
}

/// Between two codes: the nearest, at the middle the even one.
TEST(SmallFloatN25, AroundEveryMidpoint) {
  for (const SmallFloat *format : kSmallFloats)
    for (unsigned code = 0; code < format->maxCode; ++code) {
      double low = decode(uint8_t(code), *format);
      double high = decode(uint8_t(code + 1), *format);
      ASSERT_LT(low, high) << format->name;
      auto middle = float((low + high) / 2);
      ASSERT_EQ(double(middle), (low + high) / 2);
      bool tieUp = !format->isSigned || code % 2;
      for (bool saturate : {false, true}) {
        EXPECT_EQ(encode(middle, *format, saturate), code + tieUp)
            << format->name << " " << middle;
        EXPECT_EQ(encode(std::nextafter(middle, 0.0f), *format, saturate),
                  code);
        EXPECT_EQ(encode(std::nextafter(middle, kInf), *format, saturate),
                  code + 1);
        if (format->isSigned) {
          unsigned sign = format->codes() / 2;
          EXPECT_EQ(encode(-middle, *format, saturate), (code + tieUp) | sign);
        }
      }
    }
}

TEST(SmallFloatN25, Overflow) {
  struct Case {
    const SmallFloat &format;
    float x;
    uint8_t saturated, plain;
  } cases[] = {{kF8E4M3FN, 464.0f, 0x7e, 0x7e}, // A tie, to the even code.
               {kF8E4M3FN, std::nextafter(464.0f, kInf), 0x7e, 0x7f},
               {kF8E4M3FN, -1e9f, 0xfe, 0xff},
               {kF8E4M3FN, kInf, 0x7e, 0x7f},
               {kF8E4M3FN, -kInf, 0xfe, 0xff},
               {kF8E5M2, std::nextafter(61440.0f, 0.0f), 0x7b, 0x7b},
               {kF8E5M2, 61440.0f, 0x7b, 0x7c}, // A tie, beyond the largest.
               {kF8E5M2, -3e38f, 0xfb, 0xfc},
               {kF8E5M2, kInf, 0x7b, 0x7c},
               {kF8E5M2, -kInf, 0xfb, 0xfc},
               {kF6E3M2FN, 1e9f, 0x1f, 0x1f},
               {kF6E2M3FN, -kInf, 0x3f, 0x3f},
               {kF4E2M1FN, 7.0f, 0x07, 0x07},
               {kF4E2M1FN, -kInf, 0x0f, 0x0f}};
  for (const Case &c : cases) {
    EXPECT_EQ(encode(c.x, c.format, true), c.saturated)
        << c.format.name << " " << c.x;
    EXPECT_EQ(encode(c.x, c.format, false), c.plain)
        << c.format.name << " " << c.x;
  }
}

TEST(SmallFloatN25, NaNZeroAndUnderflow) {
  for (float nan : {NAN, -NAN})
    for (bool saturate : {false, true}) {
      EXPECT_EQ(encode(nan, kF8E4M3FN, saturate), 0x7f);
      EXPECT_EQ(encode(nan, kF8E5M2, saturate), 0x7f);
      EXPECT_EQ(encode(nan, kF6E3M2FN, saturate), 0x1f);
      EXPECT_EQ(encode(nan, kF6E2M3FN, saturate), 0x1f);
      EXPECT_EQ(encode(nan, kF4E2M1FN, saturate), 0x07);
      EXPECT_EQ(encode(nan, kF8E8M0FNU, saturate), 0xff);
    }
  for (const SmallFloat *format : kSmallFloats) {
    if (!format->isSigned)
      continue;
    unsigned sign = format->codes() / 2;
    for (float tiny : {0.0f, 1e-45f, 1e-30f, 0x1p-18f}) {
      EXPECT_EQ(encode(tiny, *format, true), 0u) << format->name;
      EXPECT_EQ(encode(-tiny, *format, true), sign) << format->name;
    }
    EXPECT_TRUE(std::signbit(decode(uint8_t(sign), *format)));
  }
}

TEST(SmallFloatN25, PowersOfTwo) {
  // As the table of ONNX Cast says for float8e8m0.
  EXPECT_EQ(encode(0.0f, kF8E8M0FNU, true), 0x00);
  EXPECT_EQ(encode(0.0f, kF8E8M0FNU, false), 0xff);
  EXPECT_EQ(encode(0x1p-128f, kF8E8M0FNU, true), 0x00);
  EXPECT_EQ(encode(0x1p-128f, kF8E8M0FNU, false), 0xff);
  EXPECT_EQ(encode(kInf, kF8E8M0FNU, true), 0xfe);
  EXPECT_EQ(encode(kInf, kF8E8M0FNU, false), 0xff);
  EXPECT_EQ(encode(0x1.8p127f, kF8E8M0FNU, true), 0xfe);
  EXPECT_EQ(encode(0x1.8p127f, kF8E8M0FNU, false), 0xff);
  EXPECT_EQ(encode(1.5f, kF8E8M0FNU, false), 0x80);
  // Left open there: a negative number has no code.
  EXPECT_EQ(encode(-1.0f, kF8E8M0FNU, true), 0xff);
  EXPECT_EQ(encode(-0.0f, kF8E8M0FNU, true), 0x00);
}

} // namespace
