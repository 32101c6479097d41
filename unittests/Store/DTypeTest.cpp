//===- DTypeTest.cpp - Element types and shapes ---------------------------===//
//
// Checks the table of element types, and sizes that overflow.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/DType.h"
#include "gtest/gtest.h"

using namespace lowbit;

namespace {

TEST(DType, TableIsComplete) {
  int count = 0;
  for (int i = 0; i <= int(DType::F64); ++i, ++count) {
    DType dtype = static_cast<DType>(i);
    EXPECT_EQ(dtypeFromSafetensors(safetensorsName(dtype)), dtype);
    EXPECT_FALSE(dtypeName(dtype).empty());
    EXPECT_GE(byteSize(dtype), 1);
  }
  EXPECT_EQ(count, 13);
  EXPECT_EQ(dtypeFromSafetensors("F8_E4M3"), std::nullopt);
  EXPECT_EQ(dtypeFromSafetensors("f32"), std::nullopt);
  EXPECT_EQ(byteSize(DType::Bool), 1);
  EXPECT_EQ(byteSize(DType::BF16), 2);
  EXPECT_EQ(byteSize(DType::I64), 8);
  EXPECT_TRUE(isFloat(DType::F16));
  EXPECT_FALSE(isFloat(DType::I32));
}

TEST(DType, Counts) {
  EXPECT_EQ(elementCount({}), 1);
  EXPECT_EQ(elementCount({2, 3, 4}), 24);
  EXPECT_EQ(elementCount({2, 0}), 0);
  EXPECT_EQ(elementCount({2, -1}), std::nullopt);
  EXPECT_EQ(elementCount({int64_t(1) << 40, int64_t(1) << 40}), std::nullopt);
  EXPECT_EQ(byteCount(DType::F32, {2, 3}), 24);
  EXPECT_EQ(byteCount(DType::F64, {int64_t(1) << 60}), std::nullopt);
}

TEST(DType, ShapeString) {
  EXPECT_EQ(shapeString({}), "[]");
  EXPECT_EQ(shapeString({2, -1, 3}), "[2, ?, 3]");
}

} // namespace
