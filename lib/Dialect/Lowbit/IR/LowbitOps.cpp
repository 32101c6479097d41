//===- LowbitOps.cpp - verifiers and folds of the operations --------------===//
//
// The parameters of quantize, dequantize and fake_quant are checked in one
// place. The only fold of QDQ is quantize(dequantize(q)) with equal
// parameters; the other order is never folded.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

/// Parses and prints `[lower, upper)`.
static ParseResult parseHalfOpenInterval(OpAsmParser &parser,
                                         IntegerAttr &lower,
                                         IntegerAttr &upper) {
  int64_t low, high;
  if (parser.parseLSquare() || parser.parseInteger(low) ||
      parser.parseComma() || parser.parseInteger(high) || parser.parseRParen())
    return failure();
  lower = parser.getBuilder().getI64IntegerAttr(low);
  upper = parser.getBuilder().getI64IntegerAttr(high);
  return success();
}

static void printHalfOpenInterval(OpAsmPrinter &printer, Operation *,
                                  IntegerAttr lower, IntegerAttr upper) {
  printer << "[" << lower.getInt() << ", " << upper.getInt() << ")";
}

#define GET_OP_CLASSES
#include "lowbit/Dialect/Lowbit/IR/LowbitOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Quantization parameters
//===----------------------------------------------------------------------===//

/// Checks that a parameter has one element for a tensor, or one for each index
/// of the axis.
static LogicalResult verifyParameterShape(Operation *op, StringRef what,
                                          ShapedType type, AffineType format,
                                          RankedTensorType shape) {
  if (!format.isPerAxis()) {
    if (type.getRank() != 0)
      return op->emitOpError()
             << what << " of a per-tensor format must have rank 0, found "
             << type;
    return success();
  }
  int64_t size = shape.getDimSize(*format.getAxis());
  if (type.getRank() != 1 ||
      (!ShapedType::isDynamic(size) && !type.isDynamicDim(0) &&
       type.getDimSize(0) != size))
    return op->emitOpError()
           << what << " along axis " << *format.getAxis() << " must have "
           << size << " elements, found " << type;
  return success();
}

static LogicalResult verifyScales(Operation *op, ElementsAttr scale) {
  if (!scale.getElementType().isF32())
    return op->emitOpError()
           << "scale must be f32, found " << scale.getElementType();
  auto values = scale.tryGetValues<float>();
  if (!values)
    return success(); // A resource that is elsewhere: checked when it is read.
  for (auto [index, value] : llvm::enumerate(*values))
    if (!std::isfinite(value) || value <= 0)
      return op->emitOpError() << "scale must be finite and positive, found "
                               << value << " at index " << index;
  return success();
}

static LogicalResult verifyZeroPoints(Operation *op, ElementsAttr zeroPoint,
                                      AffineType format) {
  if (!zeroPoint.getElementType().isInteger(32))
    return op->emitOpError()
           << "zero_point must be i32, found " << zeroPoint.getElementType();
  auto values = zeroPoint.tryGetValues<int32_t>();
  if (!values)
    return success();
  for (auto [index, value] : llvm::enumerate(*values))
    if (value < format.getMin() || value > format.getMax())
      return op->emitOpError()
             << "zero_point must be in " << format.getMin() << ":"
             << format.getMax() << ", found " << value << " at index " << index;
  return success();
}

/// Shared by quantize, dequantize and fake_quant: `shape` is the quantized (or
/// fake-quantized) tensor.
template <typename OpTy>
static LogicalResult verifyParameters(OpTy op, AffineType format,
                                      RankedTensorType shape) {
  if (format.getAxis() && *format.getAxis() >= shape.getRank())
    return op.emitOpError()
           << "axis " << *format.getAxis()
           << " is out of range for a tensor of rank " << shape.getRank();
  ElementsAttr scale = op.getScaleAttr(), zeroPoint = op.getZeroPointAttr();
  bool isDynamic = bool(op.getDynamicScale());
  if (isDynamic != bool(op.getDynamicZeroPoint()) || isDynamic == bool(scale) ||
      bool(scale) != bool(zeroPoint))
    return op.emitOpError()
           << "needs scale and zero_point, both as attributes or both as "
              "dynamic operands";
  auto scaleType = isDynamic ? cast<ShapedType>(op.getDynamicScale().getType())
                             : scale.getShapedType();
  auto zeroType = isDynamic
                      ? cast<ShapedType>(op.getDynamicZeroPoint().getType())
                      : zeroPoint.getShapedType();
  if (failed(verifyParameterShape(op, "scale", scaleType, format, shape)) ||
      failed(verifyParameterShape(op, "zero_point", zeroType, format, shape)))
    return failure();
  if (isDynamic)
    return success();
  return failure(failed(verifyScales(op, scale)) ||
                 failed(verifyZeroPoints(op, zeroPoint, format)));
}

static LogicalResult verifySameShape(Operation *op, Type from, Type to) {
  auto a = dyn_cast<RankedTensorType>(from), b = dyn_cast<RankedTensorType>(to);
  if (!a || !b)
    return op->emitOpError()
           << "needs ranked tensors, found " << from << " and " << to;
  if (a.getShape() != b.getShape())
    return op->emitOpError() << "operand and result must have the same shape, "
                                "found "
                             << from << " and " << to;
  return success();
}

