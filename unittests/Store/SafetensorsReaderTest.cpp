//===- SafetensorsReaderTest.cpp - Reading, and files that are wrong ------===//
//
// Checks tensors that are read back from bytes written by hand, and the message
// for every way in which a file can be malformed.
//
//===----------------------------------------------------------------------===//

#include "TempFolder.h"
#include "lowbit/Store/Safetensors.h"
#include "gtest/gtest.h"
#include <cstring>

using namespace lowbit;
using lowbit::testing::TempFolder;

namespace {

std::string withLength(uint64_t length, const std::string &rest) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &length, 8);
  return bytes + rest;
}
std::string file(const std::string &json, const std::string &data) {
  return withLength(json.size(), json + data);
}
std::string tensor(const std::string &name, const std::string &dtype,
                   const std::string &shape, const std::string &offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape +
         ",\"data_offsets\":" + offsets + "}";
}

/// The error of opening a file with these bytes, after the file's name.
std::string openError(const std::string &bytes) {
  TempFolder folder;
  std::string path = folder.write("w.safetensors", bytes);
  auto opened = SafetensorsFile::open(path);
  if (opened)
    return "no error";
  std::string message = llvm::toString(opened.takeError());
  std::string prefix = "'" + path + "' ";
  EXPECT_EQ(message.find(prefix), 0u) << message;
  return message.substr(prefix.size());
}

TEST(SafetensorsReader, ReadsTensorsInPlace) {
  TempFolder folder;
  std::string json = "{" + tensor("b", "I8", "[3]", "[8,11]") + "," +
                     tensor("a", "F32", "[1, 2]", "[0,8]") + "," +
                     tensor("empty", "F64", "[0,7]", "[8,8]") + "," +
                     tensor("scalar", "BOOL", "[]", "[11,12]") +
                     ",\"__metadata__\":{\"format\":\"pt\"}}  ";
  float values[2] = {1.5f, -2.0f};
  std::string data(reinterpret_cast<char *>(values), 8);
  auto opened = SafetensorsFile::open(
      folder.write("w.safetensors", file(json, data + "\x01\x02\x03\x01")));
  ASSERT_TRUE(bool(opened)) << llvm::toString(opened.takeError());
  const SafetensorsFile &store = **opened;
  EXPECT_EQ(store.names().vec(),
            (std::vector<std::string>{"a", "b", "empty", "scalar"}));
  EXPECT_EQ(store.metadata().at("format"), "pt");
  EXPECT_TRUE(store.contains("a"));
  EXPECT_FALSE(store.contains("__metadata__"));

  llvm::Expected<TensorView> a = store.find("a");
  ASSERT_TRUE(bool(a));
  EXPECT_EQ(a->dtype, DType::F32);
  EXPECT_EQ(a->shape, llvm::ArrayRef<int64_t>({1, 2}));
  ASSERT_EQ(a->data.size(), 8u);
  EXPECT_EQ(std::memcmp(a->data.data(), values, 8), 0);
  EXPECT_EQ(store.find("b")->data, llvm::ArrayRef<char>({1, 2, 3}));
  EXPECT_TRUE(store.find("empty")->data.empty());
  EXPECT_TRUE(store.find("scalar")->shape.empty());
}

TEST(SafetensorsReader, EmptyFileOfNoTensors) {
  TempFolder folder;
  auto opened = SafetensorsFile::open(folder.write("w", file("{}", "")));
  ASSERT_TRUE(bool(opened));
  EXPECT_TRUE((*opened)->names().empty());
}

TEST(SafetensorsReader, UnknownNameSuggests) {
  TempFolder folder;
  std::string path = folder.write(
      "w", file("{" + tensor("layer.0.weight", "I8", "[1]", "[0,1]") + "," +
                    tensor("layer.0.bias", "I8", "[1]", "[1,2]") + "}",
                "ab"));
  auto opened = SafetensorsFile::open(path);
  ASSERT_TRUE(bool(opened));
  EXPECT_EQ(llvm::toString((*opened)->find("layer.0.weigth").takeError()),
            "'" + path +
                "' has no tensor 'layer.0.weigth'; did you mean "
                "'layer.0.weight'?");
  EXPECT_EQ(llvm::toString((*opened)->find("embeddings").takeError()),
            "'" + path +
                "' has no tensor 'embeddings'; it holds 'layer.0.bias', "
                "'layer.0.weight'");
}

TEST(SafetensorsReader, MissingFileAndFolder) {
  TempFolder folder;
  auto missing = SafetensorsFile::open(folder.path("none"));
  EXPECT_EQ(llvm::toString(missing.takeError()),
            "cannot open '" + folder.path("none") +
                "': No such file or directory");
  auto directory = SafetensorsFile::open(folder.path(""));
  EXPECT_EQ(llvm::toString(directory.takeError()),
            "'" + folder.path("") +
                "' is not a regular file; expected a .safetensors file");
}

