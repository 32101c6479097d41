//===- FakeQuantizeTest.cpp - quantized bytes of weights ------------------===//
//
// Every element of tensors of rank 0 to 4 against the parameters of its block,
// found the slow way; blocks that do not divide the sizes included.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Run/ProbedModel.h"
#include "gtest/gtest.h"
#include <random>

using namespace lowbit;

static void check(llvm::ArrayRef<int64_t> shape,
                  llvm::ArrayRef<int64_t> block) {
  std::mt19937 random(7);
  int64_t count = 1, blocks = 1;
  for (int64_t size : shape)
    count *= size;
  for (auto [size, extent] : llvm::zip(shape, block))
    blocks *= (size + extent - 1) / extent;
  ValueParameters parameters;
  parameters.range = {-7, 7};
  parameters.block.assign(block.begin(), block.end());
  for (int64_t i = 0; i < blocks; ++i)
    parameters.params.push_back(
        {0.01f * float(1 + random() % 100), int32_t(random() % 5) - 2});
  std::vector<float> values(count), result(count);
  for (float &value : values)
    value = float(int(random() % 2001) - 1000) / 250.0f;
  fakeQuantize(values, shape, parameters, result);
  for (int64_t i = 0; i < count; ++i) {
    int64_t rest = i, at = 0, step = 1;
    for (size_t d = block.size(); d-- > 0;) {
      at += rest % shape[d] / block[d] * step;
      step *= (shape[d] + block[d] - 1) / block[d];
      rest /= shape[d];
    }
    EXPECT_EQ(result[i],
              fakeQuant(values[i], parameters.params[at], parameters.range))
        << "element " << i;
  }
}

TEST(FakeQuantize, BlocksOfAnyShape) {
  check({}, {});
  check({5}, {});
  check({5}, {1});
  check({5}, {2});
  check({4, 6}, {});
  check({4, 6}, {4, 1});
  check({4, 6}, {1, 6});
  check({4, 6}, {3, 4});
  check({3, 4, 5}, {3, 1, 5});
  check({3, 4, 5}, {2, 3, 2});
  check({2, 3, 4, 5}, {2, 3, 4, 1});
  check({2, 3, 4, 5}, {1, 2, 3, 4});
  check({0, 3}, {1, 3});
  check({3, 0}, {3, 1});
}
