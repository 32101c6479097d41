//===- FoldClamps.cpp - relu and clamps in the bounds of a format ---------===//
//
//   quantize(max(x, c))  ->  quantize(x)   where c is the format's least value
//                                          or below
//   quantize(min(x, c))  ->  quantize(x)   where c is its greatest or above
//
// Quantize saturates, and does not change the order of values: all that the
// clamp changes has one integer before and after. NaN stays NaN through
// maximumf and minimumf; other forms of a clamp are left, and so are values
// with other readers.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Fold/Patterns.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Numerics/Affine.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

namespace {
struct FoldClamp : OpRewritePattern<QuantizeOp> {
  using OpRewritePattern::OpRewritePattern;

  /// Whether saturating does what `inner`, a clamp of `x`, does.
  static bool isImplied(Operation *inner, Value x,
                        llvm::function_ref<int64_t(double)> code,
                        AffineType format) {
    bool isMax = isa<arith::MaximumFOp>(inner);
    if (!isMax && !isa<arith::MinimumFOp>(inner))
      return false;
    Value other = inner->getOperand(inner->getOperand(0) == x ? 1 : 0);
    FloatAttr bound;
    if (!matchPattern(other, m_Constant(&bound)) || bound.getValue().isNaN())
      return false;
    int64_t end = code(bound.getValueAsDouble());
    return isMax ? end == format.getMin() : end == format.getMax();
  }

  LogicalResult matchAndRewrite(QuantizeOp op,
                                PatternRewriter &rewriter) const override {
    auto generic = op.getInput().getDefiningOp<linalg::GenericOp>();
    auto format = dyn_cast<AffineType>(Type(op.getQuantizedFormat()));
    auto parameters = QuantParameters::of(op);
    if (!generic || !generic->hasOneUse() || !format || format.getPack() ||
        !format.isPerTensor() || !parameters.isStatic() || !op.getSaturate() ||
        op.getRounding() != RoundingMode::HalfEven)
      return rewriter.notifyMatchFailure(op, "not one value of one format");
    auto known = parameters.read();
    if (!known || generic.getNumDpsInputs() != 1 ||
        generic.getNumReductionLoops() > 0 ||
        !llvm::all_of(generic.getIndexingMapsArray(),
                      [](AffineMap map) { return map.isIdentity(); }))
      return rewriter.notifyMatchFailure(op, "its input is no clamp");
    auto code = [&](double value) -> int64_t {
      return quantize(
          float(value), AffineParams{known->scales[0], known->zeroPoint(0)},
          StorageRange{int32_t(format.getMin()), int32_t(format.getMax())});
    };
    Value x = generic.getBody()->getArgument(0);
    for (Operation &inner : generic.getBody()->without_terminator()) {
      if (isa<arith::ConstantOp>(inner))
        continue;
      if (!llvm::is_contained(inner.getOperands(), x) ||
          !isImplied(&inner, x, code, format))
        return rewriter.notifyMatchFailure(op, "its input is no such clamp");
      x = inner.getResult(0);
    }
    if (x == generic.getBody()->getArgument(0) ||
        generic.getBody()->getTerminator()->getOperand(0) != x)
      return rewriter.notifyMatchFailure(op, "its input is no such clamp");
    // The account finds the clamp in what quantizes.
    SmallVector<Attribute> ids;
    if (auto own = op->getAttrOfType<ArrayAttr>(LowbitDialect::kIntegersAttr))
      llvm::append_range(ids, own);
    if (Attribute id = generic->getAttr(LowbitDialect::kIdAttr))
      ids.insert(ids.begin(), id);
    rewriter.modifyOpInPlace(op, [&] {
      op.getInputMutable().set(generic.getDpsInputs()[0]);
      if (!ids.empty())
        op->setAttr(LowbitDialect::kIntegersAttr, rewriter.getArrayAttr(ids));
    });
    rewriter.eraseOp(generic);
    return success();
  }
};
} // namespace

void lowbit::populateFoldClampPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldClamp>(patterns.getContext());
}
