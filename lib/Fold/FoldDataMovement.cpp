//===- FoldDataMovement.cpp - dequantize after data movement --------------===//
//
//   move(dequantize(q))      ->  dequantize(move(q))
//   pad(dequantize(q), 0.0)  ->  dequantize(pad(q, zero_point))
//
// The integers move in their plain type, between two storage casts. Refused: a
// per-axis format whose axis the movement does not keep, padding of a per-axis
// format with several zero points.
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
    if (!source || !format || format.isBlockwise() || format.getPack())
      return rewriter.notifyMatchFailure(
          op, "a format whose elements do not move one by one");
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
};
} // namespace

void lowbit::populateFoldDataMovementPatterns(RewritePatternSet &patterns) {
  patterns.add<MoveDequantize>(patterns.getContext());
}
