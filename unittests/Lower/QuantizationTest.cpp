//===- QuantizationTest.cpp - compiled quantization against lib/Numerics --===//
//
// Every format, granularity and rounding mode: the integers in storage, what
// dequantize makes of them, and fake_quant, bit for bit against Evaluate.h.
//
//===----------------------------------------------------------------------===//
#include "RunModule.h"

#include "lowbit/Numerics/SmallFloat.h"

#include "mlir/AsmParser/AsmParser.h"

using namespace lowbit;
using namespace lowbit::test;

namespace {
struct Case {
  std::string format;
  Shape shape;
  std::string attributes = "";
  bool isDynamic = false;
  bool hasTensorScale = false;
  /// These, at scale 1, instead of numbers of the generator.
  std::vector<float> values = {};
};

/// Builds one function for many cases.
class QuantizationModule {
public:
  explicit QuantizationModule(unsigned seed) : random(seed) {}

  void add(const Case &c) {
    auto type = mlir::parseType("!lowbit." + c.format, &context());
    ASSERT_TRUE(type) << c.format;
    auto format = mlir::cast<QuantizedTypeInterface>(type);
    Expected wanted{c, format, {}};
    chooseParameters(wanted);
    ParameterIndex index(format.getGranularity(), c.shape);
    std::vector<float> values = c.values;
    for (int64_t i = 0; c.values.empty() && i < countOf(c.shape); ++i)
      values.push_back(
          interestingFloat(random, wanted.parameters.scales[index(i)]));
    RoundingMode mode = roundingOf(c);
    bool saturate = c.attributes.find("saturate = false") == std::string::npos;
    wanted.codes = quantizeTensor(values, c.shape, format, wanted.parameters,
                                  mode, saturate);
    wanted.values =
        dequantizeTensor(wanted.codes, c.shape, format, wanted.parameters);
    std::string x = addInput(c, "f32", arrayOf(c.shape, values));
    emit(c, format, x);
    expected.push_back(std::move(wanted));
  }

  void check() {
    std::string text = "func.func @main(" + arguments + ") -> (" + types +
                       ") {\n" + body + "  return " + results + " : " + types +
                       "\n}\n";
    std::vector<NpyArray> got;
    ASSERT_NO_THROW(got = runModule(text, inputs));
    ASSERT_EQ(got.size(), expected.size() * 3);
    for (auto [i, wanted] : llvm::enumerate(expected)) {
      std::string name = wanted.c.format + " {" + wanted.c.attributes + "}" +
                         (wanted.c.isDynamic ? " dynamic" : "");
      std::vector<char> bytes =
          toStorage(wanted.codes, wanted.c.shape, wanted.format);
      if (isOddWidth(wanted.format))
        EXPECT_EQ(integersOf(got[i * 3]), wanted.codes) << name;
      else
        EXPECT_EQ(got[i * 3].bytes().vec(),
                  std::vector<char>(bytes.begin(), bytes.end()))
            << name;
      EXPECT_TRUE(haveSameBits(got[i * 3 + 1].elements<float>(), wanted.values))
          << "dequantize " << name;
      EXPECT_TRUE(haveSameBits(got[i * 3 + 2].elements<float>(), wanted.values))
          << "fake_quant " << name;
    }
  }

private:
  struct Expected {
    Case c;
    QuantizedTypeInterface format;
    KnownParameters parameters;
    std::vector<int32_t> codes = {};
    std::vector<float> values = {};
  };

  static RoundingMode roundingOf(const Case &c) {
    for (unsigned i = 0; i < 5; ++i) {
      auto mode = static_cast<RoundingMode>(i);
      if (c.attributes.find(stringifyRoundingMode(mode).str()) !=
          std::string::npos)
        return mode;
    }
    return RoundingMode::HalfEven;
  }

  /// Its storage is no type that the host can read.
  static bool isOddWidth(QuantizedTypeInterface format) {
    return !format.getPack() && format.getStorageWidth() % 8 != 0;
  }

