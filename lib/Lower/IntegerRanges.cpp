//===- IntegerRanges.cpp - which integers a value can be ------------------===//
//
// Scalars: upstream's InferIntRangeInterface, and fptosi of a clamp between
// constants (converting what does not fit is poison, so the clamp is all).
// Tensors: a storage cast has the range of its format; data movement, padding
// and fill that of what they move; a linalg operation without reduction what
// its body yields; max pooling what it reads. Everything else: the whole type.
//
//===----------------------------------------------------------------------===//
#include "IntegerRanges.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace lowbit;

/// Bits of a value whose elements are plain integers or index; 0 for any other.
static unsigned widthOf(Value value) {
  return ConstantIntRanges::getStorageBitwidth(
      getElementTypeOrSelf(value.getType()));
}

ConstantIntRanges IntegerRanges::get(Value value) const {
  auto found = ranges.find(value);
  return found != ranges.end() ? found->second
                               : Range::maxRange(widthOf(value));
}

Interval IntegerRanges::getSigned(Value value) const {
  Range range = get(value);
  return {range.smin().getSExtValue(), range.smax().getSExtValue()};
}

void IntegerRanges::set(Value value, const Range &range) {
  unsigned width = widthOf(value);
  if (width != 0 && range.smin().getBitWidth() == width)
    ranges.insert_or_assign(value, range);
}

ConstantIntRanges IntegerRanges::hull(ValueRange values) const {
  Range all = get(values.front());
  for (Value value : values.drop_front())
    all = all.rangeUnion(get(value));
  return all;
}

template <typename T> static ConstantIntRanges endsOf(ArrayRef<T> all) {
  auto [min, max] = std::minmax_element(all.begin(), all.end());
  unsigned width = 8 * sizeof(T);
  return ConstantIntRanges::fromSigned(APInt(width, *min, /*isSigned=*/true),
                                       APInt(width, *max, /*isSigned=*/true));
}

/// Tensors of bytes, which weights and tables are, and of i32, which biases and
/// corrections are; other tensors only where all elements are the same.
std::optional<ConstantIntRanges>
IntegerRanges::readConstant(Value value) const {
  APInt number;
  if (matchPattern(value, m_ConstantInt(&number)))
    return Range::constant(number);
  Type type = getElementTypeOrSelf(value.getType());
  if (!isConstantTensor(value) ||
      !(type.isSignlessInteger(8) || type.isSignlessInteger(32)))
    return std::nullopt;
  auto bytes = reader.read(value);
  if (failed(bytes) || bytes->data.empty())
    return std::nullopt;
  return type.isSignlessInteger(8) ? endsOf(bytes->as<int8_t>())
                                   : endsOf(bytes->as<int32_t>());
}

IntegerRanges::FloatBounds IntegerRanges::floatBounds(Value value) const {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  APFloat number(0.0f);
  if (matchPattern(value, m_ConstantFloat(&number)) && !number.isNaN())
    return {number.convertToDouble(), number.convertToDouble()};
  Operation *op = value.getDefiningOp();
  if (!isa_and_nonnull<arith::MaximumFOp, arith::MinimumFOp>(op))
    return {-infinity, infinity};
  FloatBounds a = floatBounds(op->getOperand(0)),
              b = floatBounds(op->getOperand(1));
  if (isa<arith::MaximumFOp>(op))
    return {std::max(a.min, b.min), std::max(a.max, b.max)};
  return {std::min(a.min, b.min), std::min(a.max, b.max)};
}

/// Truncated towards zero, as far as `width` signed bits go.
static APInt toInteger(double value, unsigned width) {
  APSInt result(width, /*isUnsigned=*/false);
  bool isExact;
  // Saturates.
  APFloat(value).convertToInteger(result, APFloat::rmTowardZero, &isExact);
  return result;
}

