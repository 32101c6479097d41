//===- IntegerMovement.cpp - integers that are only moved -----------------===//
//
// In: operations that move floats. Out: the same on the integers, whose zero
// point is 0.0. A scale whose dimension is split or cut becomes one for all
// first; parts of a concatenation get steps of one size. Padding with what the
// steps do not hold is left alone.
//
//===----------------------------------------------------------------------===//
#include "IntegerProgram.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace lowbit;

IntegerProgram::Tensors::iterator IntegerProgram::find(Value constant) {
  auto found = tensors.find(constant);
  if (found != tensors.end() || !isConstantTensor(constant))
    return found;
  auto bytes = reader.read(constant);
  if (failed(bytes))
    return tensors.end();
  IntegerTensor tensor;
  double largest = 0;
  for (float element : bytes->as<float>())
    largest = std::max(largest, std::abs<double>(element));
  if (!std::isfinite(largest))
    return tensors.end();
  tensor.scale = largest == 0 ? 1.0 : largest / 32767;
  tensor.range = {-32767, 32767};
  std::vector<int16_t> codes;
  for (float element : bytes->as<float>())
    codes.push_back(std::lround(element / tensor.scale.single()));
  OpBuilder builder(constant.getContext());
  builder.setInsertionPointAfterValue(constant);
  tensor.ints =
      ConstantBuilder(module)
          .create(builder, constant.getLoc(), valueName(constant) + ".i16",
                  bytes->type.clone(builder.getI16Type()),
                  ArrayRef<int16_t>(codes));
  return tensors.try_emplace(constant, tensor).first;
}

static Value moveIntegers(OpBuilder &builder, Operation *op,
                          const IntegerTensor &tensor) {
  Type element = getElementTypeOrSelf(tensor.ints.getType());
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value zero = arith::ConstantOp::create(
        builder, op->getLoc(), builder.getIntegerAttr(element, tensor.zero));
    return tensor::PadOp::create(
        builder, op->getLoc(), type.clone(element), tensor.ints,
        pad.getMixedLowPad(), pad.getMixedHighPad(), zero, pad.getNofold());
  }
  IRMapping mapping;
  mapping.map(movedOperand(op)->get(), tensor.ints);
  if (auto copy = dyn_cast<linalg::LinalgOp>(op)) {
    Value init = copy.getDpsInits()[0];
    mapping.map(init, tensor::EmptyOp::create(
                          builder, op->getLoc(),
                          tensor::getMixedSizes(builder, op->getLoc(), init),
                          element));
  }
  Operation *clone = builder.clone(*op, mapping);
  clone->removeAttr(LowbitDialect::kIdAttr);
  clone->removeAttr(LowbitDialect::kRangeAttr);
  if (isa<linalg::LinalgOp>(op))
    for (BlockArgument argument : clone->getRegion(0).getArguments())
      argument.setType(element);
  clone->getResult(0).setType(type.clone(element));
  return clone->getResult(0);
}

/// The integers move as the floats would; 0.0 is their zero point.
void IntegerProgram::move(Operation *op, OpOperand *moved) {
  auto found = find(moved->get());
  if (found == tensors.end())
    return;
  IntegerTensor tensor = found->second;
  OpBuilder builder(op);
  if (tensor.scale.loop && !tensor.samples) {
    // A scale whose dimension is split or cut ends here.
    if (auto axis = axisAfter(op, *tensor.scale.loop)) {
      tensor.scale.loop = *axis;
    } else {
      tensor = emitRescaled(builder, op, tensor);
      ranges.visit(tensor.ints.getDefiningOp());
    }
  }
  tensor.ints = moveIntegers(builder, op, tensor);
  tensors[op->getResult(0)] = tensor;
}