  std::string addInput(const Case &c, const std::string &element,
                       NpyArray array) {
    Shape shape(array.shape.begin(), array.shape.end());
    std::string name = "%in" + std::to_string(inputs.size());
    arguments += (inputs.empty() ? "" : ", ") + name + ": " +
                 tensorType(shape, element, c.isDynamic);
    inputs.push_back(std::move(array));
    return name;
  }

  float randomScale() {
    switch (random() % 8) {
    case 0:
      return 0x1p-63f;
    case 1:
      return 1.0f;
    case 2:
      return 3e30f;
    default:
      return std::ldexp(1.0f + float(random() % 0x800000) * 0x1p-23f,
                        int(random() % 12) - 8);
    }
  }

  /// Scales, zero points and the tensor scale, as attributes or inputs.
  void chooseParameters(Expected &wanted) {
    const Case &c = wanted.c;
    GranularityAttr granularity = wanted.format.getGranularity();
    auto sizes = granularity.parameterShape(c.shape);
    Shape shape(sizes.begin(), sizes.end());
    int64_t count = countOf(shape);
    attributes = c.attributes;
    operands.clear();
    KnownParameters &p = wanted.parameters;
    auto attribute = [&](const std::string &text) {
      attributes += (attributes.empty() ? "" : ", ") + text;
    };
    auto operand = [&](const std::string &what, const std::string &value,
                       const Shape &s, const std::string &element) {
      operands += " " + what + "(" + value + " : " +
                  tensorType(s, element, c.isDynamic) + ")";
    };
    if (granularity.getScale().isF32()) {
      for (int64_t i = 0; i < count; ++i)
        p.scales.push_back(c.values.empty() ? randomScale() : 1.0f);
      if (c.isDynamic)
        operand("scale", addInput(c, "f32", arrayOf(shape, p.scales)), shape,
                "f32");
      else
        attribute("scale = " + denseText(shape, "f32", p.scales));
    } else {
      bool isPower = granularity.getScale().getIntOrFloatBitWidth() == 8 &&
                     mlir::isa<mlir::Float8E8M0FNUType>(granularity.getScale());
      const SmallFloat &small = isPower ? kF8E8M0FNU : kF8E4M3FN;
      std::vector<int8_t> codes;
      for (int64_t i = 0; i < count; ++i) {
        // Only scales of the run may be NaN.
        unsigned code = isPower ? 110 + random() % 30 : 1 + random() % 126;
        if (random() % 8 == 0)
          code = isPower ? random() % 255 : 1;
        if (c.isDynamic && random() % 8 == 0)
          code = small.nanCode;
        codes.push_back(static_cast<int8_t>(code));
        p.scales.push_back(decode(static_cast<uint8_t>(code), small));
      }
      std::string element = small.name;
      if (c.isDynamic)
        operand("scale", emitBits(c, shape, element, codes), shape, element);
      else
        attribute("scale = " + denseText(shape, element, codes));
    }
    if (c.hasTensorScale) {
      std::vector<float> factor{0.37f};
      for (float &scale : p.scales)
        scale *= factor[0];
      if (c.isDynamic)
        operand("tensor_scale", addInput(c, "f32", arrayOf({}, factor)), {},
                "f32");
      else
        attribute("tensor_scale = " + denseText({}, "f32", factor));
    }
    auto affine = mlir::dyn_cast<AffineType>(mlir::Type(wanted.format));
    if (!affine)
      return;
    for (int64_t i = 0; i < count; ++i) {
      int64_t span = affine.getMax() - affine.getMin() + 1;
      p.zeroPoints.push_back(int32_t(affine.getMin() + random() % span));
    }
    if (c.isDynamic)
      operand("zero_point", addInput(c, "i32", arrayOf(shape, p.zeroPoints)),
              shape, "i32");
    else
      attribute("zero_point = " + denseText(shape, "i32", p.zeroPoints));
    // Operands have one order.
    if (c.isDynamic && c.hasTensorScale)
      FAIL() << "no affine format here has a tensor scale";
  }

