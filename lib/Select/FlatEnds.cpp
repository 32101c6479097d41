//===- FlatEnds.cpp - where what reads a value is flat --------------------===//
//
// The elementwise operations that read the value, and each other, are run on
// numbers evenly over the range.
//
//===----------------------------------------------------------------------===//
#include "FlatEnds.h"

#include "lowbit/Interpreter/Elementwise.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

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

/// Whether `op` is computed from values of the chain, element by element.
static bool isStep(linalg::GenericOp op, const llvm::DenseSet<Value> &known) {
  if (op.getNumReductionLoops() > 0 || op->getNumResults() != 1 ||
      op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)))
    return false;
  for (OpOperand *operand : op.getDpsInputOperands()) {
    if (known.contains(operand->get())) {
      if (!op.getMatchingIndexingMap(operand).isIdentity())
        return false;
    } else if (op.payloadUsesValueFromOperand(operand) &&
               !interpreter::numberOf(operand->get())) {
      return false;
    }
  }
  return interpreter::isClosed(op);
}

/// Readers are visited in their order in the block. `isWhole` is set where all
/// other readers are observers that know a range.
static Chain findChain(ObserveOp border, bool &isWhole) {
  isWhole = true;
  Chain chain;
  llvm::DenseSet<Value> known{border.getOutput()};
  for (Operation *op = border->getNextNode(); op; op = op->getNextNode()) {
    auto step = dyn_cast<linalg::GenericOp>(op);
    bool reads = llvm::any_of(op->getOperands(), [&](Value operand) {
      return known.contains(operand);
    });
    if (!reads || isa<tensor::DimOp>(op))
      continue;
    if (step && isStep(step, known)) {
      chain.steps.push_back(step);
      known.insert(step.getResult(0));
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
  auto view = interpreter::Tensor::view(
      Float32Type::get(border.getContext()), {kPoints},
      {reinterpret_cast<const char *>(points.data()),
       points.size() * sizeof(float)});
  return interpreter::runElementwise(chain.steps, border.getOutput(), view,
                                     ends);
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
