//===- QuantizedOperand.cpp - an operand of a contraction -----------------===//
//
// Reads format and parameters from a dequantize.
//
//===----------------------------------------------------------------------===//
#include "QuantizedOperand.h"

using namespace mlir;
using namespace lowbit;

std::optional<QuantizedOperand> lowbit::matchQuantizedOperand(Value value) {
  QuantizedOperand operand;
  operand.dequantize = value.getDefiningOp<DequantizeOp>();
  if (!operand.dequantize)
    return std::nullopt;
  operand.format = cast<AffineType>(
      cast<RankedTensorType>(operand.dequantize.getInput().getType())
          .getElementType());
  if (ElementsAttr scale = operand.dequantize.getScaleAttr()) {
    auto scales = scale.tryGetValues<float>();
    auto zeroPoints =
        operand.dequantize.getZeroPointAttr().tryGetValues<int32_t>();
    if (!scales || !zeroPoints || scale.getNumElements() == 0)
      return std::nullopt;
    operand.scales.assign((*scales).begin(), (*scales).end());
    operand.zeroPoints.assign((*zeroPoints).begin(), (*zeroPoints).end());
  }
  return operand;
}

Value QuantizedOperand::dynamicScale() const {
  return DequantizeOp(dequantize).getDynamicScale();
}
Value QuantizedOperand::dynamicZeroPoint() const {
  return DequantizeOp(dequantize).getDynamicZeroPoint();
}

Value QuantizedOperand::emitIntegers(OpBuilder &builder) const {
  Value input = DequantizeOp(dequantize).getInput();
  auto type = cast<RankedTensorType>(input.getType());
  // A cast of a cast is the integers themselves.
  if (auto cast = input.getDefiningOp<StorageCastOp>())
    return cast.getInput();
  return builder.createOrFold<StorageCastOp>(
      input.getLoc(), type.clone(format.getPlainStorage()), input);
}

int64_t QuantizedOperand::maxSteps() const {
  if (!isStatic())
    return format.getMax() - format.getMin();
  int64_t steps = 0;
  for (int64_t z : zeroPoints)
    steps = std::max({steps, z - format.getMin(), format.getMax() - z});
  return steps;
}

int64_t QuantizedOperand::maxMagnitude() const {
  return std::max(std::abs(format.getMin()), std::abs(format.getMax()));
}
