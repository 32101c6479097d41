//===- LoweredCases.cpp - contractions of dequantized values --------------===//
//
// linalg contractions that phase 6 makes integer: scales of any type, along the
// columns or of the run, zero points, an init that is not zero. Where scales
// are powers of two the integers must be what the floats are.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {

static std::string dequantized(Random &random, FunctionText &function,
                               const Shape &shape, bool isFilter,
                               bool isExact) {
  // Mostly what phase 6 makes integer: signed bytes, and scales of any type.
  std::string head = random.pick({"!lowbit.affine<i8", "!lowbit.affine<i8",
                                  "!lowbit.affine<i8, -127:127",
                                  "!lowbit.affine<i8, -100:90"});
  int64_t min = head.find("127") != std::string::npos   ? -127
                : head.find("100") != std::string::npos ? -100
                                                        : -128,
          max = head.find("90") != std::string::npos ? 90 : 127;
  if (random.oneIn(10)) {
    head = random.pick({"!lowbit.affine<i4", "!lowbit.affine<ui4"});
    min = head.find("ui4") != std::string::npos ? 0 : -8;
    max = min + 15;
  }
  bool isByte = head.find("i4") == std::string::npos;
  int64_t axis = int64_t(shape.size()) - 1;
  Shape parameters;
  std::string fields;
  if (isFilter && random.oneIn(2)) {
    parameters = {shape[axis]};
    fields = ", axis = " + std::to_string(axis);
  }
  std::string scaleType = random.pick({"f32", "f32", "f8E4M3FN", "f8E8M0FNU"});
  if (scaleType != "f32")
    fields += ", scale = " + scaleType;
  std::string type = tensor(shape, head + fields + ">"), operands, attributes;
  std::string scaleTensor = tensor(parameters, scaleType);
  llvm::SmallVector<std::string> scales, zeros;
  NpyArray runScales = makeArray(DType::F32, parameters),
           runZeros = makeArray(DType::I32, parameters);
  bool isSymmetric = isFilter || random.oneIn(3);
  for (int64_t i = 0, e = product(parameters); i < e; ++i) {
    float scale =
        std::ldexp(float(random.range(8, 15)), -int(random.range(4, 10)));
    if (scaleType == "f8E8M0FNU" || isExact)
      scale = std::ldexp(1.0f, -int(random.range(0, 10)));
    if (scaleType == "f32" && !isExact)
      scale *= 1.0f + random.unit();
    runScales.elements<float>()[i] = scale;
    scales.push_back(scaleType == "f32" ? literal(scale)
                                        : std::to_string(scale));
    int64_t zero = isSymmetric ? 0 : random.range(min, max);
    runZeros.elements<int32_t>()[i] = int32_t(zero);
    zeros.push_back(std::to_string(zero));
  }
  if (scaleType == "f32" && parameters.empty() && random.oneIn(3))
    operands = " scale(" +
               function.addArgument(scaleTensor, std::move(runScales)) + " : " +
               scaleTensor + ")";
  else
    attributes = "scale = " + dense(scales, parameters, scaleType);
  std::string zeroTensor = tensor(parameters, "i32"), zeroAttribute;
  if (parameters.empty() && random.oneIn(3))
    operands += " zero_point(" +
                function.addArgument(zeroTensor, std::move(runZeros)) + " : " +
                zeroTensor + ")";
  else
    zeroAttribute = "zero_point = " + dense(zeros, parameters, "i32");
  std::string factor;
  if (scaleType == "f8E4M3FN" && random.oneIn(2))
    factor = "tensor_scale = dense<" +
             literal(isExact ? 0.25f : 0.25f + random.unit()) +
             "> : tensor<f32>";
  std::string f = tensor(shape, "f32"), codes;
  Format format;
  format.isAffine = true;
  format.min = min;
  format.max = max;
  if (isByte) {
    std::string plain = tensor(shape, "i8");
    NpyArray array = makeCodes(random, format, shape);
    bool isConstant = isFilter && random.oneIn(2) && product(shape) > 1 &&
                      product(shape) <= 20000;
    std::string stored =
        isConstant ? function.addConstant("dense<\"0x" + hexOf(array) +
                                          "\"> : " + plain)
                   : function.addArgument(plain, std::move(array));
    codes = function.add("lowbit.storage_cast " + stored + " : " + plain +
                         " to " + type);
  } else {
    std::string x = function.addArgument(f, makeFloats(random, shape, 0.1f));
    codes = function.add("lowbit.quantize " + x + operands +
                         braces({attributes, zeroAttribute, factor}) + " : " +
                         f + " -> " + type);
  }
  return function.add("lowbit.dequantize " + codes + operands +
                      braces({attributes, zeroAttribute, factor}) + " : " +
                      type + " -> " + f);
}

/// Phase 6 reads each of them from linalg's own operations.
Case makeLoweredCase(Random &random, int64_t outputs) {
  FunctionText function;
  // Powers of two: sums of up to 200 products of 9 bits each are exact in f32.
  bool isExact = random.oneIn(2);
  int64_t k = random.range(1, 200), n = random.range(1, 90),
          m = std::clamp<int64_t>(outputs / n, 1, 2000);
  Shape a{m, k}, b{k, n}, c{m, n};
  std::string name = "linalg.matmul";
  if (int64_t way = random.range(0, 3); way == 0) {
    int64_t batch = random.range(1, 4);
    name = "linalg.batch_matmul";
    for (Shape *shape : {&a, &b, &c})
      shape->insert(shape->begin(), batch);
  } else if (way == 1) {
    int64_t channels = random.range(1, 20), filters = random.range(1, 40),
            window = random.range(1, 3), stride = random.range(1, 2);
    auto side = std::clamp<int64_t>(
        int64_t(std::sqrt(double(outputs) / double(filters))), 1, 20);
    int64_t in = (side - 1) * stride + window;
    a = {1, in, in, channels};
    b = {window, window, channels, filters};
    c = {1, side, side, filters};
    name = "linalg.conv_2d_nhwc_hwcf {dilations = dense<1> : tensor<2xi64>, "
           "strides = dense<" +
           std::to_string(stride) + "> : tensor<2xi64>}";
  }
  std::string x = dequantized(random, function, a, /*isFilter=*/false, isExact),
              w = dequantized(random, function, b, /*isFilter=*/true, isExact),
              at = tensor(a, "f32"), bt = tensor(b, "f32"),
              ct = tensor(c, "f32"), init;
  if (!isExact && random.oneIn(4)) {
    init = function.addArgument(ct, makeSoftFloats(random, c));
  } else {
    std::string zero = function.addConstant("0.0 : f32"),
                empty = function.add("tensor.empty() : " + ct);
    init = function.add("linalg.fill ins(" + zero + " : f32) outs(" + empty +
                        " : " + ct + ") -> " + ct);
  }
  function.addResult(function.add(name + " ins(" + x + ", " + w + " : " + at +
                                  ", " + bt + ") outs(" + init + " : " + ct +
                                  ") -> " + ct),
                     ct);
  Case result = function.finish();
  result.preparation = Preparation::Lower;
  result.preparesExactly = isExact;
  return result;
}

} // namespace lowbit::differential
