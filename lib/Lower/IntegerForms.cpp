//===- IntegerForms.cpp - one loop, one result, a neutral start -----------===//
//
// In: linalg.generic on floats. Out:
//
//   (f(x), g(x))           f(x), g(x)     where neither needs the other
//   outs(y) { y + x }      ins(x, y) { x + y }
//   sum from s             (sum from 0) + s, products and extremes alike
//
//===----------------------------------------------------------------------===//
#include "IntegerForms.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

static Value makeEmpty(OpBuilder &builder, Location loc, Value like) {
  return tensor::EmptyOp::create(builder, loc,
                                 tensor::getMixedSizes(builder, loc, like),
                                 getElementTypeOrSelf(like.getType()));
}

/// What the operation is known by goes with the first that has its place.
static void moveAttributes(Operation *from, Operation *to) {
  for (StringRef name : {LowbitDialect::kIdAttr, LowbitDialect::kRangeAttr})
    if (Attribute attr = from->removeAttr(name))
      to->setAttr(name, attr);
}

/// The operations of the body that `value` is made of.
static llvm::SetVector<Operation *> findMakers(Value value) {
  llvm::SetVector<Operation *> makers;
  BackwardSliceOptions options;
  Block *body = value.getParentBlock();
  options.inclusive = true;
  options.filter = [&](Operation *op) { return op->getBlock() == body; };
  if (Operation *maker = value.getDefiningOp(); maker && options.filter(maker))
    (void)getBackwardSlice(maker, &makers, options);
  return makers;
}

/// The operation for one of its results; none where that needs what another
/// result accumulates.
static linalg::GenericOp cloneFor(OpBuilder &builder, linalg::GenericOp op,
                                  unsigned result) {
  Value yielded = op.getBody()->getTerminator()->getOperand(result);
  llvm::SetVector<Operation *> makers = findMakers(yielded);
  Value own = op.getRegionOutputArgs()[result];
  auto isOther = [&](Value value) {
    return value != own &&
           llvm::is_contained(op.getRegionOutputArgs(), value);
  };
  if (isOther(yielded) || llvm::any_of(makers, [&](Operation *maker) {
        return llvm::any_of(maker->getOperands(), isOther);
      }))
    return nullptr;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.resize(op.getNumDpsInputs());
  maps.push_back(op.getMatchingIndexingMap(op.getDpsInitOperand(result)));
  Value init = op.getDpsInits()[result];
  return linalg::GenericOp::create(
      builder, op.getLoc(), init.getType(), op.getInputs(), init, maps,
      op.getIteratorTypesArray(), [&](OpBuilder &b, Location at, ValueRange args) {
        IRMapping mapping;
        mapping.map(ValueRange(op.getRegionInputArgs()), args.drop_back());
        mapping.map(own, args.back());
        for (Operation &inner : op.getBody()->without_terminator())
          if (makers.contains(&inner))
            b.clone(inner, mapping);
        linalg::YieldOp::create(b, at, mapping.lookupOrDefault(yielded));
      });
}

static SmallVector<linalg::GenericOp> splitResults(linalg::GenericOp op) {
  OpBuilder builder(op);
  SmallVector<linalg::GenericOp> made;
  for (unsigned i = 0, e = op.getNumResults(); i < e; ++i) {
    made.push_back(cloneFor(builder, op, i));
    if (made.back())
      continue;
    made.pop_back();
    for (linalg::GenericOp clone : made)
      clone.erase();
    return {};
  }
  for (auto [result, clone] : llvm::zip_equal(op.getResults(), made))
    result.replaceAllUsesWith(clone.getResult(0));
  moveAttributes(op, made.front());
  return made;
}

/// What a loop without reduction reads of its init is one more operand.
static linalg::GenericOp readInit(linalg::GenericOp op) {
  OpBuilder builder(op);
  SmallVector<Value> inputs(op.getInputs());
  Value init = op.getDpsInits()[0];
  inputs.push_back(init);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  maps.push_back(maps.back());
  Value empty = makeEmpty(builder, op.getLoc(), init);
  auto made = linalg::GenericOp::create(
      builder, op.getLoc(), init.getType(), inputs, empty, maps,
      op.getIteratorTypesArray(), [&](OpBuilder &b, Location, ValueRange args) {
        IRMapping mapping;
        mapping.map(ValueRange(op.getBody()->getArguments()), args.drop_back());
        for (Operation &inner : *op.getBody())
          b.clone(inner, mapping);
      });
  op.getResult(0).replaceAllUsesWith(made.getResult(0));
  moveAttributes(op, made);
  return made;
}

