//===- IntegerReductions.cpp - what a loop accumulates --------------------===//
//
// In: the terms of a body, and the operations that join them with what was
// accumulated. Out: the linalg operation. Sums are exact: in 32 bits where
// these hold them, else in 64; where the run decides how many terms there are,
// it checks that they fit. Products are rounded after each factor. Accumulators
// that pick among the terms, such as the index of a maximum, are in the steps
// of the terms. Refused: accumulators that are joined in other ways.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"
#include "IntegerForms.h"
#include "SumBounds.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

/// Sums of a length of the run are in 32 bits where these hold so many terms.
static constexpr int64_t kLongSum = 4096;

SmallVector<Operation *> IntegerEvaluator::findAccumulating() {
  llvm::DenseSet<Value> accumulated;
  for (BlockArgument argument : op.getRegionOutputArgs())
    accumulated.insert(argument);
  SmallVector<Operation *> found;
  for (Operation &inner : op.getBody()->without_terminator())
    if (llvm::any_of(inner.getOperands(), [&](Value operand) {
          return accumulated.contains(operand);
        })) {
      found.push_back(&inner);
      accumulated.insert(inner.result_begin(), inner.result_end());
    }
  return found;
}

std::optional<double> IntegerEvaluator::startOf(unsigned result) {
  auto fill = op.getDpsInits()[result].getDefiningOp<linalg::FillOp>();
  FloatAttr start;
  if (!fill || !matchPattern(fill.getInputs()[0], m_Constant(&start)))
    return std::nullopt;
  return start.getValueAsDouble();
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

/// What the result of a product of `count` factors may be, counted from 1.
static double productOf(double magnitude, int64_t count,
                        std::optional<RealRange> hint) {
  double most = magnitude <= 1 ? 1 : std::pow(magnitude, double(count));
  if (hint && hint->magnitude() > 0)
    most = std::min(most, std::max(1.0, 8 * hint->magnitude()));
  return most;
}

std::optional<IntegerTensor> IntegerEvaluator::multiplyAll(Fixed term) {
  auto count = countTerms();
  if (!count) {
    refuse("a product of a number of factors that the run decides has no "
           "integer form; give the shape (shapes)");
    return std::nullopt;
  }
  double most = productOf(term.magnitude(), *count,
                          options.hint(op.getResult(0)));
  if (!(most < 0x1p100)) {
    refuse("its product may not fit");
    return std::nullopt;
  }
  // Factors in steps of a power of two, which a shift takes out again.
  int bits = 29 - std::max(0, std::ilogb(std::max(term.magnitude(), 1.0)) + 1);
  if (bits < 8) {
    refuse("its factors are too large for a product in fixed point");
    return std::nullopt;
  }
  term = fixed.rescale(fixed.single(term), std::ldexp(1.0, -bits));
  term = fixed.narrow(term);
  double step = std::ldexp(1.0, std::ilogb(most) + 1 - 29);
  constexpr int64_t end = int64_t(1) << 30;
  Type i64 = builder.getI64Type(), i32 = builder.getI32Type();
  AffineMap map = op.getIndexingMapsArray().back();
  Value value = fixed.e.make<arith::MulIOp>(
      fixed.e.make<arith::ExtSIOp>(i64, nest.accumulator(i32)),
      fixed.e.make<arith::ExtSIOp>(i64, term.value));
  value = fixed.e.make<arith::AddIOp>(value,
                                      fixed.e.i64(int64_t(1) << (bits - 1)));
  value = fixed.e.make<arith::ShRSIOp>(value, fixed.e.i64(bits));
  value = fixed.e.make<arith::MinSIOp>(
      fixed.e.make<arith::MaxSIOp>(value, fixed.e.i64(-end)), fixed.e.i64(end));
  value = fixed.e.make<arith::TruncIOp>(i32, value);
  Value made = nest.finish(value, makeInit(0, i32, std::llround(1 / step)), map,
                           op.getIteratorTypesArray());
  return IntegerTensor{made, {-end, end}, 0, step, nullptr, std::nullopt, {}};
}

IntegerEvaluator::Results IntegerEvaluator::reduce(Operation *combiner) {
  Value accumulated = op.getRegionOutputArgs()[0];
  if (op.getBody()->getTerminator()->getOperand(0) != combiner->getResult(0) ||
      !accumulated.hasOneUse() ||
      !isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::MaximumFOp,
           arith::MaxNumFOp, arith::MinimumFOp, arith::MinNumFOp, math::FmaOp>(
          combiner)) {
    refuse("'" + combiner->getName().getStringRef() +
           "' with what is accumulated has no integer form in this version");
    return std::nullopt;
  }
  if (auto start = startOf(0); !start || !isNeutral(combiner, *start)) {
    refuse("it starts from what is no constant");
    return std::nullopt;
  }
  bool isSum = isa<arith::AddFOp, arith::SubFOp, math::FmaOp>(combiner);
  std::vector<Number> terms;
  for (Value operand : combiner->getOperands()) {
    FloatAttr constant;
    if (operand == accumulated)
      continue;
    if (auto found = numbers.find(operand); found != numbers.end())
      terms.push_back(found->second);
    else if (matchPattern(operand, m_Constant(&constant)))
      terms.push_back(*known(constant.getValueAsDouble()));
  }
  bool isLast = combiner->getOperands().back() == accumulated;
  if (isa<math::FmaOp>(combiner) && isLast && terms.size() == 2)
    terms = {*multiply(terms[0], terms[1])};
  if (terms.size() != 1 || (isa<arith::SubFOp>(combiner) && isLast)) {
    refuse("its sum has another form");
    return std::nullopt;
  }
  Fixed x = toFixed(terms.front());
  if (isa<arith::SubFOp>(combiner))
    x = fixed.multiply(x, -1.0);
  if (isa<arith::MulFOp>(combiner)) {
    auto product = multiplyAll(x);
    return product ? Results({*product}) : std::nullopt;
  }
  AffineMap map = op.getIndexingMapsArray().back();
  if (x.scale.loop) {
    auto dim = map.getResultPosition(builder.getAffineDimExpr(*x.scale.loop));
    if (!dim)
      x = fixed.single(x);
  }
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
  bool isMinimum = isa<arith::MinimumFOp, arith::MinNumFOp>(combiner);
  std::optional<int64_t> start = isSum       ? 0
                                 : isMinimum ? x.range.max
                                             : x.range.min;
  Value sum = nest.accumulator(type);
  if (isSum)
    value = fixed.e.make<arith::AddIOp>(sum, value);
  else if (isMinimum)
    value = fixed.e.make<arith::MinSIOp>(sum, value);
  else
    value = fixed.e.make<arith::MaxSIOp>(sum, value);
  Value made = nest.finish(value, makeInit(0, type, start), map,
                           op.getIteratorTypesArray());
  return Results(
      {{made, range, 0, singleIfEqual(scale), nullptr, std::nullopt, {}}});
}

IntegerEvaluator::Results
IntegerEvaluator::select(ArrayRef<Operation *> accumulating) {
  // The one number that floats are picked from.
  Value term;
  auto addTerm = [&](Value value) {
    bool isTerm = numbers.contains(value) && !numbers.lookup(value).constant;
    if (isTerm && term && term != value)
      refuse("what it accumulates is picked from several numbers");
    if (isTerm)
      term = value;
  };
  for (Operation *inner : accumulating) {
    if (isa<FloatType>(inner->getResult(0).getType()) &&
        !isa<arith::SelectOp, arith::MaximumFOp, arith::MaxNumFOp,
             arith::MinimumFOp, arith::MinNumFOp>(inner))
      refuse("'" + inner->getName().getStringRef() +
             "' with what is accumulated has no integer form in this version");
    for (Value operand : inner->getOperands())
      if (isa<FloatType>(operand.getType()))
        addTerm(operand);
  }
  Operation *yield = op.getBody()->getTerminator();
  for (Value operand : yield->getOperands())
    if (isa<FloatType>(operand.getType()))
      addTerm(operand);
  bool hasFloats = llvm::any_of(op.getRegionOutputArgs(), [](Value argument) {
    return isa<FloatType>(argument.getType());
  });
  if (hasFloats && !term)
    refuse("it accumulates nothing that is computed here");
  if (!reason.empty())
    return std::nullopt;
  Fixed x;
  if (term) {
    x = fixed.narrow(fixed.single(toFixed(numbers[term])), 29);
    numbers[term] = *real(x);
  }
  SmallVector<Value> inits;
  Interval range = x.range;
  for (auto [i, argument] : llvm::enumerate(op.getRegionOutputArgs())) {
    if (!isa<FloatType>(argument.getType())) {
      plain.map(argument, nest.accumulator(argument.getType()));
      inits.push_back(op.getDpsInits()[i]);
      continue;
    }
    auto start = startOf(i);
    if (!start) {
      refuse("it starts from what is not one constant");
      return std::nullopt;
    }
    // Out of reach is one step beyond.
    double steps = *start / x.scale.single();
    int64_t first = steps < -0x1p29  ? x.range.min - 1
                    : steps > 0x1p29 ? x.range.max + 1
                                     : std::llround(steps);
    range = range.unite({first, first});
    inits.push_back(makeInit(i, builder.getI32Type(), first));
    numbers[argument] =
        *real({nest.accumulator(builder.getI32Type()), {}, x.scale});
  }
  for (BlockArgument argument : op.getRegionOutputArgs())
    if (isa<FloatType>(argument.getType()))
      numbers[argument].fixed->range = range;
  for (Operation *inner : accumulating)
    if (!visit(inner))
      return std::nullopt;
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  for (auto [i, operand] : llvm::enumerate(yield->getOperands())) {
    bool isFloat = isa<FloatType>(operand.getType());
    auto found = numbers.find(operand);
    if (isFloat && (found == numbers.end() || !found->second.fixed ||
                    !(found->second.fixed->scale == x.scale) ||
                    !found->second.fixed->value.getType().isInteger(32))) {
      refuse("what it accumulates has no integer form in this version");
      return std::nullopt;
    }
    values.push_back(isFloat ? found->second.fixed->value
                     : found != numbers.end()
                         ? toPlain(found->second, operand.getType())
                         : plain.lookupOrDefault(operand));
    maps.push_back(op.getMatchingIndexingMap(op.getDpsInitOperand(i)));
  }
  ValueRange made =
      nest.finish(values, inits, maps, op.getIteratorTypesArray());
  SmallVector<IntegerTensor> results;
  for (Value value : made)
    results.push_back({value, range, 0, x.scale, nullptr, std::nullopt, {}});
  return results;
}
