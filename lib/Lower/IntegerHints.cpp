//===- IntegerHints.cpp - what values were when they were observed --------===//
//
// In: an f32 value. Out: the numbers that it held on calibration data, less
// those that make no difference; the numbers that its readers tell apart.
//
//===----------------------------------------------------------------------===//
#include "IntegerProgram.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

static std::optional<RealRange> observedRange(Value value) {
  auto seen = value.getDefiningOp()->getAttrOfType<DenseF64ArrayAttr>(
      LowbitDialect::kRangeAttr);
  return seen && seen.size() == 2 ? std::optional<RealRange>({seen[0], seen[1]}) : std::nullopt;
}

/// e^-24 is below a step of what it is added up with.
static constexpr double kDeepest = 24;

/// Where a softmax is all that reads the value: the least of the maxima that
/// are subtracted from it.
static std::optional<double> leastMaximum(Value value) {
  Value maxima;
  for (Operation *user : value.getUsers()) {
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (!generic)
      return std::nullopt;
    Operation *last =
        generic.getBody()->getTerminator()->getOperand(0).getDefiningOp();
    if (generic.getNumReductionLoops() == 1 &&
        isa_and_nonnull<arith::MaximumFOp>(last))
      maxima = generic.getResult(0);
  }
  if (!maxima || !observedRange(maxima))
    return std::nullopt;
  for (Operation *user : value.getUsers())
    if (user != maxima.getDefiningOp() &&
        llvm::none_of(user->getOperands(), [&](Value operand) {
          while (OpOperand *moved = movedOperand(operand.getDefiningOp()))
            operand = moved->get();
          return operand == maxima;
        }))
      return std::nullopt;
  return observedRange(maxima)->min;
}

/// The ends of a format with one scale that is known.
static std::optional<RealRange> endsOf(QuantizeOp quantize) {
  auto format = dyn_cast<AffineType>(Type(quantize.getQuantizedFormat()));
  auto known = format && QuantParameters::of(quantize).isStatic()
                   ? QuantParameters::of(quantize).read()
                   : std::nullopt;
  if (!known || known->scales.size() != 1)
    return std::nullopt;
  double scale = known->scales.front(), zero = known->zeroPoints.front();
  return RealRange{(format.getMin() - zero) * scale,
                   (format.getMax() - zero) * scale};
}

std::optional<RealRange> IntegerProgram::boundsOf(Value value) {
  std::optional<RealRange> bounds;
  for (Operation *user : value.getUsers()) {
    auto quantize = dyn_cast<QuantizeOp>(user);
    auto ends = quantize ? endsOf(quantize) : std::nullopt;
    if (!ends)
      return std::nullopt;
    bounds = bounds ? bounds->unite(*ends) : *ends;
  }
  return bounds;
}

std::optional<RealRange> IntegerProgram::hintOf(Value value) {
  if (auto seen = observedRange(value)) {
    // A mask makes some numbers so low that e to them is 0.
    if (auto least = leastMaximum(value))
      seen->min = std::max(seen->min, *least - kDeepest);
    return seen;
  }
  for (Operation *user : value.getUsers()) {
    auto quantize = dyn_cast<QuantizeOp>(user);
    if (auto ends = quantize ? endsOf(quantize) : std::nullopt)
      return ends;
  }
  return std::nullopt;
}