//===----------------------------------------------------------------------===//
// Starts of reductions
//===----------------------------------------------------------------------===//

static std::optional<double> neutralOf(Operation *combiner) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  if (isa<arith::AddFOp, arith::SubFOp, math::FmaOp>(combiner))
    return 0;
  if (isa<arith::MulFOp>(combiner))
    return 1;
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(combiner))
    return -infinity;
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(combiner))
    return infinity;
  return std::nullopt;
}

bool lowbit::isNeutral(Operation *combiner, double start) {
  auto neutral = neutralOf(combiner);
  // The ends of f32 are as good as infinities.
  constexpr double most = std::numeric_limits<float>::max();
  return neutral &&
         std::clamp(start, -most, most) == std::clamp(*neutral, -most, most);
}

static SmallVector<linalg::GenericOp> splitStart(linalg::GenericOp op) {
  Value accumulated = op.getRegionOutputArgs()[0];
  Value yielded = op.getBody()->getTerminator()->getOperand(0);
  Operation *combiner = yielded.getDefiningOp();
  if (!combiner || !accumulated.hasOneUse() ||
      *accumulated.user_begin() != combiner)
    return {};
  auto neutral = neutralOf(combiner);
  if (!neutral)
    return {};
  Value init = op.getDpsInits()[0], start = init;
  FloatAttr constant;
  if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
    start = fill.getInputs()[0];
    if (!matchPattern(start, m_Constant(&constant)) ||
        isNeutral(combiner, constant.getValueAsDouble()))
      return {};
  }
  OpBuilder builder(op);
  Location loc = op.getLoc();
  Value empty = makeEmpty(builder, loc, init);
  Value zero = arith::ConstantOp::create(
      builder, loc, builder.getF32FloatAttr(float(*neutral)));
  Value filled = linalg::FillOp::create(builder, loc, zero, empty).getResult(0);
  auto reduced = cast<linalg::GenericOp>(builder.clone(*op));
  reduced->removeAttr(LowbitDialect::kIdAttr);
  reduced->removeAttr(LowbitDialect::kRangeAttr);
  reduced.getDpsInitsMutable()[0].set(filled);
  unsigned rank = cast<RankedTensorType>(init.getType()).getRank();
  AffineMap identity = builder.getMultiDimIdentityMap(rank);
  SmallVector<Value> inputs{reduced.getResult(0)};
  if (!constant)
    inputs.push_back(init);
  SmallVector<AffineMap> maps(inputs.size() + 1, identity);
  SmallVector<utils::IteratorType> parallel(rank,
                                            utils::IteratorType::parallel);
  auto joined = linalg::GenericOp::create(
      builder, loc, init.getType(), inputs, empty, maps, parallel,
      [&](OpBuilder &b, Location at, ValueRange args) {
        Value other = constant ? start : args[1];
        OperationState state(at, isa<arith::SubFOp, math::FmaOp>(combiner)
                                     ? arith::AddFOp::getOperationName()
                                     : combiner->getName().getStringRef());
        state.addOperands({args[0], other});
        state.addTypes(other.getType());
        linalg::YieldOp::create(b, at, b.create(state)->getResults());
      });
  op.getResult(0).replaceAllUsesWith(joined.getResult(0));
  moveAttributes(op, joined);
  return {reduced, joined};
}

SmallVector<linalg::GenericOp> lowbit::splitForms(linalg::GenericOp op) {
  if (!op.hasPureTensorSemantics() || op.getNumResults() != op.getNumDpsInits())
    return {};
  if (op.getNumResults() > 1) {
    SmallVector<linalg::GenericOp> all;
    for (linalg::GenericOp part : splitResults(op)) {
      auto parts = splitForms(part);
      all.append(parts.empty() ? SmallVector<linalg::GenericOp>{part} : parts);
    }
    return all;
  }
  if (op.getNumResults() != 1 || !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return {};
  return op.getNumReductionLoops() == 0
             ? SmallVector<linalg::GenericOp>{readInit(op)}
             : splitStart(op);
}
