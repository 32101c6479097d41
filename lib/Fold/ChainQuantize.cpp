//===- ChainQuantize.cpp - one value in two widths ------------------------===//
//
//   quantize<i16>(x), quantize<i8>(x)
//   ->  q = quantize<i16>(x), quantize<i8>(dequantize(q))
//
// so that x itself goes through memory for neither of them. Only where the
// wide format has at least 32 steps to each of the narrow one and holds all
// that the narrow one holds: the result is then within 1/64 of a step of what
// it was before rounding. Left as they are: parameters of the run or along an
// axis, values that have other readers.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/ParameterAccess.h"

using namespace mlir;
using namespace lowbit;

static constexpr double kStepsToOne = 32;

namespace {
/// One format with one scale that is known.
struct Grid {
  AffineType format;
  double scale, zeroPoint;

  double min() const { return (format.getMin() - zeroPoint) * scale; }
  double max() const { return (format.getMax() - zeroPoint) * scale; }
};

struct ChainQuantize : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  static std::optional<Grid> gridOf(QuantizeOp op) {
    auto format = dyn_cast<AffineType>(Type(op.getQuantizedFormat()));
    auto parameters = QuantParameters::of(op);
    if (!format || !format.isPerTensor() || format.getPack() ||
        !parameters.isStatic() || !op.getSaturate() ||
        !isa<RankedTensorType>(op.getType()))
      return std::nullopt;
    auto known = parameters.read();
    if (!known)
      return std::nullopt;
    return Grid{format, known->scales[0], double(known->zeroPoint(0))};
  }

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    Value input = op.getInput();
    auto narrow = gridOf(op);
    if (!narrow || !input.getDefiningOp() || isConstantTensor(input) ||
        input.getDefiningOp<DequantizeOp>())
      return rewriter.notifyMatchFailure(op, "not one value of one format");
    QuantizeOp wide;
    for (Operation *user : input.getUsers()) {
      auto other = dyn_cast<QuantizeOp>(user);
      if (!other)
        return rewriter.notifyMatchFailure(op, "the value has other readers");
      auto grid = gridOf(other);
      if (other == op || !grid || narrow->scale < kStepsToOne * grid->scale ||
          grid->min() > narrow->min() + narrow->scale / 2 ||
          grid->max() < narrow->max() - narrow->scale / 2)
        continue;
      if (!wide || gridOf(wide)->scale > grid->scale)
        wide = other;
    }
    if (!wide)
      return rewriter.notifyMatchFailure(op, "no finer quantize of the value");
    rewriter.setInsertionPointAfterValue(input);
    rewriter.moveOpAfter(wide, input.getDefiningOp());
    rewriter.setInsertionPoint(op);
    if (wide->getBlock() == op->getBlock() && op->isBeforeInBlock(wide))
      rewriter.setInsertionPointAfter(wide);
    Value back =
        DequantizeOp::create(rewriter, op.getLoc(), input.getType(),
                             wide.getOutput(), QuantParameters::of(wide));
    rewriter.modifyOpInPlace(op, [&] { op.getInputMutable().set(back); });
    return success();
  }
};
} // namespace

void lowbit::populateChainQuantizePatterns(RewritePatternSet &patterns) {
  patterns.add<ChainQuantize>(patterns.getContext());
}
