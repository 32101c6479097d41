//===- IntegerBody.cpp - float bodies in fixed point ----------------------===//
//
// In: a linalg.generic of floats whose operands are integers with a scale, or
// constants. Out: the same loops on integers.
//
//   x + bias        x in its steps, the bias counted in them
//   x * c           x, with other steps
//   max(x, 0)       max of the integers
//   x + y           both in steps that are fine enough for the sum
//   f(x)            a table, where all of f depends on one integer
//   sum += f(x)     an exact sum, in 32 bits where they hold it, else in 64
//
// Refused, with the reason: operations without an integer form here, operands
// that are neither, reductions that start from something.
//
//===----------------------------------------------------------------------===//
#include "IntegerEvaluator.h"

#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// The factor that a constant operand is; none when it varies along several
/// loops.
static std::optional<LoopFactor>
factorOf(ArrayRef<float> elements, RankedTensorType type, AffineMap map) {
  SmallVector<double> values(elements.begin(), elements.end());
  if (llvm::all_equal(values))
    return LoopFactor(values.front());
  std::optional<unsigned> loop;
  for (auto [size, expr] : llvm::zip_equal(type.getShape(), map.getResults())) {
    if (size == 1)
      continue;
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (loop || !dim)
      return std::nullopt;
    loop = dim.getPosition();
  }
  return LoopFactor(std::move(values), *loop);
}

bool IntegerEvaluator::readOperands() {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    BlockArgument argument = op.getMatchingBlockArgument(operand);
    if (argument.use_empty())
      continue;
    AffineMap map = op.getMatchingIndexingMap(operand);
    auto type = dyn_cast<RankedTensorType>(operand->get().getType());
    if (!type || !type.getElementType().isF32()) {
      plain.map(argument, nest.input(operand->get(), map));
      continue;
    }
    auto found = options.operand(operand->get());
    if (!found) {
      refuse("'" + valueName(operand->get()) + "' is float");
      return false;
    }
    Number &number = numbers[argument];
    if (!found->ints) {
      number.constant = factorOf(found->constant, type, map);
      if (!number.constant) {
        number.tensor = operand->get();
        number.map = map;
        number.elements = found->constant;
      }
      continue;
    }
    const IntegerTensor &tensor = *found->ints;
    LoopFactor scale = tensor.scale;
    if (scale.loop) {
      auto dim = dyn_cast<AffineDimExpr>(map.getResult(*scale.loop));
      if (!dim) {
        refuse("a scale runs along a dimension that no loop does");
        return false;
      }
      scale.loop = dim.getPosition();
    }
    Fixed value = load(tensor, scale, map);
    if (tensor.samples)
      number.function = std::make_shared<Function>(
          Function{value.value, tensor.range, *tensor.samples});
    else
      number.fixed = value;
  }
  return true;
}

void IntegerEvaluator::keepBounds() {
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (!op.getMatchingBlockArgument(operand).use_empty())
      continue;
    Value shape = tensor::EmptyOp::create(
        builder, op.getLoc(),
        tensor::getMixedSizes(builder, op.getLoc(), operand->get()),
        builder.getI8Type());
    nest.input(shape, op.getMatchingIndexingMap(operand));
  }
}

Fixed lowbit::withoutZero(const FixedBuilder &fixed, Value element,
                          const IntegerTensor &tensor, LoopFactor scale) {
  Interval stored{tensor.range.min + tensor.zero,
                  tensor.range.max + tensor.zero};
  Fixed value = fixed.make(element, stored, std::move(scale));
  if (tensor.zero == 0)
    return value;
  Value zero = fixed.e.make<arith::ConstantOp>(
      fixed.e.b.getIntegerAttr(value.value.getType(), tensor.zero));
  value.value = fixed.e.make<arith::SubIOp>(value.value, zero);
  value.range = tensor.range;
  return value;
}

Fixed IntegerEvaluator::load(const IntegerTensor &tensor, LoopFactor scale,
                             AffineMap map) {
  Value argument = nest.input(tensor.ints, map);
  Fixed &known = loaded[argument];
  Fixed value;
  if (known.value) {
    value = known;
  } else {
    value = withoutZero(fixed, argument, tensor, std::move(scale));
    bool isLong = value.value.getType().isInteger(64);
    if (!isLong)
      sources[value.value] = {tensor, map};
    // The bounds of a long sum are far from what it is.
    if (isLong && tensor.expected)
      value = fixed.clamp(value, widened(*tensor.expected));
    if (isLong)
      value = fixed.narrow(value);
    known = value;
  }
  value.expected = tensor.expected;
  return value;
}

Fixed IntegerEvaluator::toFixed(const Number &number,
                                std::optional<double> most) {
  if (number.fixed)
    return *number.fixed;
  if (number.constant)
    return fixed.constant(*number.constant);
  if (number.function)
    return lookUp(builder, op, fixed, *number.function, std::nullopt);
  Fixed result;
  Value made = makeSteps(number.elements,
                         cast<RankedTensorType>(number.tensor.getType()), most,
                         valueName(number.tensor), result);
  return fixed.make(nest.input(made, number.map), result.range, result.scale);
}

