//===- LowerFakeQuantGrad.cpp - gradients of fake_quant in linalg ---------===//
//
// Rule N18 of docs/numerics.md, in three steps:
//
//   dx, terms  =  one generic over the elements
//   sums       =  terms added in f64, the elements of a parameter set in
//                 row-major order; dimensions with blocks are split in two
//   gradients  =  sums rounded to f32
//
// Terms that are 0 are passed over, which changes no sum. It makes the body
// something else than a sum, so no code generator may add in another order.
// Blocks that do not divide their dimension are filled up with such terms.
//
//===----------------------------------------------------------------------===//
#include "LoweringPatterns.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;
using namespace lowbit;
using arith::CmpFPredicate;

/// dx, and the terms of dscale and dzp.
static SmallVector<Value> emitTerms(ElementBuilder e, Value x, Value dy,
                                    Value scale, ElementZeroPoint z,
                                    AffineType format, RoundingMode mode) {
  Value quotient = e.make<arith::DivFOp>(x, scale);
  Value rounded = emitRound(e, quotient, mode);
  Value low = emitBound(e, format.getMin(), z);
  Value high = emitBound(e, format.getMax(), z);
  Value isNaN = e.isNaN(quotient), zero = e.f32(0.0f);
  Value isBelow = e.compare(CmpFPredicate::OLT, rounded, low);
  Value isAbove = e.compare(CmpFPredicate::OGT, rounded, high);
  Value isOutside = e.make<arith::OrIOp>(isBelow, isAbove);
  Value rest = e.make<arith::SubFOp>(rounded, quotient);
  Value steps = e.select(isBelow, low, e.select(isAbove, high, rest));
  Value perScale = e.make<arith::MulFOp>(dy, steps);
  Value perZeroPoint = e.make<arith::MulFOp>(dy, e.make<arith::NegFOp>(scale));
  Value isKept = e.make<arith::OrIOp>(isOutside, isNaN);
  return {e.select(isKept, zero, dy), e.select(isNaN, zero, perScale),
          e.select(isOutside, perZeroPoint, zero)};
}

namespace {
/// Sums over the elements that share parameters.
class ParameterSums {
public:
  ParameterSums(OpBuilder &builder, FakeQuantGradOp op)
      : builder(builder), op(op), loc(op.getLoc()),
        granularity(op.getQuantizedFormat().getGranularity()),
        type(cast<RankedTensorType>(op.getInput().getType())) {}

  SmallVector<Value> emit(ArrayRef<Value> terms) {
    sizes = tensor::getMixedSizes(builder, loc, op.getInput());
    for (int64_t d = 0; d < type.getRank(); ++d)
      addLoops(d);
    SmallVector<Value> inputs, outs;
    SmallVector<OpFoldResult> kept;
    SmallVector<AffineExpr> keptLoops;
    for (auto [loop, iterator] : llvm::enumerate(iterators))
      if (iterator == utils::IteratorType::parallel) {
        kept.push_back(loopSizes[loop]);
        keptLoops.push_back(builder.getAffineDimExpr(loop));
      }
    unsigned loops = iterators.size();
    AffineMap sums = AffineMap::get(loops, 0, keptLoops, builder.getContext());
    SmallVector<AffineMap> maps(terms.size(),
                                builder.getMultiDimIdentityMap(loops));
    for (Value term : terms) {
      inputs.push_back(split(term));
      outs.push_back(
          emitFilled(builder, loc, kept, builder.getF64FloatAttr(0.0)));
      maps.push_back(sums);
    }
    auto generic = linalg::GenericOp::create(
        builder, loc, TypeRange(ValueRange(outs)), inputs, outs, maps,
        iterators, [&](OpBuilder &b, Location l, ValueRange args) {
          ElementBuilder e{b, l};
          SmallVector<Value> next;
          for (size_t i = 0; i < terms.size(); ++i) {
            Value term = args[i], sum = args[terms.size() + i];
            Value wide = e.make<arith::ExtFOp>(b.getF64Type(), term);
            Value isZero = e.compare(CmpFPredicate::OEQ, term, e.f32(0.0f));
            next.push_back(
                e.select(isZero, sum, e.make<arith::AddFOp>(sum, wide)));
          }
          linalg::YieldOp::create(b, l, next);
        });
    return SmallVector<Value>(generic.getResults());
  }

private:
  /// The loops of a dimension: which parameter, and which of its elements.
  void addLoops(int64_t d) {
    int64_t block = GranularityAttr::kWhole;
    if (granularity.isBlockwise())
      block = granularity.getBlock()[d];
    else if (granularity.getAxis() == d)
      block = 1;
    groups.emplace_back();
    auto add = [&](utils::IteratorType kind, OpFoldResult size) {
      groups.back().push_back(iterators.size());
      iterators.push_back(kind);
      loopSizes.push_back(size);
    };
    bool isWhole = block == GranularityAttr::kWhole;
    padding.push_back(builder.getIndexAttr(0));
    if (isWhole && granularity.isBlockwise())
      add(utils::IteratorType::parallel, builder.getIndexAttr(1));
    if (isWhole)
      return add(utils::IteratorType::reduction, sizes[d]);
    if (block == 1)
      return add(utils::IteratorType::parallel, sizes[d]);
    auto [count, missing] = countBlocks(sizes[d], block);
    padding.back() = missing;
    add(utils::IteratorType::parallel, count);
    add(utils::IteratorType::reduction, builder.getIndexAttr(block));
  }

