//===- QuantizeCases.cpp - quantize, dequantize, requantize ---------------===//
//
// Any format, granularity, rounding and place of the parameters.
//
//===----------------------------------------------------------------------===//
#include "Cases.h"

#include "lowbit/Numerics/SmallFloat.h"

#include "llvm/Support/FormatVariadic.h"

namespace lowbit::differential {
namespace {

/// A format with random parameters, as text.
struct Format {
  std::string type;
  bool isAffine = false, isByte = false;
  int64_t min = 0, max = 0;
  unsigned width = 8;
  bool canWrap = false;
};

Format makeFormat(Random &random, const std::string &fields, bool packed) {
  Format format;
  switch (packed ? random.range(1, 4) : random.range(0, 5)) {
  default: { // affine
    format.isAffine = true;
    format.width = unsigned(random.oneIn(2) && !packed ? 8
                            : packed                   ? random.range(2, 7)
                                                       : random.range(2, 16));
    bool isSigned = !random.oneIn(3);
    format.max = (int64_t(1) << (format.width - (isSigned ? 1 : 0))) - 1;
    format.min = isSigned ? -format.max - 1 : 0;
    std::string range;
    format.canWrap = true;
    if (random.oneIn(3)) {
      format.min = random.range(format.min, 0);
      format.max = random.range(1, format.max);
      range =
          ", " + std::to_string(format.min) + ":" + std::to_string(format.max);
      format.canWrap = false;
    }
    format.isByte = format.width == 8 || packed;
    format.type = "!lowbit.affine<" + std::string(isSigned ? "i" : "ui") +
                  std::to_string(format.width) + range + fields + ">";
    return format;
  }
  case 3: {
    const char *name = packed
                           ? random.pick({"f6E3M2FN", "f6E2M3FN", "f4E2M1FN"})
                           : random.pick({"f8E4M3FN", "f8E5M2", "f6E3M2FN",
                                          "f6E2M3FN", "f4E2M1FN"});
    format.width = findSmallFloat(name)->width();
    format.isByte = format.width == 8 || packed;
    format.type = "!lowbit.float<" + std::string(name) + fields + ">";
    return format;
  }
  case 4: {
    format.width = 4;
    std::string values = "nf4";
    if (random.oneIn(2)) {
      format.width = unsigned(random.range(2, packed ? 5 : 8));
      float next = -2.0f;
      values = "[";
      for (unsigned i = 0; i < 1u << format.width; ++i) {
        next += std::ldexp(random.unit() + 0.01f, -int(format.width) + 1);
        values += (i ? ", " : "") + std::to_string(next);
      }
      values += "]";
    }
    format.isByte = packed;
    format.type = "!lowbit.codebook<" + values + fields + ">";
    return format;
  }
  }
}

/// Scales as literals, of the format's scale type.
std::string makeScale(Random &random, const std::string &type) {
  // Decimal, for hexadecimal is for the bits of the type. Exact: few digits.
  if (type == "f8E8M0FNU")
    return llvm::formatv("{0:E24}", std::ldexp(1.0, int(random.range(-20, 20))))
        .str();
  if (type == "f8E4M3FN")
    return std::to_string(std::ldexp(float(random.range(8, 15)),
                                     int(random.range(-9, 4)))); // up to 240
  return literal(std::ldexp(1.0f + random.unit(), int(random.range(-20, 12))));
}
} // namespace

Case makeQuantizeCase(Random &random, int64_t outputs) {
  int64_t rank = random.range(0, 4);
  Shape shape = rank ? makeShape(random, rank, outputs / 2) : Shape{};
  bool packed = rank > 0 && random.oneIn(4);
  int64_t pack = packed ? random.range(0, rank - 1) : 0;
  if (packed) // Any width fills bytes then.
    shape[pack] = (shape[pack] + 7) / 8 * 8;

  // Which elements share parameters.
  std::string fields, scaleType = "f32";
  Shape parameterShape;
  llvm::SmallVector<bool> mayBeDynamic(rank, !packed);
  if (rank > 0 && random.oneIn(3)) {
    int64_t axis = random.range(0, rank - 1);
    for (int64_t &size : shape) // Constants stay readable.
      if (&size == &shape[axis])
        size = packed && axis == pack ? 64 : std::min<int64_t>(size, 300);
    parameterShape = {shape[axis]};
    fields = ", axis = " + std::to_string(axis);
    mayBeDynamic[axis] = false;
  } else if (rank > 0 && random.oneIn(2)) {
    fields = ", block = [";
    int64_t count = 1;
    for (int64_t d = 0; d < rank; ++d) {
      int64_t block = random.range(1, 40);
      int64_t blocks = (shape[d] + block - 1) / block;
      bool isWhole = random.oneIn(2) || count * blocks > 400;
      fields += (d ? ", " : "") + (isWhole ? "*" : std::to_string(block));
      parameterShape.push_back(isWhole ? 1 : blocks);
      count *= parameterShape.back();
      if (!isWhole)
        mayBeDynamic[d] = false;
    }
    fields += "]";
    scaleType = random.pick({"f32", "f32", "f8E8M0FNU", "f8E4M3FN"});
  }
  if (scaleType != "f32")
    fields += ", scale = " + scaleType;
  if (packed)
    fields += ", pack = " + std::to_string(pack);
  Format format = makeFormat(random, fields, packed);

  // The parameters: attributes or, where arrays can be fed, operands.
  Case result;
  llvm::SmallVector<std::string> scales, zeroPoints;
  int64_t count = product(parameterShape);
  for (int64_t i = 0; i < count; ++i) {
    scales.push_back(makeScale(random, scaleType));
    zeroPoints.push_back(std::to_string(random.range(format.min, format.max)));
  }
  Shape type = makeDynamic(random, shape, mayBeDynamic);
  std::string arguments = "%x: " + tensor(type, "f32"), operands, attributes;
  float typical = 1.0f;
  result.inputs.push_back(NpyArray());
  if (scaleType == "f32" && random.oneIn(3)) {
    NpyArray array = makeArray(DType::F32, parameterShape);
    for (float &value : array.elements<float>())
      value = typical =
          std::ldexp(1.0f + random.unit(), int(random.range(-20, 12)));
    result.inputs.push_back(std::move(array));
    arguments += ", %s: " + tensor(parameterShape, "f32");
    operands += " scale(%s : " + tensor(parameterShape, "f32") + ")";
  } else {
    attributes = "scale = " + dense(scales, parameterShape, scaleType);
    if (scaleType == "f32") {
      uint32_t bits = uint32_t(std::stoul(scales[0], nullptr, 16));
      std::memcpy(&typical, &bits, sizeof(typical));
    }
  }
  if (format.isAffine && random.oneIn(3)) {
    NpyArray array = makeArray(DType::I32, parameterShape);
    for (int32_t &value : array.elements<int32_t>())
      value = int32_t(random.range(format.min, format.max));
    result.inputs.push_back(std::move(array));
    arguments += ", %z: " + tensor(parameterShape, "i32");
    operands += " zero_point(%z : " + tensor(parameterShape, "i32") + ")";
  } else if (format.isAffine) {
    attributes += (attributes.empty() ? "" : ", ") +
                  ("zero_point = " + dense(zeroPoints, parameterShape, "i32"));
  }
  if (scaleType == "f8E4M3FN" && random.oneIn(2))
    attributes += ", tensor_scale = dense<" + literal(0.25f + random.unit()) +
                  "> : tensor<f32>";
  std::string arithmetic;
  if (format.isAffine && random.oneIn(3))
    arithmetic += ", rounding = #lowbit.rounding<" +
                  std::string(random.pick({"half_even", "half_away", "half_up",
                                           "toward_zero", "floor"})) +
                  ">";
  if ((format.canWrap || format.type.find("float") != std::string::npos) &&
      random.oneIn(4))
    arithmetic += ", saturate = false";
  std::string joined = attributes + arithmetic;
  if (attributes.empty() && !joined.empty())
    joined = joined.substr(2);
  auto braces = [](const std::string &text) {
    return text.empty() ? text : " {" + text + "}";
  };

  result.inputs[0] = makeFloats(random, shape, typical);
  std::string f = tensor(type, "f32"), q = tensor(type, format.type);
  std::string results = f, values = "%d", body;
  if (format.isByte || format.width > 8) {
    // The codes themselves, where arrays hold such integers.
    std::string element = "i8";
    if (!packed && format.width > 8)
      element = "i" + std::to_string(format.width);
    if (element == "i8" || element == "i16") {
      Shape stored = type;
      if (packed)
        stored[pack] = stored[pack] * int64_t(format.width) / 8;
      std::string i = tensor(stored, element);
      body = "  %i = lowbit.storage_cast %q : " + q + " to " + i + "\n";
      results += ", " + i;
      values += ", %i";
    }
  }
  if (random.oneIn(4)) {
    results += ", " + f;
    values += ", %f";
    body += "  %f = lowbit.fake_quant %x as " + format.type + operands +
            braces(joined) + " : " + f + " -> " + f + "\n";
  }
  std::string types = results;
  result.module = "func.func @main(" + arguments + ") -> (" + results +
                  ") {\n  %q = lowbit.quantize %x" + operands + braces(joined) +
                  " : " + f + " -> " + q + "\n  %d = lowbit.dequantize %q" +
                  operands + braces(attributes) + " : " + q + " -> " + f +
                  "\n" + body + "  return " + values + " : " + types + "\n}\n";
  return result;
}

Case makeRequantizeCase(Random &random, int64_t outputs) {
  int64_t rank = random.range(0, 3);
  Shape shape = rank ? makeShape(random, rank, outputs) : Shape{};
  llvm::SmallVector<bool> mayBeDynamic(rank, true);
  std::string attributes;
  Shape list;
  if (rank > 0 && random.oneIn(2)) {
    int64_t axis = random.range(0, rank - 1);
    shape[axis] = std::min<int64_t>(shape[axis], 200);
    list = {shape[axis]};
    mayBeDynamic[axis] = false;
    attributes = "axis = " + std::to_string(axis) + ", ";
  }
  llvm::SmallVector<std::string> scales, multipliers, shifts;
  for (int64_t i = 0; i < product(list); ++i) {
    scales.push_back(
        literal(std::ldexp(1.0f + random.unit(), int(random.range(-30, 1)))));
    int64_t multiplier = random.oneIn(4)
                             ? random.pick<int64_t>({0, 1, INT32_MAX, 1 << 30})
                             : random.range(1 << 30, INT32_MAX);
    multipliers.push_back(std::to_string(multiplier));
    shifts.push_back(std::to_string(random.oneIn(4) ? random.range(2, 62)
                                                    : random.range(30, 45)));
  }
  if (random.oneIn(2)) {
    attributes += "scale = " + dense(scales, list, "f32");
    if (random.oneIn(3))
      attributes += ", rounding = #lowbit.rounding<" +
                    std::string(random.pick(
                        {"half_away", "half_up", "toward_zero", "floor"})) +
                    ">";
  } else {
    attributes += "multiplier = " + dense(multipliers, list, "i32") +
                  ", shift = " + dense(shifts, list, "i8");
    if (random.oneIn(2))
      attributes += ", fixed_rounding = #lowbit.fixed_rounding<double_round>";
  }
  bool isWide = random.oneIn(3), isSigned = !random.oneIn(3);
  int64_t width = isWide ? 16 : 8;
  int64_t max = (int64_t(1) << (width - (isSigned ? 1 : 0))) - 1;
  int64_t min = isSigned ? -max - 1 : 0;
  attributes += ", zero_point = dense<" +
                std::to_string(random.range(min, max)) + "> : tensor<i32>";
  std::string element = "i32";
  Case result;
  if (random.oneIn(4)) {
    element = "i8";
    result.inputs.push_back(makeBytes(random, shape, -128, 127));
    attributes +=
        ", input_zero_point = " + std::to_string(random.range(-128, 127)) +
        " : i32";
  } else {
    result.inputs.push_back(makeIntegers(random, shape));
  }
  Shape type = makeDynamic(random, shape, mayBeDynamic);
  std::string in = tensor(type, element),
              plain = tensor(type, "i" + std::to_string(width)),
              q = tensor(type, std::string("!lowbit.affine<") +
                                   (isSigned ? "i" : "ui") +
                                   std::to_string(width) + ">");
  result.module = "func.func @main(%x: " + in + ") -> " + plain +
                  " {\n  %q = lowbit.requantize %x {" + attributes +
                  "} : " + in + " -> " + q +
                  "\n  %i = lowbit.storage_cast %q : " + q + " to " + plain +
                  "\n  return %i : " + plain + "\n}\n";
  return result;
}

} // namespace lowbit::differential
