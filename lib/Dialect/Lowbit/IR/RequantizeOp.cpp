//===- RequantizeOp.cpp - constraints of requantize -----------------------===//
//
// R1 to R12.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "lowbit/Numerics/Requantize.h"

using namespace mlir;
using namespace lowbit;

/// R3: rank 0, or the elements of the axis.
static LogicalResult verifySpread(RequantizeOp op, StringRef what, Type found,
                                  ArrayRef<int64_t> shape) {
  ArrayRef<int64_t> sizes;
  if (auto shaped = dyn_cast<ShapedType>(found))
    sizes = shaped.getShape();
  auto axis = op.getAxis();
  if (!axis && sizes.empty())
    return success();
  if (!axis)
    return op.emitOpError()
           << "(R3) " << what << " without an axis must have rank 0, found "
           << found;
  int64_t size = shape[*axis];
  bool fits =
      sizes.size() == 1 && (sizes[0] == size || ShapedType::isDynamic(size) ||
                            ShapedType::isDynamic(sizes[0]));
  if (fits)
    return success();
  auto diagnostic = op.emitOpError() << "(R3) " << what << " along axis "
                                     << int64_t(*axis) << " must have ";
  if (ShapedType::isDynamic(size))
    diagnostic << "rank 1";
  else
    diagnostic << size << " elements";
  return diagnostic << ", found " << found;
}

static LogicalResult verifyNumbers(RequantizeOp op) {
  if (ElementsAttr scale = op.getScaleAttr()) {
    if (!scale.getElementType().isF32())
      return op.emitOpError()
             << "(R4) scale must be f32, found " << scale.getElementType();
    if (auto values = readFloats(scale))
      for (auto [index, value] : llvm::enumerate(*values))
        if (!isLegalRequantizeScale(value))
          return op.emitOpError()
                 << "(R4) scale must be positive, normal and finite, found "
                 << value << " at index " << index;
    return success();
  }
  if (!op.isFixedPoint())
    return success();
  ElementsAttr multiplier = op.getMultiplierAttr(), shift = op.getShiftAttr();
  if (!multiplier.getElementType().isInteger(32) ||
      !shift.getElementType().isInteger(8))
    return op.emitOpError()
           << "(R5) multiplier must be i32 and shift i8, found "
           << multiplier.getElementType() << " and " << shift.getElementType();
  if (auto values = readIntegers(multiplier))
    for (auto [index, value] : llvm::enumerate(*values))
      if (!isLegalFixedScale({value, /*shift=*/2}))
        return op.emitOpError()
               << "(R5) multiplier must not be negative, found " << value
               << " at index " << index;
  if (auto values = readIntegers(shift))
    for (auto [index, value] : llvm::enumerate(*values))
      if (!isLegalFixedScale({/*multiplier=*/0, value}))
        return op.emitOpError() << "(R5) shift must be in 2:62, found " << value
                                << " at index " << index;
  return success();
}

