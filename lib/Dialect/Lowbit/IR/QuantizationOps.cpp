//===- QuantizationOps.cpp - quantize, dequantize and their kin -----------===//
//
// Constraints P1, Q1 to Q3, F1, F2 and S1 to S3, and the folds:
//
//   quantize(dequantize(q))  ->  q                 equal known parameters
//   quantize(constant)       ->  storage_cast(constant)
//   storage_cast twice       ->  nothing
//
// dequantize(quantize(x)) is never folded: that pair is where the quantization
// error is.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/Evaluate.h"

#include "lowbit/Numerics/Affine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace lowbit;

/// P1, R1: both scalars, or both ranked tensors of one shape.
static LogicalResult verifySameShape(Operation *op, StringRef label, Type from,
                                     Type to) {
  auto a = dyn_cast<RankedTensorType>(from), b = dyn_cast<RankedTensorType>(to);
  bool areScalars = !isa<ShapedType>(from) && !isa<ShapedType>(to);
  if (areScalars || (a && b && a.getShape() == b.getShape()))
    return success();
  return op->emitOpError() << "(" << label
                           << ") operand and result must have the same shape, "
                              "found "
                           << from << " and " << to;
}

/// Q1 to Q3.
static LogicalResult verifyArithmetic(Operation *op,
                                      QuantizedTypeInterface format,
                                      RoundingMode rounding, bool saturate) {
  auto affine = dyn_cast<AffineType>(Type(format));
  if (!affine && rounding != RoundingMode::HalfEven)
    return op->emitOpError()
           << "(Q1) " << Type(format) << " rounds half to even, found "
           << stringifyRoundingMode(rounding);
  if (saturate)
    return success();
  if (isa<CodebookType>(Type(format)))
    return op->emitOpError() << "(Q2) a codebook saturates";
  if (affine && !canWrap({int32_t(affine.getMin()), int32_t(affine.getMax())}))
    return op->emitOpError()
           << "(Q3) what does not saturate wraps, in a range of 2^n values; "
           << affine.getMin() << ":" << affine.getMax() << " has "
           << affine.getMax() - affine.getMin() + 1;
  return success();
}

//===----------------------------------------------------------------------===//
// QuantizeOp, DequantizeOp, FakeQuantOp
//===----------------------------------------------------------------------===//

void QuantizeOp::build(OpBuilder &builder, OperationState &state, Type type,
                       Value input, const QuantParameters &p) {
  build(builder, state, type, input, p.dynamicScale, p.dynamicZeroPoint,
        p.dynamicTensorScale, p.scale, p.zeroPoint, p.tensorScale,
        RoundingMode::HalfEven, /*saturate=*/true);
}

void DequantizeOp::build(OpBuilder &builder, OperationState &state, Type type,
                         Value input, const QuantParameters &p) {
  build(builder, state, type, input, p.dynamicScale, p.dynamicZeroPoint,
        p.dynamicTensorScale, p.scale, p.zeroPoint, p.tensorScale);
}

LogicalResult QuantizeOp::verify() {
  if (failed(verifySameShape(*this, "P1", getInput().getType(),
                             getOutput().getType())))
    return failure();
  return verifyArithmetic(*this, getQuantizedFormat(), getRounding(),
                          getSaturate());
}

LogicalResult DequantizeOp::verify() {
  return verifySameShape(*this, "P1", getInput().getType(),
                         getOutput().getType());
}

LogicalResult FakeQuantOp::verify() {
  if (failed(verifySameShape(*this, "P1", getInput().getType(),
                             getOutput().getType())))
    return failure();
  return verifyArithmetic(*this, getQuantizedFormat(), getRounding(),
                          getSaturate());
}

