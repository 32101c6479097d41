//===- LowbitOps.cpp - observers, weights and checks ----------------------===//
//
// Constraints A1, O1 to O6, W1 to W3, I1 and I2. Quantization and contractions
// have files of their own.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

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

/// `tensor<4x8xf32> -> tensor<8xf32>`: the value, and the gradients of scales
/// and zero points.
static ParseResult parseGradientTypes(OpAsmParser &parser, Type &input,
                                      Type &gradient, Type &inputGradient,
                                      Type &scaleGradient,
                                      Type &zeroPointGradient) {
  if (parser.parseType(input) || parser.parseArrow() ||
      parser.parseType(scaleGradient))
    return failure();
  gradient = inputGradient = input;
  zeroPointGradient = scaleGradient;
  return success();
}

static void printGradientTypes(OpAsmPrinter &printer, FakeQuantGradOp,
                               Type input, Type, Type, Type scaleGradient,
                               Type) {
  printer << input << " -> " << scaleGradient;
}

#include "lowbit/Dialect/Lowbit/IR/LowbitOpInterfaces.cpp.inc"

#define GET_OP_CLASSES
#include "lowbit/Dialect/Lowbit/IR/LowbitOps.cpp.inc"

//===----------------------------------------------------------------------===//
// Every operation
//===----------------------------------------------------------------------===//

LogicalResult lowbit::detail::verifyKnownAttributes(Operation *op) {
  for (NamedAttribute attr : op->getDiscardableAttrs()) {
    if (attr.getName().strref().contains('.'))
      continue;
    SmallVector<StringRef> own;
    for (StringAttr name : op->getName().getAttributeNames())
      if (name != "operandSegmentSizes")
        own.push_back(name);
    InFlightDiagnostic error = op->emitOpError()
                               << "(A1) has no attribute '"
                               << attr.getName().strref() << "'; ";
    if (own.empty())
      return error << "it has none of its own";
    error << "it has ";
    llvm::interleaveComma(own, error);
    return error;
  }
  return success();
}

//===----------------------------------------------------------------------===//
// ObserveOp
//===----------------------------------------------------------------------===//

void ObserveOp::build(OpBuilder &builder, OperationState &state, Value input,
                      StringRef id, StringRef role,
                      std::optional<int64_t> axis) {
  build(builder, state, input.getType(), input, id, role, /*wide=*/false,
        axis ? builder.getI64IntegerAttr(*axis) : IntegerAttr(), StringAttr(),
        IntegerAttr(), FloatAttr(), FloatAttr(), TypeAttr(), ElementsAttr(),
        ElementsAttr());
}

void ObserveOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  // Nothing reads the result, and it is not dead.
  if (getRole() == "value")
    effects.emplace_back(MemoryEffects::Write::get());
}

LogicalResult ObserveOp::verify() {
  StringRef role = getRole();
  if (!isActivation() && !isConstant() && !isBorder() && role != "value")
    return emitOpError() << "(O1) role must be \"activation\", \"weight\", "
                            "\"table\", \"border\" or \"value\", found \""
                         << role << "\"";
  auto type = cast<RankedTensorType>(getInput().getType());
  if (getAxis() && (*getAxis() < 0 || int64_t(*getAxis()) >= type.getRank()))
    return emitOpError() << "(O2) axis " << int64_t(*getAxis())
                         << " is out of range for a tensor of rank "
                         << type.getRank();
  if (bool(getMinAttr()) != bool(getMaxAttr()))
    return emitOpError() << "(O3) min and max come together";
  if (getMinAttr() && getMin()->convertToFloat() > getMax()->convertToFloat())
    return emitOpError() << "(O4) min must not be above max, found "
                         << getMin()->convertToFloat() << " and "
                         << getMax()->convertToFloat();
  if ((getScaleAttr() || getZeroPointAttr()) && !getFormat())
    return emitOpError() << "(O5) scale and zero_point come with a format";
  if (getFormat() && !isa<QuantizedTypeInterface>(*getFormat()))
    return emitOpError() << "(O6) format must be a quantized type, found "
                         << *getFormat();
  if (getRows()) {
    if (*getRows() != "logits" && *getRows() != "probabilities")
      return emitOpError() << "(O7) rows must be \"logits\" or "
                              "\"probabilities\", found \""
                           << *getRows() << "\"";
    if (isConstant() || type.getRank() == 0)
      return emitOpError() << "(O8) rows are of a value that is no constant "
                              "and has a last dimension, found role \""
                           << role << "\" and rank " << type.getRank();
  }
  if (role == "value" && getFormat())
    return emitOpError() << "(O9) role \"value\" has no format, found "
                         << *getFormat();
  if (getWide() && !isBorder())
    return emitOpError() << "(O11) only a border is wide, found role \"" << role
                         << "\"";
  if (!isConstant() && getAxis() && type.isDynamicDim(*getAxis()))
    return emitOpError() << "(O10) axis " << *getAxis()
                         << " must have a known size in " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

LogicalResult ParameterOp::verify() {
  if (ElementsAttr value = getValueAttr();
      value && value.getType() != getType())
    return emitOpError() << "(W1) value must have type " << getType()
                         << ", found " << value.getType();
  return success();
}

LogicalResult GetParameterOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto parameter =
      symbols.lookupNearestSymbolFrom<ParameterOp>(*this, getParameterAttr());
  if (!parameter)
    return emitOpError() << "(W2) no lowbit.parameter is named "
                         << getParameterAttr();
  if (parameter.getType() != getOutput().getType())
    return emitOpError() << "(W3) parameter " << getParameterAttr()
                         << " has type " << parameter.getType() << ", found "
                         << getOutput().getType();
  return success();
}

LogicalResult CheckRangeOp::verify() {
  auto type = cast<ShapedType>(getIndices().getType());
  if (!type.getElementType().isSignlessInteger())
    return emitOpError() << "(I1) indices must be integers, found " << type;
  int64_t lower = getLowerAttr().getInt(), upper = getUpperAttr().getInt();
  if (lower >= upper)
    return emitOpError() << "(I2) interval must not be empty, found [" << lower
                         << ", " << upper << ")";
  return success();
}

LogicalResult CheckSizeOp::canonicalize(CheckSizeOp op,
                                        PatternRewriter &rewriter) {
  bool isEqual = op.getFound() == op.getExpected() ||
                 isEqualConstantIntOrValue(OpFoldResult(op.getFound()),
                                           OpFoldResult(op.getExpected()));
  if (!isEqual)
    return rewriter.notifyMatchFailure(op, "may be different");
  rewriter.eraseOp(op);
  return success();
}
