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
//   x < y ? x : y   integers in the same steps are compared and chosen
//
// Refused, with the reason: operations without an integer form here, operands
// that are neither.
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
      Value value = operand->get();
      plain.map(argument, isa<RankedTensorType>(value.getType())
                              ? nest.input(value, map)
                              : value);
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
    IntegerTensor tensor = *found->ints;
    // One scale for all where no loop runs along its dimension.
    if (tensor.scale.loop &&
        !isa<AffineDimExpr>(map.getResult(*tensor.scale.loop)))
      tensor = emitRescaled(builder, op, tensor);
    LoopFactor scale = tensor.scale;
    if (scale.loop)
      scale.loop =
          cast<AffineDimExpr>(map.getResult(*scale.loop)).getPosition();
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
    // What is read as integers is an operand; constants become numbers.
    BlockArgument argument = op.getMatchingBlockArgument(operand);
    auto known = numbers.find(argument);
    if (!isa<RankedTensorType>(operand->get().getType()) ||
        (!argument.use_empty() &&
         (known == numbers.end() || !known->second.constant)))
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
  bool isLong = getElementTypeOrSelf(tensor.ints.getType()).isInteger(64);
  Fixed value;
  if (known.value && !isLong) {
    // The same integers may be worth something else.
    value = known;
    value.scale = std::move(scale);
  } else {
    value = withoutZero(fixed, argument, tensor, std::move(scale));
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
// Operations
//===----------------------------------------------------------------------===//

void IntegerEvaluator::clonePlain(Operation *inner) {
  fixed.e.b.clone(*inner, plain);
  if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
    int64_t extent = op.getStaticLoopRanges()[index.getDim()];
    if (!ShapedType::isDynamic(extent))
      ranges.narrow(index.getResult(), {0, std::max<int64_t>(extent, 1) - 1});
    return;
  }
  ranges.visit(inner);
}

bool IntegerEvaluator::readArguments(Operation *inner,
                                     std::vector<Number> &args) {
  for (Value operand : inner->getOperands()) {
    FloatAttr real;
    APInt whole;
    if (auto found = numbers.find(operand); found != numbers.end()) {
      args.push_back(found->second);
    } else if (matchPattern(operand, m_Constant(&real))) {
      args.push_back(*known(real.getValueAsDouble()));
    } else if (isa<FloatType>(operand.getType())) {
      // Numbers that are made of sizes are computed in the loop.
      Operation *maker = operand.getDefiningOp();
      if (isa_and_nonnull<arith::ArithDialect>(maker ? maker->getDialect()
                                                     : nullptr)) {
        if (!visit(maker))
          return false;
        args.push_back(numbers[operand]);
        continue;
      }
      refuse("'" + inner->getName().getStringRef() + "' reads " +
             (isa<BlockArgument>(operand) ? "what the loop accumulates"
                                          : "a number from outside the loop"));
      return false;
    } else {
      args.push_back(integer(plain.lookupOrDefault(operand)));
      // A condition of 1 bit is 1 or 0 here.
      if (matchPattern(operand, m_ConstantInt(&whole)))
        args.back().constant =
            LoopFactor(whole.getBitWidth() == 1 ? whole.getZExtValue()
                                                : whole.getSExtValue());
    }
  }
  return true;
}

bool IntegerEvaluator::visit(Operation *inner) {
  if (inner->getNumResults() != 1 || inner->getNumRegions() != 0) {
    refuse("'" + inner->getName().getStringRef() +
           "' has no integer form in this version");
    return false;
  }
  Value made = inner->getResult(0);
  FloatAttr number;
  if (matchPattern(inner, m_Constant(&number))) {
    numbers[made] = *known(number.getValueAsDouble());
    return true;
  }
  bool isReal = isa<FloatType>(made.getType());
  for (Value operand : inner->getOperands())
    isReal |= isa<FloatType>(operand.getType()) || numbers.contains(operand);
  if (!isReal) {
    clonePlain(inner);
    return true;
  }
  std::vector<Number> args;
  Result result;
  if (auto extracted = dyn_cast<tensor::ExtractOp>(inner))
    result = extract(extracted);
  else if (readArguments(inner, args))
    result = evaluate(inner, args);
  if (!result)
    return false;
  if (result->plain)
    plain.map(made, result->plain);
  else
    numbers[made] = *result;
  return true;
}

IntegerEvaluator::Result IntegerEvaluator::extract(tensor::ExtractOp inner) {
  auto found = options.operand(inner.getTensor());
  if (!found)
    return refuse("it looks '" + valueName(inner.getTensor()) +
                  "' up, which is float");
  SmallVector<Value> indices;
  for (Value index : inner.getIndices())
    indices.push_back(plain.lookupOrDefault(index));
  if (!found->ints) {
    // A number of a constant, such as the scale of a row.
    Fixed table;
    auto type = cast<RankedTensorType>(inner.getTensor().getType());
    Value steps = makeSteps(found->constant, type, std::nullopt,
                            valueName(inner.getTensor()), table);
    table.value = fixed.e.make<tensor::ExtractOp>(steps, indices);
    return real(table);
  }
  IntegerTensor tensor = *found->ints;
  if (!tensor.scale.isSingle() && !tensor.samples)
    tensor = emitRescaled(builder, op, tensor);
  Fixed value =
      withoutZero(fixed, fixed.e.make<tensor::ExtractOp>(tensor.ints, indices),
                  tensor, tensor.scale);
  if (!value.value.getType().isInteger(32)) {
    if (tensor.expected)
      value = fixed.clamp(value, widened(*tensor.expected));
    value = fixed.narrow(value);
  }
  value.expected = tensor.expected;
  if (!tensor.samples)
    return real(value);
  Number number;
  number.function = std::make_shared<Function>(
      Function{value.value, tensor.range, *tensor.samples});
  return number;
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

IntegerEvaluator::Results IntegerEvaluator::run() {
  bool isReduction = op.getNumReductionLoops() > 0;
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    if (!map.isProjectedPermutation() ||
        (!isReduction && !map.isPermutation())) {
      refuse("its result is written in another order");
      return std::nullopt;
    }
  }
  SmallVector<Operation *> accumulating;
  if (isReduction)
    accumulating = findAccumulating();
  if (!readOperands())
    return std::nullopt;
  if (!nest.bounds(op.getIndexingMapsArray().back()))
    keepBounds();
  for (Operation &inner : op.getBody()->without_terminator())
    if (!llvm::is_contained(accumulating, &inner) && !visit(&inner))
      return std::nullopt;
  if (!isReduction)
    return finishAll();
  if (accumulating.size() == 1 && op.getNumResults() == 1 &&
      isa<FloatType>(accumulating.front()->getResult(0).getType()))
    return reduce(accumulating.front());
  return select(accumulating);
}

std::optional<std::vector<IntegerTensor>> lowbit::emitIntegerBody(
    OpBuilder &builder, linalg::GenericOp op, const IntegerBodyOptions &options,
    ParameterReader &reader, IntegerRanges &ranges, std::string &reason) {
  IntegerEvaluator evaluator(builder, op, options, reader, ranges);
  auto results = evaluator.run();
  reason = evaluator.reason;
  return results;
}