TEST(SafetensorsReader, HeaderLength) {
  EXPECT_EQ(openError(""), "is truncated: it has 0 bytes, a safetensors file "
                           "begins with 8 bytes of header length");
  EXPECT_EQ(openError("1234567"),
            "is truncated: it has 7 bytes, a safetensors file begins with 8 "
            "bytes of header length");
  EXPECT_EQ(openError(withLength(10, "{}")),
            "is truncated: its header needs 10 bytes, the file has 2 after the "
            "length");
  EXPECT_EQ(openError(withLength(~uint64_t(0), "{}")),
            "is not a safetensors file: its first 8 bytes give a header of "
            "18446744073709551615 bytes, the format allows 100000000");
}

TEST(SafetensorsReader, HeaderText) {
  EXPECT_EQ(openError(file("[]", "")), "is not a safetensors file: its header "
                                       "does not begin with '{'");
  EXPECT_EQ(openError(file("", "")), "is not a safetensors file: its header "
                                     "does not begin with '{'");
  EXPECT_EQ(openError(file("{\"a\":", ""))
                .find("has a header that is not "
                      "JSON: "),
            0u);
  EXPECT_EQ(openError(file("{} x", "")).find("has a header that is not JSON: "),
            0u);
  EXPECT_EQ(openError(file("{\"\xff\":{}}", ""))
                .find("has a header that is not JSON: "),
            0u);
  // Deep nesting must not exhaust the parser's stack.
  EXPECT_EQ(openError(file("{\"a\":" + std::string(5'000'000, '['), "")),
            "is not a safetensors file: its header nests too deeply");
  EXPECT_EQ(openError(file("{\"a\":1}", "")),
            "has a header entry 'a' that is not a JSON object");
  EXPECT_EQ(openError(file("{\"__metadata__\":{\"k\":1}}", "")),
            "has metadata 'k' that is not text");
}

TEST(SafetensorsReader, TensorEntries) {
  std::string incomplete =
      "has a tensor 'a' without a text \"dtype\", a list of sizes \"shape\" "
      "and a pair \"data_offsets\"";
  EXPECT_EQ(openError(file("{\"a\":{}}", "")), incomplete);
  EXPECT_EQ(
      openError(file("{" + tensor("a", "I8", "[-1]", "[0,1]") + "}", "x")),
      incomplete);
  EXPECT_EQ(
      openError(file("{" + tensor("a", "I8", "[0.5]", "[0,1]") + "}", "x")),
      incomplete);
  EXPECT_EQ(openError(file("{" + tensor("a", "I8", "1", "[0,1]") + "}", "x")),
            incomplete);
  EXPECT_EQ(openError(file("{" + tensor("a", "I8", "[1]", "[0]") + "}", "x")),
            incomplete);
  EXPECT_EQ(
      openError(file("{" + tensor("a", "F8_E4M3", "[1]", "[0,1]") + "}", "x")),
      "has a tensor 'a' of dtype F8_E4M3, which is not supported; convert it "
      "to F32 or another dtype of at most 64 bits");
}

TEST(SafetensorsReader, OffsetsDisagreeWithTheShape) {
  EXPECT_EQ(
      openError(file("{" + tensor("a", "F32", "[2]", "[0,4]") + "}", "1234")),
      "has a tensor 'a' of F32[2], which needs 8 bytes, but its offsets "
      "are 0 to 4");
  EXPECT_EQ(
      openError(file("{" + tensor("a", "I8", "[2]", "[4,2]") + "}", "1234")),
      "has a tensor 'a' of I8[2], which needs 2 bytes, but its offsets are 4 "
      "to 2");
  EXPECT_EQ(
      openError(file(
          "{" + tensor("a", "F32", "[4611686018427387904, 4]", "[0,0]") + "}",
          "")),
      "has a tensor 'a' of F32[4611686018427387904, 4], which needs more "
      "than 2^63 bytes, but its offsets are 0 to 0");
}

TEST(SafetensorsReader, TruncatedData) {
  EXPECT_EQ(openError(file("{" + tensor("a", "F32", "[2]", "[0,8]") + "}",
                           "1234567")),
            "is truncated: tensor 'a' ends at data byte 8, the file has 7 data "
            "bytes");
}

TEST(SafetensorsReader, OverlapHoleAndRest) {
  std::string a = tensor("a", "I8", "[4]", "[0,4]");
  EXPECT_EQ(
      openError(file("{" + a + "," + tensor("b", "I8", "[4]", "[3,7]") + "}",
                     "1234567")),
      "has a tensor 'b' at data byte 3 that overlaps the tensor before it, "
      "which ends at 4");
  EXPECT_EQ(
      openError(file("{" + a + "," + tensor("b", "I8", "[2]", "[5,7]") + "}",
                     "1234567")),
      "has data bytes 4 to 5 that belong to no tensor");
  EXPECT_EQ(openError(file("{" + a + "}", "12345")),
            "has 5 data bytes, but its tensors end at 4");
}

} // namespace
