//===- HeldOutTest.cpp - which samples choices are tested on --------------===//
//
// How many, which, in any order, and what a sample's hash depends on.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/HeldOut.h"

#include "gtest/gtest.h"
#include <algorithm>
#include <random>

using namespace lowbit;

namespace {
HeldOut choose(const std::vector<uint64_t> &hashes, unsigned most) {
  HeldOut heldOut(most);
  for (uint64_t hash : hashes)
    heldOut.show(hash);
  heldOut.choose();
  return heldOut;
}

std::vector<NpyArray> sample(DType dtype, llvm::ArrayRef<int64_t> shape,
                             char fill) {
  std::vector<NpyArray> arrays;
  arrays.push_back(llvm::cantFail(NpyArray::create(dtype, shape)));
  std::fill_n(arrays[0].data(), arrays[0].bytes().size(), fill);
  return arrays;
}
} // namespace

TEST(HeldOut, AQuarterAtTheMost) {
  for (auto [count, expected] : {std::pair(0u, 0u),
                                 {3u, 0u},
                                 {4u, 1u},
                                 {7u, 1u},
                                 {8u, 2u},
                                 {39u, 9u},
                                 {40u, 10u},
                                 {1000u, 10u}}) {
    std::vector<uint64_t> hashes(count);
    for (unsigned i = 0; i < count; ++i)
      hashes[i] = i * 7919 % 1009;
    EXPECT_EQ(choose(hashes, 10).size(), expected) << count;
  }
}

TEST(HeldOut, TheLeastHashesInAnyOrder) {
  std::vector<uint64_t> hashes(100);
  for (unsigned i = 0; i < 100; ++i)
    hashes[i] = i;
  std::vector<uint64_t> expected(hashes.begin(), hashes.begin() + 25);
  std::mt19937 random(1);
  for (int turn = 0; turn < 20; ++turn) {
    std::shuffle(hashes.begin(), hashes.end(), random);
    HeldOut heldOut = choose(hashes, 32);
    EXPECT_EQ(heldOut.chosen(), expected);
    for (int pass = 0; pass < 2; ++pass) {
      for (uint64_t hash : hashes)
        EXPECT_EQ(heldOut.take(hash), hash < 25) << hash;
      heldOut.rewind();
    }
  }
}

TEST(HeldOut, EqualSamplesAreTakenAsOftenAsTheyWereChosen) {
  HeldOut heldOut = choose({5, 5, 5, 5, 5, 9, 9, 9}, 32);
  EXPECT_EQ(heldOut.chosen(), (std::vector<uint64_t>{5, 5}));
  EXPECT_TRUE(heldOut.take(5));
  EXPECT_TRUE(heldOut.take(5));
  EXPECT_FALSE(heldOut.take(5));
  EXPECT_FALSE(heldOut.take(9));
}

TEST(HashSample, TellsTypesShapesAndBytesApart) {
  uint64_t hash = hashSample(sample(DType::F32, {2, 3}, 1));
  EXPECT_EQ(hash, hashSample(sample(DType::F32, {2, 3}, 1)));
  EXPECT_NE(hash, hashSample(sample(DType::F32, {3, 2}, 1)));
  EXPECT_NE(hash, hashSample(sample(DType::F32, {6}, 1)));
  EXPECT_NE(hash, hashSample(sample(DType::I32, {2, 3}, 1)));
  EXPECT_NE(hash, hashSample(sample(DType::F32, {2, 3}, 2)));
}
