//===- SafetensorsWriterTest.cpp - Writing weight stores ------------------===//
//
// Checks that what is written reads back, alignment, that the same tensors give
// the same bytes, streaming, and that failures leave no file.
//
//===----------------------------------------------------------------------===//

#include "TempFolder.h"
#include "lowbit/Store/Safetensors.h"
#include "gtest/gtest.h"

using namespace lowbit;
using lowbit::testing::TempFolder;

namespace {

/// A tensor of `count` bytes, all `fill`.
TensorSource filled(const std::string &name, int64_t count, char fill) {
  return {name, DType::I8, {count}, [=](llvm::raw_ostream &os) {
            os << std::string(count, fill);
            return llvm::Error::success();
          }};
}

TEST(SafetensorsWriter, RoundTripOfEveryDType) {
  TempFolder folder;
  std::string path = folder.path("w.safetensors");
  std::vector<char> bytes(6 * 8);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<char>(i * 7 + 1);
  std::vector<TensorSource> sources;
  for (int i = 0; i <= int(DType::F64); ++i) {
    DType dtype = static_cast<DType>(i);
    sources.push_back(TensorSource::fromBytes(
        dtypeName(dtype), dtype, {2, 3},
        llvm::ArrayRef<char>(bytes).take_front(6 * byteSize(dtype))));
  }
  ASSERT_FALSE(
      bool(writeSafetensors(path, std::move(sources), {{"format", "pt"}})));
  auto store = SafetensorsFile::open(path);
  ASSERT_TRUE(bool(store)) << llvm::toString(store.takeError());
  EXPECT_EQ((*store)->names().size(), 13u);
  EXPECT_EQ((*store)->metadata().at("format"), "pt");
  for (int i = 0; i <= int(DType::F64); ++i) {
    DType dtype = static_cast<DType>(i);
    llvm::Expected<TensorView> view = (*store)->find(dtypeName(dtype));
    ASSERT_TRUE(bool(view));
    EXPECT_EQ(view->dtype, dtype);
    EXPECT_EQ(view->shape, llvm::ArrayRef<int64_t>({2, 3}));
    EXPECT_EQ(view->data,
              llvm::ArrayRef<char>(bytes).take_front(6 * byteSize(dtype)));
  }
}

TEST(SafetensorsWriter, AlignsAsFarAsSizesAllow) {
  TempFolder folder;
  std::string path = folder.path("w");
  std::vector<TensorSource> sources;
  for (int64_t size :
       {1, 2, 3, 4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 1000, 1024, 0})
    sources.push_back(filled("t" + std::to_string(size), size, char(size)));
  // Whatever the length of the header.
  for (int i = 0; i < 70; ++i) {
    auto copy = sources;
    copy.push_back(filled(std::string(i + 1, 'n'), 64, 'x'));
    ASSERT_FALSE(bool(writeSafetensors(path, std::move(copy))));
    auto store = SafetensorsFile::open(path);
    ASSERT_TRUE(bool(store)) << llvm::toString(store.takeError());
    for (const std::string &name : (*store)->names()) {
      TensorView view = *(*store)->find(name);
      uint64_t size = view.data.size();
      uint64_t align = size == 0 ? 1 : std::min<uint64_t>(64, size & -size);
      // The file is mapped at a page.
      EXPECT_EQ(reinterpret_cast<uintptr_t>(view.data.data()) % align, 0u)
          << name;
    }
  }
}

TEST(SafetensorsWriter, SameTensorsSameBytes) {
  TempFolder folder;
  std::vector<TensorSource> forward = {filled("b", 3, '1'), filled("a", 3, '2'),
                                       filled("c", 64, '3')};
  std::vector<TensorSource> backward(forward.rbegin(), forward.rend());
  ASSERT_FALSE(bool(writeSafetensors(folder.path("x"), forward)));
  ASSERT_FALSE(bool(writeSafetensors(folder.path("y"), backward)));
  std::string bytes = folder.read("x");
  EXPECT_EQ(bytes, folder.read("y"));
  // The multiple of 64 first, the rest by name.
  EXPECT_EQ(bytes.substr(bytes.size() - 70),
            std::string(64, '3') + "222" + "111");
  EXPECT_EQ((bytes.size() - 70) % 64, 0u);
}

TEST(SafetensorsWriter, StreamsOneTensorAtATime) {
  TempFolder folder;
  // What a producer holds goes when its tensor is written.
  auto token = std::make_shared<int>(0);
  std::vector<TensorSource> sources;
  long mostAlive = 0;
  for (int i = 0; i < 4; ++i)
    sources.push_back({"t" + std::to_string(i),
                       DType::U8,
                       {1},
                       [token, &mostAlive](llvm::raw_ostream &os) {
                         mostAlive = token.use_count();
                         os << 'x';
                         return llvm::Error::success();
                       }});
  ASSERT_FALSE(bool(writeSafetensors(folder.path("w"), std::move(sources))));
  EXPECT_EQ(mostAlive, 2); // this test and the last producer
}

TEST(SafetensorsWriter, NamesThatNeedEscapes) {
  TempFolder folder;
  std::vector<std::string> names = {"a\"b\\c", "\xc3\xa9t\xc3\xa9", "/x/y\n"};
  std::vector<TensorSource> sources;
  for (const std::string &name : names)
    sources.push_back(filled(name, 2, 'x'));
  ASSERT_FALSE(bool(writeSafetensors(folder.path("w"), std::move(sources))));
  auto store = SafetensorsFile::open(folder.path("w"));
  ASSERT_TRUE(bool(store));
  for (const std::string &name : names)
    EXPECT_TRUE((*store)->contains(name));
}

TEST(SafetensorsWriter, RefusesBadNamesAndShapes) {
  TempFolder folder;
  std::string path = folder.path("w");
  auto error = [&](std::vector<TensorSource> sources) {
    return llvm::toString(writeSafetensors(path, std::move(sources)));
  };
  std::string start = "cannot write '" + path + "': tensor ";
  EXPECT_EQ(error({filled("a", 1, 'x'), filled("a", 1, 'x')}),
            start + "'a' is given twice");
  EXPECT_EQ(error({filled("__metadata__", 1, 'x')}),
            start + "'__metadata__' has the name that the format reserves");
  EXPECT_EQ(error({filled("\xff", 1, 'x')}),
            start + "'\xef\xbf\xbd' has a name that is not UTF-8");
  EXPECT_EQ(error({filled("a", -1, 'x')}),
            start + "'a' has shape [?], which no memory holds");
  EXPECT_TRUE(folder.list().empty());
}

TEST(SafetensorsWriter, WrongAmountLeavesNoFile) {
  TempFolder folder;
  std::string path = folder.path("w");
  TensorSource source = filled("a", 3, 'x');
  source.dtype = DType::F32;
  EXPECT_EQ(llvm::toString(writeSafetensors(path, {source})),
            "cannot write '" + path +
                "': tensor 'a' of F32[3] has 12 bytes, but 3 were produced");
  EXPECT_TRUE(folder.list().empty());
}

TEST(SafetensorsWriter, ProducerFailureLeavesNoFile) {
  TempFolder folder;
  TensorSource bad = filled("b", 3, 'x');
  bad.write = [](llvm::raw_ostream &) {
    return llvm::createStringError("source went away");
  };
  EXPECT_EQ(llvm::toString(writeSafetensors(folder.path("w"),
                                            {filled("a", 64, 'x'), bad})),
            "source went away");
  EXPECT_TRUE(folder.list().empty());
}

} // namespace
