//===- IntegerResults.cpp - results of integer bodies ---------------------===//
//
// In: the number that a body yields, or adds to what is there. Out: the linalg
// operation. Sums are exact: in 32 bits where these hold them, else in 64;
// where the run decides how many terms there are, it checks that they fit.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"
#include "SumBounds.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

/// Sums of a length of the run are in 32 bits where these hold so many terms.
static constexpr int64_t kLongSum = 4096;

static LoopFactor singleIfEqual(LoopFactor factor) {
  return llvm::all_equal(factor.values) ? LoopFactor(factor.values.front())
                                        : factor;
}

Value IntegerEvaluator::makeInit(Type type, std::optional<int64_t> fill) {
  Location loc = op.getLoc();
  Value init = op.getDpsInits()[0];
  while (auto filled = init.getDefiningOp<linalg::FillOp>())
    init = filled.getOutputs()[0];
  SmallVector<OpFoldResult> sizes;
  if (auto empty = init.getDefiningOp<tensor::EmptyOp>())
    sizes = empty.getMixedSizes();
  else
    sizes = tensor::getMixedSizes(builder, loc, init);
  Value made = tensor::EmptyOp::create(builder, loc, sizes, type);
  if (fill) {
    Value value = arith::ConstantOp::create(
        builder, loc, builder.getIntegerAttr(type, *fill));
    made = linalg::FillOp::create(builder, loc, value, made).getResult(0);
  }
  return made;
}

IntegerTensor IntegerEvaluator::finish(Fixed result) {
  AffineMap map = op.getIndexingMapsArray().back();
  if (result.scale.loop) {
    auto dim =
        map.getResultPosition(builder.getAffineDimExpr(*result.scale.loop));
    if (dim)
      result.scale.loop = *dim;
    else
      result = fixed.single(result);
  }
  result.scale = singleIfEqual(result.scale);
  if (!result.value.getType().isInteger(32))
    result = fixed.narrow(result);
  Value init = makeInit(builder.getI32Type(), std::nullopt);
  Value made = nest.finish(result.value, init, map, op.getIteratorTypesArray());
  return {made, result.range, 0, result.scale, nullptr, std::nullopt, {}};
}

Operation *IntegerEvaluator::findCombiner() {
  Block *body = op.getBody();
  Operation *last = body->getTerminator()->getOperand(0).getDefiningOp();
  Value accumulated = body->getArguments().back();
  if (!last || !accumulated.hasOneUse() ||
      !isa<arith::AddFOp, arith::MaximumFOp, arith::MinimumFOp>(last) ||
      !llvm::is_contained(last->getOperands(), accumulated))
    return nullptr;
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  FloatAttr start;
  if (!fill || !matchPattern(fill.getInputs()[0], m_Constant(&start)))
    return nullptr;
  double value = start.getValueAsDouble();
  bool isNeutral = isa<arith::AddFOp>(last) ? value == 0
                   : isa<arith::MaximumFOp>(last)
                       ? value <= std::numeric_limits<float>::lowest()
                       : value >= std::numeric_limits<float>::max();
  return isNeutral ? last : nullptr;
}

std::optional<int64_t> IntegerEvaluator::countTerms() {
  int64_t count = 1;
  for (auto [extent, iterator] :
       llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray())) {
    if (iterator != utils::IteratorType::reduction)
      continue;
    if (ShapedType::isDynamic(extent))
      return std::nullopt;
    if (llvm::MulOverflow(count, extent, count))
      return std::numeric_limits<int64_t>::max();
  }
  return count;
}

Value IntegerEvaluator::emitLength() {
  Location loc = op.getLoc();
  Value length;
  llvm::SmallBitVector counted(op.getNumLoops());
  for (OpOperand *operand : op.getDpsInputOperands())
    for (auto [d, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(operand).getResults())) {
      auto dim = dyn_cast<AffineDimExpr>(expr);
      if (!dim || counted.test(dim.getPosition()) ||
          op.getIteratorTypesArray()[dim.getPosition()] !=
              utils::IteratorType::reduction)
        continue;
      counted.set(dim.getPosition());
      Value source = operand->get();
      if (auto found = options.operand(source); found && found->ints)
        source = found->ints->ints;
      Value size = tensor::DimOp::create(builder, loc, source, d);
      length = length ? Value(arith::MulIOp::create(builder, loc, length, size))
                      : size;
    }
  return length;
}

std::optional<IntegerTensor> IntegerEvaluator::reduce(Operation *combiner) {
  Block *body = op.getBody();
  Value accumulated = body->getArguments().back();
  Value term = combiner->getOperand(combiner->getOperand(0) == accumulated);
  auto found = numbers.find(term);
  if (found == numbers.end()) {
    refuse("its sum has another form");
    return std::nullopt;
  }
  Fixed x = toFixed(found->second);
  AffineMap map = op.getIndexingMapsArray().back();
  if (x.scale.loop) {
    auto dim = map.getResultPosition(builder.getAffineDimExpr(*x.scale.loop));
    if (!dim)
      x = fixed.single(x);
  }
  bool isSum = isa<arith::AddFOp>(combiner);
  if (!isSum && !x.scale.isPositive())
    x = fixed.single(x);
  LoopFactor scale = x.scale;
  if (scale.loop)
    scale.loop = *map.getResultPosition(builder.getAffineDimExpr(*scale.loop));
  Type type = x.value.getType();
  Interval range = x.range;
  if (isSum) {
    x.range = {std::min<int64_t>(x.range.min, 0),
               std::max<int64_t>(x.range.max, 0)};
    int64_t most = std::max<int64_t>({-x.range.min, x.range.max, 1});
    int64_t limit = std::numeric_limits<int32_t>::max() / most;
    auto count = countTerms();
    if (count ? *count > limit : limit < kLongSum) {
      type = builder.getI64Type();
      limit = (int64_t(1) << 62) / most;
    }
    if (count && *count > limit) {
      refuse("its sum may not fit 64 bits");
      return std::nullopt;
    }
    if (!count)
      emitLengthCheck(builder, op.getLoc(), emitLength(), limit,
                      op.getResult(0), type.getIntOrFloatBitWidth());
    int64_t terms = count.value_or(limit);
    range = {x.range.min * terms, x.range.max * terms};
  }
  Value value = fixed.e.extend(x.value, type, /*isSigned=*/true);
  std::optional<int64_t> start = isSum ? 0 : x.range.min;
  if (isa<arith::MinimumFOp>(combiner))
    start = x.range.max;
  Value sum = nest.accumulator(type);
  if (isSum)
    value = fixed.e.make<arith::AddIOp>(sum, value);
  else if (isa<arith::MaximumFOp>(combiner))
    value = fixed.e.make<arith::MaxSIOp>(sum, value);
  else
    value = fixed.e.make<arith::MinSIOp>(sum, value);
  Value made = nest.finish(value, makeInit(type, start), map,
                           op.getIteratorTypesArray());
  return IntegerTensor{made,    range,        0, singleIfEqual(scale),
                       nullptr, std::nullopt, {}};
}