Value IntegerEvaluator::makeSteps(ArrayRef<float> elements,
                                  RankedTensorType type,
                                  std::optional<double> most, std::string name,
                                  Fixed &steps) {
  double largest = 0, limit = most.value_or(std::numeric_limits<float>::max());
  for (float element : elements)
    largest = std::max(largest, std::min<double>(std::abs(element), limit));
  double scale = largest == 0 ? 1.0 : std::ldexp(largest, -30);
  std::vector<int32_t> integers;
  for (float element : elements)
    integers.push_back(
        std::llround(std::clamp<double>(element, -largest, largest) / scale));
  auto [low, high] = std::minmax_element(integers.begin(), integers.end());
  steps.range = {*low, *high};
  steps.scale = scale;
  ConstantBuilder constants(op->getParentOfType<ModuleOp>());
  return constants.create(builder, op.getLoc(), name + ".steps",
                          type.clone(builder.getI32Type()),
                          ArrayRef<int32_t>(integers));
}

//===----------------------------------------------------------------------===//
// Arithmetic
//===----------------------------------------------------------------------===//

IntegerEvaluator::Result IntegerEvaluator::add(Number a, Number b,
                                               std::optional<RealRange> hint) {
  if (a.constant && b.constant) {
    if (!a.constant->agreesWith(*b.constant))
      return real(fixed.add(toFixed(a), toFixed(b), hint));
    return known(a.constant->combine(*b.constant,
                                     [](double x, double y) { return x + y; }));
  }
  if (a.constant)
    std::swap(a, b);
  if (b.constant)
    return real(fixed.add(toFixed(a), *b.constant, hint));
  std::optional<double> most;
  if (hint && hint->magnitude() > 0)
    most = 8 * hint->magnitude();
  return real(fixed.add(toFixed(a, most), toFixed(b, most), hint));
}

IntegerEvaluator::Result IntegerEvaluator::multiply(Number a, Number b) {
  if (a.constant && b.constant && a.constant->agreesWith(*b.constant))
    return known(a.constant->combine(*b.constant,
                                     [](double x, double y) { return x * y; }));
  if (a.constant)
    std::swap(a, b);
  if (b.constant)
    return real(fixed.multiply(toFixed(a), *b.constant));
  return real(fixed.multiply(toFixed(a), toFixed(b)));
}

static Number negated(FixedBuilder &fixed, Number a) {
  if (a.constant)
    for (double &value : a.constant->values)
      value = -value;
  else if (a.fixed)
    a.fixed = fixed.multiply(*a.fixed, LoopFactor(-1.0));
  return a;
}

IntegerEvaluator::Result IntegerEvaluator::evaluateReal(Operation *inner) {
  SmallVector<Number> args;
  for (Value operand : inner->getOperands()) {
    auto found = numbers.find(operand);
    FloatAttr outside;
    if (found != numbers.end())
      args.push_back(found->second);
    else if (matchPattern(operand, m_Constant(&outside)))
      args.push_back(*known(outside.getValueAsDouble()));
    else if (isa<FloatType>(operand.getType()))
      return refuse("'" + inner->getName().getStringRef() +
                    "' reads what the loop accumulates");
  }
  bool isLast = llvm::any_of(inner->getUsers(), [](Operation *user) {
    return isa<linalg::YieldOp>(user);
  });
  std::optional<RealRange> hint;
  if (isLast)
    hint = options.hint;
  if (auto sampled = sample(inner, args))
    return *sampled;
  if (isa<arith::AddFOp>(inner))
    return add(args[0], args[1], hint);
  if (isa<arith::SubFOp>(inner)) {
    if (!args[1].constant)
      args[1] = *real(toFixed(args[1]));
    return add(args[0], negated(fixed, args[1]), hint);
  }
  if (isa<arith::MulFOp>(inner))
    return multiply(args[0], args[1]);
  if (isa<arith::NegFOp>(inner)) {
    if (!args[0].constant)
      args[0] = *real(toFixed(args[0]));
    return negated(fixed, args[0]);
  }
  if (isa<arith::DivFOp>(inner) && args[1].constant &&
      args[1].constant->smallest() > 0) {
    for (double &value : args[1].constant->values)
      value = 1 / value;
    return multiply(args[0], args[1]);
  }
  if (isa<arith::DivFOp>(inner)) {
    // x * (1 / y), the second factor a function of y.
    Number reciprocals[] = {*known(1.0), args[1]};
    if (!args[1].constant && !args[1].function)
      reciprocals[1] = *real(fixed.single(toFixed(args[1])));
    if (auto reciprocal = sample(inner, reciprocals); reciprocal && *reciprocal)
      return multiply(args[0], **reciprocal);
    return refuse("it divides by what may be anything");
  }
  if (isa<arith::MaximumFOp, arith::MaxNumFOp>(inner))
    return real(fixed.maximum(toFixed(args[0]), toFixed(args[1])));
  if (isa<arith::MinimumFOp, arith::MinNumFOp>(inner))
    return real(fixed.minimum(toFixed(args[0]), toFixed(args[1])));
  if (isa<math::AbsFOp>(inner))
    return real(fixed.absolute(toFixed(args[0])));
  return refuse("'" + inner->getName().getStringRef() +
                "' has no integer form in this version");
}

