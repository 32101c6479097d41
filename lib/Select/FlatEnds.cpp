//===- FlatEnds.cpp - where what reads a value is flat --------------------===//
//
// The elementwise operations that read the value, and each other, are copied
// to a function of one dimension, which the interpreter runs on numbers evenly
// over the range.
//
//===----------------------------------------------------------------------===//
#include "FlatEnds.h"

#include "lowbit/Interpreter/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

static constexpr int64_t kPoints = 4097;
/// Of a step of the result.
static constexpr double kTolerance = 0.25;

namespace {
/// What is computed from one value alone.
struct Chain {
  SmallVector<linalg::GenericOp> steps;
  /// What others read of it, by its observer.
  SmallVector<ObserveOp> ends;
};
} // namespace

/// The number that all elements of a constant operand are.
static std::optional<FloatAttr> numberOf(Value value) {
  Attribute attr;
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    value = fill.getInputs()[0];
  if (!matchPattern(value, m_Constant(&attr)))
    return std::nullopt;
  if (auto splat = dyn_cast<SplatElementsAttr>(attr))
    attr = splat.getSplatValue<Attribute>();
  if (auto number = dyn_cast<FloatAttr>(attr))
    return number;
  return std::nullopt;
}

/// Whether `op` is computed from values of the chain, element by element.
static bool isStep(linalg::GenericOp op, const IRMapping &known) {
  if (op.getNumReductionLoops() > 0 || op->getNumResults() != 1 ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return false;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (known.contains(operand->get())) {
      if (!op.getMatchingIndexingMap(operand).isIdentity())
        return false;
    } else if (op.payloadUsesValueFromOperand(operand) &&
               !numberOf(operand->get())) {
      return false;
    }
  }
  return llvm::all_of(
      op.getBody()->without_terminator(), [&](Operation &inner) {
        return isa<arith::ArithDialect, math::MathDialect>(
                   inner.getDialect()) &&
               llvm::all_of(inner.getOperands(), [&](Value operand) {
                 Operation *maker = operand.getDefiningOp();
                 return !maker || maker->getBlock() == op.getBody() ||
                        isa<arith::ConstantOp>(maker);
               });
      });
}

/// Readers are visited in their order in the block. `isWhole` is set where all
/// other readers are observers that know a range.
static Chain findChain(ObserveOp border, bool &isWhole) {
  isWhole = true;
  Chain chain;
  IRMapping known;
  known.map(border.getOutput(), border.getOutput());
  for (Operation *op = border->getNextNode(); op; op = op->getNextNode()) {
    auto step = dyn_cast<linalg::GenericOp>(op);
    bool reads = llvm::any_of(op->getOperands(), [&](Value operand) {
      return known.contains(operand);
    });
    if (!reads || isa<tensor::DimOp>(op))
      continue;
    if (step && isStep(step, known)) {
      chain.steps.push_back(step);
      known.map(step.getResult(0), step.getResult(0));
      continue;
    }
    auto observer = dyn_cast<ObserveOp>(op);
    if (observer && op->getOperand(0) != border.getOutput() &&
        observer.getMinAttr())
      chain.ends.push_back(observer);
    else
      isWhole = false;
  }
  return chain;
}

static std::vector<float> pointsOf(float min, float max) {
  std::vector<float> points;
  for (int64_t i = 0; i < kPoints; ++i)
    points.push_back(min + (double(max) - min) * i / (kPoints - 1));
  return points;
}