void IntegerRanges::visitLinalg(linalg::LinalgOp op) {
  auto isInteger = [](Value value) { return widthOf(value) != 0; };
  Block *body = op.getBlock();
  if (!op.hasPureTensorSemantics() || !body)
    return;
  for (OpOperand &operand : op->getOpOperands())
    if (isInteger(operand.get()))
      set(op.getMatchingBlockArgument(&operand), get(operand.get()));
  // An accumulator is not only its init, and it is one where an element of the
  // result is written more than once.
  bool isReduction = op.getNumReductionLoops() > 0;
  for (OpOperand &init : op.getDpsInitsMutable())
    isReduction |= !op.getMatchingIndexingMap(&init).isPermutation();
  if (isReduction)
    for (BlockArgument accumulator : op.getRegionOutputArgs())
      ranges.erase(accumulator);
  for (Operation &nested : body->without_terminator())
    visit(&nested);
  if (isa<linalg::PoolingNhwcMaxOp, linalg::PoolingNchwMaxOp>(op)) {
    // Operand 1 is the window, of which only the shape counts. The body may
    // extend what it reads, and then nothing is known here.
    if (isInteger(op->getResult(0)) &&
        widthOf(op->getOperand(0)) == widthOf(op->getResult(0)))
      set(op->getResult(0), hull({op->getOperand(0), op->getOperand(2)}));
    return;
  }
  if (isReduction)
    return;
  for (auto [result, yielded] :
       llvm::zip_equal(op->getResults(), body->getTerminator()->getOperands()))
    if (isInteger(result))
      set(result, get(yielded));
}

void IntegerRanges::narrow(Value value, Interval interval) {
  unsigned width = widthOf(value);
  set(value, Range::fromSigned(APInt(width, interval.min, /*isSigned=*/true),
                               APInt(width, interval.max, /*isSigned=*/true)));
}

void IntegerRanges::visit(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return visitLinalg(linalgOp);
  if (op->getNumResults() != 1 || widthOf(op->getResult(0)) == 0)
    return;
  Value result = op->getResult(0);
  unsigned width = widthOf(result);
  if (auto constant = readConstant(result))
    return set(result, *constant);
  if (auto cast = dyn_cast<StorageCastOp>(op)) {
    auto format =
        dyn_cast<AffineType>(getElementTypeOrSelf(cast.getInput().getType()));
    if (!format)
      return;
    APInt min(width, format.getMin(), format.isSigned()),
        max(width, format.getMax(), format.isSigned());
    return set(result, format.isSigned() ? Range::fromSigned(min, max)
                                         : Range::fromUnsigned(min, max));
  }
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          tensor::ReshapeOp, tensor::ExtractSliceOp, tensor::ExtractOp,
          tensor::GatherOp, tensor::SplatOp>(op)) {
    if (widthOf(op->getOperand(0)) == width)
      set(result, get(op->getOperand(0)));
    return;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    if (Value value = pad.getConstantPaddingValue())
      set(result, get(pad.getSource())
                      .rangeUnion(readConstant(value).value_or(get(value))));
    return;
  }
  if (isa<tensor::ConcatOp, tensor::FromElementsOp>(op))
    return op->getNumOperands() ? set(result, hull(op->getOperands())) : void();
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return set(result, hull({insert.getSource(), insert.getDest()}));
  if (auto insert = dyn_cast<tensor::InsertOp>(op))
    return set(result, hull({insert.getScalar(), insert.getDest()}));
  if (isa<arith::FPToSIOp>(op) && !isa<ShapedType>(result.getType())) {
    FloatBounds bounds = floatBounds(op->getOperand(0));
    return set(result, Range::fromSigned(toInteger(bounds.min, width),
                                         toInteger(bounds.max, width)));
  }
  auto inferable = dyn_cast<InferIntRangeInterface>(op);
  if (!inferable)
    return;
  SmallVector<IntegerValueRange> operands;
  for (Value operand : op->getOperands())
    operands.push_back(widthOf(operand) ? IntegerValueRange(get(operand))
                                        : IntegerValueRange());
  inferable.inferResultRangesFromOptional(
      operands, [&](Value value, const IntegerValueRange &range) {
        if (!range.isUninitialized())
          set(value, range.getValue());
      });
}
