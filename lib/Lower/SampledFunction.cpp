//===- SampledFunction.cpp - functions of one integer ---------------------===//
//
// See SampledFunction.h. The index of a magnitude u of 64 or more is that of
// its power of two, e = floor(log2 u), and of the 6 bits after the first; the
// bits that are left say how far it is to the next point.
//
//===----------------------------------------------------------------------===//
#include "SampledFunction.h"

#include "lowbit/Interpreter/Interpreter.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace lowbit;

//===----------------------------------------------------------------------===//
// Grid
//===----------------------------------------------------------------------===//

int64_t SampleGrid::count(int64_t most) {
  constexpr int64_t segments = int64_t(1) << kSegmentBits;
  if (most < segments)
    return most + 2;
  int64_t octave = 63 - llvm::countl_zero(uint64_t(most));
  int64_t inside = (most >> (octave - kSegmentBits)) & (segments - 1);
  // With the end of the last segment.
  return segments + (octave - kSegmentBits) * segments + inside + 2;
}

std::vector<int64_t> SampleGrid::points() const {
  std::vector<int64_t> points;
  if (isExact()) {
    for (int64_t value = range.min; value <= range.max; ++value)
      points.push_back(value);
    return points;
  }
  constexpr int64_t segments = int64_t(1) << kSegmentBits;
  auto magnitude = [&](int64_t index) {
    if (index < segments)
      return index;
    int64_t octave = (index - segments) / segments;
    return (segments + (index - segments) % segments) << octave;
  };
  if (range.max >= 0)
    for (int64_t i = 0, e = count(range.max); i < e; ++i)
      points.push_back(magnitude(i));
  if (range.min < 0)
    for (int64_t i = 0, e = count(-range.min); i < e; ++i)
      points.push_back(-magnitude(i));
  return points;
}

Value SampleGrid::emitLookup(ElementBuilder e, Value value, Value table) const {
  auto at = [&](Value index) {
    Value position = e.make<arith::IndexCastOp>(e.b.getIndexType(), index);
    return e.make<tensor::ExtractOp>(table, ValueRange{position});
  };
  if (isExact())
    return at(e.make<arith::SubIOp>(value, e.i32(range.min)));
  Value u = value;
  if (range.min < 0)
    u = e.make<arith::MaxSIOp>(value, e.make<arith::SubIOp>(e.i32(0), value));
  // Below 64 the octave counts as that of 64: there the index is u itself.
  constexpr int64_t segments = int64_t(1) << kSegmentBits;
  Value zeros = e.make<math::CountLeadingZerosOp>(
      e.make<arith::OrIOp>(u, e.i32(segments)));
  Value shift = e.make<arith::SubIOp>(e.i32(31 - int64_t(kSegmentBits)), zeros);
  Value index =
      e.make<arith::AddIOp>(e.make<arith::ShRUIOp>(u, shift),
                            e.make<arith::ShLIOp>(shift, e.i32(kSegmentBits)));
  if (range.min < 0 && range.max >= 0) {
    Value isNegative = e.compare(arith::CmpIPredicate::slt, value, e.i32(0));
    Value offset = e.select(isNegative, e.i32(count(range.max)), e.i32(0));
    index = e.make<arith::AddIOp>(index, offset);
  }
  Value rest = e.make<arith::SubIOp>(
      u, e.make<arith::ShLIOp>(e.make<arith::ShRUIOp>(u, shift), shift));
  Type i64 = e.b.getI64Type();
  Value low = e.make<arith::ExtSIOp>(i64, at(index));
  Value high =
      e.make<arith::ExtSIOp>(i64, at(e.make<arith::AddIOp>(index, e.i32(1))));
  Value rise = e.make<arith::MulIOp>(e.make<arith::SubIOp>(high, low),
                                     e.make<arith::ExtSIOp>(i64, rest));
  Value part = e.make<arith::ShRSIOp>(rise, e.make<arith::ExtSIOp>(i64, shift));
  return e.make<arith::TruncIOp>(e.b.getI32Type(),
                                 e.make<arith::AddIOp>(low, part));
}

//===----------------------------------------------------------------------===//
// Samples
//===----------------------------------------------------------------------===//

std::optional<std::vector<float>>
lowbit::evaluateOnSamples(Operation *op,
                          ArrayRef<std::vector<float>> operands) {
  OpBuilder builder(op->getContext());
  Location loc = op->getLoc();
  OwningOpRef<ModuleOp> module = ModuleOp::create(loc);
  int64_t count = operands.front().size();
  SmallVector<Type> types;
  for (Value operand : op->getOperands())
    types.push_back(RankedTensorType::get({count}, operand.getType()));
  auto type = RankedTensorType::get({count}, op->getResult(0).getType());
  builder.setInsertionPointToEnd(module->getBody());
  auto function = func::FuncOp::create(builder, loc, "main",
                                       builder.getFunctionType(types, {type}));
  Block *block = function.addEntryBlock();
  builder.setInsertionPointToEnd(block);
  OperationState state(loc, op->getName());
  state.addOperands(block->getArguments());
  state.addAttributes(op->getAttrs());
  state.addTypes(type);
  Operation *made = builder.create(state);
  func::ReturnOp::create(builder, loc, made->getResults());
  std::vector<interpreter::Tensor> inputs;
  for (auto [operand, value] : llvm::zip_equal(operands, op->getOperands())) {
    Type element = value.getType();
    auto tensor = interpreter::Tensor::create(element, {count});
    for (int64_t i = 0; i < count; ++i)
      tensor.set(i, isa<FloatType>(element) ? interpreter::Scalar::ofFloat(operand[i])
                    : element.isInteger(1) ? interpreter::Scalar::ofBool(operand[i] != 0)
                    : interpreter::Scalar::ofInt(int64_t(operand[i])));
    inputs.push_back(std::move(tensor));
  }
  auto results = interpreter::Interpreter(*module).run("main", inputs);
  if (failed(results))
    return std::nullopt;
  bool isFloat = isa<FloatType>(op->getResult(0).getType());
  std::vector<float> samples;
  for (int64_t i = 0; i < count; ++i) {
    interpreter::Scalar sample = results->front().get(i);
    samples.push_back(isFloat ? sample.f : sample.i != 0);
  }
  return samples;
}
