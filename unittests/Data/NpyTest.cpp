//===- NpyTest.cpp - The .npy format --------------------------------------===//
//
// Checks headers as NumPy and others write them, Fortran order, and the message
// for every way in which a file can be malformed.
//
//===----------------------------------------------------------------------===//

#include "Arrays.h"
#include "TempFolder.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace lowbit;
using lowbit::testing::readArray;
using lowbit::testing::TempFolder;

namespace {

/// An .npy of a version with this dictionary and data.
std::string npy(const std::string &dict, const std::string &data,
                int version = 1) {
  uint32_t length = dict.size();
  std::string size(reinterpret_cast<char *>(&length), version == 1 ? 2 : 4);
  return "\x93NUMPY" + std::string({char(version), 0}) + size + dict + data;
}
std::string dict(const std::string &descr, const std::string &shape,
                 const std::string &order = "False") {
  return "{'descr': " + descr + ", 'fortran_order': " + order +
         ", 'shape': " + shape + ", }   \n";
}
template <typename T> std::string bytesOf(std::initializer_list<T> values) {
  return std::string(reinterpret_cast<const char *>(values.begin()),
                     values.size() * sizeof(T));
}

llvm::Expected<NpyArray> readFile(const std::string &path) {
  return readArray(openFileBytes(path));
}
llvm::Expected<NpyArray> readBytes(const std::string &bytes) {
  TempFolder folder;
  return readFile(folder.write("x.npy", bytes));
}
/// The error of reading these bytes, after the file's name.
std::string readError(const std::string &bytes) {
  TempFolder folder;
  std::string path = folder.write("x.npy", bytes);
  auto array = readFile(path);
  if (array)
    return "no error";
  std::string message = llvm::toString(array.takeError());
  std::string prefix = "'" + path + "' ";
  EXPECT_EQ(message.find(prefix), 0u) << message;
  return message.substr(prefix.size());
}

TEST(Npy, Versions) {
  for (int version : {1, 2, 3}) {
    auto array = readBytes(
        npy(dict("'<f4'", "(2, 1)"), bytesOf<float>({1.5f, -2.0f}), version));
    ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
    EXPECT_EQ(array->dtype, DType::F32);
    EXPECT_EQ(array->shape, (llvm::SmallVector<int64_t, 4>{2, 1}));
    EXPECT_EQ(array->elements<float>(), llvm::ArrayRef<float>({1.5f, -2.0f}));
    EXPECT_EQ(reinterpret_cast<uintptr_t>(array->data()) % 64, 0u);
  }
}

TEST(Npy, DTypes) {
  const std::pair<const char *, DType> types[] = {
      {"|b1", DType::Bool}, {"|i1", DType::I8},  {"|u1", DType::U8},
      {"<i2", DType::I16},  {"<u2", DType::U16}, {"<i4", DType::I32},
      {"<u4", DType::U32},  {"<i8", DType::I64}, {"<u8", DType::U64},
      {"<f2", DType::F16},  {"<f4", DType::F32}, {"<f8", DType::F64},
      {"=f4", DType::F32},  {"f4", DType::F32},  {">i1", DType::I8}};
  for (const auto &[descr, dtype] : types) {
    auto array = readBytes(npy(dict("'" + std::string(descr) + "'", "(3,)"),
                               std::string(3 * byteSize(dtype), '\1')));
    ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
    EXPECT_EQ(array->dtype, dtype) << descr;
    EXPECT_EQ(array->numElements(), 3);
  }
}

TEST(Npy, DictionariesThatOthersWrite) {
  const char *dicts[] = {
      "{'descr': '<i4', 'fortran_order': False, 'shape': (2L, 3L)}",
      "{\"shape\":(2,3),\"fortran_order\":False,\"descr\":\"<i4\"}",
      " { 'shape' : ( 2 , 3 , ) , 'descr':'<i4','fortran_order':False , } \n"};
  for (const char *text : dicts) {
    auto array = readBytes(npy(text, std::string(24, '\0')));
    ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
    EXPECT_EQ(array->shape, (llvm::SmallVector<int64_t, 4>{2, 3}));
  }
}

TEST(Npy, ScalarsAndEmptyArrays) {
  auto scalar = readBytes(npy(dict("'<i8'", "()"), bytesOf<int64_t>({-5})));
  ASSERT_TRUE(bool(scalar));
  EXPECT_TRUE(scalar->shape.empty());
  EXPECT_EQ(scalar->elements<int64_t>()[0], -5);
  auto empty = readBytes(npy(dict("'<i8'", "(0, 4)"), ""));
  ASSERT_TRUE(bool(empty));
  EXPECT_EQ(empty->numElements(), 0);
  EXPECT_NE(empty->data(), nullptr);
}

TEST(Npy, FortranOrderIsConverted) {
  // [[0, 1, 2], [3, 4, 5]] by columns.
  auto array = readBytes(npy(dict("'<i2'", "(2, 3)", "True"),
                             bytesOf<int16_t>({0, 3, 1, 4, 2, 5})));
  ASSERT_TRUE(bool(array));
  EXPECT_EQ(array->elements<int16_t>(),
            llvm::ArrayRef<int16_t>({0, 1, 2, 3, 4, 5}));

  std::string data;
  for (int k = 0; k < 4; ++k)
    for (int j = 0; j < 3; ++j)
      for (int i = 0; i < 2; ++i)
        data += char(i * 12 + j * 4 + k);
  auto cube = readBytes(npy(dict("'|u1'", "(2, 3, 4)", "True"), data));
  ASSERT_TRUE(bool(cube));
  for (int i = 0; i < 24; ++i)
    EXPECT_EQ(cube->elements<uint8_t>()[i], i);

  auto row = readBytes(npy(dict("'|u1'", "(3,)", "True"), "abc"));
  EXPECT_EQ(row->elements<char>(), llvm::ArrayRef<char>({'a', 'b', 'c'}));
}

TEST(Npy, WrittenHeadersReadBack) {
  const std::vector<llvm::SmallVector<int64_t, 4>> shapes = {
      {}, {7}, {2, 3}, {1, 1, 1, 9}, {0}};
  for (int i = 0; i <= int(DType::F64); ++i) {
    DType dtype = static_cast<DType>(i);
    if (dtype == DType::BF16)
      continue;
    for (const auto &shape : shapes) {
      std::string header = npyHeaderBytes(dtype, shape);
      EXPECT_EQ(header.size() % 64, 0u);
      EXPECT_EQ(header.back(), '\n');
      auto array =
          readBytes(header + std::string(*byteCount(dtype, shape), '\0'));
      ASSERT_TRUE(bool(array)) << llvm::toString(array.takeError());
      EXPECT_EQ(array->dtype, dtype);
      EXPECT_EQ(array->shape, shape);
    }
  }
  EXPECT_NE(npyHeaderBytes(DType::F32, {7}).find("'shape': (7,), }"),
            std::string::npos);
  EXPECT_NE(npyHeaderBytes(DType::F32, {2, 3}).find("'shape': (2, 3), }"),
            std::string::npos);
}

TEST(Npy, HeaderAlone) {
  TempFolder folder;
  std::string whole = npy(dict("'<f4'", "(2, 1)"), "12345678");
  auto stream = llvm::cantFail(ArrayStream::open(
      llvm::cantFail(openFileBytes(folder.write("x.npy", whole)))));
  EXPECT_EQ(stream.header().dtype, DType::F32);
  EXPECT_EQ(stream.header().shape, (llvm::SmallVector<int64_t, 4>{2, 1}));
  EXPECT_EQ(stream.header().dataSize(), 8);
  EXPECT_EQ(stream.remaining(), 2);
  EXPECT_EQ(stream.entrySize(), 4);
  // The size is checked before any data is asked for.
  whole.pop_back();
  auto cut = ArrayStream::open(
      llvm::cantFail(openFileBytes(folder.write("y.npy", whole))));
  EXPECT_NE(llvm::toString(cut.takeError()).find("is truncated"),
            std::string::npos);
}

/// Both orders of [[0, 1, 2], [3, 4, 5]] in pieces.
TEST(Npy, EntriesInPieces) {
  TempFolder folder;
  for (bool fortran : {false, true}) {
    std::string data =
        fortran ? std::string{0, 3, 1, 4, 2, 5} : std::string{0, 1, 2, 3, 4, 5};
    std::string path = folder.write(
        "x.npy",
        npy(dict("'|u1'", "(2, 3)", fortran ? "True" : "False"), data));
    auto stream =
        llvm::cantFail(ArrayStream::open(llvm::cantFail(openFileBytes(path))));
    EXPECT_EQ(llvm::cantFail(stream.next(1)).elements<uint8_t>(),
              llvm::ArrayRef<uint8_t>({0, 1, 2}));
    NpyArray rest = llvm::cantFail(stream.next(7));
    EXPECT_EQ(rest.shape, (llvm::SmallVector<int64_t, 4>{1, 3}));
    EXPECT_EQ(rest.elements<uint8_t>(), llvm::ArrayRef<uint8_t>({3, 4, 5}));
    EXPECT_EQ(stream.remaining(), 0);
    EXPECT_FALSE(bool(stream.finish()));
  }
}

/// What was there when the header was read is gone when the data is.
TEST(Npy, FileThatShrinks) {
  TempFolder folder;
  for (const char *order : {"False", "True"}) {
    std::string whole = npy(dict("'|u1'", "(2, 3)", order), "abcdef");
    std::string path = folder.write("x.npy", whole);
    auto stream =
        llvm::cantFail(ArrayStream::open(llvm::cantFail(openFileBytes(path))));
    folder.write("x.npy", whole.substr(0, whole.size() - 2));
    EXPECT_EQ(llvm::toString(stream.next(2).takeError()),
              "'" + path +
                  "' is truncated: 2 bytes are missing of what was there when "
                  "it was opened; save it again");
  }
}

TEST(Npy, MissingFileAndFolder) {
  TempFolder folder;
  EXPECT_EQ(llvm::toString(readFile(folder.path("none.npy")).takeError()),
            "cannot open '" + folder.path("none.npy") +
                "': No such file or directory");
  EXPECT_EQ(llvm::toString(readFile(folder.path("")).takeError()),
            "cannot open '" + folder.path("") + "': it is not a regular file");
}

TEST(Npy, NotAnArray) {
  EXPECT_EQ(readError(""), "is not an .npy array: it has 0 bytes; save it with "
                           "numpy.save or numpy.savez");
  EXPECT_EQ(readError("PK\3\4 this is a zip file"),
            "is not an .npy array: it does not begin with NumPy's mark; save "
            "it with numpy.save or numpy.savez");
  EXPECT_EQ(readError(npy(dict("'<f4'", "(1,)"), "1234", 9)),
            "has .npy version 9; versions 1 to 3 are read");
}

TEST(Npy, Truncated) {
  std::string whole = npy(dict("'<f4'", "(2, 2)"), std::string(16, 'x'));
  EXPECT_EQ(readError(whole.substr(0, 9)),
            "is truncated: it ends in the length of its header");
  EXPECT_NE(readError(whole.substr(0, 40))
                .find("is truncated: its header "
                      "needs "),
            std::string::npos);
  EXPECT_EQ(readError(whole.substr(0, whole.size() - 1)),
            "is truncated: float32[2, 2] needs 16 bytes, there are 15; save "
            "it again");
  EXPECT_EQ(readError(whole + "x"),
            "is broken: float32[2, 2] needs 16 bytes, there are 17; save it "
            "again");
  // Every cut is an error, none a crash.
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(readError(whole.substr(0, size)), "no error");
}

TEST(Npy, RefusedTypes) {
  EXPECT_EQ(readError(npy(dict("'|O'", "(1,)"), "pickle")),
            "holds Python objects; pickled data is not read; save an array of "
            "numbers");
  EXPECT_EQ(readError(npy(dict("[('a', '<f4')]", "(1,)"), "1234")),
            "is a structured array; expected one of plain numbers; save each "
            "field by itself");
  for (std::string descr : {"<U5", "|S5", "<c8", "<M8[ns]", "<f16", "<i3", ""})
    EXPECT_EQ(readError(npy(dict("'" + descr + "'", "(1,)"), "12345678")),
              "has elements of type '" + descr +
                  "'; expected booleans, integers or floats of at most 64 "
                  "bits; convert it with astype");
  EXPECT_EQ(readError(npy(dict("'>f4'", "(1,)"), "1234")),
            "is big-endian ('>f4'); convert it with astype('<f4')");
}

TEST(Npy, MalformedHeaders) {
  const char *texts[] = {
      "",
      "{",
      "{}",
      "[]",
      "{'descr': '<f4'}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1 2)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
      "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
      "{'descr': '<f4, 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}",
      "{'descr': '<f4', 'fortran_order': False, 'shape': (1e3,)}",
      "{'descr':'<f4','fortran_order':False,'shape':(99999999999999999999,)}"};
  for (const char *text : texts)
    EXPECT_EQ(readError(npy(text, "1234"))
                  .find("has a header that is not "
                        "NumPy's: "),
              0u)
        << text;
  EXPECT_EQ(readError(npy(dict("'<f4'", "(4611686018427387904, 2)"), "1234")),
            "has shape [4611686018427387904, 2], which no memory holds");
  EXPECT_EQ(readError(npy(std::string(70'000, ' '), "", 2)),
            "has a header of 70000 bytes; at most 65536 are read");
}

TEST(NpyArray, SlicesAndClones) {
  llvm::Expected<NpyArray> array = NpyArray::create(DType::I16, {3, 2});
  ASSERT_TRUE(bool(array));
  for (int i = 0; i < 6; ++i)
    array->elements<int16_t>()[i] = i;
  llvm::Expected<NpyArray> part = array->slice(1, 2);
  ASSERT_TRUE(bool(part));
  EXPECT_EQ(part->shape, (llvm::SmallVector<int64_t, 4>{2, 2}));
  EXPECT_EQ(part->elements<int16_t>(), llvm::ArrayRef<int16_t>({2, 3, 4, 5}));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(part->data()) % 64, 0u);
  llvm::Expected<NpyArray> copy = array->clone();
  ASSERT_TRUE(bool(copy));
  EXPECT_EQ(copy->bytes(), array->bytes());
  EXPECT_NE(copy->data(), array->data());
}

TEST(NpyArray, TooLarge) {
  auto tooMany = NpyArray::create(DType::F32, {int64_t(1) << 62, 4});
  EXPECT_EQ(llvm::toString(tooMany.takeError()),
            "no memory for an array of shape [4611686018427387904, 4]");
  auto tooMuch = NpyArray::create(DType::I8, {int64_t(1) << 62});
  EXPECT_EQ(llvm::toString(tooMuch.takeError()),
            "no memory for 4611686018427387904 bytes");
}

} // namespace
