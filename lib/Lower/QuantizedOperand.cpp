//===- QuantizedOperand.cpp - an operand of a contraction -----------------===//
//
// Reads format and parameters from a dequantize.
//
//===----------------------------------------------------------------------===//
#include "QuantizedOperand.h"

#include "lowbit/Import/ParameterAccess.h"

#include "llvm/ADT/STLExtras.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

std::optional<QuantizedOperand> lowbit::matchQuantizedOperand(Value value) {
  QuantizedOperand operand;
  operand.dequantize = value.getDefiningOp<DequantizeOp>();
  if (!operand.dequantize)
    return std::nullopt;
  auto format =
      dyn_cast<AffineType>(Type(operand.dequantize.getQuantizedFormat()));
  if (!format || !isa<RankedTensorType>(value.getType()))
    return std::nullopt;
  operand.format = format;
  auto p = QuantParameters::of(operand.dequantize);
  // A scale of the run is an f32; a known one takes that of the tensor in.
  bool isF32 = format.getGranularity().getScale().isF32();
  if (p.dynamicTensorScale || (!p.scale && (p.tensorScale || !isF32)))
    return std::nullopt;
  if (p.scale) {
    QuantParameters known{p.scale, {}, p.tensorScale, {}, {}, {}};
    auto numbers = known.read();
    // NaN is a value of scales of 8 bits, and of no integer (N27).
    if (!numbers || numbers->scales.empty() ||
        llvm::any_of(numbers->scales,
                     [](float scale) { return std::isnan(scale); }))
      return std::nullopt;
    operand.scales = std::move(numbers->scales);
  }
  if (p.zeroPoint) {
    auto zeroPoints = readIntegers(p.zeroPoint);
    if (!zeroPoints || zeroPoints->empty())
      return std::nullopt;
    operand.zeroPoints = std::move(*zeroPoints);
  }
  return operand;
}

bool QuantizedOperand::isConstant() const {
  auto cast =
      DequantizeOp(dequantize).getInput().getDefiningOp<StorageCastOp>();
  return isStatic() && cast && isConstantTensor(cast.getInput());
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
  if (zeroPoints.empty())
    return format.getMax() - format.getMin();
  int64_t steps = 0;
  for (int64_t z : zeroPoints)
    steps = std::max({steps, z - format.getMin(), format.getMax() - z});
  return steps;
}

int64_t QuantizedOperand::maxMagnitude() const {
  return std::max(std::abs(format.getMin()), std::abs(format.getMax()));
}
