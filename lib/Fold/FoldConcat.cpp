//===- FoldConcat.cpp - concatenation of integers -------------------------===//
//
//   concat(dequantize(a), dequantize(b))  ->  dequantize(concat(a, b))
//   quantize(concat(x, y))  ->  quantize(dequantize(concat(quantize(x),
//                                                          quantize(y))))
//
// The first where all parts have one format and the same parameters; the
// second where nothing else reads the concatenation (what remains around it is
// the first's, and folds away). Left as they are: formats along an axis or in
// blocks, packed ones.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

template <typename A, typename B> static bool haveSameParameters(A a, B b) {
  return Type(a.getQuantizedFormat()) == Type(b.getQuantizedFormat()) &&
         a.getScaleAttr() == b.getScaleAttr() &&
         a.getZeroPointAttr() == b.getZeroPointAttr() &&
         a.getDynamicScale() == b.getDynamicScale() &&
         a.getDynamicZeroPoint() == b.getDynamicZeroPoint();
}

/// What `value` is a reshape or transpose of, which nothing else reads.
static OpOperand *permutedOperand(Value value) {
  Operation *op = value.getDefiningOp();
  OpOperand *moved = movedOperand(op);
  bool isPermuted =
      moved && op->hasOneUse() &&
      (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op) ||
       isa<linalg::TransposeOp>(op));
  return isPermuted ? moved : nullptr;
}

namespace {
struct MoveDequantizeAfterConcat : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    auto first = op.getInputs().front().getDefiningOp<DequantizeOp>();
    auto format = first ? dyn_cast<AffineType>(Type(first.getQuantizedFormat()))
                        : AffineType();
    if (!format || !format.isPerTensor() || format.getPack())
      return rewriter.notifyMatchFailure(op, "not of one format");
    IntegerType plain = format.getPlainStorage();
    for (Value input : op.getInputs()) {
      auto dequantize = input.getDefiningOp<DequantizeOp>();
      if (!dequantize || !haveSameParameters(first, dequantize))
        return rewriter.notifyMatchFailure(op, "its parts differ");
    }
    SmallVector<Value> parts;
    for (Value input : op.getInputs())
      parts.push_back(StorageCastOp::create(
          rewriter, op.getLoc(),
          cast<RankedTensorType>(input.getType()).clone(plain),
          input.getDefiningOp<DequantizeOp>().getInput()));
    RankedTensorType type = op.getResultType();
    Value joined = tensor::ConcatOp::create(
        rewriter, op.getLoc(), type.clone(plain), op.getDim(), parts);
    Value quantized = StorageCastOp::create(rewriter, op.getLoc(),
                                            type.clone(Type(format)), joined);
    auto after = DequantizeOp::create(rewriter, op.getLoc(), type, quantized,
                                      QuantParameters::of(first));
    if (Attribute id = op->getAttr(LowbitDialect::kIdAttr)) {
      after->setAttr(LowbitDialect::kIdAttr, id);
      joined.getDefiningOp()->setAttr(LowbitDialect::kIntegersAttr,
                                      rewriter.getArrayAttr(id));
    }
    rewriter.replaceOp(op, after);
    return success();
  }
};

struct QuantizeParts : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    auto quantize = op->hasOneUse() ? dyn_cast<QuantizeOp>(*op->user_begin())
                                    : QuantizeOp();
    auto format = quantize
                      ? dyn_cast<AffineType>(Type(quantize.getQuantizedFormat()))
                      : AffineType();
    if (!format || !format.isPerTensor() || format.getPack() ||
        !QuantParameters::of(quantize).isStatic())
      return rewriter.notifyMatchFailure(op, "is not quantized to one format");
    auto parameters = QuantParameters::of(quantize);
    bool isChanged = false;
    for (OpOperand &part : op->getOpOperands()) {
      OpOperand *use = &part;
      while (OpOperand *moved = permutedOperand(use->get()))
        use = moved;
      auto known = use->get().getDefiningOp<DequantizeOp>();
      if (known && haveSameParameters(known, quantize))
        continue;
      Operation *reader = use->getOwner();
      rewriter.setInsertionPoint(reader);
      auto type = cast<RankedTensorType>(use->get().getType());
      auto made =
          QuantizeOp::create(rewriter, op.getLoc(), type.clone(Type(format)),
                             use->get(), parameters);
      made.setRounding(quantize.getRounding());
      made.setSaturate(quantize.getSaturate());
      Value back = DequantizeOp::create(rewriter, op.getLoc(), type,
                                        made.getOutput(), parameters);
      rewriter.modifyOpInPlace(reader, [&] { use->set(back); });
      isChanged = true;
    }
    if (!isChanged)
      return rewriter.notifyMatchFailure(op, "its parts are quantized");
    return success();
  }
};
} // namespace

void lowbit::populateFoldConcatPatterns(RewritePatternSet &patterns) {
  // The second ends with what the first takes.
  patterns.add<MoveDequantizeAfterConcat>(patterns.getContext(),
                                          PatternBenefit(2));
  patterns.add<QuantizeParts>(patterns.getContext());
}
