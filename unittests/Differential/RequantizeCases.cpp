//===- RequantizeCases.cpp - requantize -----------------------------------===//
//
// Accumulators, plain integers and integers of any affine format; float and
// fixed point, whole or along an axis; scales and zero points known or of the
// run; results of any width and range.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"

namespace lowbit::differential {
namespace {

struct Input {
  std::string value, element;
  std::string zeroPoint; ///< of the operation, empty for accumulators
};

Input makeInput(Random &random, FunctionText &function,
                llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> type) {
  auto zeroPoint = [&](int64_t min, int64_t max) {
    return random.oneIn(3)
               ? std::string()
               : "input_zero_point = " +
                     std::to_string(random.range(min, max)) + " : i32";
  };
  switch (random.range(0, 4)) {
  case 0: {
    bool isWide = random.oneIn(2);
    Format format;
    format.width = isWide ? 16 : 8;
    format.max = isWide ? INT16_MAX : INT8_MAX;
    format.min = -format.max - 1;
    format.isAffine = true;
    std::string element = isWide ? "i16" : "i8";
    std::string x = function.addArgument(tensor(type, element),
                                         makeCodes(random, format, shape));
    return {x, element, zeroPoint(format.min, format.max)};
  }
  case 1: { // What arrays hold, with its format.
    Format format = makeAffine(random, 8, 8);
    if (random.oneIn(2))
      format = makeAffine(random, 16, 16);
    std::string plain = tensor(type, "i" + std::to_string(format.width)),
                element = format.head + ">";
    std::string x =
        function.addArgument(plain, makeCodes(random, format, shape));
    return {function.add("lowbit.storage_cast " + x + " : " + plain + " to " +
                         tensor(type, element)),
            element, zeroPoint(format.min, format.max)};
  }
  case 2: { // Any width, by way of floats.
    Format format = makeAffine(random, 2, 16);
    std::string f = tensor(type, "f32"), element = format.head + ">";
    std::string x = function.addArgument(
        f, makeFloats(random, shape, format.width > 8 ? 100.0f : 1.0f));
    return {function.add("lowbit.quantize " + x +
                         " {scale = dense<1.0> : tensor<f32>, zero_point = "
                         "dense<0> : tensor<i32>} : " +
                         f + " -> " + tensor(type, element)),
            element, zeroPoint(format.min, format.max)};
  }
  default:
    return {
        function.addArgument(tensor(type, "i32"), makeIntegers(random, shape)),
        "i32", ""};
  }
}
} // namespace

Case makeRequantizeCase(Random &random, int64_t outputs) {
  int64_t rank = random.range(0, 3);
  Shape shape = rank ? makeShape(random, rank, outputs) : Shape{};
  llvm::SmallVector<bool> mayBeDynamic(rank, true);
  std::string axis;
  Shape list;
  if (rank > 0 && random.oneIn(2)) {
    int64_t dim = random.range(0, rank - 1);
    shape[dim] = std::min<int64_t>(shape[dim], 200);
    list = {shape[dim]};
    mayBeDynamic[dim] = false;
    axis = "axis = " + std::to_string(dim);
  }
  FunctionText function;
  Shape type = makeDynamic(random, shape, mayBeDynamic);
  Input input = makeInput(random, function, shape, type);

  llvm::SmallVector<std::string> scales, multipliers, shifts;
  NpyArray runScales = makeArray(DType::F32, list);
  for (float &scale : runScales.elements<float>()) {
    scale = std::ldexp(1.0f + random.unit(), int(random.range(-30, 1)));
    scales.push_back(literal(scale));
    int64_t multiplier = random.oneIn(4)
                             ? random.pick<int64_t>({0, 1, INT32_MAX, 1 << 30})
                             : random.range(1 << 30, INT32_MAX);
    multipliers.push_back(std::to_string(multiplier));
    shifts.push_back(std::to_string(random.oneIn(4) ? random.range(2, 62)
                                                    : random.range(30, 45)));
  }
  std::string operands, arithmetic;
  std::string scaleType = tensor(list, "f32");
  if (random.oneIn(2)) {
    arithmetic = makeRounding(random);
    std::string elements = dense(scales, list, "f32");
    switch (random.range(0, 3)) {
    case 0:
      if (random.oneIn(4)) // Of the run, so no verifier has seen it.
        runScales.elements<float>()[0] =
            random.pick({0.0f, float(NAN), INFINITY, -0.25f, 0x1p-140f});
      operands = " scale(" +
                 function.addArgument(scaleType, std::move(runScales)) + " : " +
                 scaleType + ")";
      break;
    case 1:
      operands =
          " scale(" + function.addConstant(elements) + " : " + scaleType + ")";
      break;
    default:
      arithmetic += (arithmetic.empty() ? "scale = " : ", scale = ") + elements;
    }
  } else {
    arithmetic = "multiplier = " + dense(multipliers, list, "i32") +
                 ", shift = " + dense(shifts, list, "i8");
    if (random.oneIn(2))
      arithmetic += ", fixed_rounding = #lowbit.fixed_rounding<" +
                    std::string(random.pick({"single_round", "double_round"})) +
                    ">";
  }
  Format format = makeAffine(random, 2, 16);
  if (random.oneIn(3))
    format = makeAffine(random, 16, 16);
  int64_t zero = random.range(format.min, format.max);
  std::string zeroPoint;
  if (random.oneIn(3)) {
    NpyArray array = makeArray(DType::I32, {});
    array.elements<int32_t>()[0] = int32_t(zero);
    operands += " zero_point(" +
                function.addArgument("tensor<i32>", std::move(array)) +
                " : tensor<i32>)";
  } else {
    zeroPoint =
        "zero_point = dense<" + std::to_string(zero) + "> : tensor<i32>";
  }
  std::string element = format.head + ">", result = tensor(type, element);
  std::string q =
      function.add("lowbit.requantize " + input.value + operands +
                   braces({axis, arithmetic, input.zeroPoint, zeroPoint}) +
                   " : " + tensor(type, input.element) + " -> " + result);
  if (format.width % 8 == 0) {
    std::string plain = tensor(type, "i" + std::to_string(format.width));
    function.addResult(function.add("lowbit.storage_cast " + q + " : " +
                                    result + " to " + plain),
                       plain);
  } else { // The codes as floats: no array holds them.
    std::string f = tensor(type, "f32");
    function.addResult(
        function.add("lowbit.dequantize " + q +
                     " {scale = dense<1.0> : tensor<f32>, zero_point = "
                     "dense<0> : tensor<i32>} : " +
                     result + " -> " + f),
        f);
  }
  return function.finish();
}

} // namespace lowbit::differential
