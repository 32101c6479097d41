//===- DataSourceTest.cpp - How files become feeds ------------------------===//
//
// Checks the four kinds of path, turns of a static batch, slices of a dynamic
// one, and the one conversion of types.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/DataSource.h"
#include "Arrays.h"
#include "TempFolder.h"
#include "gtest/gtest.h"
#include <limits>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

using Shape = llvm::SmallVector<int64_t, 4>;

const InputSpec kImage{"image", DType::F32, {1, 2, 2}, {}};
const InputSpec kIds{"ids", DType::I64, {-1, -1}, {"batch", "seq"}};
const InputSpec kMask{"mask", DType::I64, {-1, -1}, {"batch", "seq"}};

/// All feeds of a source that must open and read without error.
std::vector<Feed> feedsOf(DataSource &source) {
  std::vector<Feed> feeds;
  while (true) {
    llvm::Expected<std::optional<Feed>> feed = source.next();
    if (!feed) {
      ADD_FAILURE() << llvm::toString(feed.takeError());
      break;
    }
    if (!*feed)
      break;
    feeds.push_back(std::move(**feed));
  }
  EXPECT_EQ(int64_t(feeds.size()), source.feedCount());
  int64_t samples = 0;
  for (const Feed &feed : feeds)
    samples += feed.samples;
  EXPECT_EQ(samples, source.sampleCount());
  return feeds;
}
std::vector<Feed> feedsOf(const std::string &path,
                          llvm::ArrayRef<InputSpec> inputs,
                          DataOptions options = {}) {
  auto source = DataSource::open(path, inputs, options);
  if (!source) {
    ADD_FAILURE() << llvm::toString(source.takeError());
    return {};
  }
  return feedsOf(**source);
}

TEST(DataSource, ArchiveInInputOrder) {
  TempFolder folder;
  NpyArray ids = longs({2, 3}), mask = longs({2, 3});
  std::string path =
      saveNpz(folder.path("a.npz"), {{"mask", &mask}, {"ids", &ids}});
  mask.elements<int64_t>()[0] = 9;
  auto feeds = feedsOf(path, {kIds, kMask});
  ASSERT_EQ(feeds.size(), 1u);
  ASSERT_EQ(feeds[0].arrays.size(), 2u);
  EXPECT_EQ(feeds[0].arrays[0].bytes(), ids.bytes());
  EXPECT_EQ(feeds[0].arrays[0].shape, (Shape{2, 3}));
  EXPECT_EQ(feeds[0].file, path);
  EXPECT_EQ(feeds[0].firstSample, 0);
  EXPECT_EQ(feeds[0].samples, 2);
}

TEST(DataSource, StaticBatchRunsInTurns) {
  TempFolder folder;
  NpyArray image = floats({3, 2, 2});
  auto feeds =
      feedsOf(saveNpz(folder.path("a.npz"), {{"image", &image}}), kImage);
  ASSERT_EQ(feeds.size(), 3u);
  for (int64_t turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(feeds[turn].arrays[0].shape, (Shape{1, 2, 2}));
    EXPECT_EQ(feeds[turn].arrays[0].elements<float>()[0], turn * 4.0f);
    EXPECT_EQ(feeds[turn].firstSample, turn);
    EXPECT_EQ(feeds[turn].samples, 1);
  }
}

TEST(DataSource, InputsOfDifferentStaticBatchAgreeOnTurns) {
  TempFolder folder;
  NpyArray a = floats({4, 3}), b = longs({6}), s = floats({});
  s.elements<float>()[0] = 5.0f;
  std::string path =
      saveNpz(folder.path("a.npz"), {{"a", &a}, {"b", &b}, {"s", &s}});
  auto feeds = feedsOf(path, {{"s", DType::F32, {}, {}},
                              {"a", DType::F32, {2, 3}, {}},
                              {"b", DType::I64, {3}, {}}});
  ASSERT_EQ(feeds.size(), 2u);
  EXPECT_EQ(feeds[1].arrays[0].elements<float>()[0], 5.0f);
  EXPECT_EQ(feeds[1].arrays[1].elements<float>()[0], 6.0f);
  EXPECT_EQ(feeds[1].arrays[2].elements<int64_t>()[0], 3);
  EXPECT_EQ(feeds[1].firstSample, 2); // counted on 'a', the first with samples
  EXPECT_EQ(feeds[1].samples, 2);
}

TEST(DataSource, ScalarsOnly) {
  TempFolder folder;
  NpyArray s = floats({});
  auto feeds = feedsOf(folder.write("s.npy", npyBytes(s)),
                       InputSpec{"s", DType::F32, {}, {}});
  ASSERT_EQ(feeds.size(), 1u);
  EXPECT_EQ(feeds[0].samples, 1);
}

