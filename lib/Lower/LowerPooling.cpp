//===- LowerPooling.cpp - sums of integers --------------------------------===//
//
// In: sums of dequantized values: sum pooling and reductions of any layout.
// Out: the sum of the integers, exact in i32, and one generic that takes the
// zero point out of it and returns to f32:
//
//   sum(dequantize(q))  ->  float(sum(q) - count * zero_point) * scale
//
// Where the number of elements or the zero point is found at run time, the zero
// point is taken out of each element instead. Maxima are phase 5's; those that
// it left get their reason here.
// Refused, with a reason: what findFloatReason names, a sum that may overflow.
//
//===----------------------------------------------------------------------===//
#include "QuantizedOperand.h"
#include "SumBounds.h"

#include "lowbit/Import/Reductions.h"
#include "lowbit/Lower/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_LOWERPOOLING
#include "lowbit/Lower/Passes.h.inc"
} // namespace lowbit

namespace {
/// One sum, on its way to integers.
class SumLowering {
public:
  SumLowering(OpBuilder &builder, const QuantizedReduction &r,
              const QuantizedOperand &q)
      : b(builder), loc(r.op->getLoc()), r(r), q(q) {}

  /// The most elements that 32 bits hold the sum of, with zero points or
  /// without.
  int64_t mostElements() const {
    return std::numeric_limits<int32_t>::max() /
           std::max<int64_t>({q.maxSteps(), q.maxMagnitude(), 1});
  }

  void lower() {
    Value ints = q.emitIntegers(b);
    std::optional<int64_t> count = r.windowSize();
    if (!count)
      checkLength(ints);
    bool isKnown = count && !q.zeroPoints.empty();
    int32_t correction = isKnown ? *count * q.zeroPoints.front() : 0;
    Value sums = emitSums(ints, /*takesZeroPoint=*/!isKnown);
    Value result = finish(sums, correction);
    if (auto id = r.op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr)) {
      result.getDefiningOp()->setAttr(LowbitDialect::kIdAttr, id);
      sums.getDefiningOp()->setAttr(LowbitDialect::kIdAttr,
                                    b.getStringAttr(id.getValue() + ".i32"));
    }
    r.op->getResult(0).replaceAllUsesWith(result);
    r.op->erase();
  }

private:
  /// Fails the run when the window is too large. Its loops have a dimension of
  /// their own in some operand.
  void checkLength(Value ints) {
    linalg::LinalgOp op = r.op;
    Value length;
    for (unsigned loop : r.window) {
      AffineExpr expr = b.getAffineDimExpr(loop);
      for (auto [operand, map] :
           llvm::zip(op->getOperands(), op.getIndexingMapsArray())) {
        auto dim = map.getResultPosition(expr);
        if (!dim)
          continue;
        Value source = operand == r.input() ? ints : operand;
        Value size = tensor::DimOp::create(b, loc, source, *dim);
        length =
            length ? Value(arith::MulIOp::create(b, loc, length, size)) : size;
        break;
      }
    }
    if (length)
      emitLengthCheck(b, loc, length, mostElements(), r.op->getResult(0),
                      /*width=*/32, "elements");
  }

  Value emitSums(Value ints, bool takesZeroPoint) {
    Type i32 = b.getI32Type();
    bool isSigned = q.format.isSigned();
    SmallVector<Value> extra;
    if (takesZeroPoint && q.zeroPoints.empty())
      extra.push_back(q.dynamicZeroPoint());
    return emitReduction(
        b, r, ints, b.getI32IntegerAttr(0), extra,
        [&](OpBuilder &b, Location l, ValueRange args) -> Value {
          Value steps =
              isSigned ? arith::ExtSIOp::create(b, l, i32, args[0]).getResult()
                       : arith::ExtUIOp::create(b, l, i32, args[0]).getResult();
          if (!extra.empty())
            steps = arith::SubIOp::create(b, l, steps, args[1]);
          else if (takesZeroPoint && q.zeroPoints.front() != 0)
            steps = arith::SubIOp::create(
                b, l, steps,
                arith::ConstantOp::create(
                    b, l, b.getI32IntegerAttr(q.zeroPoints.front())));
          return arith::AddIOp::create(b, l, args.back(), steps);
        });
  }

  Value finish(Value sums, int32_t correction) {
    auto type = cast<RankedTensorType>(r.op->getResult(0).getType());
    unsigned rank = type.getRank();
    AffineMap identity = b.getMultiDimIdentityMap(rank);
    SmallVector<Value> inputs{sums};
    SmallVector<AffineMap> maps{identity};
    if (q.scales.empty()) {
      inputs.push_back(q.dynamicScale());
      maps.push_back(AffineMap::get(rank, 0, b.getContext()));
    }
    maps.push_back(identity);
    Value empty = tensor::EmptyOp::create(
        b, loc, tensor::getMixedSizes(b, loc, sums), type.getElementType());
    SmallVector<utils::IteratorType> iterators(rank,
                                               utils::IteratorType::parallel);
    return linalg::GenericOp::create(
               b, loc, type, inputs, empty, maps, iterators,
               [&](OpBuilder &b, Location l, ValueRange args) {
                 Value sum = args[0];
                 if (correction != 0)
                   sum = arith::SubIOp::create(
                       b, l, sum,
                       arith::ConstantOp::create(
                           b, l, b.getI32IntegerAttr(correction)));
                 Value exact =
                     arith::SIToFPOp::create(b, l, b.getF32Type(), sum);
                 Value scale =
                     q.scales.empty()
                         ? args[1]
                         : Value(arith::ConstantOp::create(
                               b, l, b.getF32FloatAttr(q.scales.front())));
                 Value value = arith::MulFOp::create(b, l, exact, scale);
                 linalg::YieldOp::create(b, l, ValueRange{value});
               })
        .getResult(0);
  }

  OpBuilder &b;
  Location loc;
  const QuantizedReduction &r;
  const QuantizedOperand &q;
};

struct LowerPooling : lowbit::impl::LowerPoolingBase<LowerPooling> {
  void runOnOperation() override {
    SmallVector<QuantizedReduction> reductions;
    getOperation().walk([&](linalg::LinalgOp op) {
      if (auto r = matchQuantizedReduction(op))
        reductions.push_back(*r);
    });
    for (QuantizedReduction &r : reductions) {
      Operation *op = r.op;
      std::string reason = lower(r);
      if (reason.empty()) {
        ++numInteger;
        continue;
      }
      ++numFloat;
      if (op->hasAttr(LowbitDialect::kFloatReasonAttr))
        continue;
      op->setAttr(LowbitDialect::kFloatReasonAttr,
                  StringAttr::get(&getContext(), reason));
      op->emitRemark("stays float: ") << reason;
    }
  }

  /// Returns the reason when the reduction stays float.
  static std::string lower(QuantizedReduction &r) {
    if (auto given =
            r.op->getAttrOfType<StringAttr>(LowbitDialect::kFloatReasonAttr))
      return given.str();
    if (std::string reason = findFloatReason(r); !reason.empty())
      return reason;
    if (r.kind != ReductionKind::Sum)
      return "its dequantize was not moved: run lowbit-fold-qdq before";
    auto q = matchQuantizedOperand(r.input());
    if (!q)
      return "the parameters of its operand cannot be read";
    OpBuilder builder(r.op);
    SumLowering lowering(builder, r, *q);
    std::optional<int64_t> count = r.windowSize();
    if (count && *count > lowering.mostElements())
      return "a sum of " + std::to_string(*count) +
             " elements may not fit 32 bits";
    lowering.lower();
    return "";
  }
};
} // namespace
