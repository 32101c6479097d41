//===- BlocksTest.cpp - Which elements share parameters -------------------===//
//
// Every element of tensors of rank 0 to 5 against the block that its indices
// say, with blocks that divide the sizes, that do not, that are larger, and
// that are whole dimensions.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Numerics/Blocks.h"
#include "gtest/gtest.h"

using namespace lowbit;

namespace {
using Sizes = std::vector<int64_t>;

struct BlockRun {
  size_t block, first, length;
};

std::vector<BlockRun> runsOf(const Blocks &blocks) {
  std::vector<BlockRun> runs;
  blocks.forEachRun([&](size_t block, size_t first, size_t length) {
    runs.push_back({block, first, length});
  });
  return runs;
}

/// The block of each element, by its indices.
std::vector<size_t> blockOfEach(const Sizes &shape, const Sizes &block,
                                size_t &count) {
  size_t elements = 1;
  count = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    elements *= size_t(shape[d]);
    if (block[d] > 0)
      count *= size_t((shape[d] + block[d] - 1) / block[d]);
  }
  std::vector<size_t> result(elements);
  for (size_t i = 0; i < elements; ++i) {
    size_t rest = i, step = 1;
    for (size_t d = shape.size(); d-- > 0;) {
      size_t size = size_t(shape[d]), at = rest % size;
      rest /= size;
      if (block[d] > 0) {
        result[i] += at / size_t(block[d]) * step;
        step *= size_t((shape[d] + block[d] - 1) / block[d]);
      }
    }
  }
  return result;
}

void check(const Sizes &shape, const Sizes &block) {
  SCOPED_TRACE(::testing::PrintToString(shape) + " in blocks of " +
               ::testing::PrintToString(block));
  size_t count = 0, next = 0;
  std::vector<size_t> expected = blockOfEach(shape, block, count);
  Blocks blocks(shape.data(), block.data(), shape.size());
  EXPECT_EQ(blocks.count(), count);
  for (const BlockRun &run : runsOf(blocks)) {
    ASSERT_EQ(run.first, next);
    ASSERT_GT(run.length, 0u);
    next += run.length;
    ASSERT_LE(next, expected.size());
    for (size_t i = run.first; i < next; ++i)
      ASSERT_EQ(run.block, expected[i]) << "element " << i;
  }
  EXPECT_EQ(next, expected.size());
}

/// Each of `choices` in each dimension.
void checkEach(const Sizes &shape, const Sizes &choices) {
  size_t count = 1;
  for (size_t d = 0; d < shape.size(); ++d)
    count *= choices.size();
  for (size_t i = 0; i < count; ++i) {
    Sizes block;
    for (size_t rest = i; block.size() < shape.size(); rest /= choices.size())
      block.push_back(choices[rest % choices.size()]);
    check(shape, block);
  }
}

TEST(Blocks, RanksZeroToFive) {
  const Sizes blocks = {-1, 1, 2, 3, 4, 9};
  for (const Sizes &shape : std::vector<Sizes>{{},
                                               {1},
                                               {7},
                                               {8},
                                               {5, 7},
                                               {1, 6},
                                               {6, 1},
                                               {3, 5, 7},
                                               {4, 1, 3},
                                               {2, 3, 4, 5},
                                               {3, 2, 5, 1, 4}})
    checkEach(shape, blocks);
}

TEST(Blocks, WithoutElements) {
  for (const Sizes &shape :
       std::vector<Sizes>{{0}, {0, 3}, {3, 0}, {0, 0}, {2, 0, 3}, {2, 3, 0}})
    checkEach(shape, {-1, 1, 2});
}

TEST(Blocks, RunsAreAsLongAsTheyCanBe) {
  auto lengths = [](const Sizes &shape, const Sizes &block) {
    Sizes result;
    for (const BlockRun &run :
         runsOf(Blocks(shape.data(), block.data(), shape.size())))
      result.push_back(int64_t(run.length));
    return result;
  };
  EXPECT_EQ(lengths({}, {}), Sizes{1});
  EXPECT_EQ(lengths({4, 5, 6}, {-1, -1, -1}), Sizes{120});
  EXPECT_EQ(lengths({4, 5, 6}, {4, 9, 6}), Sizes{120});
  EXPECT_EQ(lengths({4, 5, 6}, {1, -1, 6}), Sizes(4, 30));
  EXPECT_EQ(lengths({4, 5, 6}, {3, -1, -1}), (Sizes{90, 30}));
  EXPECT_EQ(lengths({2, 5, 6}, {-1, 2, -1}), (Sizes{12, 12, 6, 12, 12, 6}));
  EXPECT_EQ(lengths({2, 5}, {1, 3}), (Sizes{3, 2, 3, 2}));
}
} // namespace