TEST(DataSource, DynamicBatchIsTakenWhole) {
  TempFolder folder;
  NpyArray ids = longs({5, 3}), mask = longs({5, 3});
  std::string path =
      saveNpz(folder.path("a.npz"), {{"ids", &ids}, {"mask", &mask}});
  auto feeds = feedsOf(path, {kIds, kMask});
  ASSERT_EQ(feeds.size(), 1u);
  EXPECT_EQ(feeds[0].arrays[1].shape, (Shape{5, 3}));
}

TEST(DataSource, MaxBatchCutsADynamicBatch) {
  TempFolder folder;
  NpyArray ids = longs({5, 3}), mask = longs({5, 3});
  std::string path =
      saveNpz(folder.path("a.npz"), {{"ids", &ids}, {"mask", &mask}});
  auto feeds = feedsOf(path, {kIds, kMask}, {/*maxBatch=*/2});
  ASSERT_EQ(feeds.size(), 3u);
  EXPECT_EQ(feeds[1].arrays[0].shape, (Shape{2, 3}));
  EXPECT_EQ(feeds[1].arrays[1].elements<int64_t>()[0], 6);
  EXPECT_EQ(feeds[2].arrays[0].shape, (Shape{1, 3}));
  EXPECT_EQ(feeds[2].firstSample, 4);
  EXPECT_EQ(feeds[2].samples, 1);
  EXPECT_EQ(feedsOf(path, {kIds, kMask}, {/*maxBatch=*/5}).size(), 1u);
}

TEST(DataSource, MaxBatchCutsOnlyWhereSlicesAreValid) {
  TempFolder folder;
  NpyArray a = floats({4, 4}), b = floats({4, 4});
  std::string path = saveNpz(folder.path("a.npz"), {{"a", &a}, {"b", &b}});
  auto count = [&](InputSpec first, InputSpec second) {
    return feedsOf(path, {first, second}, {/*maxBatch=*/1}).size();
  };
  InputSpec ab{"a", DType::F32, {-1, 4}, {"n", "4"}};
  EXPECT_EQ(count(ab, {"b", DType::F32, {-1, 4}, {"n", "4"}}), 4u);
  EXPECT_EQ(count(ab, {"b", DType::F32, {-1, 4}, {"m", "4"}}), 1u);
  EXPECT_EQ(count(ab, {"b", DType::F32, {-1, -1}, {"n", "n"}}), 1u);
  EXPECT_EQ(count(ab, {"b", DType::F32, {4, 4}, {}}), 1u);
  EXPECT_EQ(
      count({"a", DType::F32, {-1, 4}, {}}, {"b", DType::F32, {-1, 4}, {}}),
      1u);
  // Scalars go with each slice.
  NpyArray scalar = floats({});
  saveNpz(path, {{"a", &a}, {"b", &scalar}});
  EXPECT_EQ(count(ab, {"b", DType::F32, {}, {}}), 4u);
  EXPECT_EQ(count({"a", DType::F32, {-1, 4}, {}}, {"b", DType::F32, {}, {}}),
            4u);
  // A single input needs no symbol.
  std::string one = saveNpz(folder.path("b.npz"), {{"a", &a}});
  EXPECT_EQ(feedsOf(one, InputSpec{"a", DType::F32, {-1, 4}, {}}, {3}).size(),
            2u);
}

TEST(DataSource, NpyForASingleInput) {
  TempFolder folder;
  NpyArray image = floats({2, 2, 2});
  std::string path = folder.write("any.NPY", npyBytes(image));
  EXPECT_EQ(feedsOf(path, kImage).size(), 2u);
}

TEST(DataSource, DirectoryByNameOthersIgnored) {
  TempFolder folder;
  NpyArray two = floats({2, 2, 2}), one = floats({1, 2, 2});
  one.elements<float>()[0] = 7.0f;
  folder.write("set/b.npy", npyBytes(two));
  folder.write("set/README.md", "not data");
  saveNpz(folder.path("set/a.npz"), {{"image", &one}});
  auto feeds = feedsOf(folder.path("set"), kImage);
  ASSERT_EQ(feeds.size(), 3u);
  EXPECT_EQ(feeds[0].arrays[0].elements<float>()[0], 7.0f);
  EXPECT_EQ(feeds[0].file, folder.path("set") + "/a.npz");
  EXPECT_EQ(feeds[1].file, folder.path("set") + "/b.npy");
  EXPECT_EQ(feeds[2].firstSample, 1);
}