  /// An input of bytes as small floats, which the host cannot pass.
  std::string emitBits(const Case &c, const Shape &shape,
                       const std::string &element,
                       const std::vector<int8_t> &codes) {
    std::string bytes = addInput(c, "i8", arrayOf(shape, codes));
    std::string name = bytes + "f";
    emitElements(name, bytes, shape, c.isDynamic, "i8", element,
                 "arith.bitcast");
    return name;
  }

  void emitElements(const std::string &to, const std::string &from,
                    const Shape &shape, bool isDynamic,
                    const std::string &fromElement,
                    const std::string &toElement, const std::string &op) {
    std::string sizes, loops, iterators;
    for (size_t d = 0; d < shape.size(); ++d) {
      std::string comma = d ? ", " : "";
      loops += comma + "d" + std::to_string(d);
      iterators += comma + "\"parallel\"";
      if (!isDynamic)
        continue;
      std::string size = to + "_" + std::to_string(d);
      body += "  " + size + "i = arith.constant " + std::to_string(d) +
              " : index\n  " + size + " = tensor.dim " + from + ", " + size +
              "i : " + tensorType(shape, fromElement, true) + "\n";
      sizes += comma + size;
    }
    std::string map = "affine_map<(" + loops + ") -> (" + loops + ")>";
    std::string type = tensorType(shape, toElement, isDynamic);
    body += "  " + to + "e = tensor.empty(" + sizes + ") : " + type + "\n  " +
            to + " = linalg.generic {indexing_maps = [" + map + ", " + map +
            "], iterator_types = [" + iterators + "]} ins(" + from + " : " +
            tensorType(shape, fromElement, isDynamic) + ") outs(" + to +
            "e : " + type + ") {\n  ^bb0(%a: " + fromElement +
            ", %o: " + toElement + "):\n    %b = " + op +
            " %a : " + fromElement + " to " + toElement +
            "\n    linalg.yield %b : " + toElement + "\n  } -> " + type + "\n";
  }

  void emit(const Case &c, QuantizedTypeInterface format,
            const std::string &x) {
    std::string number = std::to_string(expected.size());
    std::string q = "%q" + number, d = "%d" + number, f = "%f" + number,
                s = "%s" + number;
    std::string floats = tensorType(c.shape, "f32", c.isDynamic);
    std::string quantized =
        tensorType(c.shape, "!lowbit." + c.format, c.isDynamic);
    // Rounding and saturation are no attributes of dequantize.
    std::string parameters = attributes.substr(c.attributes.size());
    if (!c.attributes.empty() && !parameters.empty())
      parameters = parameters.substr(2);
    auto braces = [](const std::string &list) {
      return list.empty() ? "" : " {" + list + "}";
    };
    body += "  " + q + " = lowbit.quantize " + x + operands +
            braces(attributes) + " : " + floats + " -> " + quantized + "\n  " +
            d + " = lowbit.dequantize " + q + operands + braces(parameters) +
            " : " + quantized + " -> " + floats + "\n  " + f +
            " = lowbit.fake_quant " + x + " as !lowbit." + c.format + operands +
            braces(attributes) + " : " + floats + " -> " + floats + "\n";
    auto sizes = format.getStorageShape(c.shape);
    Shape shape(sizes.begin(), sizes.end());
    unsigned width = format.getStorageWidth();
    std::string element = "i" + std::to_string(format.getPack() ? 8u : width);
    std::string storage = tensorType(shape, element, c.isDynamic);
    body += "  " + s + " = lowbit.storage_cast " + q + " : " + quantized +
            " to " + storage + "\n";
    if (isOddWidth(format)) {
      auto affine = mlir::dyn_cast<AffineType>(mlir::Type(format));
      emitElements(s + "w", s, shape, c.isDynamic, element, "i32",
                   affine && affine.isSigned() ? "arith.extsi" : "arith.extui");
      s += "w";
      storage = tensorType(shape, "i32", c.isDynamic);
    }
    std::string comma = expected.empty() ? "" : ", ";
    results += comma + s + ", " + d + ", " + f;
    types += comma + storage + ", " + floats + ", " + floats;
  }

