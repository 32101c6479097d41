//===- FoldDataMovement.cpp - dequantize after data movement --------------===//
//
//   move(dequantize(q))      ->  dequantize(move(q))
//   pad(dequantize(q), 0.0)  ->  dequantize(pad(q, zero_point))
//
// The integers move in their plain type, between two storage casts. Refused: a
// per-axis format whose axis the movement does not keep, padding of a per-axis
// format with several zero points, and groups. Where each row has parameters of
// its own, they move like the rows (MoveRows.cpp), and padding goes first:
//
//   pad(dequantize(quantize(x)), 0.0)  ->  dequantize(quantize(pad(x, 0.0)))
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

/// The integer that stands for 0.0, as a scalar of the plain storage type; null
/// when there are several.
static Value emitZeroPoint(OpBuilder &builder, Location loc, DequantizeOp op,
                           IntegerType plain) {
  if (Value dynamic = op.getDynamicZeroPoint()) {
    if (cast<RankedTensorType>(dynamic.getType()).getRank() != 0)
      return {};
    Value wide = tensor::ExtractOp::create(builder, loc, dynamic, ValueRange{});
    return arith::TruncIOp::create(builder, loc, plain, wide);
  }
  auto zeroPoints = readIntegers(op.getZeroPointAttr());
  if (!zeroPoints || zeroPoints->empty() || !llvm::all_equal(*zeroPoints))
    return {};
  auto value =
      IntegerAttr::get(plain, APInt(32, zeroPoints->front(), /*isSigned=*/true)
                                  .trunc(plain.getWidth()));
  return arith::ConstantOp::create(builder, loc, value);
}

/// `op` on integers: the moved operand is `ints`, and the init, where there is
/// one, a tensor of integers.
static Operation *cloneOnIntegers(PatternRewriter &rewriter, Operation *op,
                                  Value ints, Type plain) {
  IRMapping mapping;
  mapping.map(movedOperand(op)->get(), ints);
  Operation *clone;
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    Value init = linalgOp.getDpsInits()[0];
    Value empty = tensor::EmptyOp::create(
        rewriter, op->getLoc(),
        tensor::getMixedSizes(rewriter, op->getLoc(), init), plain);
    clone = rewriter.clone(*op, mapping);
    clone->setOperand(1, empty);
    for (BlockArgument argument : clone->getRegion(0).getArguments())
      argument.setType(plain);
  } else {
    clone = rewriter.clone(*op, mapping);
  }
  Value result = clone->getResult(0);
  result.setType(cast<RankedTensorType>(result.getType()).clone(plain));
  clone->removeAttr(LowbitDialect::kIdAttr);
  return clone;
}

/// What `op` does to the elements, done to the parameters of their rows, which
/// have 1 index where a dimension is whole.
static Value moveParameters(PatternRewriter &rewriter, Operation *op,
                            Value parameters, ArrayRef<int64_t> shape,
                            ArrayRef<int64_t> blocks) {
  Location loc = op->getLoc();
  auto from = cast<RankedTensorType>(parameters.getType());
  auto type = RankedTensorType::get(shape, from.getElementType());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
    for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices()))
      if (blocks[dim] != 1)
        for (int64_t inner : group)
          sizes[inner] = rewriter.getIndexAttr(1);
    return tensor::ExpandShapeOp::create(rewriter, loc, type, parameters,
                                         expand.getReassociationIndices(),
                                         sizes);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return tensor::CollapseShapeOp::create(rewriter, loc, type, parameters,
                                           collapse.getReassociationIndices());
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<OpFoldResult> offsets = slice.getMixedOffsets(),
                              sizes = slice.getMixedSizes(),
                              strides = slice.getMixedStrides();
    for (auto [dim, block] : llvm::enumerate(blocks)) {
      if (block == 1)
        continue;
      offsets[dim] = rewriter.getIndexAttr(0);
      sizes[dim] = strides[dim] = rewriter.getIndexAttr(1);
    }
    return tensor::ExtractSliceOp::create(rewriter, loc, type, parameters,
                                          offsets, sizes, strides);
  }
  if (isa<tensor::CastOp>(op))
    return tensor::CastOp::create(rewriter, loc, type, parameters);
  // Where a dimension is whole, 1 of the init's indices.
  Value init = cast<linalg::LinalgOp>(op).getDpsInits()[0];
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(rewriter, loc, init);
  for (auto [size, extent] : llvm::zip_equal(sizes, shape))
    if (extent == 1)
      size = rewriter.getIndexAttr(1);
  Value empty =
      tensor::EmptyOp::create(rewriter, loc, sizes, type.getElementType());
  Operation *clone = rewriter.clone(*op);
  clone->removeAttr(LowbitDialect::kIdAttr);
  clone->setOperand(0, parameters);
  clone->setOperand(1, empty);
  for (BlockArgument argument : clone->getRegion(0).getArguments())
    argument.setType(type.getElementType());
  clone->getResult(0).setType(cast<RankedTensorType>(empty.getType()));
  return clone->getResult(0);
}

namespace {
struct MoveDequantize : RewritePattern {
  MoveDequantize(MLIRContext *context)
      : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}