IntegerEvaluator::Result IntegerEvaluator::evaluate(Operation *inner) {
  FloatAttr number;
  if (matchPattern(inner, m_Constant(&number)))
    return known(number.getValueAsDouble());
  if (isa<arith::SIToFPOp>(inner)) {
    Value source = inner->getOperand(0);
    Interval range = ranges.getSigned(source);
    Value value = plain.lookupOrDefault(source);
    // A sum of products of 16 bits (N37) keeps its 64.
    constexpr int64_t mostWide = int64_t(1) << 60;
    if (!range.fitsI32() && range.min > -mostWide && range.max < mostWide)
      return real(fixed.make(value, range));
    // Counts, masks, positions: as far as was observed, twice that, or a byte.
    if (!range.fitsI32()) {
      RealRange seen = widened(options.hint.value_or(RealRange{0, 1 << 23}));
      int64_t least = std::min<int64_t>(-128, std::floor(seen.min)),
              most = std::max<int64_t>(127, std::ceil(seen.max));
      Type type = value.getType();
      auto end = [&](int64_t number) -> Value {
        return fixed.e.make<arith::ConstantOp>(
            fixed.e.b.getIntegerAttr(type, number));
      };
      value = fixed.e.make<arith::MinSIOp>(
          fixed.e.make<arith::MaxSIOp>(value, end(least)), end(most));
      range = {least, most};
    }
    if (value.getType().getIntOrFloatBitWidth() > 32)
      value = fixed.e.make<arith::TruncIOp>(fixed.e.b.getI32Type(), value);
    return real(fixed.make(value, range));
  }
  if (auto extract = dyn_cast<tensor::ExtractOp>(inner)) {
    // A number of a constant, such as the scale of a row.
    auto found = options.operand(extract.getTensor());
    if (!found || found->ints)
      return refuse("it looks floats up that are no constant");
    Fixed table;
    auto type = cast<RankedTensorType>(extract.getTensor().getType());
    Value steps = makeSteps(found->constant, type, std::nullopt,
                            valueName(extract.getTensor()), table);
    SmallVector<Value> indices;
    for (Value index : extract.getIndices())
      indices.push_back(plain.lookupOrDefault(index));
    table.value = fixed.e.make<tensor::ExtractOp>(steps, indices);
    return real(table);
  }
  return evaluateReal(inner);
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

std::optional<IntegerTensor> IntegerEvaluator::run() {
  bool isReduction = op.getNumReductionLoops() > 0;
  AffineMap map = op.getIndexingMapsArray().back();
  if (!map.isProjectedPermutation() || (!isReduction && !map.isPermutation())) {
    refuse("its result is written in another order");
    return std::nullopt;
  }
  Operation *combiner = isReduction ? findCombiner() : nullptr;
  if (isReduction && !combiner) {
    refuse("a reduction of this form has no integer form in this version");
    return std::nullopt;
  }
  if (!isReduction && op.payloadUsesValueFromOperand(op.getDpsInitOperand(0))) {
    refuse("it adds to what is there");
    return std::nullopt;
  }
  if (!readOperands())
    return std::nullopt;
  if (!nest.bounds(map))
    keepBounds();
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (&inner == combiner)
      break;
    bool isFloat =
        llvm::any_of(inner.getResultTypes(), llvm::IsaPred<FloatType>);
    if (!isFloat) {
      if (llvm::any_of(inner.getOperandTypes(), llvm::IsaPred<FloatType>)) {
        refuse("'" + inner.getName().getStringRef() +
               "' has no integer form in this version");
        return std::nullopt;
      }
      fixed.e.b.clone(inner, plain);
      continue;
    }
    auto result = evaluate(&inner);
    if (!result)
      return std::nullopt;
    numbers[inner.getResult(0)] = *result;
  }
  if (combiner)
    return reduce(combiner);
  auto found = numbers.find(op.getBody()->getTerminator()->getOperand(0));
  if (found == numbers.end() || found->second.constant) {
    refuse("its result is a constant");
    return std::nullopt;
  }
  // A function of an operand waits for what its readers make of it.
  if (const auto &function = found->second.function) {
    auto source = sources.find(function->base);
    if (source != sources.end() && source->second.second == map) {
      IntegerTensor result = source->second.first;
      result.samples =
          std::make_shared<const std::vector<float>>(function->samples);
      return result;
    }
    return finish(lookUp(builder, op, fixed, *function, options.hint));
  }
  return finish(toFixed(found->second));
}

std::optional<IntegerTensor> lowbit::emitIntegerBody(
    OpBuilder &builder, linalg::GenericOp op, const IntegerBodyOptions &options,
    ParameterReader &reader, IntegerRanges &ranges, std::string &reason) {
  IntegerEvaluator evaluator(builder, op, options, reader, ranges);
  auto result = evaluator.run();
  reason = evaluator.reason;
  return result;
}
