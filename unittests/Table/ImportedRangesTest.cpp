//===- ImportedRangesTest.cpp - ranges that other tools chose -------------===//
//
// Checks each version of AIMET's encodings and each form of ONNX Runtime's
// calibration JSON, what they leave out, and each contradiction.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Table/CalibrationTable.h"
#include "gtest/gtest.h"

#include <random>

using namespace lowbit;

namespace {

CalibrationTable parse(llvm::StringRef text) {
  auto table = CalibrationTable::parse(text, "e.json");
  EXPECT_TRUE(bool(table)) << text.str();
  if (table)
    return std::move(*table);
  ADD_FAILURE() << llvm::toString(table.takeError());
  return {};
}

/// Without the file before and the advice behind.
std::string errorOf(llvm::StringRef text) {
  auto table = CalibrationTable::parse(text, "e.json");
  if (table)
    return "";
  std::string message = llvm::toString(table.takeError());
  llvm::StringRef rest = message;
  EXPECT_TRUE(rest.consume_front("'e.json': ")) << message;
  EXPECT_NE(rest.find("; "), llvm::StringRef::npos) << message;
  return rest.rsplit("; ").first.str();
}

std::string replaced(std::string text, const std::string &from,
                     const std::string &to) {
  size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// One change of a text, and the error that it makes.
struct Change {
  const char *from, *to, *error;
};
void expectErrors(const char *text, std::initializer_list<Change> changes) {
  for (const auto &[from, to, error] : changes)
    EXPECT_EQ(errorOf(replaced(text, from, to)), error);
}

using Notes = std::vector<std::string>;

//===----------------------------------------------------------------------===//
// AIMET
//===----------------------------------------------------------------------===//

const char *kAimet06 = R"({
  "version": "0.6.1",
  "activation_encodings": {
    "20": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "False",
            "max": 2.6086959838867188, "min": -2.109158515930176,
            "offset": -114.0, "scale": 0.018501389771699905}],
    "21": [{"bitwidth": 8, "dtype": "int", "is_symmetric": "True",
            "max": 1.27, "min": -1.27, "offset": -127, "scale": 0.01}],
    "22": [{"bitwidth": 16, "dtype": "float"}]
  },
  "param_encodings": {
    "conv.weight": [{"bitwidth": 8}, {"bitwidth": 8}], "fc.weight": []
  },
  "quantizer_args": {"activation_bitwidth": 8}
})";

TEST(AimetEncodings, Version06) {
  CalibrationTable table = parse(kAimet06);
  EXPECT_EQ(table.source, "aimet");
  ASSERT_EQ(table.ranges.size(), 2u);
  EXPECT_EQ(
      table.ranges.at("20"),
      (ImportedRange{-2.109158515930176f, 2.6086959838867188f, 8, false}));
  EXPECT_EQ(table.ranges.at("21"), (ImportedRange{-1.27f, 1.27f, 8, true}));
  EXPECT_EQ(
      table.notes,
      (Notes{"1 encoding ('22') of floats not used: they hold no range "
             "of integers",
             "2 encodings ('conv.weight', 'fc.weight') of parameters not used: "
             "weights choose their own ranges"}));
}

TEST(AimetEncodings, Version04CountsOffsetsFromTheOtherEnd) {
  CalibrationTable table = parse(R"({"activation_encodings": {"relu:0": [
      {"bitwidth": 8, "is_symmetric": "False", "max": 2.184721499681473,
       "min": -0.10788747668266296, "offset": 11,
       "scale": 0.0089906234367221}]}, "param_encodings": {}})");
  EXPECT_EQ(
      table.ranges.at("relu:0"),
      (ImportedRange{-0.10788747668266296f, 2.184721499681473f, 8, false}));
  EXPECT_EQ(table.notes, Notes{});
}