  LogicalResult matchAndRewrite(Operation *op,
                                PatternRewriter &rewriter) const override {
    OpOperand *moved = movedOperand(op);
    auto dequantize =
        moved ? moved->get().getDefiningOp<DequantizeOp>() : DequantizeOp();
    if (!dequantize)
      return rewriter.notifyMatchFailure(op, "moves no dequantized value");
    auto source = dyn_cast<RankedTensorType>(dequantize.getInput().getType());
    auto format = dyn_cast<AffineType>(Type(dequantize.getQuantizedFormat()));
    if (!source || !format || format.getPack() ||
        (format.isBlockwise() && !format.isRows()))
      return rewriter.notifyMatchFailure(
          op, "a format whose elements do not move one by one");
    if (format.isRows())
      return moveRows(op, dequantize, format, rewriter);
    std::optional<int64_t> axis;
    if (format.isPerAxis()) {
      axis = axisAfter(op, *format.getAxis());
      if (!axis)
        return rewriter.notifyMatchFailure(op, "the axis is not kept");
    }
    Location loc = op->getLoc();
    IntegerType plain = format.getPlainStorage();
    auto pad = dyn_cast<tensor::PadOp>(op);
    Value zeroPoint;
    if (pad) {
      // (zp - zp) * scale is the +0 of the border for scales that N3 allows;
      // one of the run is taken to be such.
      auto known = QuantParameters::of(dequantize).withConstants();
      auto scales = known.scale ? readFloats(known.scale) : std::nullopt;
      if (scales && llvm::any_of(*scales, [](float scale) {
            return !(scale > 0) || !std::isfinite(scale);
          }))
        return rewriter.notifyMatchFailure(op, "a scale of NaN");
      zeroPoint = emitZeroPoint(rewriter, loc, dequantize, plain);
      if (!zeroPoint)
        return rewriter.notifyMatchFailure(op, "has several zero points");
    }
    Value ints = StorageCastOp::create(rewriter, loc, source.clone(plain),
                                       dequantize.getInput());
    auto result = cast<RankedTensorType>(op->getResult(0).getType());
    Value movedInts;
    if (pad)
      movedInts = tensor::PadOp::create(
          rewriter, loc, result.clone(plain), ints, pad.getMixedLowPad(),
          pad.getMixedHighPad(), zeroPoint, pad.getNofold());
    else
      movedInts = cloneOnIntegers(rewriter, op, ints, plain)->getResult(0);
    Value quantized = StorageCastOp::create(
        rewriter, loc, result.clone(Type(format.withAxis(axis))), movedInts);
    auto after = DequantizeOp::create(rewriter, loc, result, quantized,
                                      QuantParameters::of(dequantize));
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
      after->setAttr(LowbitDialect::kIdAttr, id);
    rewriter.replaceOp(op, after);
    return success();
  }

  static LogicalResult moveRows(Operation *op, DequantizeOp dequantize,
                                AffineType format, PatternRewriter &rewriter) {
    auto parameters = QuantParameters::of(dequantize);
    auto blocks = rowBlocksAfter(op, format.getGranularity().getBlock());
    if (!blocks || !parameters.dynamicScale || !parameters.dynamicZeroPoint)
      return rewriter.notifyMatchFailure(op, "the rows are not kept");
    Location loc = op->getLoc();
    auto result = cast<RankedTensorType>(op->getResult(0).getType());
    AffineType movedFormat = format.withBlocks(*blocks);
    Value quantized;
    if (isa<tensor::PadOp>(op)) {
      auto quantize = dequantize.getInput().getDefiningOp<QuantizeOp>();
      if (!quantize || !QuantParameters::of(quantize).equals(parameters))
        return rewriter.notifyMatchFailure(op, "pads integers");
      Operation *padded = rewriter.clone(*op);
      padded->removeAttr(LowbitDialect::kIdAttr);
      padded->setOperand(0, quantize.getInput());
      quantized =
          QuantizeOp::create(rewriter, loc, result.clone(Type(movedFormat)),
                             padded->getResult(0), parameters);
    } else {
      IntegerType plain = format.getPlainStorage();
      Value ints = StorageCastOp::create(
          rewriter, loc,
          cast<RankedTensorType>(dequantize.getInput().getType()).clone(plain),
          dequantize.getInput());
      Value moved = cloneOnIntegers(rewriter, op, ints, plain)->getResult(0);
      quantized = StorageCastOp::create(rewriter, loc,
                                        result.clone(Type(movedFormat)), moved);
      auto shape =
          movedFormat.getGranularity().parameterShape(result.getShape());
      parameters.dynamicScale =
          moveParameters(rewriter, op, parameters.dynamicScale, shape,
                         format.getGranularity().getBlock());
      parameters.dynamicZeroPoint =
          moveParameters(rewriter, op, parameters.dynamicZeroPoint, shape,
                         format.getGranularity().getBlock());
    }
    auto after =
        DequantizeOp::create(rewriter, loc, result, quantized, parameters);
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr))
      after->setAttr(LowbitDialect::kIdAttr, id);
    rewriter.replaceOp(op, after);
    return success();
  }
};
} // namespace

void lowbit::populateFoldDataMovementPatterns(RewritePatternSet &patterns) {
  patterns.add<MoveDequantize>(patterns.getContext());
}
