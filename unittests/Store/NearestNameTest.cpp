//===- NearestNameTest.cpp - "did you mean" -------------------------------===//
//
// Checks which names are near, their order, and the text of the suggestion.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Store/NearestName.h"
#include "gtest/gtest.h"

using namespace lowbit;

namespace {

using Names = std::vector<std::string>;

TEST(NearestName, RanksByDistanceThenName) {
  Names names = {"input_mask", "input_idx", "input_ids", "bias"};
  auto near = nearestNames("input_id", names);
  ASSERT_EQ(near.size(), 2u);
  EXPECT_EQ(near[0], "input_ids");
  EXPECT_EQ(near[1], "input_idx");
  EXPECT_EQ(nearestNames("input_id", names, 1).size(), 1u);
}

TEST(NearestName, IgnoresCaseAndUnrelatedNames) {
  EXPECT_EQ(nearestNames("Image", Names{"image"}).size(), 1u);
  EXPECT_TRUE(nearestNames("image", Names{"attention_mask", "x"}).empty());
  // Every one-letter name is one edit from every other.
  EXPECT_TRUE(nearestNames("x", Names{"y", "z"}).empty());
  EXPECT_TRUE(nearestNames("", Names{"y"}).empty());
}

TEST(NearestName, LongNamesThatDifferAtTheEnd) {
  std::string stem(1000, 'a');
  auto near = nearestNames(stem + ".weight", Names{stem + ".weights"});
  EXPECT_EQ(near.size(), 1u);
}

TEST(NearestName, Suggestions) {
  EXPECT_EQ(suggestNames("cat", Names{"cart", "cab", "dog"}),
            "; did you mean 'cab' or 'cart'?");
  EXPECT_EQ(suggestNames("image", Names{"x"}), "; it holds 'x'");
  EXPECT_EQ(suggestNames("image", Names{}), "; it holds none");
  EXPECT_EQ(suggestNames("image", Names{"x"}, "the model has"),
            "; the model has 'x'");
}

TEST(NearestName, QuotedList) {
  EXPECT_EQ(quotedList(Names{"a", "b"}), "'a', 'b'");
  EXPECT_EQ(quotedList(Names{"a", "b", "c", "d"}, 2), "'a', 'b' and 2 more");
}

} // namespace
