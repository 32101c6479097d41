//===- PackingTest.cpp - Integers of 1 to 8 bits in bytes -----------------===//
//
// Checks rule N24 of docs/numerics.md against the bit stream, bit by bit.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Packing.h"
#include "gtest/gtest.h"
#include <random>
#include <vector>

using namespace lowbit;

namespace {

TEST(PackingN24, EveryWidthAndLengthBitByBit) {
  std::mt19937 random(9);
  for (unsigned width = 1; width <= 8; ++width)
    for (size_t count = 0; count <= 67; ++count)
      for (bool isSigned : {false, true}) {
        int32_t low = isSigned ? -(1 << (width - 1)) : 0;
        std::vector<int32_t> values(count);
        for (int32_t &value : values)
          value = low + int32_t(random() % (1u << width));
        size_t size = (count * width + 7) / 8;
        ASSERT_EQ(packedBytes(count, width), size);
        // One byte more, to see that it is left alone.
        std::vector<uint8_t> bytes(size + 1, 0xa5);
        pack(values.data(), count, width, bytes.data());
        EXPECT_EQ(bytes[size], 0xa5);
        for (size_t bit = 0; bit < size * 8; ++bit) {
          bool expected = bit < count * width &&
                          (uint32_t(values[bit / width]) >> bit % width) & 1;
          ASSERT_EQ((bytes[bit / 8] >> bit % 8) & 1, expected)
              << width << " " << count << " " << bit;
        }
        std::vector<uint8_t> exactly(bytes.begin(), bytes.begin() + size);
        std::vector<int32_t> back(count);
        unpack(exactly.data(), count, width, isSigned, back.data());
        ASSERT_EQ(back, values) << width;
        for (size_t i = 0; i < count; ++i)
          ASSERT_EQ(unpackOne(exactly.data(), i, width, isSigned), values[i]);
      }
}

TEST(PackingN24, LowNibbleFirst) {
  const int32_t values[] = {1, -2, 7};
  uint8_t bytes[2];
  pack(values, 3, 4, bytes);
  EXPECT_EQ(bytes[0], 0xe1);
  EXPECT_EQ(bytes[1], 0x07);
  const int32_t six[] = {0x21, 0x12, 0x3f, 0x04};
  uint8_t three[3];
  pack(six, 4, 6, three);
  EXPECT_EQ(three[0] | three[1] << 8 | three[2] << 16,
            0x21 | 0x12 << 6 | 0x3f << 12 | 0x04 << 18);
}

TEST(PackingN24, SizesDoNotOverflow) {
  size_t most = ~size_t(0);
  EXPECT_EQ(packedBytes(most, 8), most);
  EXPECT_EQ(packedBytes(most, 1), most / 8 + 1);
  EXPECT_EQ(extend(0xff, 4, true), -1);
  EXPECT_EQ(extend(0xff, 4, false), 15);
  EXPECT_EQ(extend(0x80, 8, true), -128);
}

} // namespace
