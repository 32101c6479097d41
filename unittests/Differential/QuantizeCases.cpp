//===- QuantizeCases.cpp - quantize, dequantize, fake_quant ---------------===//
//
// Any format, granularity, rounding and place of the parameters; the gradients
// of fake_quant.
//
//===----------------------------------------------------------------------===//
#include "Formats.h"

namespace lowbit::differential {
namespace {

/// A shape of which some dimension can be packed or be an axis.
Shape makeQuantizedShape(Random &random, int64_t rank, int64_t elements) {
  Shape shape = rank ? makeShape(random, rank, elements) : Shape{};
  if (rank > 0 && random.oneIn(3)) {
    int64_t &size = shape[random.range(0, rank - 1)];
    size = (size + 7) / 8 * 8;
  }
  if (rank > 0 && random.oneIn(3)) {
    int64_t &size = shape[random.range(0, rank - 1)];
    size = std::min<int64_t>(size, size % 8 == 0 ? 64 : 300);
  }
  return shape;
}

Shape makeDynamic(Random &random, const Quantization &q) {
  llvm::SmallVector<bool> mayBe;
  for (bool isSpread : q.isSpread)
    mayBe.push_back(!isSpread && !q.pack);
  return makeDynamic(random, q.shape, mayBe);
}
} // namespace

Case makeQuantizeCase(Random &random, int64_t outputs) {
  int64_t rank = random.range(0, 4);
  Shape shape = makeQuantizedShape(random, rank, outputs / 2);
  FunctionText function;
  Quantization q = makeQuantization(random, function, shape);
  Shape type = makeDynamic(random, q);
  std::string f = tensor(type, "f32"), quantized = tensor(type, q.element);
  std::string x = function.addArgument(f, makeFloats(random, shape, q.typical));
  std::string codes = function.add(q.quantize(x, type));
  function.addResult(function.add(q.dequantize(codes, type)), f);
  if (q.isStoredInBytes()) // The codes themselves.
    function.addResult(function.add("lowbit.storage_cast " + codes + " : " +
                                    quantized + " to " + q.storage(type)),
                       q.storage(type));
  if (random.oneIn(4))
    function.addResult(function.add(q.fakeQuant(x, type)), f);
  return function.finish();
}

Case makeGradientCase(Random &random, int64_t outputs) {
  Shape shape = makeQuantizedShape(random, random.range(1, 4), outputs);
  FunctionText function;
  // Gradients have no rounding of their own, and scales that training learns.
  Quantization q =
      makeQuantization(random, function, shape,
                       {/*mayPack=*/false, /*mayHaveOddScale=*/true,
                        /*onlyAffine=*/true});
  Shape type = makeDynamic(random, q);
  std::string f = tensor(type, "f32");
  std::string x = function.addArgument(f, makeFloats(random, shape, q.typical));
  std::string dy =
      function.addArgument(f, random.oneIn(2) ? makeFloats(random, shape, 1.0f)
                                              : makeSoftFloats(random, shape));
  std::string p = tensor(q.parameterShape, "f32");
  std::string gradients = function.add(
      "lowbit.fake_quant_grad " + x + ", " + dy + " as " + q.element +
          q.operands() + braces({q.attributes()}) + " : " + f + " -> " + p,
      3);
  function.addResult(gradients + "#0", f);
  function.addResult(gradients + "#1", p);
  function.addResult(gradients + "#2", p);
  function.addResult(function.add(q.fakeQuant(x, type)), f);
  return function.finish();
}

} // namespace lowbit::differential