/// Whether every code of `format` comes back from dequantize and quantize: its
/// values are finite and none of them is NaN or flushed to 0.
static bool comesBack(AffineType format, const KnownParameters &p) {
  for (auto [index, scale] : llvm::enumerate(p.scales)) {
    int64_t z = p.zeroPoint(p.zeroPoints.size() == 1 ? 0 : index);
    int64_t steps = std::max(z - format.getMin(), format.getMax() - z);
    // Not so for NaN either.
    if (!(scale > 0) || !std::isfinite(float(steps) * scale))
      return false;
  }
  return true;
}

OpFoldResult QuantizeOp::fold(FoldAdaptor) {
  auto producer = getInput().getDefiningOp<DequantizeOp>();
  // Codes of NaN and infinity in other formats do not come back.
  auto format = dyn_cast<AffineType>(Type(getQuantizedFormat()));
  if (!producer || !format ||
      producer.getInput().getType() != getOutput().getType())
    return {};
  // The quotient of a product may be just below its integer.
  if (!llvm::is_contained({RoundingMode::HalfEven, RoundingMode::HalfAway,
                           RoundingMode::HalfUp},
                          getRounding()))
    return {};
  // By N3 a scale of the run may be 0 or NaN.
  auto parameters = QuantParameters::of(*this);
  auto numbers = parameters.withConstants().read();
  if (!numbers || !comesBack(format, *numbers) ||
      !QuantParameters::of(producer).equals(parameters))
    return {};
  return producer.getInput();
}

/// Elements of whole bytes: dense when they are few or all equal, otherwise a
/// resource, which is not hashed as a whole.
static ElementsAttr makeBytes(RankedTensorType type, ArrayRef<char> bytes) {
  size_t size = type.getElementType().getIntOrFloatBitWidth() / 8;
  bool areEqual = bytes.size() >= size &&
                  bytes.drop_back(size).equals(bytes.drop_front(size));
  if (areEqual)
    return DenseElementsAttr::getFromRawBuffer(type, bytes.take_front(size));
  if (type.getNumElements() <= kInlineElements)
    return DenseElementsAttr::getFromRawBuffer(type, bytes);
  return DenseResourceElementsAttr::get(
      type, "quantized",
      HeapAsmResourceBlob::allocateAndCopyWithAlign(bytes, /*align=*/64));
}

namespace {
/// quantize(constant) -> storage_cast(constant of integers)
struct QuantizeConstant : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  static constexpr int64_t kMostSubByteElements = 65536;

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto type = dyn_cast<RankedTensorType>(op.getType());
    ElementsAttr input;
    if (!type || !matchPattern(op.getInput(), m_Constant(&input)))
      return rewriter.notifyMatchFailure(op, "is no constant tensor");
    auto parameters = QuantParameters::of(op).read();
    if (!parameters)
      return rewriter.notifyMatchFailure(op, "has numbers that are not here");
    if (DenseElementsAttr ints = quantizeSplat(op, input, *parameters))
      return replace(op, ints, rewriter);
    if (input.isSplat() && type.getNumElements() > kMostSplatElements)
      return rewriter.notifyMatchFailure(
          op, "is a splat that would become too large a tensor");
    QuantizedTypeInterface format = op.getQuantizedFormat();
    auto plain = RankedTensorType::get(format.getStorageShape(type.getShape()),
                                       format.getStorageElement());
    unsigned width = plain.getElementType().getIntOrFloatBitWidth();
    bool isWholeBytes = width == 8 || width == 16;
    if (!isWholeBytes && type.getNumElements() > kMostSubByteElements)
      return rewriter.notifyMatchFailure(
          op, "is too large for a constant of elements that are not whole "
              "bytes, which is hashed and compared as a whole");
    auto values = readFloats(input);
    if (!values)
      return rewriter.notifyMatchFailure(op, "has numbers that are not here");
    std::vector<int32_t> codes =
        quantizeTensor(*values, type.getShape(), format, *parameters,
                       op.getRounding(), op.getSaturate());
    ElementsAttr elements;
    if (isWholeBytes) {
      elements = makeBytes(plain, toStorage(codes, type.getShape(), format));
    } else {
      SmallVector<APInt> numbers;
      for (int32_t code : codes)
        numbers.push_back(APInt(32, uint32_t(code)).trunc(width));
      elements = DenseElementsAttr::get(plain, numbers);
    }
    return replace(op, elements, rewriter);
  }

