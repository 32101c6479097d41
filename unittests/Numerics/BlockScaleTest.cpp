//===- BlockScaleTest.cpp - Scales of blocks ------------------------------===//
//
// Checks rules N27 to N29 of docs/numerics.md, with blocks of zeros, NaN and
// infinities, and the ends of the floats.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/BlockScale.h"
#include "lowbit/Numerics/Affine.h"
#include "gtest/gtest.h"
#include <cmath>
#include <random>
#include <vector>

using namespace lowbit;

namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr const SmallFloat *kElements[] = {&kF8E4M3FN, &kF8E5M2, &kF6E3M2FN,
                                           &kF6E2M3FN, &kF4E2M1FN};

TEST(MxN27, ScaleIsTheFloorOfTheLogarithm) {
  const int emax[] = {8, 15, 4, 2, 2};
  for (int f = 0; f < 5; ++f)
    for (int e = -149; e <= 127; ++e) {
      int expected = std::max(e - emax[f], -127) + 127;
      float power = std::ldexp(1.0f, e);
      EXPECT_EQ(chooseMxScale(power, *kElements[f]), expected) << e;
      float below = std::nextafter(2 * power, 0.0f);
      if (e == 127)
        below = kMax;
      EXPECT_EQ(chooseMxScale(below, *kElements[f]), expected) << e;
    }
}

TEST(MxN27, LargestElementReachesTheLastBinade) {
  std::mt19937 random(2);
  std::normal_distribution<float> normal;
  for (const SmallFloat *element : kElements)
    for (int block = 0; block < 500; ++block) {
      float values[kMxBlock];
      float size = std::ldexp(1.0f, int(random() % 200) - 100);
      for (float &x : values)
        x = normal(random) * size;
      uint8_t codes[kMxBlock];
      uint8_t scaleCode = quantizeMxBlock(values, kMxBlock, *element, codes);
      float scale = decode(scaleCode, kF8E8M0FNU);
      float largest = decode(element->maxCode, *element);
      float amax = maxMagnitude(values, kMxBlock);
      EXPECT_GE(amax / scale, std::ldexp(1.0f, element->maxExponent()));
      EXPECT_LT(amax / scale, std::ldexp(2.0f, element->maxExponent()));
      for (unsigned i = 0; i < kMxBlock; ++i) {
        // Division by a power of two is exact: only the element is rounded.
        double exact =
            std::min(std::fabs(double(values[i]) / scale), double(largest));
        double back = std::fabs(decode(codes[i], *element));
        int exponent = std::max(std::ilogb(exact), 1 - element->bias);
        double step = std::ldexp(1.0, exponent - element->mantissaBits);
        ASSERT_LE(std::fabs(back - exact), step / 2)
            << element->name << " " << values[i];
        ASSERT_EQ(decodeScaled(codes[i], scale, *element),
                  decode(codes[i], *element) * scale);
      }
    }
}

TEST(MxN27, DeadAndNonFiniteBlocks) {
  for (const SmallFloat *element : kElements) {
    float zeros[4] = {0.0f, -0.0f, 0.0f, 0.0f};
    uint8_t codes[4];
    EXPECT_EQ(quantizeMxBlock(zeros, 4, *element, codes), 0x00);
    EXPECT_EQ(codes[0], 0);
    EXPECT_EQ(codes[1], element->codes() / 2); // The sign of zero stays.
    EXPECT_EQ(decodeScaled(codes[0], 0x1p-127f, *element), 0.0f);
    for (float bad : {kInf, -kInf, NAN}) {
      float values[4] = {1.0f, bad, -2.0f, 0.0f};
      EXPECT_EQ(quantizeMxBlock(values, 4, *element, codes), 0xff);
      for (uint8_t code : codes) {
        EXPECT_EQ(code, 0);
        EXPECT_TRUE(
            std::isnan(decodeScaled(code, decode(0xff, kF8E8M0FNU), *element)));
      }
    }
    float tiny[2] = {1e-45f, -kMax};
    EXPECT_EQ(chooseMxScale(tiny[0], *element), 0x00);
    EXPECT_TRUE(std::isfinite(decodeScaled(
        encodeScaled(kMax, decode(chooseMxScale(kMax, *element), kF8E8M0FNU),
                     *element),
        decode(chooseMxScale(kMax, *element), kF8E8M0FNU), *element)));
  }
}

