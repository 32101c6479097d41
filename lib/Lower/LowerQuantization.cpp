//===- LowerQuantization.cpp - quantize and dequantize in linalg ----------===//
//
//   quantize(x)    ->  codes of x / s, packed into bytes if the format says so
//   dequantize(q)  ->  values of the codes of q, times s
//   fake_quant(x)  ->  both at once
//
// The arithmetic is that of ElementArithmetic.h.
//
//===----------------------------------------------------------------------===//
#include "LoweringPatterns.h"
#include "Storage.h"

using namespace mlir;
using namespace lowbit;

namespace {
struct LowerQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto p = readElementParameters(rewriter, op);
    if (failed(p))
      return failure();
    QuantizedTypeInterface format = op.getQuantizedFormat();
    IntegerType carrier = carrierElement(format);
    Value codes =
        emitElementwise(
            rewriter, op, op.getInput(), p->inputsAfter(op.getInput()), carrier,
            [&](ElementBuilder e, ValueRange args) -> SmallVector<Value> {
              Value code = emitQuantize(e, format, args[0], args[1],
                                        p->zeroPointOf(args), op.getRounding(),
                                        op.getSaturate());
              return {e.make<arith::TruncIOp>(carrier, code)};
            })
            .front();
    carryId(op, codes);
    if (format.getPack())
      codes =
          emitPack(rewriter, op, codes, cast<RankedTensorType>(op.getType()));
    rewriter.replaceOp(op,
                       fromCarrier(rewriter, op.getLoc(), codes, op.getType()));
    return success();
  }
};

struct LowerDequantize : OpRewritePattern<DequantizeOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(DequantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto p = readElementParameters(rewriter, op);
    if (failed(p))
      return failure();
    QuantizedTypeInterface format = op.getQuantizedFormat();
    Value codes = toCarrier(rewriter, op.getInput());
    if (format.getPack())
      codes = emitUnpack(rewriter, op, codes,
                         cast<RankedTensorType>(op.getInput().getType()));
    Value values =
        emitElementwise(
            rewriter, op, codes, p->inputsAfter(codes), rewriter.getF32Type(),
            [&](ElementBuilder e, ValueRange args) -> SmallVector<Value> {
              Value code =
                  e.extend(args[0], e.b.getI32Type(), isSignedFormat(format));
              return {emitDequantize(e, format, code, args[1],
                                     p->zeroPointOf(args))};
            })
            .front();
    carryId(op, values);
    rewriter.replaceOp(op, values);
    return success();
  }
};

struct LowerFakeQuant : OpRewritePattern<FakeQuantOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FakeQuantOp op,
                                PatternRewriter &rewriter) const override {
    auto p = readElementParameters(rewriter, op);
    if (failed(p))
      return failure();
    QuantizedTypeInterface format = op.getQuantizedFormat();
    Value values =
        emitElementwise(
            rewriter, op, op.getInput(), p->inputsAfter(op.getInput()),
            rewriter.getF32Type(),
            [&](ElementBuilder e, ValueRange args) -> SmallVector<Value> {
              ElementZeroPoint z = p->zeroPointOf(args);
              Value code = emitQuantize(e, format, args[0], args[1], z,
                                        op.getRounding(), op.getSaturate());
              return {emitDequantize(e, format, code, args[1], z)};
            })
            .front();
    carryId(op, values);
    rewriter.replaceOp(op, values);
    return success();
  }
};
} // namespace

void lowbit::populateQuantizationPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerQuantize, LowerDequantize, LowerFakeQuant>(
      patterns.getContext());
}
