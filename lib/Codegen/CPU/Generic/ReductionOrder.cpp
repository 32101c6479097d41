//===- ReductionOrder.cpp - in which order floats are summed up -----------===//
//
// See ReductionOrder.h. A combiner is one that has an identity: with it, a lane
// that no element reaches changes nothing.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lowbit {

bool isOrderFree(const Combiner &combiner) {
  return !isa<arith::AddFOp, arith::MulFOp>(combiner.op);
}

static TypedAttr identityOf(Operation *op) {
  Type type = op->getResult(0).getType();
  Builder b(op->getContext());
  auto integer = [&](const APInt &v) { return b.getIntegerAttr(type, v); };
  auto real = [&](const APFloat &v) { return b.getFloatAttr(type, v); };
  if (auto f = dyn_cast<FloatType>(type)) {
    const llvm::fltSemantics &s = f.getFloatSemantics();
    return TypeSwitch<Operation *, TypedAttr>(op)
        .Case([&](arith::AddFOp) { return real(APFloat::getZero(s, true)); })
        .Case([&](arith::MulFOp) { return b.getFloatAttr(type, 1.0); })
        .Case([&](arith::MaximumFOp) { return real(APFloat::getInf(s, true)); })
        .Case([&](arith::MinimumFOp) { return real(APFloat::getInf(s)); })
        .Case<arith::MaxNumFOp, arith::MinNumFOp>(
            [&](auto) { return real(APFloat::getQNaN(s)); })
        .Default(TypedAttr());
  }
  if (!isa<IntegerType>(type))
    return {};
  unsigned w = type.getIntOrFloatBitWidth();
  return TypeSwitch<Operation *, TypedAttr>(op)
      .Case<arith::AddIOp, arith::OrIOp, arith::XOrIOp, arith::MaxUIOp>(
          [&](auto) { return integer(APInt::getZero(w)); })
      .Case([&](arith::MulIOp) { return integer(APInt(w, 1)); })
      .Case<arith::AndIOp, arith::MinUIOp>(
          [&](auto) { return integer(APInt::getAllOnes(w)); })
      .Case(
          [&](arith::MaxSIOp) { return integer(APInt::getSignedMinValue(w)); })
      .Case(
          [&](arith::MinSIOp) { return integer(APInt::getSignedMaxValue(w)); })
      .Default(TypedAttr());
}

SmallVector<Combiner> matchCombiners(linalg::LinalgOp op) {
  SmallVector<Combiner> combiners;
  Block *body = op.getBlock();
  for (auto [output, value] : llvm::zip_equal(
           op.getRegionOutputArgs(), body->getTerminator()->getOperands())) {
    Operation *combine = value.getDefiningOp();
    // Any other reader of an accumulator would see a partial result.
    if (!combine || combine->getBlock() != body ||
        combine->getNumOperands() != 2 || !output.hasOneUse() ||
        !combine->hasOneUse() || *output.user_begin() != combine)
      return {};
    Combiner combiner;
    combiner.op = combine;
    combiner.accumulatorFirst = combine->getOperand(0) == output;
    combiner.added = combine->getOperand(combiner.accumulatorFirst ? 1 : 0);
    combiner.identity = identityOf(combine);
    if (!combiner.identity)
      return {};
    combiners.push_back(combiner);
  }
  return combiners;
}

ReductionOrder reductionOrder(linalg::LinalgOp op) {
  if (auto written = op->getAttrOfType<StringAttr>(kReductionOrderAttr))
    return written.getValue() == "lanes" ? ReductionOrder::Lanes
                                         : ReductionOrder::Sequential;
  if (op.getNumReductionLoops() == 0)
    return ReductionOrder::Free;
  SmallVector<Combiner> combiners = matchCombiners(op);
  if (combiners.empty() || matchMultiplyAdd(op))
    return ReductionOrder::Sequential;
  if (llvm::all_of(combiners, isOrderFree))
    return ReductionOrder::Free;
  bool inLanes =
      op.getIteratorTypesArray().back() == utils::IteratorType::reduction &&
      llvm::all_of(op.getIndexingMapsArray(), [](AffineMap map) {
        return map.isProjectedPermutation(/*allowZeroInResults=*/true);
      });
  return inLanes ? ReductionOrder::Lanes : ReductionOrder::Sequential;
}

/// The input behind an optional extension, or nothing.
static BlockArgument factorOf(linalg::LinalgOp op, Value value) {
  if (auto extend = value.getDefiningOp<arith::ExtFOp>())
    value = extend.getIn();
  auto argument = dyn_cast<BlockArgument>(value);
  return llvm::is_contained(op.getRegionInputArgs(), argument) ? argument
                                                               : nullptr;
}

std::optional<MultiplyAdd> matchMultiplyAdd(linalg::LinalgOp op) {
  // An order that was written down is not that of a contraction, whatever the
  // body has become.
  if (op.getNumReductionLoops() == 0 || op.getNumDpsInits() != 1 ||
      op->hasAttr(kReductionOrderAttr))
    return std::nullopt;
  Value accumulator = op.getRegionOutputArgs().front();
  Value sum = op.getBlock()->getTerminator()->getOperand(0);
  if (!isa<FloatType>(sum.getType()))
    return std::nullopt;
  MultiplyAdd found;
  found.accumulator = accumulator;
  if (auto fma = sum.getDefiningOp<math::FmaOp>()) {
    if (fma.getC() != accumulator)
      return std::nullopt;
    found.a = fma.getA();
    found.b = fma.getB();
  } else if (auto add = sum.getDefiningOp<arith::AddFOp>()) {
    bool first = add.getLhs() == accumulator;
    if (!first && add.getRhs() != accumulator)
      return std::nullopt;
    auto mul =
        (first ? add.getRhs() : add.getLhs()).getDefiningOp<arith::MulFOp>();
    if (!mul)
      return std::nullopt;
    found.a = mul.getLhs();
    found.b = mul.getRhs();
  } else {
    return std::nullopt;
  }
  BlockArgument a = factorOf(op, found.a), b = factorOf(op, found.b);
  // The sum of squares of one value is a reduction like any other.
  if (!a || !b || a == b)
    return std::nullopt;
  return found;
}

void fuseMultiplyAdd(RewriterBase &rewriter, linalg::GenericOp op,
                     const MultiplyAdd &multiplyAdd) {
  Operation *yield = op.getBlock()->getTerminator();
  Operation *sum = yield->getOperand(0).getDefiningOp();
  if (isa<math::FmaOp>(sum))
    return;
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(yield);
  Value fma = math::FmaOp::create(rewriter, sum->getLoc(), multiplyAdd.a,
                                  multiplyAdd.b, multiplyAdd.accumulator);
  Operation *product = nullptr;
  for (Value operand : sum->getOperands())
    if (auto mul = operand.getDefiningOp<arith::MulFOp>())
      product = mul;
  rewriter.modifyOpInPlace(yield, [&] { yield->setOperand(0, fma); });
  if (sum->use_empty())
    rewriter.eraseOp(sum);
  if (product && product->use_empty())
    rewriter.eraseOp(product);
}

} // namespace lowbit
