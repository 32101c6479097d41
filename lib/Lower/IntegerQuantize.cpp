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

Value lowbit::emitIntegerQuantize(OpBuilder &builder, Operation *op,
                                  const IntegerTensor &tensor,
                                  RankedTensorType type, float scale,
                                  int32_t zeroPoint, Interval range) {
  unsigned rank = type.getRank();
  AffineMap map = builder.getMultiDimIdentityMap(rank);
  IntegerNest nest(builder, op, rank);
  FixedBuilder fixed = nest.body();
  Fixed value =
      withoutZero(fixed, nest.input(tensor.ints, map), tensor, tensor.scale);
  Value result;
  SampleGrid grid(tensor.range);
  if (tensor.samples && grid.isExact()) {
    Value table = emitCodeTable(builder, op, tensor, type.getElementType(),
                                scale, zeroPoint, range);
    result = grid.emitLookup(fixed.e, value.value, table);
  } else {
    if (tensor.samples)
      value = lookUp(builder, op, fixed,
                     {value.value, tensor.range, *tensor.samples},
                     RealRange{double(range.min - zeroPoint) * scale,
                               double(range.max - zeroPoint) * scale});
    Value steps = fixed.quantize(value, scale, zeroPoint, range);
    result = fixed.e.make<arith::TruncIOp>(type.getElementType(), steps);
  }
  Value init = tensor::EmptyOp::create(
      builder, op->getLoc(),
      tensor::getMixedSizes(builder, op->getLoc(), tensor.ints),
      type.getElementType());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  return nest.finish(result, init, map, loops);
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
  auto type = cast<RankedTensorType>(tensor.ints.getType());
  unsigned rank = type.getRank();
  AffineMap map = builder.getMultiDimIdentityMap(rank);
  IntegerNest nest(builder, op, rank);
  FixedBuilder fixed = nest.body();
  Fixed value =
      withoutZero(fixed, nest.input(tensor.ints, map), tensor, tensor.scale);
  if (tensor.samples)
    value = lookUp(builder, op, fixed,
                   {value.value, tensor.range, *tensor.samples}, std::nullopt);
  value = scale ? fixed.rescale(value, *scale) : fixed.single(value);
  value = fixed.narrow(value);
  Value init = tensor::EmptyOp::create(
      builder, op->getLoc(),
      tensor::getMixedSizes(builder, op->getLoc(), tensor.ints),
      builder.getI32Type());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  IntegerTensor result = tensor;
  result.ints = nest.finish(value.value, init, map, loops);
  result.range = value.range;
  result.zero = 0;
  result.samples = nullptr;
  result.scale = value.scale;
  return result;
}
