//===- AnalyzeAccumulators.cpp - what accumulators can hold ---------------===//
//
// In:  integer contractions that accumulate in i32.
// Out: `lowbit.accumulator` on those whose range is known: with a constant
//      operand of bytes the exact ends over all inputs and channels, else from
//      the ranges of both operands where the length of the sum is static.
//      `nsw` on the i32 arithmetic of elementwise bodies after them (zero
//      points, bias) that cannot leave 32 bits.
// Warned about: a sum that 32 bits may not hold; it gets no attribute.
//
//===----------------------------------------------------------------------===//
#include "IntegerRanges.h"
#include "WeightChannels.h"

#include "lowbit/Dialect/Lowbit/IR/AccumulatorRange.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_ANALYZEACCUMULATORS
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

static Type elementType(Value value) {
  return getElementTypeOrSelf(value.getType());
}

/// Sign-extended integers of at most 16 bits into i32.
static bool isIntegerContraction(const Contraction &c) {
  return llvm::all_of(ValueRange{c.lhs(), c.rhs()},
                      [](Value operand) {
                        auto type = dyn_cast<IntegerType>(elementType(operand));
                        return type && type.isSignless() &&
                               type.getWidth() <= 16;
                      }) &&
         elementType(c.init()).isSignlessInteger(32);
}

static bool isBytes(Value value) {
  return elementType(value).isSignlessInteger(8);
}

namespace {
struct Bounds {
  Interval sum;
  /// Of the left operand shifted to unsigned; none when it is not of bytes.
  std::optional<Interval> pair;
};

struct AnalyzeAccumulators
    : lowbit::impl::AnalyzeAccumulatorsBase<AnalyzeAccumulators> {
  void runOnOperation() override {
    ParameterReader reader(getOperation());
    IntegerRanges ranges(reader);
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      ranges.visit(op);
      if (auto c = matchContraction(op))
        if (isIntegerContraction(*c))
          analyze(*c, ranges, reader);
      if (auto generic = dyn_cast<linalg::GenericOp>(op))
        if (generic.getNumReductionLoops() == 0)
          for (Operation &inner : *generic.getBody())
            flagExact(&inner, ranges);
      return isa<linalg::LinalgOp>(op) ? WalkResult::skip()
                                       : WalkResult::advance();
    });
  }

  /// Sets `nsw` where every result fits.
  void flagExact(Operation *op, const IntegerRanges &ranges) {
    if (!isa<arith::AddIOp, arith::SubIOp, arith::MulIOp>(op) ||
        !op->getResult(0).getType().isSignlessInteger(32))
      return;
    Interval a = ranges.getSigned(op->getOperand(0)),
             b = ranges.getSigned(op->getOperand(1));
    Interval exact = isa<arith::AddIOp>(op)   ? a.plus(b)
                     : isa<arith::SubIOp>(op) ? a.minus(b)
                                              : a.times(b);
    if (!exact.fitsI32())
      return;
    auto flagged = cast<arith::ArithIntegerOverflowFlagsInterface>(op);
    auto flags =
        flagged.getOverflowAttr().getValue() | arith::IntegerOverflowFlags::nsw;
    op->setAttr(flagged.getIntegerOverflowAttrName(),
                arith::IntegerOverflowFlagsAttr::get(op->getContext(), flags));
    ++numExact;
  }

  void analyze(const Contraction &c, IntegerRanges &ranges,
               ParameterReader &reader) {
    c.op->removeAttr(AccumulatorRange::kAttrName);
    auto bounds = boundsOfWeights(c, 1, ranges, reader);
    if (!bounds)
      bounds = boundsOfWeights(c, 0, ranges, reader);
    if (!bounds)
      bounds = boundsOfRanges(c, ranges);
    if (!bounds) {
      ++numUnknown;
      return;
    }
    Interval init =
        isZeroFilled(c.init()) ? Interval{0, 0} : ranges.getSigned(c.init());
    Interval range = bounds->sum.plus(init);
    if (!range.fitsI32()) {
      ++numUnknown;
      c.op->emitWarning("sums from ")
          << range.min << " to " << range.max
          << " may not fit the 32 bits that they are accumulated in";
      return;
    }
    ++numProved;
    bool pairsFit = bounds->pair && bounds->pair->fitsI16();
    AccumulatorRange{range.min, range.max, pairsFit}.attachTo(c.op);
    if (c.op->getNumResults() == 1)
      ranges.narrow(c.op->getResult(0), range);
  }

  /// From the elements of operand `side`, when that is a constant of bytes.
  static std::optional<Bounds> boundsOfWeights(const Contraction &c,
                                               unsigned side,
                                               const IntegerRanges &ranges,
                                               ParameterReader &reader) {
    Value constant = c.op->getOperand(side), other = c.op->getOperand(1 - side);
    if (!isConstantTensor(constant) || !isBytes(constant))
      return std::nullopt;
    auto bytes = reader.read(constant);
    if (failed(bytes))
      return std::nullopt;
    auto channels = WeightChannels::get(c, side, bytes->type.getShape());
    if (!channels || channels->count == 0)
      return std::nullopt;
    Interval x = ranges.getSigned(other);
    auto weights = channels->collect(bytes->as<int8_t>(), 0);
    Bounds bounds{weights.front().sumOfProducts(x), std::nullopt};
    for (const ChannelWeights &channel : weights)
      bounds.sum = bounds.sum.unite(channel.sumOfProducts(x));
    if (!isBytes(other))
      return bounds;
    // The left operand plus 128 is the unsigned factor.
    bounds.pair = Interval{};
    if (side == 1) {
      for (const ChannelWeights &channel : weights)
        bounds.pair =
            bounds.pair->unite(channel.sumOfPair({x.min + 128, x.max + 128}));
      return bounds;
    }
    for (const ChannelWeights &channel :
         channels->collect(bytes->as<int8_t>(), -128))
      bounds.pair = bounds.pair->unite(channel.sumOfPair(x));
    return bounds;
  }

  /// From what both operands can be.
  static std::optional<Bounds> boundsOfRanges(const Contraction &c,
                                              const IntegerRanges &ranges) {
    auto products = c.reductionSize();
    if (!products || *products > std::numeric_limits<int32_t>::max())
      return std::nullopt;
    Interval a = ranges.getSigned(c.lhs()), b = ranges.getSigned(c.rhs());
    Bounds bounds{a.times(b).times({*products, *products}), std::nullopt};
    if (isBytes(c.lhs()) && isBytes(c.rhs()))
      bounds.pair =
          Interval{a.min + 128, a.max + 128}.times(b).unite({0, 0}).times(
              {2, 2});
    return bounds;
  }
};
} // namespace
