//===- NpzTest.cpp - The .npz format --------------------------------------===//
//
// Checks that archives read back, stored and deflated, that the same arrays
// give the same bytes, and the messages for archives that are wrong.
//
//===----------------------------------------------------------------------===//

#include "lowbit/Data/Npz.h"
#include "Arrays.h"
#include "TempFolder.h"
#include "gtest/gtest.h"
#include <zip.h>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

/// Writes an archive of raw entries with libzip.
std::string
zipOf(const std::string &path,
      const std::vector<std::pair<std::string, std::string>> &entries,
      int method = ZIP_CM_DEFLATE) {
  zip_t *archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  for (const auto &[name, bytes] : entries) {
    zip_source_t *source =
        zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    int64_t index = zip_file_add(archive, name.c_str(), source, 0);
    EXPECT_EQ(zip_set_file_compression(archive, index, method, 0), 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  return path;
}

std::string openError(const std::string &path) {
  auto npz = NpzFile::open(path);
  return npz ? "no error" : llvm::toString(npz.takeError());
}

TEST(Npz, RoundTrip) {
  TempFolder folder;
  NpyArray x = floats({2, 3}), ids = longs({4}), scalar = longs({});
  std::string path = saveNpz(folder.path("a.npz"),
                             {{"x", &x}, {"deep/ids", &ids}, {"s", &scalar}});
  EXPECT_EQ(folder.list(), std::vector<std::string>{"a.npz"});
  auto npz = NpzFile::open(path);
  ASSERT_TRUE(bool(npz)) << llvm::toString(npz.takeError());
  EXPECT_EQ((*npz)->names().vec(),
            (std::vector<std::string>{"x", "deep/ids", "s"}));
  EXPECT_EQ(llvm::toString((*npz)->openBytes("s.npy").takeError())
                .find("'" + path + "' has no array 's.npy'; "),
            0u);
  for (const auto &[name, array] :
       Named{{"x", &x}, {"deep/ids", &ids}, {"s", &scalar}}) {
    llvm::Expected<NpyArray> read = readArray((*npz)->openBytes(name));
    ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
    EXPECT_EQ(read->dtype, array->dtype);
    EXPECT_EQ(read->shape, array->shape);
    EXPECT_EQ(read->bytes(), array->bytes());
  }
}

TEST(Npz, ReadsDeflatedEntries) {
  TempFolder folder;
  NpyArray x = floats({100, 100});
  std::string path = zipOf(folder.path("a.npz"), {{"x.npy", npyBytes(x)}});
  EXPECT_LT(folder.read("a.npz").size(), 40000u);
  auto npz = NpzFile::open(path);
  ASSERT_TRUE(bool(npz));
  llvm::Expected<NpyArray> read = readArray((*npz)->openBytes("x"));
  ASSERT_TRUE(bool(read)) << llvm::toString(read.takeError());
  EXPECT_EQ(read->bytes(), x.bytes());
}

TEST(Npz, SameArraysSameBytes) {
  TempFolder folder;
  NpyArray x = floats({3}), y = longs({3});
  // The time zone must not matter either.
  setenv("TZ", "UTC+11", 1);
  saveNpz(folder.path("a.npz"), {{"x", &x}, {"y", &y}});
  setenv("TZ", "UTC-9", 1);
  saveNpz(folder.path("b.npz"), {{"x", &x}, {"y", &y}});
  unsetenv("TZ");
  EXPECT_EQ(folder.read("a.npz"), folder.read("b.npz"));
}

TEST(Npz, ReplacesAnOldFile) {
  TempFolder folder;
  NpyArray x = floats({3}), y = longs({3});
  saveNpz(folder.path("a.npz"), {{"x", &x}, {"old", &y}});
  saveNpz(folder.path("a.npz"), {{"y", &y}});
  auto npz = NpzFile::open(folder.path("a.npz"));
  ASSERT_TRUE(bool(npz));
  EXPECT_EQ((*npz)->names().vec(), std::vector<std::string>{"y"});
  EXPECT_EQ(folder.list(), std::vector<std::string>{"a.npz"});
}

TEST(Npz, NoArraysAreAnArchiveToo) {
  TempFolder folder;
  std::string path = folder.path("a.npz");
  ASSERT_EQ(llvm::toString(writeNpz(path, {})), "");
  auto file = NpzFile::open(path);
  ASSERT_TRUE(bool(file)) << llvm::toString(file.takeError());
  EXPECT_TRUE((*file)->names().empty());
}

TEST(Npz, WriteRefusals) {
  TempFolder folder;
  NpyArray x = floats({3});
  NpyArray half = llvm::cantFail(NpyArray::create(DType::BF16, {1}));
  std::string path = folder.path("a.npz");
  std::string start = "cannot write '" + path + "': ";
  EXPECT_EQ(llvm::toString(writeNpz(path, Named{{"x", &x}, {"x", &x}})),
            start + "array 'x' is given twice");
  EXPECT_EQ(llvm::toString(writeNpz(path, Named{{"h", &half}})),
            start + "array 'h' is bfloat16, which NumPy does not have; convert "
                    "it to float32");
  std::string inNone = folder.path("none/a.npz");
  EXPECT_EQ(llvm::toString(writeNpz(inNone, Named{{"x", &x}}))
                .find("cannot write '" + inNone + "': "),
            0u);
  EXPECT_EQ(llvm::toString(writeNpz("/dev/null", Named{{"x", &x}})),
            "cannot write '/dev/null': it exists and is not a regular file; "
            "give another name");
  EXPECT_TRUE(folder.list().empty());
}

TEST(Npz, MissingNotAnArchiveTruncated) {
  TempFolder folder;
  EXPECT_EQ(openError(folder.path("none.npz")),
            "cannot open '" + folder.path("none.npz") +
                "': No such file or directory");
  std::string text = folder.write("text.npz", "these are no arrays");
  EXPECT_EQ(openError(text),
            "'" + text +
                "' is not an .npz archive or is truncated (Not a zip archive, "
                "19 bytes); save it with numpy.savez");
  EXPECT_NE(openError(folder.write("empty.npz", "")), "no error");
  EXPECT_NE(openError(folder.path("")), "no error");

  NpyArray x = floats({50});
  saveNpz(folder.path("a.npz"), {{"x", &x}});
  std::string whole = folder.read("a.npz");
  for (size_t size = 0; size < whole.size(); ++size) {
    auto npz = NpzFile::open(folder.write("cut.npz", whole.substr(0, size)));
    if (!npz) {
      llvm::consumeError(npz.takeError());
      continue;
    }
    ADD_FAILURE() << "opened after a cut at " << size;
  }
}

TEST(Npz, DamagedDataIsFound) {
  TempFolder folder;
  NpyArray x = floats({50});
  saveNpz(folder.path("a.npz"), {{"x", &x}});
  std::string bytes = folder.read("a.npz");
  bytes[200] ^= 1; // in the data
  std::string path = folder.write("b.npz", bytes);
  auto npz = NpzFile::open(path);
  ASSERT_TRUE(bool(npz));
  EXPECT_EQ(llvm::toString(readArray((*npz)->openBytes("x")).takeError()),
            "cannot read array 'x' in '" + path +
                "': CRC error; save it again with numpy.savez");
}

TEST(Npz, EntriesThatAreNoArrays) {
  TempFolder folder;
  std::string readme = zipOf(folder.path("a.npz"), {{"readme.txt", "hello"}});
  EXPECT_EQ(openError(readme), "'" + readme +
                                   "' holds an entry 'readme.txt' that is not "
                                   "an .npy array; save it with numpy.savez");
  std::string path = zipOf(folder.path("b.npz"), {{"x.npy", "hello array"}});
  auto npz = NpzFile::open(path);
  ASSERT_TRUE(bool(npz));
  EXPECT_EQ(llvm::toString(readArray((*npz)->openBytes("x")).takeError()),
            "array 'x' in '" + path +
                "' is not an .npy array: it does not begin with NumPy's mark; "
                "save it with numpy.save or numpy.savez");
}

TEST(Npz, SizeThatDisagreesWithTheHeader) {
  TempFolder folder;
  NpyArray x = floats({50});
  std::string bytes = npyBytes(x);
  std::string path =
      zipOf(folder.path("a.npz"), {{"short.npy", bytes.substr(0, 140)},
                                   {"long.npy", bytes + "more"}});
  auto npz = NpzFile::open(path);
  ASSERT_TRUE(bool(npz));
  // Known before any data is read.
  auto error = [&](const char *name) {
    auto bytes = llvm::cantFail((*npz)->openBytes(name));
    return llvm::toString(ArrayStream::open(std::move(bytes)).takeError());
  };
  EXPECT_EQ(error("short"),
            "array 'short' in '" + path +
                "' is truncated: float32[50] needs 200 bytes, there are "
                "12; save it again");
  EXPECT_EQ(error("long"),
            "array 'long' in '" + path +
                "' is broken: float32[50] needs 200 bytes, there are 204; "
                "save it again");
}

TEST(Npz, UnknownName) {
  TempFolder folder;
  NpyArray x = floats({2});
  std::string path = saveNpz(folder.path("a.npz"), {{"pixels", &x}});
  auto npz = NpzFile::open(path);
  ASSERT_TRUE(bool(npz));
  EXPECT_EQ(llvm::toString((*npz)->openBytes("pixel").takeError()),
            "'" + path + "' has no array 'pixel'; did you mean 'pixels'?");
}

} // namespace
