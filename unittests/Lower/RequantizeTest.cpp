//===- RequantizeTest.cpp - compiled requantize against lib/Numerics ------===//
//
// Both arithmetics on every type of operand, over tensors, along an axis and on
// scalars in a body.
//
//===----------------------------------------------------------------------===//
#include "RunModule.h"

#include "lowbit/Numerics/Requantize.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {
struct Output {
  std::string format;
  StorageRange range;
};
const Output kOutputs[] = {{"affine<i8>", {-128, 127}},
                           {"affine<ui8>", {0, 255}},
                           {"affine<i4, -7:7>", {-7, 7}},
                           {"affine<i16>", {-32768, 32767}}};

/// As attributes spell it.
std::string roundingName(Rounding mode) {
  static const char *const names[] = {"half_even", "half_away", "half_up",
                                      "toward_zero", "floor"};
  return names[int(mode)];
}

int32_t interestingSum(std::mt19937 &random) {
  switch (random() % 4) {
  case 0: {
    static const int32_t ends[] = {INT32_MIN, INT32_MIN + 1, -1,       0,
                                   1,         INT32_MAX - 1, INT32_MAX};
    return ends[random() % std::size(ends)];
  }
  case 1:
    return int32_t(random());
  case 2: // ties of powers of two
    return (int32_t(random() % 4096) - 2048) * 64 + 32;
  default:
    return int32_t(random() % 200000) - 100000;
  }
}

/// Codes as the tensor that the storage cast of `format` gives.
std::string castResult(const std::string &name, const std::string &format,
                       const std::string &shape) {
  // The host reads no i4.
  bool isNibble = format.find("i4") != std::string::npos;
  bool isWord = format.find("i16") != std::string::npos;
  std::string plain = isNibble ? "i4" : isWord ? "i16" : "i8";
  return "  " + name + "c = lowbit.storage_cast " + name + " : tensor<" +
         shape + "x!lowbit." + format + "> to tensor<" + shape + "x" + plain +
         ">\n  " + name + "e = tensor.empty() : tensor<" + shape + "xi32>\n  " +
         name +
         "w = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, n)>, "
         "affine_map<(m, n) -> (m, n)>], iterator_types = [\"parallel\", "
         "\"parallel\"]} ins(" +
         name + "c : tensor<" + shape + "x" + plain + ">) outs(" + name +
         "e : tensor<" + shape + "xi32>) {\n  ^bb0(%a: " + plain +
         ", %o: i32):\n    %b = arith." +
         (format.find("ui") != std::string::npos ? "extui" : "extsi") +
         " %a : " + plain + " to i32\n    linalg.yield %b : i32\n  } -> " +
         "tensor<" + shape + "xi32>\n";
}

constexpr int64_t kRows = 96, kColumns = 5;
const std::string kShape = "96x5";

TEST(LowerRequantize, Float) {
  std::mt19937 random(11);
  std::string body, results, types;
  std::vector<std::vector<int32_t>> wanted;
  std::vector<int32_t> sums;
  for (int64_t i = 0; i < kRows * kColumns; ++i)
    sums.push_back(interestingSum(random));
  std::vector<float> dynamicScales;
  for (int64_t i = 0; i < kColumns; ++i)
    dynamicScales.push_back(
        std::ldexp(1.0f + float(random() % 97) / 97, -int(random() % 16)));
  int32_t dynamicZero = -3;
  unsigned number = 0;
  for (const Output &output : kOutputs)
    for (Rounding mode : kRoundings)
      for (int kind : {0, 1, 2}) { // one number, along an axis, of the run
        bool isAxis = kind != 0;
        std::vector<float> scales = dynamicScales;
        if (kind == 0)
          scales.assign(1, number % 3 ? 0.013f : 0x1p-6f);
        int32_t zero = output.range.min + int32_t(random() % 15);
        if (kind == 2)
          zero = output.range.min < 0 ? dynamicZero : 5;
        std::string attributes =
            "rounding = #lowbit.rounding<" + roundingName(mode) + ">";
        std::string operands;
        bool isRunZero = kind == 2 && output.range.min < 0;
        if (isAxis)
          attributes += ", axis = 1";
        if (kind == 2)
          operands = " scale(%s : tensor<5xf32>)";
        else
          attributes +=
              ", scale = " +
              denseText(isAxis ? Shape{kColumns} : Shape{}, "f32", scales);
        if (isRunZero)
          operands += " zero_point(%z : tensor<i32>)";
        else
          attributes += ", zero_point = dense<" + std::to_string(zero) +
                        "> : tensor<i32>";
        std::string name = "%q" + std::to_string(number++);
        body += "  " + name + " = lowbit.requantize %x" + operands + " {" +
                attributes + "} : tensor<" + kShape + "xi32> -> tensor<" +
                kShape + "x!lowbit." + output.format + ">\n" +
                castResult(name, output.format, kShape);
        results += (results.empty() ? "" : ", ") + name + "w";
        types += (types.empty() ? "" : ", ") + ("tensor<" + kShape + "xi32>");
        wanted.emplace_back();
        for (size_t i = 0; i < sums.size(); ++i)
          wanted.back().push_back(requantize(sums[i], 0,
                                             scales[isAxis ? i % kColumns : 0],
                                             zero, output.range, mode));
      }
  std::string text =
      "func.func @main(%x: tensor<96x5xi32>, %s: tensor<5xf32>, %z: "
      "tensor<i32>) -> (" +
      types + ") {\n" + body + "  return " + results + " : " + types + "\n}\n";
  std::vector<NpyArray> inputs;
  inputs.push_back(arrayOf({kRows, kColumns}, sums));
  inputs.push_back(arrayOf({kColumns}, dynamicScales));
  inputs.push_back(arrayOf({}, std::vector<int32_t>{dynamicZero}));
  std::vector<NpyArray> got = runModule(text, inputs);
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(integersOf(got[i]), wanted[i]) << i;
}