TEST(AimetEncodings, ChannelsBecomeOneRange) {
  CalibrationTable table = parse(R"({"version": "0.6.1",
    "activation_encodings": {"x": [
      {"bitwidth": 4, "min": -1, "max": 0.5, "offset": -10, "scale": 0.1},
      {"bitwidth": 4, "min": -0.5, "max": 2.5, "offset": -2.5, "scale": 0.2}
    ]}})");
  EXPECT_EQ(table.ranges.at("x"), (ImportedRange{-1, 2.5, 4, std::nullopt}));
  EXPECT_EQ(table.notes,
            Notes{"1 encoding ('x') with a range for each channel: "
                  "one that covers all is used"});
}

// Of many, eight are named.
TEST(AimetEncodings, ManyFloats) {
  std::string text = R"({"version": "0.6.1", "activation_encodings": {)";
  for (char name = 'a'; name < 'a' + 10; ++name)
    text += std::string(name == 'a' ? "" : ", ") + "\"" + name +
            R"(": [{"bitwidth": 16, "dtype": "float"}])";
  EXPECT_EQ(parse(text + "}}").notes,
            Notes{"10 encodings ('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h' and 2 "
                  "more) of floats not used: they hold no range of integers"});
}

TEST(AimetEncodings, Contradictions06) {
  expectErrors(
      kAimet06,
      {{R"("scale": 0.01})", R"("scale": 0.02})",
        "activation_encodings.21[0].scale: is 0.02, and 'min' and 'max' are "
        "2.54 apart, which 255 steps make 0.00996078431372549"},
       // Without symmetry every step is used.
       {R"("True")", R"("False")",
        "activation_encodings.21[0].scale: is 0.01, and 'min' and 'max' are "
        "2.54 apart, which 255 steps make 0.00996078431372549"},
       {R"("offset": -127)", R"("offset": -100)",
        "activation_encodings.21[0].offset: is -100, and 'min' is -127 times "
        "'scale'"},
       {R"("max": 1.27)", R"("max": -2)",
        "activation_encodings.21[0].scale: is 0.01, and 'min' and 'max' are "
        "-0.73 apart, which 255 steps make -0.0028627450980392155"},
       {R"("bitwidth": 8)", R"("bitwidth": 64)",
        "activation_encodings.20[0].bitwidth: is 64, expected 2 to 32"},
       {R"("dtype": "int")", R"("typ": 1)",
        "activation_encodings.20[0]: has an unknown key 'typ'; did you mean "
        "'dtype'?"},
       {R"("True")", R"("yes")",
        "activation_encodings.21[0].is_symmetric: is 'yes', expected 'True' or "
        "'False'"},
       {R"("0.6.1")", R"("3.0.0")",
        "version: is '3.0.0', and versions 0.x, 1.x and 2.x of AIMET's "
        "encodings are read"}});
  EXPECT_EQ(errorOf(R"({"version": "0.6.1", "activation_encodings":
                        {"conv1": {"input": {"0": {}}}}})"),
            "activation_encodings.conv1: is an object, expected a list with an "
            "encoding (a file by torch module names is none: use that of ONNX "
            "names)");
}

const char *kAimet1 = R"({
  "version": "1.0.0",
  "activation_encodings": [
    {"name": "x", "enc_type": "PER_TENSOR", "dtype": "INT", "bw": 8,
     "is_sym": false, "scale": [0.5], "offset": [-100]},
    {"name": "y", "enc_type": "PER_CHANNEL", "dtype": "INT", "bw": 8,
     "is_sym": true, "scale": [0.5, 0.25], "offset": [-128, -128]},
    {"name": "z", "enc_type": "PER_TENSOR", "dtype": "FLOAT", "bw": 16}
  ],
  "param_encodings": [{"name": "w"}],
  "excluded_layers": [],
  "quantizer_args": {}
})";

TEST(AimetEncodings, Version1) {
  CalibrationTable table = parse(kAimet1);
  ASSERT_EQ(table.ranges.size(), 2u);
  EXPECT_EQ(table.ranges.at("x"), (ImportedRange{-50, 77.5, 8, false}));
  EXPECT_EQ(table.ranges.at("y"), (ImportedRange{-64, 63.5, 8, true}));
  EXPECT_EQ(table.notes,
            (Notes{"1 encoding ('z') of floats not used: they hold no range of "
                   "integers",
                   "1 encoding ('w') of parameters not used: weights choose "
                   "their own ranges",
                   "1 encoding ('y') with a range for each channel: one that "
                   "covers all is used"}));
}

