//===- MatchCombiners.cpp - how a body reduces its outputs ----------------===//
//
// out = combine(out, x) with one of the combiners that have an identity, where
// x does not read out. Anything else is no combiner: then the lanes cannot run
// along a reduction.
//
//===----------------------------------------------------------------------===//
#include "Plan.h"

using namespace mlir;

namespace lowbit::generic {

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

SmallVector<Combiner> matchCombiners(Nest &nest) {
  SmallVector<Combiner> combiners;
  Operation *yield = nest.body().getTerminator();
  for (auto [output, value] :
       llvm::zip_equal(nest.outputs, yield->getOperands())) {
    Operation *op = value.getDefiningOp();
    // Any other reader of an accumulator would see a partial result.
    if (!op || op->getBlock() != &nest.body() || op->getNumOperands() != 2 ||
        !output.element.hasOneUse() || !op->hasOneUse() ||
        *output.element.user_begin() != op)
      return {};
    Combiner combiner;
    combiner.op = op;
    combiner.accumulatorFirst = op->getOperand(0) == output.element;
    combiner.added = op->getOperand(combiner.accumulatorFirst ? 1 : 0);
    combiner.identity = identityOf(op);
    if (!combiner.identity)
      return {};
    combiners.push_back(combiner);
  }
  return combiners;
}

} // namespace lowbit::generic