TEST(DataSource, ListRelativeToItself) {
  TempFolder folder;
  NpyArray two = floats({2, 2, 2}), one = floats({1, 2, 2});
  folder.write("data/b.npy", npyBytes(two));
  std::string a = folder.write("data/a.npy", npyBytes(one));
  std::string list = folder.write("lists/l.txt", "# first this\r\n\n"
                                                 "  ../data/b.npy  \r\n" +
                                                     a + "\n  # end");
  auto feeds = feedsOf(list, kImage);
  ASSERT_EQ(feeds.size(), 3u);
  EXPECT_EQ(feeds[0].samples, 1);
  EXPECT_EQ(feeds[2].file, a);
}

TEST(DataSource, BatchesOfAFolderMayDiffer) {
  TempFolder folder;
  NpyArray a = longs({2, 3}), b = longs({4, 5});
  folder.write("set/a.npy", npyBytes(a));
  folder.write("set/b.npy", npyBytes(b));
  auto feeds = feedsOf(folder.path("set"), kIds);
  ASSERT_EQ(feeds.size(), 2u);
  EXPECT_EQ(feeds[1].arrays[0].shape, (Shape{4, 5}));
}

TEST(DataSource, Int32WidensToInt64) {
  TempFolder folder;
  NpyArray ids = counting<int32_t>(DType::I32, {2, 2});
  ids.elements<int32_t>()[0] = std::numeric_limits<int32_t>::min();
  auto feeds = feedsOf(folder.write("a.npy", npyBytes(ids)), kIds);
  ASSERT_EQ(feeds.size(), 1u);
  const NpyArray &wide = feeds[0].arrays[0];
  EXPECT_EQ(wide.dtype, DType::I64);
  EXPECT_EQ(wide.elements<int64_t>(),
            llvm::ArrayRef<int64_t>({-2147483648LL, 1, 2, 3}));
}

TEST(DataSource, OtherTypesPassAsTheyAre) {
  TempFolder folder;
  NpyArray q = counting<int8_t>(DType::I8, {4});
  NpyArray flag = counting<uint8_t>(DType::Bool, {2});
  EXPECT_EQ(feedsOf(folder.write("q.npy", npyBytes(q)),
                    InputSpec{"q", DType::I8, {4}, {}})
                .size(),
            1u);
  EXPECT_EQ(feedsOf(folder.write("f.npy", npyBytes(flag)),
                    InputSpec{"f", DType::Bool, {2}, {}})
                .size(),
            1u);
}

TEST(DataSource, ArraysAreAligned) {
  TempFolder folder;
  NpyArray x = floats({7, 3});
  for (const Feed &feed : feedsOf(folder.write("a.npy", npyBytes(x)),
                                  InputSpec{"x", DType::F32, {1, 3}, {}}))
    EXPECT_EQ(reinterpret_cast<uintptr_t>(feed.arrays[0].data()) % 64, 0u);
}

TEST(DataSource, Rewinds) {
  TempFolder folder;
  NpyArray image = floats({3, 2, 2});
  auto source =
      DataSource::open(folder.write("a.npy", npyBytes(image)), kImage);
  ASSERT_TRUE(bool(source));
  EXPECT_EQ((*source)->feedCount(), 3);
  EXPECT_EQ((*source)->sampleCount(), 3);
  llvm::cantFail((*source)->next());
  (*source)->rewind();
  EXPECT_EQ(feedsOf(**source).size(), 3u);
  EXPECT_FALSE(llvm::cantFail((*source)->next()).has_value());
  (*source)->rewind();
  EXPECT_EQ(feedsOf(**source).size(), 3u);
}

TEST(DataSource, FortranOrderIsCutLikeAnyOther) {
  // The bytes of [[0, 1, 2], [3, 4, 5]], the first index fastest.
  TempFolder folder;
  NpyArray fortran = floats({2, 3});
  float columns[] = {0, 3, 1, 4, 2, 5};
  std::copy(columns, columns + 6, fortran.elements<float>().begin());
  std::string bytes = npyBytes(fortran);
  bytes.replace(bytes.find("False"), 5, "True ");
  auto feeds = feedsOf(folder.write("a.npy", bytes),
                       InputSpec{"a", DType::F32, {1, 3}, {}});
  ASSERT_EQ(feeds.size(), 2u);
  EXPECT_EQ(feeds[0].arrays[0].elements<float>()[2], 2.0f);
  EXPECT_EQ(feeds[1].arrays[0].elements<float>()[0], 3.0f);
}

TEST(DataSource, NonFiniteValuesPassWhereAllowed) {
  TempFolder folder;
  NpyArray image = floats({1, 2, 2});
  image.elements<float>()[1] = std::numeric_limits<float>::quiet_NaN();
  DataOptions options;
  options.refuseNonFinite = false;
  EXPECT_EQ(
      feedsOf(folder.write("a.npy", npyBytes(image)), kImage, options).size(),
      1u);
}

} // namespace