TEST(AimetEncodings, Contradictions1) {
  expectErrors(
      kAimet1,
      {{"[0.5]", "[0.5, 0.5]",
        "activation_encodings[0].scale: has 2 elements and 'offset' 1, "
        "expected as many of each, one"},
       {"[0.5]", "[-0.5]",
        "activation_encodings[0].scale: is -0.5 with offset -100, expected a "
        "positive number with an integer"},
       {"PER_TENSOR", "LPBQ",
        "activation_encodings[0].enc_type: is 'LPBQ', expected 'PER_TENSOR', "
        "'PER_CHANNEL' or 'PER_BLOCK' of an activation"},
       {R"("name": "y")", R"("name": "x")",
        "activation_encodings[1].name: 'x' is there twice"},
       {"[0.5]", "[1e37]",
        "activation_encodings[0]: has the range -9.999999933815813e+38 to "
        "1.549999989741451e+39, expected finite floats in order"},
       {R"("is_sym": false, )", "",
        "activation_encodings[0]: lacks the key 'is_sym'"}});
}

const char *kAimet2 = R"({
  "version": "2.0.0",
  "encodings": [
    {"name": "x", "output_dtype": "uint8", "y_scale": 0.5, "y_zero_point": 41},
    {"name": "y", "output_dtype": "int16", "y_scale": 1},
    {"name": "w", "output_dtype": "int4", "y_scale": [[0.5], [1]], "axis": 1,
     "block_size": 32},
    {"name": "b", "output_dtype": "int32", "y_scale": 0.5},
    {"name": "f", "output_dtype": "float8e4m3fn", "y_scale": 0.5}
  ]
})";

TEST(AimetEncodings, Version2) {
  CalibrationTable table = parse(kAimet2);
  ASSERT_EQ(table.ranges.size(), 2u);
  EXPECT_EQ(table.ranges.at("x"), (ImportedRange{-20.5, 107, 8, false, true}));
  EXPECT_EQ(table.ranges.at("y"),
            (ImportedRange{-32768, 32767, 16, true, true}));
  EXPECT_EQ(table.notes,
            (Notes{"1 encoding ('f') of floats not used: they hold no range of "
                   "integers",
                   "2 encodings ('w', 'b') of parameters not used: weights "
                   "choose their own ranges"}));
  expectErrors(
      kAimet2,
      {{"41", "256",
        "encodings[0].y_zero_point: is 256 with scale 0.5, expected an integer "
        "from 0 to 255 with a positive number"},
       {"uint8", "u8",
        "encodings[0].output_dtype: is 'u8', expected one such as 'int8', "
        "'uint16' or 'float8e4m3fn'"}});
}

//===----------------------------------------------------------------------===//
// ONNX Runtime
//===----------------------------------------------------------------------===//

const char *kOnnxRuntime = R"({"CLS": "TensorsData", "data": {
  "x": {"lowest": {"data": [-2.5556650161743164], "dtype": "float32",
                   "CLS": "numpy.array"},
        "highest": {"data": 2.040919065475464, "dtype": "float32",
                    "CLS": "numpy.array"}, "CLS": "TensorData"},
  "y": {"lowest": -1.5, "highest": 0.5, "CLS": "TensorData",
        "hist": {"data": [0, 1], "dtype": "int64", "CLS": "numpy.array"},
        "bins": {"data": [0, 1, 2], "dtype": "float32", "CLS": "numpy.array"}},
  "z": {"lowest": {"data": [[-1, -3]], "dtype": "float32",
                   "CLS": "numpy.array"},
        "highest": {"data": [[2, 0]], "dtype": "float32",
                    "CLS": "numpy.array"}, "CLS": "TensorData"}},
  "calibration_method": {"CLS": "CalibrationMethod",
                         "value": "CalibrationMethod.MinMax"},
  "smooth_quant": false})";