private:
  static LogicalResult replace(QuantizeOp op, ElementsAttr elements,
                               PatternRewriter &rewriter) {
    Value ints = arith::ConstantOp::create(rewriter, op.getLoc(), elements);
    rewriter.replaceOpWithNewOp<StorageCastOp>(op, op.getType(), ints);
    return success();
  }
};
} // namespace

void QuantizeOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                             MLIRContext *context) {
  patterns.add<QuantizeConstant>(context);
}

//===----------------------------------------------------------------------===//
// FakeQuantGradOp
//===----------------------------------------------------------------------===//

LogicalResult FakeQuantGradOp::verify() {
  if (!isa<AffineType>(Type(getQuantizedFormat())))
    return emitOpError() << "(F1) format must be affine, found "
                         << Type(getQuantizedFormat());
  Type input = getInput().getType();
  for (Type type : {getGradient().getType(), getInputGradient().getType()})
    if (type != input)
      return emitOpError() << "(P1) the gradients of a " << input
                           << " have its type, found " << type;
  auto wanted = RankedTensorType::get(
      getQuantizedFormat().getGranularity().parameterShape(
          cast<RankedTensorType>(input).getShape()),
      Float32Type::get(getContext()));
  for (Type type :
       {getScaleGradient().getType(), getZeroPointGradient().getType()})
    if (type != wanted)
      return emitOpError() << "(F2) the gradients of the parameters must be "
                           << wanted << ", found " << type;
  return success();
}

//===----------------------------------------------------------------------===//
// StorageCastOp
//===----------------------------------------------------------------------===//

LogicalResult StorageCastOp::verify() {
  Type from = getInput().getType(), to = getOutput().getType();
  auto format = dyn_cast<QuantizedTypeInterface>(getElementTypeOrSelf(from));
  auto other = dyn_cast<QuantizedTypeInterface>(getElementTypeOrSelf(to));
  if (bool(format) == bool(other))
    return emitOpError() << "(S1) needs a quantized type on one side and "
                            "integers on the other, found "
                         << from << " and " << to;
  Type quantized = format ? from : to, plain = format ? to : from;
  if (!format)
    format = other;
  if (getElementTypeOrSelf(plain) != format.getStorageElement())
    return emitOpError() << "(S2) storage of " << Type(format) << " is "
                         << format.getStorageElement() << ", found "
                         << getElementTypeOrSelf(plain);
  auto a = dyn_cast<RankedTensorType>(quantized);
  auto b = dyn_cast<RankedTensorType>(plain);
  if (!a && !b && !isa<ShapedType>(quantized) && !isa<ShapedType>(plain)) {
    if (format.getPack())
      return emitOpError() << "(S3) a scalar is not packed, found "
                           << quantized;
    return success();
  }
  if (!a || !b)
    return emitOpError() << "(S3) needs two scalars or two ranked tensors, "
                            "found "
                         << from << " and " << to;
  if (failed(detail::verifyPackedShape(*this, format, a.getShape())))
    return failure();
  if (ArrayRef<int64_t>(format.getStorageShape(a.getShape())) != b.getShape())
    return emitOpError() << "(S3) " << quantized << " is stored in "
                         << RankedTensorType::get(
                                format.getStorageShape(a.getShape()),
                                format.getStorageElement())
                         << ", found " << plain;
  return success();
}

OpFoldResult StorageCastOp::fold(FoldAdaptor) {
  auto producer = getInput().getDefiningOp<StorageCastOp>();
  if (producer && producer.getInput().getType() == getOutput().getType())
    return producer.getInput();
  return {};
}
