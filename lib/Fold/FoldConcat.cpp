//===- FoldConcat.cpp - concatenation of integers -------------------------===//
//
//   concat(dequantize(a), dequantize(b))  ->  dequantize(concat(a, b))
//
// where all parts have one format and the same parameters, known or of the
// run. Left as they are: formats along an axis or in blocks, packed ones.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace {
struct MoveDequantizeAfterConcat : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  static bool haveSameParameters(DequantizeOp a, DequantizeOp b) {
    return Type(a.getQuantizedFormat()) == Type(b.getQuantizedFormat()) &&
           a.getScaleAttr() == b.getScaleAttr() &&
           a.getZeroPointAttr() == b.getZeroPointAttr() &&
           a.getDynamicScale() == b.getDynamicScale() &&
           a.getDynamicZeroPoint() == b.getDynamicZeroPoint();
  }

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
} // namespace

void lowbit::populateFoldConcatPatterns(RewritePatternSet &patterns) {
  patterns.add<MoveDequantizeAfterConcat>(patterns.getContext());
}