TEST(LowerRequantize, FixedPointOnEveryOperand) {
  std::mt19937 random(12);
  std::string body, arguments, results, types;
  std::vector<std::vector<int32_t>> wanted;
  std::vector<NpyArray> inputs;
  struct Input {
    std::string type;
    int32_t low, high, zero;
  };
  const Input kInputs[] = {{"i32", 0, 0, 0},
                           {"i16", -32768, 32767, -7},
                           {"i8", -128, 127, 127},
                           {"!lowbit.affine<ui8, axis = 1>", 0, 255, 200},
                           {"!lowbit.affine<ui16>", 0, 65535, 65535},
                           {"!lowbit.affine<i4>", -8, 7, -8}};
  unsigned number = 0;
  for (const Input &input : kInputs) {
    std::vector<int32_t> values;
    for (int64_t i = 0; i < kRows * kColumns; ++i)
      values.push_back(
          input.high == 0
              ? interestingSum(random)
              : input.low + int32_t(random() % (input.high - input.low + 1)));
    std::string id = std::to_string(inputs.size());
    std::string x = "%x" + id;
    bool isWord = input.type.find("16") != std::string::npos;
    std::string plain = input.high == 0 ? "i32" : isWord ? "i16" : "i8";
    arguments += (inputs.empty() ? "" : ", ") + x + ": tensor<" + kShape + "x" +
                 plain + ">";
    if (input.high == 0)
      inputs.push_back(arrayOf({kRows, kColumns}, values));
    else if (isWord)
      inputs.push_back(
          arrayOf({kRows, kColumns},
                  std::vector<int16_t>(values.begin(), values.end())));
    else
      inputs.push_back(
          arrayOf({kRows, kColumns},
                  std::vector<int8_t>(values.begin(), values.end())));
    if (input.type[0] == '!') {
      std::string from = plain;
      if (input.type.find("i4") != std::string::npos) {
        body += "  %t" + id + "e = tensor.empty() : tensor<96x5xi4>\n  %t" +
                id +
                " = linalg.generic {indexing_maps = [affine_map<(m, n) -> (m, "
                "n)>, affine_map<(m, n) -> (m, n)>], iterator_types = "
                "[\"parallel\", \"parallel\"]} ins(" +
                x + " : tensor<96x5xi8>) outs(%t" + id +
                "e : tensor<96x5xi4>) {\n  ^bb0(%a: i8, %o: i4):\n    %b = "
                "arith.trunci %a : i8 to i4\n    linalg.yield %b : i4\n  } -> "
                "tensor<96x5xi4>\n";
        x = "%t" + id;
        from = "i4";
      }
      body += "  %c" + id + " = lowbit.storage_cast " + x + " : tensor<" +
              kShape + "x" + from + "> to tensor<" + kShape + "x" + input.type +
              ">\n";
      x = "%c" + id;
    }
    for (const Output &output : kOutputs)
      for (FixedRounding mode : {FixedRounding::Single, FixedRounding::Double})
        for (bool isAxis : {false, true}) {
          std::vector<int32_t> multipliers;
          std::vector<int8_t> shifts;
          for (int64_t i = 0; i < (isAxis ? kColumns : 1); ++i) {
            multipliers.push_back(int32_t(random() & 0x7fffffff));
            shifts.push_back(int8_t(2 + random() % 61));
            if (random() % 3 == 0)
              shifts.back() = int8_t(30 + random() % 10);
          }
          // The example of TOSA's double rounding that differs.
          if (!isAxis && number % 2 == 0) {
            multipliers[0] = 1583594044;
            shifts[0] = 40;
          }
          int32_t zero = output.range.min + int32_t(random() % 15);
          Shape shape = isAxis ? Shape{kColumns} : Shape{};
          std::string name = "%q" + std::to_string(number++);
          body += "  " + name + " = lowbit.requantize " + x + " {" +
                  (isAxis ? "axis = 1, " : "") +
                  "multiplier = " + denseText(shape, "i32", multipliers) +
                  ", shift = " + denseText(shape, "i8", shifts) +
                  ", fixed_rounding = #lowbit.fixed_rounding<" +
                  (mode == FixedRounding::Double ? "double_round"
                                                 : "single_round") +
                  ">, input_zero_point = " + std::to_string(input.zero) +
                  " : i32, zero_point = dense<" + std::to_string(zero) +
                  "> : tensor<i32>} : tensor<" + kShape + "x" + input.type +
                  "> -> tensor<" + kShape + "x!lowbit." + output.format +
                  ">\n" + castResult(name, output.format, kShape);
          results += (results.empty() ? "" : ", ") + name + "w";
          types += (types.empty() ? "" : ", ") + ("tensor<" + kShape + "xi32>");
          wanted.emplace_back();
          for (size_t i = 0; i < values.size(); ++i) {
            size_t c = isAxis ? i % kColumns : 0;
            wanted.back().push_back(requantizeFixed(values[i], input.zero,
                                                    {multipliers[c], shifts[c]},
                                                    mode, zero, output.range));
          }
        }
  }
  std::string text = "func.func @main(" + arguments + ") -> (" + types +
                     ") {\n" + body + "  return " + results + " : " + types +
                     "\n}\n";
  std::vector<NpyArray> got = runModule(text, inputs);
  ASSERT_EQ(got.size(), wanted.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_EQ(integersOf(got[i]), wanted[i]) << i;
}

TEST(LowerRequantize, ScalarsInABody) {
  std::mt19937 random(13);
  std::vector<int32_t> sums, wanted;
  std::vector<float> values, wantedValues;
  for (int i = 0; i < 400; ++i) {
    sums.push_back(interestingSum(random));
    wanted.push_back(requantize(sums.back(), 0, 0.02f, 4, {0, 255}));
    values.push_back(interestingFloat(random, 0.25f));
  }
  context();
  auto format = mlir::cast<QuantizedTypeInterface>(mlir::Type(
      SmallFloatType::get(&context(), mlir::Float8E4M3FNType::get(&context()),
                          GranularityAttr::get(&context()), std::nullopt)));
  KnownParameters p{{0.25f}, {}};
  for (float x : values)
    wantedValues.push_back(dequantizeElement(
        quantizeElement(x, format, p, 0, RoundingMode::HalfEven, true), format,
        p, 0));
  std::vector<NpyArray> inputs;
  inputs.push_back(arrayOf({400}, sums));
  inputs.push_back(arrayOf({400}, values));
  std::vector<NpyArray> got = runModule(R"(
func.func @main(%x: tensor<400xi32>, %v: tensor<400xf32>) -> (tensor<400xi8>, tensor<400xf32>) {
  %e = tensor.empty() : tensor<400xi8>
  %f = tensor.empty() : tensor<400xf32>
  %scale = arith.constant 0.25 : f32
  %q, %d = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> (i)>],
      iterator_types = ["parallel"]} ins(%x, %v : tensor<400xi32>, tensor<400xf32>) outs(%e, %f : tensor<400xi8>, tensor<400xf32>) {
  ^bb0(%a: i32, %b: f32, %o: i8, %p: f32):
    %r = lowbit.requantize %a {scale = dense<0.02> : tensor<f32>, zero_point = dense<4> : tensor<i32>} : i32 -> !lowbit.affine<ui8>
    %c = lowbit.storage_cast %r : !lowbit.affine<ui8> to i8
    %s = lowbit.quantize %b scale(%scale : f32) : f32 -> !lowbit.float<f8E4M3FN>
    %t = lowbit.dequantize %s {scale = dense<0.25> : tensor<f32>} : !lowbit.float<f8E4M3FN> -> f32
    linalg.yield %c, %t : i8, f32
  } -> (tensor<400xi8>, tensor<400xf32>)
  return %q, %d : tensor<400xi8>, tensor<400xf32>
}
)",
                                        inputs);
  for (int i = 0; i < 400; ++i)
    EXPECT_EQ(uint8_t(got[0].elements<int8_t>()[i]), wanted[i]) << sums[i];
  EXPECT_TRUE(haveSameBits(got[1].elements<float>(), wantedValues));
}
} // namespace