LogicalResult QuantizeOp::verify() {
  if (failed(
          verifySameShape(*this, getInput().getType(), getOutput().getType())))
    return failure();
  auto type = cast<RankedTensorType>(getOutput().getType());
  return verifyParameters(*this, cast<AffineType>(type.getElementType()), type);
}

LogicalResult DequantizeOp::verify() {
  if (failed(
          verifySameShape(*this, getInput().getType(), getOutput().getType())))
    return failure();
  auto type = cast<RankedTensorType>(getInput().getType());
  return verifyParameters(*this, cast<AffineType>(type.getElementType()), type);
}

LogicalResult FakeQuantOp::verify() {
  if (failed(
          verifySameShape(*this, getInput().getType(), getOutput().getType())))
    return failure();
  return verifyParameters(*this, cast<AffineType>(getFormat()),
                          cast<RankedTensorType>(getOutput().getType()));
}

OpFoldResult QuantizeOp::fold(FoldAdaptor) {
  auto producer = getInput().getDefiningOp<DequantizeOp>();
  if (!producer || producer.getInput().getType() != getOutput().getType())
    return {};
  bool sameStatic = getScaleAttr() == producer.getScaleAttr() &&
                    getZeroPointAttr() == producer.getZeroPointAttr();
  bool sameDynamic = getDynamicScale() == producer.getDynamicScale() &&
                     getDynamicZeroPoint() == producer.getDynamicZeroPoint();
  if (sameStatic && sameDynamic)
    return producer.getInput();
  return {};
}

//===----------------------------------------------------------------------===//
// StorageCastOp
//===----------------------------------------------------------------------===//

LogicalResult StorageCastOp::verify() {
  if (failed(
          verifySameShape(*this, getInput().getType(), getOutput().getType())))
    return failure();
  Type from = cast<RankedTensorType>(getInput().getType()).getElementType();
  Type to = cast<RankedTensorType>(getOutput().getType()).getElementType();
  auto format = dyn_cast<AffineType>(from);
  Type plain = to;
  if (!format) {
    format = dyn_cast<AffineType>(to);
    plain = from;
  }
  if (!format || isa<AffineType>(plain))
    return emitOpError() << "needs a quantized type on one side and an integer "
                            "type on the other, found "
                         << from << " and " << to;
  if (plain != format.getPlainStorage())
    return emitOpError() << "storage of " << format << " is "
                         << format.getPlainStorage() << ", found " << plain;
  return success();
}

OpFoldResult StorageCastOp::fold(FoldAdaptor) {
  auto producer = getInput().getDefiningOp<StorageCastOp>();
  if (producer && producer.getInput().getType() == getOutput().getType())
    return producer.getInput();
  return {};
}

//===----------------------------------------------------------------------===//
// ObserveOp
//===----------------------------------------------------------------------===//

void ObserveOp::build(OpBuilder &builder, OperationState &state, Value input,
                      StringRef id, StringRef role,
                      std::optional<int64_t> axis) {
  build(builder, state, input.getType(), input, id, role,
        axis ? builder.getI64IntegerAttr(*axis) : IntegerAttr(), IntegerAttr(),
        FloatAttr(), FloatAttr(), TypeAttr(), ElementsAttr(), ElementsAttr());
}

LogicalResult ObserveOp::verify() {
  StringRef role = getRole();
  if (role != "activation" && role != "weight" && role != "table")
    return emitOpError() << "role must be \"activation\", \"weight\" or "
                            "\"table\", found \""
                         << role << "\"";
  auto type = cast<RankedTensorType>(getInput().getType());
  if (getAxis() && (*getAxis() < 0 || int64_t(*getAxis()) >= type.getRank()))
    return emitOpError() << "axis " << int64_t(*getAxis())
                         << " is out of range for a tensor of rank "
                         << type.getRank();
  if (bool(getMinAttr()) != bool(getMaxAttr()))
    return emitOpError() << "min and max come together";
  if (getMinAttr() && getMin()->convertToFloat() > getMax()->convertToFloat())
    return emitOpError() << "min must not be above max, found "
                         << getMin()->convertToFloat() << " and "
                         << getMax()->convertToFloat();
  if (bool(getScaleAttr()) != bool(getZeroPointAttr()) ||
      (getScaleAttr() && !getFormat()))
    return emitOpError()
           << "scale and zero_point come together, and with a format";
  return success();
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

LogicalResult ParameterOp::verify() {
  if (ElementsAttr value = getValueAttr();
      value && value.getType() != getType())
    return emitOpError() << "value must have type " << getType() << ", found "
                         << value.getType();
  return success();
}

LogicalResult GetParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter =
      symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  if (!parameter)
    return emitOpError() << "no lowbit.parameter is named "
                         << getParameterAttr();
  if (parameter.getType() != getOutput().getType())
    return emitOpError() << "parameter " << getParameterAttr() << " has type "
                         << parameter.getType() << ", found "
                         << getOutput().getType();
  return success();
}

LogicalResult CheckRangeOp::verify() {
  auto type = cast<ShapedType>(getIndices().getType());
  if (!type.getElementType().isSignlessInteger())
    return emitOpError() << "indices must be integers, found " << type;
  int64_t lower = getLowerAttr().getInt(), upper = getUpperAttr().getInt();
  if (lower >= upper)
    return emitOpError() << "interval must not be empty, found [" << lower
                         << ", " << upper << ")";
  return success();
}
