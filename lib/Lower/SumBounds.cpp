//===- SumBounds.cpp - which sums fit 32 bits -----------------------------===//
//
// Formats first, they cost nothing: products * worst case. Where that is too
// much and one operand is a constant, the exact ends over all values of the
// other, for every channel, of
//
//   acc = sum a b,   za * sum b,   sum (a - za) b,   zb * sum (a - za),
//   sum (a - za)(b - zb)
//
// A zero point that is found at run time may be any integer of its format; all
// of these are linear in it, so its ends are enough.
//
//===----------------------------------------------------------------------===//
#include "SumBounds.h"
#include "WeightChannels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

int64_t lowbit::maxProducts(const QuantizedOperand &a,
                            const QuantizedOperand &b) {
  int64_t largest = std::max({a.maxSteps() * b.maxSteps(),
                              a.maxMagnitude() * b.maxMagnitude(),
                              a.maxSteps() * b.maxMagnitude()});
  return std::numeric_limits<int32_t>::max() / largest;
}

void lowbit::emitLengthCheck(OpBuilder &builder, Location loc, Value length,
                             int64_t limit, Value result, unsigned width,
                             StringRef terms) {
  if (limit == std::numeric_limits<int64_t>::max())
    return;
  Value number =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), length);
  Value tensor = tensor::FromElementsOp::create(builder, loc, number);
  CheckRangeOp::create(
      builder, loc, tensor, builder.getI64IntegerAttr(0),
      builder.getI64IntegerAttr(limit + 1),
      builder.getStringAttr("'" + valueName(result) + "': more than the " +
                            std::to_string(limit) + " " + terms.str() +
                            " that a " + std::to_string(width) +
                            "-bit sum can hold"));
}

static Interval formatOf(const QuantizedOperand &q) {
  return {q.format.getMin(), q.format.getMax()};
}

/// Known zero points are all the same where they are not zero.
static Interval zeroPointsOf(const QuantizedOperand &q) {
  if (!q.isStatic())
    return formatOf(q);
  auto [min, max] =
      std::minmax_element(q.zeroPoints.begin(), q.zeroPoints.end());
  return {*min, *max};
}

/// The integers of a constant operand of bytes; null for any other.
static Value constantIntegers(const QuantizedOperand &q) {
  auto cast =
      DequantizeOp(q.dequantize).getInput().getDefiningOp<StorageCastOp>();
  if (!cast || !isConstantTensor(cast.getInput()) ||
      !getElementTypeOrSelf(cast.getInput().getType()).isSignlessInteger(8))
    return {};
  return cast.getInput();
}

namespace {
/// The weights of one channel as they are and without their zero point, `x` the
/// other operand.
struct Channel {
  ChannelWeights plain, shifted;
  Interval x;

  Interval xSum(int64_t zeroPoint) const {
    return Interval{plain.count(), plain.count()}.times(
        {x.min - zeroPoint, x.max - zeroPoint});
  }
  /// a is x, b the weights.
  Interval boundsOfRight(int64_t za, int64_t zb) const {
    Interval steps{x.min - za, x.max - za};
    Interval result = plain.sumOfProducts(x);
    for (Interval other :
         {Interval{za, za}.times({plain.total(), plain.total()}),
          plain.sumOfProducts(steps), Interval{zb, zb}.times(xSum(za)),
          shifted.sumOfProducts(steps)})
      result = result.unite(other);
    return result;
  }
  /// a is the weights, b is x.
  Interval boundsOfLeft(int64_t za, int64_t zb) const {
    Interval result = plain.sumOfProducts(x);
    for (Interval other :
         {Interval{za, za}.times(xSum(0)), shifted.sumOfProducts(x),
          Interval{zb, zb}.times({shifted.total(), shifted.total()}),
          shifted.sumOfProducts({x.min - zb, x.max - zb})})
      result = result.unite(other);
    return result;
  }
};
} // namespace

/// The bounds over all channels when `weights` is a constant whose zero point
/// is known.
static std::optional<Interval> boundsOf(const Contraction &c, unsigned operand,
                                        const QuantizedOperand &weights,
                                        const QuantizedOperand &other,
                                        ParameterReader &reader) {
  Value ints = constantIntegers(weights);
  Interval known = zeroPointsOf(weights), unknown = zeroPointsOf(other);
  if (!ints || known.min != known.max)
    return std::nullopt;
  auto bytes = reader.read(ints);
  if (failed(bytes))
    return std::nullopt;
  auto channels = WeightChannels::get(c, operand, bytes->type.getShape());
  if (!channels || channels->count == 0)
    return std::nullopt;
  auto plain = channels->collect(bytes->as<int8_t>(), 0);
  auto shifted = channels->collect(bytes->as<int8_t>(), known.min);
  Interval all;
  for (auto [p, s] : llvm::zip_equal(plain, shifted)) {
    Channel channel{p, s, formatOf(other)};
    for (int64_t z : {unknown.min, unknown.max})
      all = all.unite(operand == 1 ? channel.boundsOfRight(z, known.min)
                                   : channel.boundsOfLeft(known.min, z));
  }
  return all;
}

std::string lowbit::findOverflow(const Contraction &c,
                                 const QuantizedOperand &a,
                                 const QuantizedOperand &b,
                                 ParameterReader &reader) {
  auto products = c.reductionSize();
  if (!products || *products <= maxProducts(a, b))
    return "";
  auto exact = boundsOf(c, 1, b, a, reader);
  if (!exact)
    exact = boundsOf(c, 0, a, b, reader);
  std::string sum = "a sum of " + std::to_string(*products) + " products ";
  if (!exact)
    return sum + "may not fit 32 bits";
  if (exact->fitsI32())
    return "";
  int64_t worst = -exact->min > exact->max ? exact->min : exact->max;
  return sum + "of these weights may reach " + std::to_string(worst) +
         ", which does not fit 32 bits";
}
