//===- FoldPooling.cpp - maxima of integers -------------------------------===//
//
//   max_pool(dequantize(q))             ->  dequantize(max_pool(q))
//   max_pool(pad(dequantize(q), -inf))  ->  dequantize(max_pool(pad(q,
//   lowest)))
//
// and minima alike, of any layout and along whole dimensions (rule N23):
// dequantize keeps the order, so the largest value is that of the largest
// integer. Refused: what findFloatReason names; phase 6 says why.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Import/Reductions.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lowbit;

/// The larger or the smaller of two integers of the format.
static Value emitExtreme(OpBuilder &b, Location loc, ReductionKind kind,
                         bool isSigned, Value x, Value y) {
  if (kind == ReductionKind::Max)
    return isSigned ? arith::MaxSIOp::create(b, loc, x, y).getResult()
                    : arith::MaxUIOp::create(b, loc, x, y).getResult();
  return isSigned ? arith::MinSIOp::create(b, loc, x, y).getResult()
                  : arith::MinUIOp::create(b, loc, x, y).getResult();
}

namespace {
struct MoveDequantizeAfterExtreme
    : OpInterfaceRewritePattern<linalg::LinalgOp> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::LinalgOp op,
                                PatternRewriter &rewriter) const override {
    auto r = matchQuantizedReduction(op);
    if (!r || r->kind == ReductionKind::Sum)
      return rewriter.notifyMatchFailure(op,
                                         "no extreme of dequantized values");
    if (std::string reason = findFloatReason(*r); !reason.empty())
      return rewriter.notifyMatchFailure(op, reason);
    Location loc = op.getLoc();
    AffineType format = r->format();
    IntegerType plain = format.getPlainStorage();
    bool isMax = r->kind == ReductionKind::Max;
    // Nothing is below (above) it.
    IntegerAttr end = rewriter.getIntegerAttr(
        plain, APInt(64, isMax ? format.getMin() : format.getMax(),
                     /*isSigned=*/true)
                   .trunc(plain.getWidth()));
    Value quantized = r->dequantize.getInput();
    Value ints = StorageCastOp::create(
        rewriter, loc, cast<RankedTensorType>(quantized.getType()).clone(plain),
        quantized);
    if (tensor::PadOp pad = r->pad)
      ints = tensor::PadOp::create(
          rewriter, loc, pad.getResultType().clone(plain), ints,
          pad.getMixedLowPad(), pad.getMixedHighPad(),
          arith::ConstantOp::create(rewriter, loc, end), pad.getNofold());
    Value extreme =
        emitReduction(rewriter, *r, ints, end, {},
                      [&](OpBuilder &b, Location l, ValueRange args) {
                        return emitExtreme(b, l, r->kind, format.isSigned(),
                                           args.back(), args.front());
                      });
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    std::optional<int64_t> axis =
        format.isPerAxis() ? r->resultAxis() : std::nullopt;
    Value result = StorageCastOp::create(
        rewriter, loc, type.clone(Type(format.withAxis(axis))), extreme);
    auto after = DequantizeOp::create(rewriter, loc, type, result,
                                      QuantParameters::of(r->dequantize));
    if (auto id = op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr)) {
      after->setAttr(LowbitDialect::kIdAttr, id);
      extreme.getDefiningOp()->setAttr(
          LowbitDialect::kIdAttr,
          rewriter.getStringAttr(id.getValue() + ".i" +
                                 Twine(plain.getWidth())));
    }
    rewriter.replaceOp(op, after);
    return success();
  }
};
} // namespace

void lowbit::populateFoldPoolingPatterns(RewritePatternSet &patterns) {
  patterns.add<MoveDequantizeAfterExtreme>(patterns.getContext());
}
