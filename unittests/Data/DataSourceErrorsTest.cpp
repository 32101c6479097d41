//===- DataSourceErrorsTest.cpp - Data that does not fit ------------------===//
//
// Checks the whole message for everything that calibration and run data can
// have wrong.
//
//===----------------------------------------------------------------------===//

#include "Arrays.h"
#include "TempFolder.h"
#include "lowbit/Data/DataSource.h"
#include "gtest/gtest.h"
#include <limits>

using namespace lowbit;
using namespace lowbit::testing;

namespace {

const InputSpec kImage{"image", DType::F32, {1, 28, 28}, {}};
const InputSpec kIds{"input_ids", DType::I64, {-1, -1}, {"batch", "seq"}};
const InputSpec kMask{"attention_mask", DType::I64, {-1, -1}, {"batch", "seq"}};

/// The error of opening and reading everything.
std::string errorOf(const std::string &path, llvm::ArrayRef<InputSpec> inputs) {
  auto source = DataSource::open(path, inputs);
  if (!source)
    return llvm::toString(source.takeError());
  while (true) {
    auto feed = (*source)->next();
    if (!feed) {
      std::string message = llvm::toString(feed.takeError());
      // After an error there are no more feeds.
      EXPECT_FALSE(llvm::cantFail((*source)->next()).has_value());
      return message;
    }
    if (!*feed)
      return "no error";
  }
}

class DataErrors : public ::testing::Test {
protected:
  /// Saves one array as `a.npz` under the input's name.
  std::string save(const std::string &name, const NpyArray &array) {
    return saveNpz(folder.path("a.npz"), {{name, &array}});
  }
  std::string inFile(const std::string &name) {
    return "input '" + name + "' in '" + folder.path("a.npz") + "' is ";
  }
  TempFolder folder;
};

TEST_F(DataErrors, MissingPath) {
  EXPECT_EQ(errorOf(folder.path("none.npz"), kImage),
            "cannot open '" + folder.path("none.npz") +
                "': No such file or directory; give an .npz or .npy file, a "
                "folder of them or a .txt list");
}

TEST_F(DataErrors, NotAnArchive) {
  std::string path = folder.write("a.npz", "plain text");
  EXPECT_EQ(errorOf(path, kImage),
            "'" + path +
                "' is not an .npz archive or is truncated (Not a zip archive, "
                "10 bytes); save it with numpy.savez");
}

TEST_F(DataErrors, UnknownExtension) {
  std::string path = folder.write("a.pkl", "pickle");
  EXPECT_EQ(errorOf(path, kImage),
            "'" + path +
                "' is not data that can be read; expected a file whose name "
                "ends in .npz or .npy, a folder of them or a .txt list");
}

TEST_F(DataErrors, TruncatedArray) {
  NpyArray image = floats({1, 28, 28});
  std::string bytes = npyBytes(image);
  bytes.resize(bytes.size() - 4);
  std::string path = folder.write("a.npy", bytes);
  EXPECT_EQ(errorOf(path, kImage),
            "'" + path +
                "' is truncated: float32[1, 28, 28] needs 3136 bytes, there "
                "are 3132; save it again");
}

TEST_F(DataErrors, WrongName) {
  NpyArray image = floats({1, 28, 28});
  EXPECT_EQ(errorOf(save("imgae", image), kImage),
            "'" + folder.path("a.npz") +
                "' does not fit the model: no array for input 'image' (rename "
                "'imgae'?), array 'imgae' is no input; expected one array for "
                "each of the inputs 'image' and no other");
  // The only candidate is named even when it is not near.
  EXPECT_EQ(errorOf(save("x", image), kImage),
            "'" + folder.path("a.npz") +
                "' does not fit the model: no array for input 'image' (rename "
                "'x'?), array 'x' is no input; expected one array for each of "
                "the inputs 'image' and no other");
}

TEST_F(DataErrors, MissingAndExtraNames) {
  NpyArray ids = longs({2, 3});
  std::string path =
      saveNpz(folder.path("a.npz"), {{"labels", &ids}, {"input_ids", &ids}});
  EXPECT_EQ(errorOf(path, kIds),
            "'" + path +
                "' does not fit the model: array 'labels' is no input; "
                "expected one array for each of the inputs 'input_ids' and no "
                "other");
  EXPECT_EQ(errorOf(save("input_ids", ids), {kIds, kMask}),
            "'" + path +
                "' does not fit the model: no array for input "
                "'attention_mask'; expected one array for each of the inputs "
                "'input_ids', 'attention_mask' and no other");
}

TEST_F(DataErrors, NpyForSeveralInputs) {
  NpyArray ids = longs({2, 3});
  std::string path = folder.write("a.npy", npyBytes(ids));
  EXPECT_EQ(errorOf(path, {kIds, kMask}),
            "'" + path +
                "' holds one array without a name, but the model has 2 "
                "inputs; save an .npz with an array for each, from "
                "'input_ids' to 'attention_mask'");
}

TEST_F(DataErrors, DType) {
  NpyArray doubles = counting<double>(DType::F64, {1, 28, 28});
  EXPECT_EQ(errorOf(save("image", doubles), kImage),
            inFile("image") +
                "float64[1, 28, 28]; the model takes float32[1, 28, 28]; cast "
                "it with astype('float32')");
  NpyArray bytes = counting<uint8_t>(DType::U8, {1, 28, 28});
  EXPECT_EQ(errorOf(save("image", bytes), kImage),
            inFile("image") +
                "uint8[1, 28, 28]; the model takes float32[1, 28, 28]; cast "
                "it with astype('float32')");
  // int64 for int32 might lose bits, int16 for int64 is not what tokenizers
  // give.
  NpyArray shorts = counting<int16_t>(DType::I16, {2, 3});
  EXPECT_EQ(errorOf(save("input_ids", shorts), kIds),
            inFile("input_ids") +
                "int16[2, 3]; the model takes int64[batch, seq]; cast it with "
                "astype('int64')");
  NpyArray wide = longs({2, 3});
  InputSpec narrow = kIds;
  narrow.dtype = DType::I32;
  EXPECT_EQ(errorOf(save("input_ids", wide), narrow),
            inFile("input_ids") +
                "int64[2, 3]; the model takes int32[batch, seq]; cast it with "
                "astype('int32')");
}

TEST_F(DataErrors, RankAndShape) {
  NpyArray flat = floats({28, 28}), wrong = floats({10, 28, 32});
  EXPECT_EQ(errorOf(save("image", flat), kImage),
            inFile("image") +
                "float32[28, 28]; the model takes float32[1, 28, 28]; give it "
                "3 dimensions, it has 2");
  EXPECT_EQ(errorOf(save("image", wrong), kImage),
            inFile("image") +
                "float32[10, 28, 32]; the model takes float32[1, 28, 28]; its "
                "dimension 2 is 32, make it 28");
  InputSpec four = kImage;
  four.shape[0] = 4;
  NpyArray six = floats({6, 28, 28});
  EXPECT_EQ(errorOf(save("image", six), four),
            inFile("image") +
                "float32[6, 28, 28]; the model takes float32[4, 28, 28]; its "
                "first dimension is 6, make it a multiple of 4");
}

TEST_F(DataErrors, EmptyData) {
  NpyArray none = floats({0, 28, 28}), noTokens = longs({2, 0});
  EXPECT_EQ(errorOf(save("image", none), kImage),
            inFile("image") +
                "float32[0, 28, 28]; the model takes float32[1, 28, 28]; it "
                "is empty, give it at least one sample");
  EXPECT_EQ(errorOf(save("input_ids", noTokens), kIds),
            inFile("input_ids") +
                "int64[2, 0]; the model takes int64[batch, seq]; it is empty, "
                "give it at least one sample");
  InputSpec zero{"image", DType::F32, {0, 28, 28}, {}};
  NpyArray some = floats({1, 28, 28});
  EXPECT_EQ(errorOf(save("image", some), zero),
            inFile("image") +
                "float32[1, 28, 28]; the model takes float32[0, 28, 28]; its "
                "first dimension is 1, make it 0");
  EXPECT_EQ(errorOf(save("image", none), zero), "no error");
  InputSpec middle{"image", DType::F32, {2, 0}, {}};
  EXPECT_EQ(errorOf(save("image", floats({2, 0})), middle), "no error");
}

TEST_F(DataErrors, EmptyFolderAndList) {
  folder.write("set/readme.txt", "nothing");
  EXPECT_EQ(errorOf(folder.path("set"), kImage),
            "folder '" + folder.path("set") +
                "' holds no .npz or .npy file; put at least one there");
  std::string list = folder.write("l.txt", "# nothing yet\n\n");
  EXPECT_EQ(errorOf(list, kImage),
            "'" + list +
                "' lists no file; write one path of an .npz or .npy file a "
                "line");
}

TEST_F(DataErrors, ListNamesTheLine) {
  std::string list = folder.write("l.txt", "# images\n\nnone.npy\n");
  EXPECT_EQ(errorOf(list, kImage), "'" + list + "' line 3: cannot open '" +
                                       folder.path("none.npy") +
                                       "': No such file or directory");
  list = folder.write("m.txt", "l.txt\n");
  EXPECT_EQ(errorOf(list, kImage)
                .find("'" + list + "' line 1: '" + folder.path("l.txt") +
                      "' is not data that can be read"),
            0u);
}

TEST_F(DataErrors, LaterFileIsFoundWhenOpened) {
  NpyArray good = floats({1, 28, 28}), bad = floats({1, 28, 27});
  folder.write("set/a.npy", npyBytes(good));
  folder.write("set/b.npy", npyBytes(bad));
  auto source = DataSource::open(folder.path("set"), kImage);
  ASSERT_FALSE(bool(source));
  EXPECT_EQ(llvm::toString(source.takeError()),
            "input 'image' in '" + folder.path("set/b.npy") +
                "' is float32[1, 28, 27]; the model takes float32[1, 28, 28]; "
                "its dimension 2 is 27, make it 28");
}

TEST_F(DataErrors, SymbolsDisagree) {
  NpyArray ids = longs({2, 3}), mask = longs({2, 4});
  std::string path = saveNpz(folder.path("a.npz"),
                             {{"input_ids", &ids}, {"attention_mask", &mask}});
  EXPECT_EQ(errorOf(path, {kIds, kMask}),
            inFile("attention_mask") +
                "int64[2, 4]; the model takes int64[batch, seq]; its 'seq' is "
                "4, but 3 in input 'input_ids', and both must be the same");
}

TEST_F(DataErrors, RaggedCounts) {
  NpyArray a = floats({4, 3}), b = floats({3, 3});
  std::string path = saveNpz(folder.path("a.npz"), {{"a", &a}, {"b", &b}});
  InputSpec one{"a", DType::F32, {1, 3}, {}}, two{"b", DType::F32, {1, 3}, {}};
  EXPECT_EQ(errorOf(path, {one, two}),
            inFile("b") +
                "float32[3, 3]; the model takes float32[1, 3]; it is enough "
                "for 3 runs, but input 'a' for 4, and all inputs must agree");
  two.shape[0] = -1;
  EXPECT_EQ(errorOf(path, {one, two}),
            inFile("a") +
                "float32[4, 3]; the model takes float32[1, 3]; it is enough "
                "for 4 runs, but how input 'b' of dynamic first dimension is "
                "to be divided among them is unknown; save one file a run and "
                "give their folder");
}

TEST_F(DataErrors, NaNAndInfinity) {
  NpyArray image = floats({3, 28, 28});
  std::string start = "input 'image' in '" + folder.path("a.npz") + "' has ";
  std::string end = " (sample 2); expected finite numbers; mend or leave out "
                    "that sample";
  image.elements<float>()[2 * 784 + 28 + 5] =
      std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(errorOf(save("image", image), kImage),
            start + "NaN at [2, 1, 5]" + end);
  image.elements<float>()[2 * 784 + 28] =
      -std::numeric_limits<float>::infinity();
  EXPECT_EQ(errorOf(save("image", image), kImage),
            start + "infinity at [2, 1, 0]" + end);
}

TEST_F(DataErrors, NaNInOtherFloats) {
  NpyArray doubles = counting<double>(DType::F64, {2});
  doubles.elements<double>()[1] = std::numeric_limits<double>::infinity();
  EXPECT_NE(errorOf(save("x", doubles), InputSpec{"x", DType::F64, {2}, {}})
                .find("has infinity at [1]"),
            std::string::npos);
  NpyArray halves = counting<uint16_t>(DType::F16, {2});
  halves.elements<uint16_t>()[1] = 0x7e00;
  EXPECT_NE(errorOf(save("x", halves), InputSpec{"x", DType::F16, {2}, {}})
                .find("has NaN at [1]"),
            std::string::npos);
}

/// Whether a feed is all of its file or the file is cut makes no difference.
TEST_F(DataErrors, AFeedThatIsAllOfItsFileIsCheckedToo) {
  NpyArray image = floats({3, 28, 28});
  image.elements<float>()[2 * 784 + 28] =
      std::numeric_limits<float>::infinity();
  std::string path = save("image", image);
  std::string message = errorOf(path, kImage);
  EXPECT_NE(message.find("has infinity at [2, 1, 0] (sample 2)"),
            std::string::npos);
  for (int64_t batch : {-1, 3})
    EXPECT_EQ(
        errorOf(path, InputSpec{"image", DType::F32, {batch, 28, 28}, {}}),
        message);
}

TEST_F(DataErrors, DamagedArchive) {
  for (int64_t samples : {1, 3}) {
    NpyArray image = floats({samples, 28, 28});
    save("image", image);
    std::string bytes = folder.read("a.npz");
    bytes[200] ^= 1; // in the data
    folder.write("a.npz", bytes);
    EXPECT_EQ(errorOf(folder.path("a.npz"), kImage),
              "cannot read array 'image' in '" + folder.path("a.npz") +
                  "': CRC error; save it again with numpy.savez");
  }
}

TEST_F(DataErrors, ModelWithoutInputs) {
  NpyArray image = floats({1});
  EXPECT_EQ(errorOf(save("image", image), {}),
            "the model has no inputs, so it takes no data from '" +
                folder.path("a.npz") + "'");
}

TEST_F(DataErrors, NothingIsTakenFromAFileThatIsBadFurtherOn) {
  NpyArray image = floats({3, 28, 28});
  image.elements<float>()[2 * 28 * 28 + 29] =
      std::numeric_limits<float>::infinity();
  std::string path = folder.write("a.npy", npyBytes(image));
  auto source = DataSource::open(path, kImage);
  ASSERT_TRUE(bool(source));
  EXPECT_EQ(llvm::toString((*source)->next().takeError()),
            "input 'image' in '" + path +
                "' has infinity at [2, 1, 1] (sample 2); expected finite "
                "numbers; mend or leave out that sample");
}

TEST_F(DataErrors, FileThatChangedMeanwhile) {
  NpyArray three = floats({3, 28, 28}), two = floats({2, 28, 28});
  std::string path = folder.write("a.npy", npyBytes(three));
  auto source = DataSource::open(path, kImage);
  ASSERT_TRUE(bool(source));
  folder.write("a.npy", npyBytes(two));
  EXPECT_EQ(llvm::toString((*source)->next().takeError()),
            "'" + path +
                "' changed while it was in use: it had 3 samples and has 2; "
                "run again");
}

} // namespace
