//===- Formats.cpp - random formats with their parameters -----------------===//
//
// Every storage, range, granularity and kind of scale, and every place where a
// parameter can be.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"

#include "lowbit/Numerics/SmallFloat.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

static void append(std::string &list, const std::string &text) {
  list += (list.empty() ? "" : ", ") + text;
}

std::string FunctionText::addArgument(const std::string &type, NpyArray array) {
  std::string name = "%a" + std::to_string(inputs.size());
  append(arguments, name + ": " + type);
  inputs.push_back(std::move(array));
  return name;
}

std::string FunctionText::add(const std::string &operation, int64_t results) {
  std::string name = "%v" + std::to_string(count++);
  body += "  " + name + (results > 1 ? ":" + std::to_string(results) : "") +
          " = " + operation + "\n";
  return name;
}

void FunctionText::addResult(const std::string &value,
                             const std::string &type) {
  append(values, value);
  append(types, type);
}

Case FunctionText::finish() {
  Case result;
  result.inputs = std::move(inputs);
  result.module = "func.func @main(" + arguments + ") -> (" + types + ") {\n" +
                  body + "  return " + values + " : " + types + "\n}\n";
  return result;
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

Format makeAffine(Random &random, unsigned minWidth, unsigned maxWidth) {
  Format format;
  format.isAffine = true;
  format.width = maxWidth >= 8 && random.oneIn(2)
                     ? 8
                     : unsigned(random.range(minWidth, maxWidth));
  format.isSigned = !random.oneIn(3);
  format.max = (int64_t(1) << (format.width - (format.isSigned ? 1 : 0))) - 1;
  format.min = format.isSigned ? -format.max - 1 : 0;
  std::string range;
  format.canWrap = true;
  if (random.oneIn(3)) {
    format.min = random.range(format.min, 0);
    format.max = random.range(1, format.max);
    range =
        ", " + std::to_string(format.min) + ":" + std::to_string(format.max);
    format.canWrap = false;
  }
  format.head = "!lowbit.affine<" + std::string(format.isSigned ? "i" : "ui") +
                std::to_string(format.width) + range;
  return format;
}

static Format makeCodebook(Random &random, unsigned maxWidth) {
  Format format;
  format.width = 4;
  std::string values = "nf4";
  if (random.oneIn(2)) {
    format.width = unsigned(random.range(2, maxWidth));
    float next = -2.0f;
    values = "[";
    for (unsigned i = 0; i < 1u << format.width; ++i) {
      next += std::ldexp(random.unit() + 0.01f, -int(format.width) + 1);
      values += (i ? ", " : "") + std::to_string(next);
    }
    values += "]";
  }
  format.head = "!lowbit.codebook<" + values;
  return format;
}

Format makeFormat(Random &random, bool packed) {
  switch (packed ? random.range(1, 4) : random.range(0, 5)) {
  default:
    return packed ? makeAffine(random, 2, 7) : makeAffine(random, 2, 16);
  case 3: {
    Format format;
    const char *name = packed
                           ? random.pick({"f6E3M2FN", "f6E2M3FN", "f4E2M1FN"})
                           : random.pick({"f8E4M3FN", "f8E5M2", "f6E3M2FN",
                                          "f6E2M3FN", "f4E2M1FN"});
    format.isFloat = true;
    format.width = findSmallFloat(name)->width();
    format.head = std::string("!lowbit.float<") + name;
    return format;
  }
  case 4:
    return makeCodebook(random, packed ? 5 : 8);
  }
}

std::string makeRounding(Random &random) {
  if (!random.oneIn(3))
    return "";
  return std::string("rounding = #lowbit.rounding<") +
         random.pick(
             {"half_even", "half_away", "half_up", "toward_zero", "floor"}) +
         ">";
}

std::string braces(llvm::ArrayRef<std::string> attributes) {
  std::string list;
  for (const std::string &text : attributes)
    if (!text.empty())
      append(list, text);
  return list.empty() ? "" : " {" + list + "}";
}

NpyArray makeCodes(Random &random, const Format &format,
                   llvm::ArrayRef<int64_t> shape) {
  bool isWide = format.width > 8;
  NpyArray array = makeArray(isWide ? DType::I16 : DType::I8, shape);
  int64_t min = format.isAffine ? format.min : 0,
          max = format.isAffine ? format.max : (int64_t(1) << format.width) - 1;
  for (int64_t i = 0, e = array.numElements(); i < e; ++i) {
    int64_t code =
        random.oneIn(8) ? random.pick({min, max}) : random.range(min, max);
    if (isWide)
      array.elements<int16_t>()[i] = int16_t(code);
    else
      array.elements<int8_t>()[i] = int8_t(code);
  }
  return array;
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

namespace {
struct ScaleText {
  std::string text;
  float value;
};

/// A literal of the format's scale type. Decimal where bits of the type would
/// be meant by hexadecimal; exact, for there are few digits.
ScaleText makeScale(Random &random, const std::string &type) {
  if (type == "f32") {
    float value = std::ldexp(1.0f + random.unit(), int(random.range(-20, 12)));
    return {literal(value), value};
  }
  bool isPower = type == "f8E8M0FNU";
  if (random.oneIn(16))
    return {isPower ? "0xFF" : "0x7F", NAN};
  float value = isPower ? std::ldexp(1.0f, int(random.range(-20, 20)))
                        : std::ldexp(float(random.range(8, 15)),
                                     int(random.range(-9, 4)));
  char text[64];
  std::snprintf(text, sizeof(text), "%.24e", double(value));
  return {text, value};
}

class QuantizationMaker {
public:
  QuantizationMaker(Random &random, FunctionText &function,
                    llvm::ArrayRef<int64_t> shape, QuantizationOptions options)
      : random(random), function(function), options(options) {
    q.shape.assign(shape.begin(), shape.end());
    q.isSpread.assign(shape.size(), false);
  }

  Quantization make() {
    int64_t rank = q.shape.size();
    bool packed = false;
    if (options.mayPack && !options.isWeight && rank > 0 && random.oneIn(3)) {
      int64_t dim = random.range(0, rank - 1);
      packed = q.shape[dim] % 8 == 0; // Any width fills bytes then.
      if (packed)
        q.pack = dim;
    }
    std::string fields = makeGranularity();
    if (q.pack)
      fields += ", pack = " + std::to_string(*q.pack);
    q.format = options.isWeight     ? makeAffine(random, 8, 8)
               : options.onlyAffine ? makeAffine(random, 2, packed ? 7 : 16)
                                    : makeFormat(random, packed);
    q.element = q.format.head + fields + ">";
    addScales();
    addZeroPoints();
    addTensorScale();
    std::string rounding = q.format.isAffine ? makeRounding(random) : "";
    bool wraps = (q.format.canWrap || q.format.isFloat) && random.oneIn(4);
    q.arithmetic = rounding;
    if (wraps)
      append(q.arithmetic, "saturate = false");
    return std::move(q);
  }

private:
  /// Which elements share parameters.
  std::string makeGranularity() {
    int64_t rank = q.shape.size();
    if (rank == 0 || options.onlyPerTensor)
      return "";
    int64_t axis = random.range(0, rank - 1);
    if (random.oneIn(3) && q.shape[axis] <= 300) {
      q.parameterShape = {q.shape[axis]};
      q.isSpread[axis] = true;
      return ", axis = " + std::to_string(axis);
    }
    if (!random.oneIn(3))
      return "";
    std::string fields = ", block = [";
    int64_t count = 1;
    for (int64_t d = 0; d < rank; ++d) {
      int64_t block = random.range(1, 40);
      int64_t blocks = (q.shape[d] + block - 1) / block;
      bool isWhole = random.oneIn(2) || count * blocks > 400;
      fields += (d ? ", " : "") + (isWhole ? "*" : std::to_string(block));
      q.parameterShape.push_back(isWhole ? 1 : blocks);
      count *= q.parameterShape.back();
      q.isSpread[d] = !isWhole;
    }
    scaleType = random.pick({"f32", "f32", "f8E8M0FNU", "f8E4M3FN"});
    fields += "]";
    if (scaleType != "f32")
      fields += ", scale = " + scaleType;
    return fields;
  }

  /// Where it is: an argument, if there is an array, a constant, or an
  /// attribute.
  void addParameter(Parameter parameter, NpyArray array) {
    if (array.buffer.size()) {
      parameter.elements.clear();
      parameter.value = function.addArgument(parameter.type, std::move(array));
    } else if (random.oneIn(4)) {
      parameter.value = function.addConstant(parameter.elements);
    }
    q.parameters.push_back(std::move(parameter));
  }

  void addScales() {
    std::string type = tensor(q.parameterShape, scaleType);
    llvm::SmallVector<std::string> texts;
    std::vector<float> values;
    for (int64_t i = 0, e = product(q.parameterShape); i < e; ++i) {
      ScaleText scale = makeScale(random, scaleType);
      texts.push_back(scale.text);
      values.push_back(scale.value);
      if (!std::isnan(scale.value))
        q.typical = scale.value;
    }
    NpyArray array;
    if (scaleType == "f32" && !options.isWeight && random.oneIn(3)) {
      array = makeArray(DType::F32, q.parameterShape);
      llvm::copy(values, array.elements<float>().begin());
      if (options.mayHaveOddScale && random.oneIn(6)) {
        q.hasOddScale = true;
        array.elements<float>()[random.range(0, array.numElements() - 1)] =
            random.pick({0.0f, -0.0f, float(NAN), INFINITY, -INFINITY, -0.5f,
                         0x1p-149f, 0x1p-126f, 3.0e38f});
      }
    }
    addParameter({"scale", type, dense(texts, q.parameterShape, scaleType), ""},
                 std::move(array));
  }

  void addZeroPoints() {
    if (!q.format.isAffine)
      return;
    NpyArray array = makeArray(DType::I32, q.parameterShape);
    bool isEqual = random.oneIn(3);
    llvm::SmallVector<std::string> texts;
    for (int32_t &value : array.elements<int32_t>()) {
      value = texts.empty() || !isEqual
                  ? int32_t(random.range(q.format.min, q.format.max))
                  : array.elements<int32_t>()[0];
      texts.push_back(std::to_string(value));
    }
    if (options.isWeight || !random.oneIn(3))
      array = NpyArray();
    addParameter({"zero_point", tensor(q.parameterShape, "i32"),
                  dense(texts, q.parameterShape, "i32"), ""},
                 std::move(array));
  }

  void addTensorScale() {
    if (scaleType != "f8E4M3FN" || random.oneIn(2))
      return;
    float factor = 0.25f + random.unit();
    q.typical *= factor;
    NpyArray array;
    if (random.oneIn(3)) {
      array = makeArray(DType::F32, {});
      array.elements<float>()[0] = factor;
    }
    addParameter({"tensor_scale", "tensor<f32>",
                  "dense<" + literal(factor) + "> : tensor<f32>", ""},
                 std::move(array));
  }

  Random &random;
  FunctionText &function;
  QuantizationOptions options;
  Quantization q;
  std::string scaleType = "f32";
};
} // namespace

Quantization makeQuantization(Random &random, FunctionText &function,
                              llvm::ArrayRef<int64_t> shape,
                              QuantizationOptions options) {
  return QuantizationMaker(random, function, shape, options).make();
}

//===----------------------------------------------------------------------===//
// Operations
//===----------------------------------------------------------------------===//

std::string Quantization::storageElement() const {
  return "i" + std::to_string(pack ? 8 : format.width);
}
std::string Quantization::storage(llvm::ArrayRef<int64_t> type) const {
  Shape stored(type);
  if (pack)
    stored[*pack] = stored[*pack] * int64_t(format.width) / 8;
  return tensor(stored, storageElement());
}

std::string Quantization::operands() const {
  std::string text;
  for (const Parameter &p : parameters)
    if (!p.value.empty())
      text += " " + p.name + "(" + p.value + " : " + p.type + ")";
  return text;
}
std::string Quantization::attributes() const {
  std::string text;
  for (const Parameter &p : parameters)
    if (p.value.empty())
      append(text, p.name + " = " + p.elements);
  return text;
}

std::string Quantization::quantize(const std::string &value,
                                   llvm::ArrayRef<int64_t> type) const {
  return "lowbit.quantize " + value + operands() +
         braces({attributes(), arithmetic}) + " : " + tensor(type, "f32") +
         " -> " + tensor(type, element);
}
std::string Quantization::dequantize(const std::string &value,
                                     llvm::ArrayRef<int64_t> type) const {
  return "lowbit.dequantize " + value + operands() + braces({attributes()}) +
         " : " + tensor(type, element) + " -> " + tensor(type, "f32");
}
std::string Quantization::fakeQuant(const std::string &value,
                                    llvm::ArrayRef<int64_t> type) const {
  std::string f = tensor(type, "f32");
  return "lowbit.fake_quant " + value + " as " + element + operands() +
         braces({attributes(), arithmetic}) + " : " + f + " -> " + f;
}

} // namespace lowbit::differential
