//===- ContractCases.cpp - contractions with epilogues --------------------===//
//
// Matrix products of any operand order, batched ones and convolutions, with
// zero points and an epilogue; and float models that phases 1 to 6 make
// integer.
//
//===----------------------------------------------------------------------===//
#include "Loops.h"

#include "llvm/ADT/StringExtras.h"

namespace lowbit::differential {
namespace {

/// Constant bytes in the text, for a weight that is packed at compile time.
std::string constantBytes(Random &random, llvm::ArrayRef<int64_t> shape) {
  std::string hex = "\"0x";
  for (int64_t i = 0, e = product(shape); i < e; ++i)
    hex += llvm::utohexstr(uint8_t(random.range(0, 255)), false, 2);
  return "dense<" + hex + "\"> : " + tensor(shape, "i8");
}
} // namespace

Case makeContractCase(Random &random, int64_t outputs) {
  bool isWindow = random.oneIn(3);
  Loops loops = isWindow ? makeConvolution(random, outputs)
                         : makeMatmul(random, outputs, 400);
  bool aUnsigned = random.oneIn(4), bUnsigned = random.oneIn(6);
  auto format = [](bool isUnsigned) {
    return std::string(isUnsigned ? "!lowbit.affine<ui8>"
                                  : "!lowbit.affine<i8>");
  };
  std::string a8 = tensor(loops.aShape, "i8"), b8 = tensor(loops.bShape, "i8"),
              aq = tensor(loops.aShape, format(aUnsigned)),
              bq = tensor(loops.bShape, format(bUnsigned));
  Case result;
  std::string arguments = "%a8: " + a8, body;
  result.inputs.push_back(makeBytes(random, loops.aShape, -128, 127));
  if (random.oneIn(2) && product(loops.bShape) > 1) {
    body +=
        "  %b8 = arith.constant " + constantBytes(random, loops.bShape) + "\n";
  } else {
    arguments += ", %b8: " + b8;
    result.inputs.push_back(makeBytes(random, loops.bShape, -128, 127));
  }
  body += "  %a = lowbit.storage_cast %a8 : " + a8 + " to " + aq +
          "\n  %b = lowbit.storage_cast %b8 : " + b8 + " to " + bq + "\n";
  std::string attributes, operands;
  if (random.oneIn(2))
    attributes += ", lhs_zero_point = dense<" +
                  std::to_string(aUnsigned ? random.range(0, 255)
                                           : random.range(-128, 127)) +
                  "> : tensor<i32>";
  if (random.oneIn(3))
    attributes += ", rhs_zero_point = dense<" +
                  std::to_string(bUnsigned ? random.range(0, 255)
                                           : random.range(-128, 127)) +
                  "> : tensor<i32>";
  if (attributes.find("lhs_") == std::string::npos && random.oneIn(2)) {
    NpyArray zero = makeArray(DType::I32, {});
    zero.elements<int32_t>()[0] =
        int32_t(aUnsigned ? random.range(0, 255) : random.range(-128, 127));
    result.inputs.push_back(std::move(zero));
    arguments += ", %za: tensor<i32>";
    operands = " lhs_zero_point(%za : tensor<i32>)";
  }
  int64_t channels = loops.cShape.back();
  std::string lastLoop = loops.c.back(), extra, between, element = "i32",
              region = "  ^bb0(%acc: i32):\n    lowbit.yield %acc : i32\n";
  switch (random.range(0, 2)) {
  case 1: {
    element = "!lowbit.affine<i8>";
    arguments += ", %bias: " + tensor({channels}, "i32");
    NpyArray bias = makeArray(DType::I32, {channels});
    for (int32_t &value : bias.elements<int32_t>())
      value = int32_t(random.range(-100000, 100000));
    result.inputs.push_back(std::move(bias));
    between = map(loops.sizes.size(), {lastLoop}) + ", ";
    extra = " extra(%bias : " + tensor({channels}, "i32") + ")";
    region =
        "  ^bb0(%acc: i32, %e: i32):\n    %sum = arith.addi %acc, %e : i32\n"
        "    %q = lowbit.requantize %sum {scale = dense<" +
        literal(std::ldexp(1.0f + random.unit(), int(random.range(-16, -6)))) +
        "> : tensor<f32>, zero_point = dense<" +
        std::to_string(random.range(-128, 127)) +
        "> : tensor<i32>} : i32 -> !lowbit.affine<i8>\n"
        "    lowbit.yield %q : !lowbit.affine<i8>\n";
    break;
  }
  case 2: {
    element = "f32";
    arguments += ", %scale: " + tensor({channels}, "f32");
    result.inputs.push_back(makeSoftFloats(random, {channels}));
    between = map(loops.sizes.size(), {lastLoop}) + ", ";
    extra = " extra(%scale : " + tensor({channels}, "f32") + ")";
    region =
        "  ^bb0(%acc: i32, %e: f32):\n    %f = arith.sitofp %acc : i32 to f32\n"
        "    %y = arith.mulf %f, %e : f32\n    %t = math.tanh %y : f32\n"
        "    lowbit.yield %t : f32\n";
    break;
  }
  }
  std::string out = tensor(loops.cShape, element);
  bool isCode = element == "!lowbit.affine<i8>";
  std::string plain = isCode ? tensor(loops.cShape, "i8") : out;
  result.module = "func.func @main(" + arguments + ") -> " + plain + " {\n" +
                  body + "  %init = tensor.empty() : " + out +
                  "\n  %y = lowbit.contract attributes {indexing_maps = " +
                  loops.maps(between) + ", iterator_types = " + loops.types() +
                  attributes + "}\n      ins(%a, %b : " + aq + ", " + bq + ")" +
                  operands + extra + " outs(%init : " + out + ") {\n" + region +
                  "  } -> " + out + "\n";
  if (isCode)
    result.module += "  %r = lowbit.storage_cast %y : " + out + " to " + plain +
                     "\n  return %r : " + plain + "\n}\n";
  else
    result.module += "  return %y : " + plain + "\n}\n";
  return result;
}

Case makeModelCase(Random &random, int64_t outputs) {
  // Two layers, so that what is between them is quantized too.
  // Sums of one product stay float.
  int64_t m = random.range(1, 40), k = random.range(2, 200),
          n = std::max<int64_t>(1, outputs / m / 2), h = random.range(2, 90);
  n = std::min<int64_t>(n, 200);
  m = std::clamp<int64_t>(outputs / n, 1, 4000);
  Shape x{m, k}, w{k, h}, v{h, n};
  auto weights = [&](const Shape &shape) {
    std::string hex = "\"0x";
    for (int64_t i = 0, e = product(shape); i < e; ++i) {
      float value = random.softFloat();
      uint32_t bits;
      std::memcpy(&bits, &value, sizeof(bits));
      for (int byte = 0; byte < 4; ++byte)
        hex += llvm::utohexstr((bits >> (8 * byte)) & 255, false, 2);
    }
    return product(shape) == 1
               ? "dense<0.7> : " + tensor(shape, "f32")
               : "dense<" + hex + "\"> : " + tensor(shape, "f32");
  };
  bool isDynamic = random.oneIn(2);
  Shape rows{isDynamic ? -1 : m};
  auto value = [&](int64_t columns) {
    return tensor({rows[0], columns}, "f32");
  };
  std::string function = random.pick({"tanh", "exp", "erf", "absf"});
  std::string size = isDynamic ? "%size" : "";
  std::string body = isDynamic ? "  %c0 = arith.constant 0 : index\n  %size = "
                                 "tensor.dim %x, %c0 : " +
                                     value(k) + "\n"
                               : "";
  std::string id = map(2, {"d0", "d1"});
  Case result;
  result.preparation = Preparation::Quantize;
  result.inputs.push_back(makeSoftFloats(random, x));
  result.module =
      "func.func @main(%x: " + value(k) + ") -> " + value(n) + " {\n" + body +
      "  %zero = arith.constant 0.0 : f32\n  %w = arith.constant " +
      weights(w) + "\n  %v = arith.constant " + weights(v) +
      "\n  %e0 = tensor.empty(" + size + ") : " + value(h) +
      "\n  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : " + value(h) +
      ") -> " + value(h) + "\n  %y = linalg.matmul ins(%x, %w : " + value(k) +
      ", " + tensor(w, "f32") + ") outs(%f0 : " + value(h) + ") -> " +
      value(h) + "\n  %a = linalg.generic {indexing_maps = [" + id + ", " + id +
      "], iterator_types = [\"parallel\", \"parallel\"]} ins(%y : " + value(h) +
      ") outs(%e0 : " + value(h) +
      ") {\n  ^bb0(%in: f32, %o: f32):\n    %t = math." + function +
      " %in : f32\n    linalg.yield %t : f32\n  } -> " + value(h) +
      "\n  %e1 = tensor.empty(" + size + ") : " + value(n) +
      "\n  %f1 = linalg.fill ins(%zero : f32) outs(%e1 : " + value(n) +
      ") -> " + value(n) + "\n  %r = linalg.matmul ins(%a, %v : " + value(h) +
      ", " + tensor(v, "f32") + ") outs(%f1 : " + value(n) + ") -> " +
      value(n) + "\n  return %r : " + value(n) + "\n}\n";
  return result;
}

} // namespace lowbit::differential