  /// How many blocks a dimension has, and what the last one lacks.
  std::pair<OpFoldResult, OpFoldResult> countBlocks(OpFoldResult size,
                                                    int64_t block) {
    if (auto known = getConstantIntValue(size)) {
      int64_t count = llvm::divideCeil(uint64_t(*known), uint64_t(block));
      return {builder.getIndexAttr(count),
              builder.getIndexAttr(count * block - *known)};
    }
    Value step = arith::ConstantIndexOp::create(builder, loc, block);
    Value count =
        arith::CeilDivUIOp::create(builder, loc, cast<Value>(size), step);
    Value full = arith::MulIOp::create(builder, loc, count, step);
    Value missing =
        arith::SubIOp::create(builder, loc, full, cast<Value>(size));
    return {count, missing};
  }

  Value split(Value term) {
    bool isPadded = llvm::any_of(
        padding, [](OpFoldResult p) { return getConstantIntValue(p) != 0; });
    if (isPadded) {
      SmallVector<OpFoldResult> low(padding.size(), builder.getIndexAttr(0));
      Value zero =
          arith::ConstantOp::create(builder, loc, builder.getF32FloatAttr(0));
      term =
          tensor::PadOp::create(builder, loc, Type(), term, low, padding, zero);
    }
    if (iterators.size() == groups.size())
      return term;
    SmallVector<int64_t> shape;
    for (OpFoldResult size : loopSizes)
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    return tensor::ExpandShapeOp::create(
        builder, loc, RankedTensorType::get(shape, builder.getF32Type()), term,
        groups, loopSizes);
  }

  OpBuilder &builder;
  FakeQuantGradOp op;
  Location loc;
  GranularityAttr granularity;
  RankedTensorType type;
  SmallVector<OpFoldResult> sizes, loopSizes, padding;
  SmallVector<utils::IteratorType> iterators;
  SmallVector<ReassociationIndices> groups;
};

struct LowerFakeQuantGrad : OpRewritePattern<FakeQuantGradOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(FakeQuantGradOp op,
                                PatternRewriter &rewriter) const override {
    auto p = readElementParameters(rewriter, op);
    if (failed(p))
      return failure();
    auto format = cast<AffineType>(Type(op.getQuantizedFormat()));
    Type f32 = rewriter.getF32Type();
    SmallVector<ElementInput> inputs = p->inputsAfter(op.getInput());
    inputs.insert(inputs.begin() + 1, ElementInput::of(op.getGradient()));
    SmallVector<Value> results = emitElementwise(
        rewriter, op, op.getInput(), inputs, {f32, f32, f32},
        [&](ElementBuilder e, ValueRange args) {
          return emitTerms(e, args[0], args[1], args[2], p->zeroPointOf(args),
                           format, op.getRounding());
        });
    SmallVector<Value> sums =
        ParameterSums(rewriter, op).emit(ArrayRef(results).drop_front());
    SmallVector<Value> replacements{results.front()};
    for (auto [sum, result] : llvm::zip(sums, op->getResults().drop_front())) {
      Value rounded =
          emitElementwise(rewriter, op, sum, ElementInput::of(sum), f32,
                          [&](ElementBuilder e, ValueRange args) {
                            return SmallVector<Value>{
                                e.make<arith::TruncFOp>(f32, args[0])};
                          })
              .front();
      replacements.push_back(
          emitTensorCast(rewriter, op.getLoc(), rounded, result.getType()));
    }
    rewriter.replaceOp(op, replacements);
    return success();
  }
};
} // namespace

void lowbit::populateGradientPatterns(RewritePatternSet &patterns) {
  patterns.add<LowerFakeQuantGrad>(patterns.getContext());
}
