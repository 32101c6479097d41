//===- IntegerQuantize.cpp - integers of a format from integers -----------===//
//
// In: integers with a scale, or a function of 8-bit integers. Out: the integers
// of a format, by N15, or by a table that rounds as the float would (N7).
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"
#include "SampledFunction.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

/// The codes of the samples, which the float would round to (N7).
static Value emitCodeTable(OpBuilder &builder, Operation *op,
                           const IntegerTensor &tensor, Type element,
                           float scale, int32_t zeroPoint, Interval range) {
  bool isByte = element.isInteger(8);
  std::vector<int8_t> bytes;
  std::vector<int16_t> words;
  for (float sample : *tensor.samples) {
    int32_t code =
        quantize(sample, AffineParams{scale, zeroPoint},
                 StorageRange{int32_t(range.min), int32_t(range.max)});
    isByte ? bytes.push_back(code) : words.push_back(code);
  }
  auto type = RankedTensorType::get({int64_t(tensor.samples->size())}, element);
  ConstantBuilder constants(op->getParentOfType<ModuleOp>());
  std::string name = valueName(op->getOperand(0)) + ".codes";
  return isByte ? constants.create(builder, op->getLoc(), name, type,
                                   ArrayRef<int8_t>(bytes))
                : constants.create(builder, op->getLoc(), name, type,
                                   ArrayRef<int16_t>(words));
}

/// `body` of each element, without its zero point, as a tensor of `element`.
static Value
emitForElements(OpBuilder &builder, Operation *op, const IntegerTensor &tensor,
                Type element,
                llvm::function_ref<Value(FixedBuilder &, Fixed)> body) {
  unsigned rank = cast<RankedTensorType>(tensor.ints.getType()).getRank();
  AffineMap map = builder.getMultiDimIdentityMap(rank);
  IntegerNest nest(builder, op, rank);
  FixedBuilder fixed = nest.body();
  Value result = body(fixed, withoutZero(fixed, nest.input(tensor.ints, map),
                                         tensor, tensor.scale));
  Value init = tensor::EmptyOp::create(
      builder, op->getLoc(),
      tensor::getMixedSizes(builder, op->getLoc(), tensor.ints), element);
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return nest.finish(result, init, map, loops);
}

Value lowbit::emitIntegerQuantize(OpBuilder &builder, Operation *op,
                                  const IntegerTensor &tensor,
                                  RankedTensorType type, float scale,
                                  int32_t zeroPoint, Interval range) {
  Type element = type.getElementType();
  auto body = [&](FixedBuilder &fixed, Fixed value) -> Value {
    SampleGrid grid(tensor.range);
    if (tensor.samples && grid.isExact())
      return grid.emitLookup(
          fixed.e, value.value,
          emitCodeTable(builder, op, tensor, element, scale, zeroPoint, range));
    if (tensor.samples)
      value = lookUp(builder, op, fixed,
                     {value.value, tensor.range, *tensor.samples},
                     RealRange{double(range.min - zeroPoint) * scale,
                               double(range.max - zeroPoint) * scale});
    Value steps = fixed.quantize(value, scale, zeroPoint, range);
    return fixed.e.make<arith::TruncIOp>(element, steps);
  };
  return emitForElements(builder, op, tensor, element, body);
}

double lowbit::magnitudeOf(const IntegerTensor &tensor) {
  if (!tensor.samples)
    return Fixed{Value(), tensor.range, tensor.scale}.magnitude();
  double magnitude = 0;
  for (float sample : *tensor.samples)
    if (std::isfinite(sample))
      magnitude = std::max<double>(magnitude, std::abs(sample));
  return magnitude;
}

IntegerTensor lowbit::emitRescaled(OpBuilder &builder, Operation *op,
                                   const IntegerTensor &tensor,
                                   std::optional<double> scale) {
  IntegerTensor result = tensor;
  auto body = [&](FixedBuilder &fixed, Fixed value) {
    if (tensor.samples)
      value =
          lookUp(builder, op, fixed,
                 {value.value, tensor.range, *tensor.samples}, std::nullopt);
    value = fixed.narrow(scale ? fixed.rescale(value, *scale)
                               : fixed.single(value));
    result.range = value.range;
    result.scale = value.scale;
    return value.value;
  };
  result.ints =
      emitForElements(builder, op, tensor, builder.getI32Type(), body);
  result.zero = 0;
  result.samples = nullptr;
  return result;
}