  std::mt19937 random;
  std::vector<Expected> expected;
  std::vector<NpyArray> inputs;
  std::string arguments, body, results, types, attributes, operands;
};

/// As many functions as there are handfuls of cases.
void checkAll(const std::vector<Case> &cases, unsigned seed) {
  for (size_t begin = 0; begin < cases.size(); begin += 12) {
    QuantizationModule module(seed + unsigned(begin));
    for (size_t i = begin; i < std::min(begin + 12, cases.size()); ++i)
      module.add(cases[i]);
    module.check();
  }
}

/// The neighbours of the middle between any two values that follow each other.
Case aroundMiddles(const std::string &format, std::vector<float> values) {
  std::vector<float> around;
  for (size_t i = 0; i + 1 < values.size(); ++i) {
    auto middle = float((double(values[i]) + double(values[i + 1])) / 2);
    float x = std::nextafter(std::nextafter(middle, -INFINITY), -INFINITY);
    for (int k = 0; k < 5; ++k, x = std::nextafter(x, INFINITY))
      around.push_back(x);
  }
  Shape shape{int64_t(around.size())};
  return {format, shape, "", false, false, around};
}

TEST(LowerQuantization, AroundTheMiddles) {
  std::vector<Case> cases;
  for (const SmallFloat *format : kSmallFloats) {
    if (!format->isSigned)
      continue;
    std::vector<float> values;
    for (int code = format->maxCode; code > 0; --code)
      values.push_back(-decode(uint8_t(code), *format));
    for (int code = 0; code <= format->maxCode; ++code)
      values.push_back(decode(uint8_t(code), *format));
    std::string name = std::string("float<") + format->name + ">";
    cases.push_back(aroundMiddles(name, values));
    cases.push_back(cases.back());
    cases.back().attributes = "saturate = false";
  }
  for (std::string name :
       {"codebook<nf4>", "codebook<[-1.0, -0.25, 0.25, 1.0]>",
        "codebook<[-1.0, -0.0, 1.0e-45, 3.0e38]>",
        "codebook<[-3.0e38, -1.0e-45, 1.0, 1.0000001]>",
        "codebook<[-9.0, -8.0, -7.5, -6.25, -5.1, -4.2, -3.3, -2.4, -1.5, "
        "-0.6, -0.5, -0.4, -0.3, -0.2, -0.1, 0.0, 0.7, 1.7, 2.7, 3.7, 4.7, "
        "5.7, 6.7, 7.7, 8.7, 9.7, 10.7, 11.7, 12.7, 13.7, 14.7, 15.7]>"}) {
    auto type = mlir::cast<CodebookType>(
        mlir::parseType("!lowbit." + name, &context()));
    llvm::ArrayRef<float> values = type.getValues().asArrayRef();
    cases.push_back(aroundMiddles(name, values.vec()));
  }
  checkAll(cases, 6);
}

TEST(LowerQuantization, EveryAffineWidthAndGranularity) {
  std::vector<Case> cases;
  unsigned number = 0;
  for (unsigned width = 2; width <= 16; ++width)
    for (const char *sign : {"i", "ui"}) {
      const char *rest[] = {"", ", axis = 1", ", block = [2, 8]",
                            ", block = [*, 5]", ", axis = 0"};
      std::string storage = sign + std::to_string(width);
      cases.push_back({"affine<" + storage + rest[number % 5] + ">",
                       {5, 24},
                       "",
                       number % 2 == 1});
      ++number;
    }
  cases.push_back({"affine<i8, -127:127, axis = 1>", {7, 33}});
  cases.push_back({"affine<i8>", {}});
  cases.push_back({"affine<ui8>", {0, 3}, "", true});
  checkAll(cases, 1);
}

TEST(LowerQuantization, RoundingAndWrapping) {
  std::vector<Case> cases;
  for (const char *mode :
       {"half_even", "half_away", "half_up", "toward_zero", "floor"}) {
    std::string rounding =
        std::string("rounding = #lowbit.rounding<") + mode + ">";
    cases.push_back({"affine<i8>", {400}, rounding});
    cases.push_back({"affine<ui16, axis = 0>", {9, 40}, rounding, true});
    cases.push_back({"affine<i4>", {400}, rounding + ", saturate = false"});
    cases.push_back({"affine<ui8, axis = 1>",
                     {20, 7},
                     rounding + ", saturate = false",
                     true});
    cases.push_back(
        {"affine<i8, -2:1>", {300}, rounding + ", saturate = false"});
  }
  checkAll(cases, 2);
}

TEST(LowerQuantization, SmallFloats) {
  std::vector<Case> cases;
  for (const char *element :
       {"f8E4M3FN", "f8E5M2", "f6E3M2FN", "f6E2M3FN", "f4E2M1FN"}) {
    std::string name = std::string("float<") + element;
    cases.push_back({name + ">", {600}});
    cases.push_back({name + ", axis = 1>", {30, 7}, "saturate = false", true});
    cases.push_back({name + ", block = [1, 32], scale = f8E8M0FNU>", {4, 80}});
    cases.push_back(
        {name + ", block = [32, 1], scale = f8E8M0FNU>", {70, 3}, "", true});
    cases.push_back({name + ", block = [1, 16], scale = f8E4M3FN>",
                     {5, 32},
                     "",
                     false,
                     true});
    cases.push_back({name + ", block = [16, *], scale = f8E4M3FN>",
                     {40, 5},
                     "",
                     true,
                     true});
  }
  checkAll(cases, 3);
}

TEST(LowerQuantization, Codebooks) {
  // More than 16 values are found by search.
  std::string many;
  for (int i = 0; i < 64; ++i)
    many += (i ? ", " : "") + std::to_string(i * i * 0.01 - 5.0);
  checkAll({{"codebook<nf4>", {500}},
            {"codebook<nf4, block = [64, 1]>", {100, 3}, "", true},
            {"codebook<[-1.0, -0.25, 0.25, 1.0]>", {300}},
            {"codebook<[-1.0, -0.0, 1.0e-45, 3.0e38], axis = 0>", {4, 90}},
            {"codebook<[" + many + "]>", {500}},
            {"codebook<[" + many + "], axis = 1>", {60, 4}, "", true}},
           4);
}

TEST(LowerQuantization, Packing) {
  std::vector<Case> cases;
  for (unsigned width = 2; width <= 7; ++width)
    for (int dim : {0, 1}) {
      std::string format = std::string("affine<") + (width % 2 ? "ui" : "i") +
                           std::to_string(width) +
                           ", pack = " + std::to_string(dim) + ">";
      cases.push_back(
          {format, dim ? Shape{3, 16} : Shape{24, 5}, "", width % 3 == 0});
    }
  cases.push_back({"affine<i4, -7:7, block = [32, 1], pack = 0>", {64, 6}});
  cases.push_back({"float<f4E2M1FN, block = [1, 32], scale = f8E8M0FNU, "
                   "pack = 1>",
                   {4, 64},
                   "",
                   true});
  cases.push_back({"float<f6E3M2FN, pack = 1>", {2, 4, 5}});
  cases.push_back({"codebook<nf4, block = [64, 1], pack = 0>", {128, 3}});
  checkAll(cases, 5);
}
} // namespace
