//===- ContractBounds.cpp - sums of a contraction fit ---------------------===//
//
// In: a contraction of integers and its loops. What is bounded: the sum
//
//   sum (a - za)(b - zb)
//
// and, where zero points are corrected for afterwards, also
//
//   sum a b,   za sum b,   zb sum a,   count za zb
//
// First from the formats: products * worst case; a zero point of the run is any
// integer of its format. Where that is too much and the right-hand side is a
// constant of bytes, the exact ends over all left-hand sides. A length that is
// known at run time only is checked there (lowbit.check_range).
// Refused: a sum that may not fit.
//
//===----------------------------------------------------------------------===//
#include "ContractBounds.h"
#include "SumBounds.h"
#include "WeightChannels.h"

using namespace mlir;
using namespace lowbit;

static Interval zeroPointsOf(const ContractFactor &factor) {
  const ContractZeroPoint &zero = factor.zeroPoint;
  if (zero.dynamic)
    return factor.range;
  if (zero.known.empty())
    return {0, 0};
  auto [min, max] = std::minmax_element(zero.known.begin(), zero.known.end());
  return {*min, *max};
}

/// What one product of each of the sums can be.
static Interval productOf(const ContractNest &nest, bool corrects) {
  const auto &[a, b] = nest.factors;
  Interval za = zeroPointsOf(a), zb = zeroPointsOf(b);
  Interval product = a.range.minus(za).times(b.range.minus(zb));
  if (corrects)
    for (Interval other : {a.range.times(b.range), za.times(b.range),
                           zb.times(a.range), za.times(zb)})
      product = product.unite(other);
  return product;
}

/// How many products of `product` an accumulator holds for certain.
static int64_t longestSum(Interval product, unsigned width) {
  int64_t max = llvm::maxIntN(width), longest = max;
  if (product.max > 0)
    longest = std::min(longest, max / product.max);
  // Of i64 the last integer is left out: its negative is none.
  int64_t min = width == 64 ? -max : llvm::minIntN(width);
  if (product.min < 0)
    longest = std::min(longest, min / product.min);
  return longest;
}

/// The exact ends over all left-hand sides, when `rhs` is a constant of bytes
/// with one known zero point. Emits the error when its bytes are not there.
static FailureOr<std::optional<Interval>>
boundsOfWeights(const ContractNest &nest, Value rhs, bool corrects,
                ParameterReader &reader) {
  std::optional<Interval> none;
  const auto &[a, b] = nest.factors;
  if (!rhs)
    return none;
  if (auto cast = rhs.getDefiningOp<StorageCastOp>())
    rhs = cast.getInput();
  Interval za = zeroPointsOf(a), zb = zeroPointsOf(b);
  if (!isConstantTensor(rhs) || zb.min != zb.max ||
      !getElementTypeOrSelf(rhs.getType()).isSignlessInteger(8))
    return none;
  auto bytes = reader.read(rhs);
  if (failed(bytes))
    return failure();
  SmallVector<unsigned> reduction;
  for (unsigned loop = 0; loop < nest.iterators.size(); ++loop)
    if (nest.isReduction(loop))
      reduction.push_back(loop);
  auto channels = WeightChannels::get(b.map, reduction, bytes->type.getShape());
  if (!channels || channels->count == 0)
    return none;
  // Bytes without a sign are read as signed ones: 128 less, as is the zero
  // point then. Those that became signed have both already.
  SmallVector<int8_t> weights(bytes->as<int8_t>());
  int64_t zero = zb.min;
  if (b.wasUnsigned) {
    for (int8_t &weight : weights)
      weight = int8_t(weight ^ -128);
    if (!b.isSigned)
      zero -= 128;
  }
  Interval all;
  for (const ChannelWeights &shifted : channels->collect(weights, zero))
    for (int64_t z : {za.min, za.max})
      all =
          all.unite(shifted.sumOfProducts({a.range.min - z, a.range.max - z}));
  if (!corrects)
    return std::optional(all);
  for (const ChannelWeights &plain : channels->collect(weights, 0)) {
    Interval count{plain.count(), plain.count()},
        total{plain.total(), plain.total()};
    for (Interval other :
         {plain.sumOfProducts(a.range), za.times(total),
          zb.times(count).times(a.range), zb.times(count).times(za)})
      all = all.unite(other);
  }
  return std::optional(all);
}

LogicalResult lowbit::checkSums(OpBuilder &builder, const ContractNest &nest,
                                Value rhs, bool corrects,
                                ParameterReader &reader) {
  Location loc = nest.op->getLoc();
  unsigned width = nest.accumulator.getIntOrFloatBitWidth();
  Interval product = productOf(nest, corrects);
  int64_t longest = longestSum(product, width);
  uint64_t products = 1;
  Value length;
  for (unsigned loop = 0; loop < nest.iterators.size(); ++loop) {
    if (!nest.isReduction(loop))
      continue;
    OpFoldResult size = nest.sizes[loop];
    if (auto number = getConstantIntValue(size))
      products = llvm::SaturatingMultiply<uint64_t>(products, *number);
    else
      length = length ? Value(arith::MulIOp::create(builder, loc, length,
                                                    cast<Value>(size)))
                      : cast<Value>(size);
  }
  Value result = nest.op->getResult(0);
  if (length && products != 0) {
    // Of the loops that are counted at run time.
    emitLengthCheck(builder, loc, length, longest / products, result, width);
    return success();
  }
  if (products <= uint64_t(longest))
    return success();
  llvm::APInt count(128, products);
  auto times = [&](int64_t end) {
    return count * llvm::APInt(128, uint64_t(end), /*isSigned=*/true);
  };
  llvm::APInt min = times(product.min), max = times(product.max);
  bool isExact = false;
  // Weights of one sum are counted in 64 bits.
  if (width == 32 && products <= uint64_t(llvm::maxIntN(32))) {
    auto exact = boundsOfWeights(nest, rhs, corrects, reader);
    if (failed(exact))
      return failure();
    if (*exact) {
      if ((*exact)->fitsI32())
        return success();
      isExact = true;
      min = llvm::APInt(128, uint64_t((*exact)->min), /*isSigned=*/true);
      max = llvm::APInt(128, uint64_t((*exact)->max), /*isSigned=*/true);
    }
  }
  llvm::APInt worst = (-min).sgt(max) ? min : max;
  InFlightDiagnostic error =
      nest.op->emitOpError()
      << "has sums of " << products << " products"
      << (isExact ? " of these weights" : "") << " that may reach "
      << llvm::toString(worst, 10, /*Signed=*/true)
      << ", which does not fit the i" << width << " accumulator; ";
  if (width == 32)
    error << "use an i64 accumulator";
  else
    error << "split the sum: " << longest << " products fit";
  return error;
}