/// An integer of the tensor's element type is `value`, as near as its steps are
/// to the other elements.
static std::optional<int64_t> codeOf(const IntegerTensor &tensor,
                                     double value) {
  if (tensor.samples || !tensor.scale.isSingle() || !tensor.scale.isPositive())
    return std::nullopt;
  double steps = value / tensor.scale.single();
  double code = std::nearbyint(steps);
  unsigned width =
      getElementTypeOrSelf(tensor.ints.getType()).getIntOrFloatBitWidth();
  if (std::abs(steps - code) > 1e-6 * std::abs(steps) ||
      !(std::abs(code) < 0x1p30) || !llvm::isIntN(width, int64_t(code) + tensor.zero))
    return std::nullopt;
  return int64_t(code);
}

void IntegerProgram::pad(tensor::PadOp op) {
  auto found = tensors.find(op.getSource());
  Value value = op.getConstantPaddingValue();
  FloatAttr constant;
  if (found == tensors.end() || !value ||
      !matchPattern(value, m_Constant(&constant)))
    return;
  double number = constant.getValueAsDouble();
  OpBuilder builder(op);
  IntegerTensor tensor = found->second;
  // Padding that a maximum or a minimum passes over.
  bool isFar = std::abs(number) >= std::numeric_limits<float>::max();
  if (isFar) {
    if (tensor.samples || !tensor.scale.isPositive())
      tensor = emitRescaled(builder, op, tensor);
  } else if (!codeOf(tensor, number)) {
    // Steps of which the constant is some power of two.
    double step = std::max(std::abs(number), 0x1p-60);
    double largest = std::max(magnitudeOf(tensor), step);
    tensor = emitRescaled(
        builder, op, tensor,
        std::ldexp(step, std::ilogb(largest) - std::ilogb(step) - 28));
  }
  int64_t code = isFar ? (number < 0 ? tensor.range.min : tensor.range.max)
                       : codeOf(tensor, number).value_or(0);
  tensor.range = tensor.range.unite({code, code});
  Type element = getElementTypeOrSelf(tensor.ints.getType());
  Value filler = arith::ConstantOp::create(
      builder, op.getLoc(), builder.getIntegerAttr(element, code + tensor.zero));
  tensor.ints = tensor::PadOp::create(
      builder, op.getLoc(), op.getResultType().clone(element), tensor.ints,
      op.getMixedLowPad(), op.getMixedHighPad(), filler, op.getNofold());
  tensor.expected = hintOf(op.getResult());
  ranges.visit(tensor.ints.getDefiningOp());
  account(op, tensor.ints.getDefiningOp());
  tensors[op.getResult()] = tensor;
  ++numInteger;
}

/// All parts in steps of one size, which none of them is finer than needs be.
void IntegerProgram::join(tensor::ConcatOp op) {
  SmallVector<IntegerTensor> parts;
  double magnitude = 0;
  for (Value operand : op.getInputs()) {
    auto found = find(operand);
    if (found == tensors.end())
      return;
    parts.push_back(found->second);
    magnitude = std::max(magnitude, magnitudeOf(found->second));
  }
  const IntegerTensor &first = parts.front();
  bool isSame = llvm::all_of(parts, [&](const IntegerTensor &part) {
    return !part.samples && part.scale.isSingle() &&
           part.scale == first.scale && part.zero == first.zero &&
           getElementTypeOrSelf(part.ints.getType()) ==
               getElementTypeOrSelf(first.ints.getType());
  });
  OpBuilder builder(op);
  IntegerTensor result = first;
  SmallVector<Value> ints;
  for (IntegerTensor &part : parts) {
    if (!isSame)
      part = emitRescaled(builder, op, part, std::ldexp(magnitude, -29));
    ranges.visit(part.ints.getDefiningOp());
    ints.push_back(part.ints);
    result.range = result.range.unite(part.range);
  }
  result.scale = parts.front().scale;
  result.zero = parts.front().zero;
  result.samples = nullptr;
  result.expected = hintOf(op.getResult());
  Type element = getElementTypeOrSelf(ints.front().getType());
  result.ints = tensor::ConcatOp::create(
      builder, op.getLoc(),
      cast<RankedTensorType>(op.getType()).clone(element), op.getDim(), ints);
  ranges.visit(result.ints.getDefiningOp());
  account(op, result.ints.getDefiningOp());
  tensors[op.getResult()] = result;
  ++numInteger;
}