TEST(Nvfp4N28, TwoLevels) {
  std::mt19937 random(4);
  std::normal_distribution<float> normal;
  std::vector<float> tensor(16 * 64);
  for (size_t i = 0; i < tensor.size(); ++i)
    tensor[i] = normal(random) * float(1 + i / 160);
  float amax = maxFiniteMagnitude(tensor.data(), tensor.size());
  float outer = chooseNvfp4TensorScale(amax);
  EXPECT_EQ(outer, amax / 2688.0f);
  bool reached = false;
  for (size_t block = 0; block < 64; ++block) {
    const float *values = &tensor[block * 16];
    uint8_t codes[kNvfp4Block];
    uint8_t scaleCode = quantizeNvfp4Block(values, kNvfp4Block, outer, codes);
    float blockMax = maxMagnitude(values, kNvfp4Block);
    EXPECT_EQ(scaleCode,
              encode((blockMax / 6.0f) / outer, kF8E4M3FN, /*saturate=*/true));
    reached |= scaleCode == kF8E4M3FN.maxCode;
    float scale = effectiveScale(outer, decode(scaleCode, kF8E4M3FN));
    EXPECT_EQ(scale, float(double(outer) * decode(scaleCode, kF8E4M3FN)));
    for (unsigned i = 0; i < kNvfp4Block; ++i)
      EXPECT_EQ(codes[i], encode(values[i] / scale, kF4E2M1FN, true));
  }
  EXPECT_TRUE(reached); // By the block that has the largest value.
}

TEST(Nvfp4N28, DeadAndNonFiniteBlocks) {
  EXPECT_EQ(chooseNvfp4TensorScale(0.0f), kMinNvfp4Scale);
  EXPECT_EQ(effectiveScale(kMinNvfp4Scale, decode(1, kF8E4M3FN)), kMinScale);
  float zeros[2] = {0.0f, -0.0f};
  uint8_t codes[2];
  EXPECT_EQ(quantizeNvfp4Block(zeros, 2, 1.0f, codes), 0x01);
  EXPECT_EQ(codes[0], 0x00);
  EXPECT_EQ(codes[1], 0x08);
  for (float bad : {kInf, NAN}) {
    float values[2] = {1.0f, bad};
    EXPECT_EQ(maxFiniteMagnitude(values, 2), 1.0f);
    EXPECT_EQ(quantizeNvfp4Block(values, 2, 1.0f, codes), 0x7f);
    EXPECT_EQ(codes[0], 0x00);
  }
  // Far larger than its tensor's scale says: saturates.
  float large[2] = {kMax, -kMax};
  EXPECT_EQ(quantizeNvfp4Block(large, 2, kMinNvfp4Scale, codes), 0x7e);
  EXPECT_EQ(codes[0], 0x07);
  EXPECT_EQ(codes[1], 0x0f);
}

TEST(AbsmaxN29, Scales) {
  EXPECT_EQ(chooseAbsmaxScale(3.5f), 3.5f);
  EXPECT_EQ(chooseAbsmaxScale(0.0f), kMinScale);
  EXPECT_EQ(chooseAbsmaxScale(1e-30f), kMinScale);
  EXPECT_EQ(chooseAbsmaxScale(NAN), kMinScale);
  EXPECT_EQ(chooseAbsmaxScale(kInf), kMax);
  float scale = chooseAbsmaxScale(2.0f);
  EXPECT_EQ(encodeScaled(2.0f, scale, kNF4), 15);
  EXPECT_EQ(encodeScaled(-2.0f, scale, kNF4), 0);
  EXPECT_EQ(encodeScaled(NAN, scale, kNF4), 7);
  EXPECT_EQ(decodeScaled(15, scale, kNF4), 2.0f);
  EXPECT_EQ(encodeScaled(0.0f, kMinScale, kNF4), 7);
}

} // namespace
