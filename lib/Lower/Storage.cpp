//===- Storage.cpp - the integers that lowered code computes with ---------===//
//
//   storage_cast q to iN   ->  trunci(carrier of q)
//   storage_cast iN to q   ->  extsi or extui, a carrier
//   tensor.cast q, ...     ->  tensor.cast (carrier of q)
//   scf.for carrying q     ->  scf.for carrying the carrier of q, and so on
//
// Where iN is the carrier the cast is nothing.
//
//===----------------------------------------------------------------------===//
#include "Storage.h"

#include "Elementwise.h"

#include "mlir/Dialect/SCF/Transforms/Patterns.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/DialectConversion.h"

using namespace mlir;
using namespace lowbit;

static QuantizedTypeInterface formatOf(Type type) {
  return dyn_cast<QuantizedTypeInterface>(getElementTypeOrSelf(type));
}

bool lowbit::isSignedFormat(QuantizedTypeInterface format) {
  auto affine = dyn_cast<AffineType>(Type(format));
  return affine && affine.isSigned();
}

IntegerType lowbit::carrierElement(QuantizedTypeInterface format) {
  return IntegerType::get(Type(format).getContext(),
                          format.getStorageWidth() > 8 ? 16 : 8);
}

Type lowbit::carrierType(Type quantized) {
  QuantizedTypeInterface format = formatOf(quantized);
  Type element = carrierElement(format);
  if (auto type = dyn_cast<RankedTensorType>(quantized))
    return RankedTensorType::get(format.getStorageShape(type.getShape()),
                                 element);
  return element;
}

Value lowbit::toCarrier(OpBuilder &builder, Value quantized) {
  Type type = carrierType(quantized.getType());
  if (auto cast = quantized.getDefiningOp<UnrealizedConversionCastOp>())
    if (cast.getNumOperands() == 1 && cast.getOperand(0).getType() == type)
      return cast.getOperand(0);
  return UnrealizedConversionCastOp::create(builder, quantized.getLoc(), type,
                                            quantized)
      .getResult(0);
}

Value lowbit::fromCarrier(OpBuilder &builder, Location loc, Value carrier,
                          Type quantized) {
  return UnrealizedConversionCastOp::create(builder, loc, quantized, carrier)
      .getResult(0);
}

/// Plain integers to carriers.
static Value emitExtended(OpBuilder &builder, Operation *op, Value plain,
                          Type quantized) {
  Type wanted = carrierType(quantized);
  if (plain.getType() == wanted)
    return plain;
  bool isSigned = isSignedFormat(formatOf(quantized));
  Type element = getElementTypeOrSelf(wanted);
  DenseElementsAttr constant;
  if (isa<RankedTensorType>(wanted) &&
      matchPattern(plain, m_Constant(&constant))) {
    unsigned width = element.getIntOrFloatBitWidth();
    auto extended = constant.mapValues(element, [&](const APInt &value) {
      return isSigned ? value.sext(width) : value.zext(width);
    });
    return arith::ConstantOp::create(builder, op->getLoc(), extended);
  }
  return emitElementwise(builder, op, plain, ElementInput::of(plain), element,
                         [&](ElementBuilder e, ValueRange args) {
                           return SmallVector<Value>{
                               e.extend(args[0], element, isSigned)};
                         })
      .front();
}

/// Carriers to plain integers.
static Value emitTruncated(OpBuilder &builder, Operation *op, Value carrier,
                           Type plain) {
  if (carrier.getType() == plain)
    return carrier;
  Type element = getElementTypeOrSelf(plain);
  return emitElementwise(builder, op, carrier, ElementInput::of(carrier),
                         element,
                         [&](ElementBuilder e, ValueRange args) {
                           return SmallVector<Value>{
                               e.make<arith::TruncIOp>(element, args[0])};
                         })
      .front();
}

bool lowbit::isMovementOfCarriers(Operation *op) {
  return isa<tensor::CastOp, tensor::CollapseShapeOp, tensor::ConcatOp,
             tensor::EmptyOp, tensor::ExpandShapeOp, tensor::ExtractSliceOp,
             tensor::InsertSliceOp>(op);
}