TEST(OnnxRuntimeRanges, TensorsData) {
  CalibrationTable table = parse(kOnnxRuntime);
  EXPECT_EQ(table.source, "onnxruntime");
  ASSERT_EQ(table.ranges.size(), 3u);
  EXPECT_EQ(table.ranges.at("x"),
            (ImportedRange{-2.5556650161743164f, 2.040919065475464f}));
  EXPECT_EQ(table.ranges.at("y"), (ImportedRange{-1.5, 0.5}));
  EXPECT_EQ(table.ranges.at("z"), (ImportedRange{-3, 2}));
  EXPECT_EQ(table.notes, Notes{"data.z: the ranges of its 2 channels became "
                               "one that covers them"});
}

TEST(OnnxRuntimeRanges, OlderForms) {
  for (const char *text :
       {R"({"x": [-1.5, 2], "a b": [0, 1]})",
        R"({"x": {"CLS": "TensorData", "lowest": -1.5, "highest": 2},
            "a b": {"CLS": "TensorData", "lowest": 0, "highest": 1}})"}) {
    CalibrationTable table = parse(text);
    EXPECT_EQ(table.source, "onnxruntime");
    ASSERT_EQ(table.ranges.size(), 2u);
    EXPECT_EQ(table.ranges.at("x"), (ImportedRange{-1.5, 2}));
    EXPECT_EQ(table.ranges.at("a b"), (ImportedRange{0, 1}));
  }
}

TEST(OnnxRuntimeRanges, Refused) {
  expectErrors(
      kOnnxRuntime,
      {{"-1.5", "1.5", "data.y: has a lowest value 1.5 above the highest, 0.5"},
       {"-1.5", R"("low")",
        "data.y.lowest: is 'low', expected a finite number"},
       {"[[2, 0]]", "[]", "data.z.highest: has no numbers"},
       {"[[2, 0]]", "[2]",
        "data.z: has 2 lowest and 1 highest values, expected as many of each"},
       {"TensorsData", "Tensors",
        "CLS: is 'Tensors', expected 'TensorsData'"}});
  EXPECT_EQ(errorOf(R"({"CLS": "TensorsData", "data": {}})"),
            "data: has no tensors");
  EXPECT_EQ(errorOf(R"({"x": [1]})"),
            "x: has 1 element, expected the lowest and the highest value");
  EXPECT_EQ(errorOf(R"({"x": 7})"), "x: is 7, expected an object");
}

//===----------------------------------------------------------------------===//
// All
//===----------------------------------------------------------------------===//

TEST(ImportedRanges, AreWrittenAndReadBack) {
  for (const char *text : {kAimet06, kAimet1, kAimet2, kOnnxRuntime}) {
    CalibrationTable table = parse(text);
    std::string written;
    llvm::raw_string_ostream os(written);
    table.print(os);
    CalibrationTable back = parse(written);
    EXPECT_EQ(back.source, table.source);
    EXPECT_EQ(back.ranges, table.ranges);
  }
}

TEST(ImportedRanges, RandomDamageIsAnErrorAtMost) {
  std::mt19937 random(5);
  const char *pieces[] = {"0",     "-",    "\"", "{",  "}",    "[",  "]",   ",",
                          "1e400", "null", "[]", "{}", "true", "-1", "1e30"};
  for (const char *text : {kAimet06, kAimet1, kAimet2, kOnnxRuntime})
    for (int i = 0; i < 1500; ++i) {
      std::string damaged = text;
      for (int k = random() % 3; k >= 0; --k) {
        size_t at = random() % damaged.size();
        if (random() % 2)
          damaged.erase(at, random() % 40);
        else
          damaged.replace(at, random() % 8,
                          pieces[random() % std::size(pieces)]);
      }
      auto table = CalibrationTable::parse(damaged, "e.json");
      if (!table) {
        EXPECT_EQ(llvm::toString(table.takeError()).find("'e.json': "), 0u);
        continue;
      }
      for (const auto &[name, range] : table->ranges)
        EXPECT_LE(range.min, range.max);
    }
}

} // namespace