static LogicalResult verifyZeroPoints(RequantizeOp op, AffineType result) {
  ElementsAttr zeroPoint = op.getZeroPointAttr();
  if (bool(zeroPoint) == bool(op.getDynamicZeroPoint()))
    return op.emitOpError() << "(R7) needs one zero_point, an attribute or an "
                               "operand, found "
                            << (zeroPoint ? "both" : "none");
  Type type = zeroPoint ? Type(zeroPoint.getShapedType())
                        : op.getDynamicZeroPoint().getType();
  auto shaped = dyn_cast<ShapedType>(type);
  if (shaped && shaped.getRank() != 0)
    return op.emitOpError()
           << "(R7) zero_point must have rank 0, found " << type;
  if (zeroPoint) {
    if (!zeroPoint.getElementType().isInteger(32))
      return op.emitOpError() << "(R7) zero_point must be i32, found "
                              << zeroPoint.getElementType();
    auto values = readIntegers(zeroPoint);
    if (values && (values->front() < result.getMin() ||
                   values->front() > result.getMax()))
      return op.emitOpError()
             << "(R7) zero_point must be in " << result.getMin() << ":"
             << result.getMax() << ", found " << values->front();
  }
  Type input = getElementTypeOrSelf(op.getInput().getType());
  int64_t low = 0, high = 0;
  if (auto affine = dyn_cast<AffineType>(input))
    std::tie(low, high) = std::pair(affine.getMin(), affine.getMax());
  else if (!input.isInteger(32))
    std::tie(low, high) = AffineType::fullRange(cast<IntegerType>(input));
  int32_t zero = op.getInputZeroPoint();
  if (low == 0 && high == 0 && zero != 0)
    return op.emitOpError() << "(R11) input_zero_point of i32 must be 0, found "
                            << zero << "; an accumulator has no zero point";
  if (zero < low || zero > high)
    return op.emitOpError() << "(R10) input_zero_point must be in " << low
                            << ":" << high << ", found " << zero;
  return success();
}

LogicalResult RequantizeOp::verify() {
  Type from = getInput().getType(), to = getOutput().getType();
  auto a = dyn_cast<RankedTensorType>(from), b = dyn_cast<RankedTensorType>(to);
  bool areScalars = !isa<ShapedType>(from) && !isa<ShapedType>(to);
  if (!areScalars && !(a && b && a.getShape() == b.getShape()))
    return emitOpError()
           << "(R1) operand and result must have the same shape, found " << from
           << " and " << to;
  auto result = dyn_cast<AffineType>(getElementTypeOrSelf(to));
  if (!result || !result.isPerTensor())
    return emitOpError()
           << "(R8) the result must be affine and per tensor, found " << to;
  for (Type type : {from, to}) {
    auto format = dyn_cast<QuantizedTypeInterface>(getElementTypeOrSelf(type));
    if (format && (!isa<AffineType>(Type(format)) || format.getPack()))
      return emitOpError() << "(R12) integers must be affine and not packed, "
                              "found "
                           << type;
  }
  bool hasScale = getScaleAttr() || getDynamicScale();
  bool hasFixed = getMultiplierAttr() || getShiftAttr();
  if (hasScale == hasFixed || (getScaleAttr() && getDynamicScale()) ||
      (hasFixed && !(getMultiplierAttr() && getShiftAttr())))
    return emitOpError() << "(R2) needs either a scale, as an attribute or an "
                            "operand, or a multiplier and a shift";
  ArrayRef<int64_t> shape;
  if (a)
    shape = a.getShape();
  if (getAxis() &&
      (*getAxis() < 0 || int64_t(*getAxis()) >= int64_t(shape.size())))
    return emitOpError() << "(R6) axis " << int64_t(*getAxis())
                         << " is out of range for a value of rank "
                         << shape.size();
  std::pair<StringRef, Type> lists[4];
  unsigned count = 0;
  if (getDynamicScale())
    lists[count++] = {"scale", getDynamicScale().getType()};
  if (getScaleAttr())
    lists[count++] = {"scale", getScaleAttr().getShapedType()};
  if (hasFixed) {
    lists[count++] = {"multiplier", getMultiplierAttr().getShapedType()};
    lists[count++] = {"shift", getShiftAttr().getShapedType()};
  }
  for (auto [what, type] : ArrayRef(lists, count))
    if (failed(verifySpread(*this, what, type, shape)))
      return failure();
  if (hasScale && getFixedRounding())
    return emitOpError() << "(R9) fixed_rounding goes with a multiplier and a "
                            "shift";
  if (hasFixed && getRounding() != RoundingMode::HalfEven)
    return emitOpError() << "(R9) rounding goes with a scale; fixed point has "
                            "fixed_rounding";
  return failure(failed(verifyNumbers(*this)) ||
                 failed(verifyZeroPoints(*this, result)));
}