namespace {
struct LowerStorageCast : OpRewritePattern<StorageCastOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(StorageCastOp op,
                                PatternRewriter &rewriter) const override {
    Value input = op.getInput();
    if (formatOf(input.getType())) {
      rewriter.replaceOp(op,
                         emitTruncated(rewriter, op, toCarrier(rewriter, input),
                                       op.getType()));
      return success();
    }
    Value carrier = emitExtended(rewriter, op, input, op.getType());
    rewriter.replaceOp(
        op, fromCarrier(rewriter, op.getLoc(), carrier, op.getType()));
    return success();
  }
};

/// Moving quantized elements is moving their carriers. Packed ones share bytes,
/// so only a cast of shape leaves them as they are.
struct LowerMovement : RewritePattern {
  explicit LowerMovement(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    if (!isMovementOfCarriers(op))
      return rewriter.notifyMatchFailure(op, "moves nothing");
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !formatOf(type))
      return rewriter.notifyMatchFailure(op, "moves no quantized tensor");
    if (formatOf(type).getPack() && !isa<tensor::CastOp>(op))
      return op->emitOpError("moves elements of ")
             << type.getElementType()
             << ", which share bytes; unpack them first (lowbit.storage_cast)";
    IRMapping mapping;
    for (Value operand : op->getOperands())
      if (formatOf(operand.getType()))
        mapping.map(operand, toCarrier(rewriter, operand));
    Operation *moved = rewriter.clone(*op, mapping);
    moved->getResult(0).setType(carrierType(type));
    rewriter.replaceOp(
        op, fromCarrier(rewriter, op->getLoc(), moved->getResult(0), type));
    return success();
  }
};
} // namespace

void lowbit::populateStorageCastPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerStorageCast, LowerMovement>(patterns.getContext());
}

LogicalResult lowbit::convertLoopsToCarriers(Operation *root) {
  TypeConverter converter;
  converter.addConversion([](Type type) { return type; });
  converter.addConversion([](Type type) -> std::optional<Type> {
    bool isKnown = !isa<ShapedType>(type) || isa<RankedTensorType>(type);
    if (!isKnown || !formatOf(type))
      return std::nullopt;
    return carrierType(type);
  });
  auto cast = [](OpBuilder &builder, Type type, ValueRange inputs,
                 Location loc) {
    return UnrealizedConversionCastOp::create(builder, loc, type, inputs)
        .getResult(0);
  };
  converter.addSourceMaterialization(cast);
  converter.addTargetMaterialization(cast);
  RewritePatternSet patterns(root->getContext());
  ConversionTarget target(*root->getContext());
  target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
  scf::populateSCFStructuralTypeConversionsAndLegality(converter, patterns,
                                                       target);
  return applyPartialConversion(root, target, std::move(patterns));
}

void lowbit::resolveCarriers(Operation *root, bool isLast) {
  SmallVector<UnrealizedConversionCastOp> casts;
  root->walk([&](UnrealizedConversionCastOp op) {
    if (op.getNumOperands() == 1 && op.getNumResults() == 1 &&
        (formatOf(op.getOperand(0).getType()) ||
         formatOf(op.getResult(0).getType())))
      casts.push_back(op);
  });
  for (UnrealizedConversionCastOp op : casts) {
    auto producer =
        op.getOperand(0).getDefiningOp<UnrealizedConversionCastOp>();
    if (producer && producer.getNumOperands() == 1 &&
        producer.getOperand(0).getType() == op.getResult(0).getType())
      op.getResult(0).replaceAllUsesWith(producer.getOperand(0));
  }
  for (UnrealizedConversionCastOp op : llvm::reverse(casts)) {
    if (op->use_empty()) {
      op.erase();
      continue;
    }
    OpBuilder builder(op);
    Value input = op.getOperand(0), result = op.getResult(0);
    Type quantized =
        formatOf(input.getType()) ? input.getType() : result.getType();
    QuantizedTypeInterface format = formatOf(quantized);
    Type plain = format.getStorageElement();
    if (auto type = dyn_cast<RankedTensorType>(quantized))
      plain = RankedTensorType::get(format.getStorageShape(type.getShape()),
                                    format.getStorageElement());
    if (!isLast && plain != carrierType(quantized))
      continue;
    Value cast;
    if (quantized == input.getType())
      cast = emitExtended(
          builder, op,
          StorageCastOp::create(builder, op.getLoc(), plain, input), quantized);
    else
      cast = StorageCastOp::create(builder, op.getLoc(), quantized,
                                   emitTruncated(builder, op, input, plain));
    result.replaceAllUsesWith(cast);
    op.erase();
  }
}