/// One tensor for each of `ends`: its values at the points.
static FailureOr<std::vector<interpreter::Tensor>>
evaluate(const Chain &chain, ObserveOp border, ValueRange ends,
         const std::vector<float> &points) {
  OpBuilder builder(border.getContext());
  Location loc = border.getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  builder.setInsertionPointToEnd(module->getBody());
  auto type = RankedTensorType::get({kPoints}, builder.getF32Type());
  SmallVector<Type> results(ends.size(), type);
  auto function = func::FuncOp::create(builder, loc, "main",
                                       builder.getFunctionType(type, results));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  IRMapping mapping;
  mapping.map(border.getOutput(), function.getArgument(0));
  AffineMap identity = builder.getMultiDimIdentityMap(1);
  for (linalg::GenericOp step : chain.steps) {
    SmallVector<Value> inputs;
    for (OpOperand *operand : step.getDpsInputOperands()) {
      if (Value known = mapping.lookupOrNull(operand->get())) {
        inputs.push_back(known);
        continue;
      }
      auto number = numberOf(operand->get());
      inputs.push_back(arith::ConstantOp::create(
          builder, loc,
          DenseElementsAttr::get(
              type, Attribute(number ? *number : builder.getF32FloatAttr(0)))));
    }
    for (Operation &inner : step.getBody()->without_terminator())
      for (Value operand : inner.getOperands())
        if (auto outside = operand.getDefiningOp<arith::ConstantOp>())
          if (outside->getBlock() != step.getBody() &&
              !mapping.contains(operand))
            mapping.map(operand, builder.clone(*outside)->getResult(0));
    Value init =
        tensor::EmptyOp::create(builder, loc, {kPoints}, builder.getF32Type());
    SmallVector<AffineMap> maps(inputs.size() + 1, identity);
    auto made =
        linalg::GenericOp::create(builder, loc, TypeRange(type), inputs, init,
                                  maps, utils::IteratorType::parallel);
    step.getRegion().cloneInto(&made.getRegion(), mapping);
    mapping.map(step.getResult(0), made.getResult(0));
  }
  SmallVector<Value> made;
  for (Value end : ends)
    made.push_back(mapping.lookup(end));
  func::ReturnOp::create(builder, loc, made);
  auto view =
      interpreter::Tensor::view(builder.getF32Type(), {kPoints},
                                {reinterpret_cast<const char *>(points.data()),
                                 points.size() * sizeof(float)});
  return interpreter::Interpreter(*module).run("main", {view});
}

std::optional<std::pair<float, float>>
lowbit::findFlatEnds(ObserveOp border, float min, float max) {
  bool isWhole;
  Chain chain = findChain(border, isWhole);
  if (!isWhole || chain.steps.empty() || chain.ends.empty() || !(min < max))
    return std::nullopt;
  std::vector<float> points = pointsOf(min, max);
  SmallVector<Value> ends;
  for (ObserveOp end : chain.ends)
    ends.push_back(end.getInput());
  auto results = evaluate(chain, border, ends, points);
  if (failed(results))
    return std::nullopt;
  // How far from an end everything stays within the tolerance.
  auto flatFrom = [&](bool isUpper) {
    int64_t least = kPoints - 1;
    for (auto [end, values] : llvm::zip_equal(chain.ends, *results)) {
      double range = end.getMax()->convertToFloat() -
                     std::min(0.0f, end.getMin()->convertToFloat());
      double tolerance = kTolerance * range / 255;
      double low = INFINITY, high = -INFINITY;
      int64_t count = 0;
      for (; count < kPoints; ++count) {
        float value = values.get(isUpper ? kPoints - 1 - count : count).f;
        low = std::min<double>(low, value);
        high = std::max<double>(high, value);
        if (!(high - low <= tolerance))
          break;
      }
      least = std::min(least, std::max<int64_t>(count - 1, 0));
    }
    return isUpper ? points[kPoints - 1 - least] : points[least];
  };
  float low = flatFrom(false), high = flatFrom(true);
  if (!(low < high))
    return std::nullopt;
  return std::pair(low, high);
}

std::optional<std::pair<float, float>> lowbit::findImage(ObserveOp source,
                                                         Value value) {
  bool isWhole;
  Chain chain = findChain(source, isWhole);
  bool isComputed = llvm::any_of(chain.steps, [&](linalg::GenericOp step) {
    return step.getResult(0) == value;
  });
  if (!isComputed || !source.getMinAttr())
    return std::nullopt;
  auto results = evaluate(chain, source, value,
                          pointsOf(source.getMin()->convertToFloat(),
                                   source.getMax()->convertToFloat()));
  if (failed(results))
    return std::nullopt;
  float low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < kPoints; ++i) {
    low = std::min<float>(low, results->front().get(i).f);
    high = std::max<float>(high, results->front().get(i).f);
  }
  if (!std::isfinite(low) || !std::isfinite(high))
    return std::nullopt;
  return std::pair(low, high);
}
