//===- ContractTest.cpp - The plain integer contraction -------------------===//
//
// Checks rule N9 of docs/numerics.md on matrix products, batches, convolutions
// and at the ends of 32 bits.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Contract.h"
#include "gtest/gtest.h"
#include <random>

using namespace lowbit;

namespace {

std::vector<int8_t> randomBytes(int64_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<int8_t> bytes(count);
  for (int8_t &byte : bytes)
    byte = static_cast<int8_t>(random());
  return bytes;
}

auto reader(const std::vector<int8_t> &bytes) {
  return [&bytes](int64_t offset) { return bytes.at(offset); };
}

TEST(ContractN9, SmallMatmul) {
  std::vector<int8_t> a = {1, 2, 3, 4, 5, 6}, b = {7, 8, 9, 10, 11, 12};
  std::vector<int32_t> c(4, 0);
  EXPECT_FALSE(
      referenceContract(matmulNest(2, 2, 3), reader(a), reader(b), c.data()));
  EXPECT_EQ(c, (std::vector<int32_t>{58, 64, 139, 154}));
}

TEST(ContractN9, AddsToWhatTheAccumulatorHolds) {
  std::vector<int8_t> a = {2}, b = {3};
  int32_t c = 100;
  EXPECT_FALSE(
      referenceContract(matmulNest(1, 1, 1), reader(a), reader(b), &c));
  EXPECT_EQ(c, 106);
}

TEST(ContractN9, BatchMatmulWithTransposedOperand) {
  const int64_t batch = 3, m = 4, n = 5, k = 7;
  auto a = randomBytes(batch * m * k, 1), b = randomBytes(batch * n * k, 2);
  std::vector<int32_t> c(batch * m * n, 0);
  // The reduction need not be the last loop.
  LoopNest nest;
  nest.loops = {{batch, m * k, n * k, m * n, false},
                {k, 1, 1, 0, true},
                {m, k, 0, n, false},
                {n, 0, k, 1, false}};
  EXPECT_FALSE(referenceContract(nest, reader(a), reader(b), c.data()));
  for (int64_t z = 0; z < batch; ++z)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        int32_t sum = 0;
        for (int64_t l = 0; l < k; ++l)
          sum += a[(z * m + i) * k + l] * b[(z * n + j) * k + l];
        EXPECT_EQ(c[(z * m + i) * n + j], sum);
      }
}

TEST(ContractN9, ConvNhwcHwcfWithStrideAndDilation) {
  const int64_t h = 9, w = 11, channels = 3, kh = 3, kw = 2, filters = 4;
  const int64_t stride = 2, dilation = 2;
  const int64_t oh = (h - (kh - 1) * dilation - 1) / stride + 1;
  const int64_t ow = (w - (kw - 1) * dilation - 1) / stride + 1;
  auto x = randomBytes(h * w * channels, 3);
  auto f = randomBytes(kh * kw * channels * filters, 4);
  std::vector<int32_t> y(oh * ow * filters, 0);
  LoopNest nest;
  nest.loops = {{oh, stride * w * channels, 0, ow * filters, false},
                {ow, stride * channels, 0, filters, false},
                {filters, 0, 1, 1, false},
                {kh, dilation * w * channels, kw * channels * filters, 0, true},
                {kw, dilation * channels, channels * filters, 0, true},
                {channels, 1, filters, 0, true}};
  EXPECT_FALSE(referenceContract(nest, reader(x), reader(f), y.data()));
  for (int64_t i = 0; i < oh; ++i)
    for (int64_t j = 0; j < ow; ++j)
      for (int64_t o = 0; o < filters; ++o) {
        int32_t sum = 0;
        for (int64_t p = 0; p < kh; ++p)
          for (int64_t q = 0; q < kw; ++q)
            for (int64_t c = 0; c < channels; ++c)
              sum += x[((i * stride + p * dilation) * w + j * stride +
                        q * dilation) *
                           channels +
                       c] *
                     f[((p * kw + q) * channels + c) * filters + o];
        EXPECT_EQ(y[(i * ow + j) * filters + o], sum);
      }
}

TEST(ContractN9, Offsets) {
  std::vector<int8_t> a = {0, 5}, b = {0, 0, 6};
  std::vector<int32_t> c(2, 0);
  LoopNest nest = matmulNest(1, 1, 1);
  nest.offsetA = 1;
  nest.offsetB = 2;
  nest.offsetC = 1;
  EXPECT_FALSE(referenceContract(nest, reader(a), reader(b), c.data()));
  EXPECT_EQ(c, (std::vector<int32_t>{0, 30}));
}

TEST(ContractN9, EmptyLoops) {
  std::vector<int8_t> none;
  std::vector<int32_t> c = {7};
  // Nothing to sum leaves the accumulator, nothing to compute touches nothing.
  EXPECT_FALSE(referenceContract(matmulNest(1, 1, 0), reader(none),
                                 reader(none), c.data()));
  EXPECT_EQ(c[0], 7);
  EXPECT_FALSE(referenceContract(matmulNest(0, 1, 1), reader(none),
                                 reader(none), nullptr));
}

TEST(ContractN9, NoLoopsIsOneProduct) {
  std::vector<int8_t> a = {-128}, b = {-128};
  int32_t c = 0;
  EXPECT_FALSE(referenceContract(LoopNest(), reader(a), reader(b), &c));
  EXPECT_EQ(c, 16384);
}

TEST(ContractN9, UnsignedOperands) {
  auto full = [](int64_t) { return uint8_t(255); };
  auto lowest = [](int64_t) { return int8_t(-128); };
  int32_t c = 0;
  EXPECT_FALSE(referenceContract(matmulNest(1, 1, 1000), full, lowest, &c));
  EXPECT_EQ(c, 255 * -128 * 1000);
}

TEST(ContractN9, OverflowIsReported) {
  auto lowest = [](int64_t) { return int8_t(-128); };
  std::vector<int32_t> c(2, 0);
  // 2^14 * 2^17 is one more than fits.
  auto overflow =
      referenceContract(matmulNest(1, 2, 131072), lowest, lowest, c.data());
  ASSERT_TRUE(overflow.has_value());
  EXPECT_EQ(overflow->offset, 0);
  EXPECT_EQ(overflow->sum, int64_t(1) << 31);
  EXPECT_EQ(c[0], 0);
  c[0] = -1;
  c[1] = -1;
  EXPECT_FALSE(
      referenceContract(matmulNest(1, 2, 131072), lowest, lowest, c.data()));
  EXPECT_EQ(c[1], std::numeric_limits<int32_t>::max());
}

TEST(ContractN9, OnlyTheFinalSumMustFit) {
  // The partial sum passes 2^31 and comes back.
  auto a = [](int64_t k) { return int8_t(k < 140000 ? -128 : 127); };
  auto b = [](int64_t) { return int8_t(-128); };
  int32_t c = 0;
  EXPECT_FALSE(referenceContract(matmulNest(1, 1, 280000), a, b, &c));
  EXPECT_EQ(c, 140000 * (128 * 128 - 127 * 128));
}

} // namespace
