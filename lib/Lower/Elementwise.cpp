//===- Elementwise.cpp - a body for each element --------------------------===//
//
// See Elementwise.h.
//
//===----------------------------------------------------------------------===//
#include "Elementwise.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace lowbit;

ElementInput ElementInput::ofNumber(TypedAttr number) {
  ElementInput input;
  input.number = number;
  return input;
}

ElementInput ElementInput::of(Value value) {
  ElementInput input;
  input.value = value;
  if (auto type = dyn_cast<RankedTensorType>(value.getType()))
    input.map =
        AffineMap::getMultiDimIdentityMap(type.getRank(), value.getContext());
  return input;
}

ElementInput ElementInput::single(Value value, unsigned rank) {
  ElementInput input;
  input.value = value;
  input.map = AffineMap::get(rank, 0, value.getContext());
  return input;
}

/// The element at index / block.
static Value emitBlockElement(ElementBuilder e, const ElementInput &input) {
  SmallVector<Value> indices;
  for (auto [d, block] : llvm::enumerate(input.blocks)) {
    if (block == GranularityAttr::kWhole) {
      indices.push_back(e.make<arith::ConstantOp>(e.b.getIndexAttr(0)));
      continue;
    }
    Value index = e.make<linalg::IndexOp>(int64_t(d));
    if (block > 1)
      index = e.make<arith::DivUIOp>(
          index, e.make<arith::ConstantOp>(e.b.getIndexAttr(block)));
    indices.push_back(index);
  }
  return e.make<tensor::ExtractOp>(input.value, indices);
}

/// What the body sees, in the order of `inputs`.
static SmallVector<Value>
gather(ElementBuilder e, ArrayRef<ElementInput> inputs, ValueRange arguments) {
  SmallVector<Value> elements;
  for (const ElementInput &input : inputs) {
    if (input.number) {
      elements.push_back(e.make<arith::ConstantOp>(input.number));
    } else if (!input.blocks.empty()) {
      elements.push_back(emitBlockElement(e, input));
    } else if (!input.isArgument()) {
      elements.push_back(input.value);
    } else if (arguments.empty()) {
      elements.push_back(e.make<tensor::ExtractOp>(input.value, ValueRange{}));
    } else {
      elements.push_back(arguments.front());
      arguments = arguments.drop_front();
    }
  }
  return elements;
}

Value lowbit::emitTensorCast(OpBuilder &builder, Location loc, Value value,
                             Type type) {
  if (value.getType() == type)
    return value;
  return tensor::CastOp::create(builder, loc, type, value);
}

Value lowbit::emitFilled(OpBuilder &builder, Location loc,
                         ArrayRef<OpFoldResult> shape, TypedAttr number) {
  Value empty = tensor::EmptyOp::create(builder, loc, shape, number.getType());
  Value value = arith::ConstantOp::create(builder, loc, number);
  return linalg::FillOp::create(builder, loc, value, empty).getResult(0);
}

SmallVector<Value> lowbit::emitElementwise(OpBuilder &builder, Operation *op,
                                           Value like,
                                           ArrayRef<ElementInput> inputs,
                                           ArrayRef<Type> results,
                                           ElementBody body) {
  Location loc = op->getLoc();
  auto type = dyn_cast<RankedTensorType>(like.getType());
  if (!type) {
    ElementBuilder e{builder, loc};
    return body(e, gather(e, inputs, {}));
  }
  unsigned rank = type.getRank();
  SmallVector<Value> operands, outs;
  SmallVector<AffineMap> maps;
  for (const ElementInput &input : inputs)
    if (input.isArgument()) {
      operands.push_back(input.value);
      maps.push_back(input.map);
    }
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(builder, loc, like);
  for (Type result : results) {
    outs.push_back(tensor::EmptyOp::create(builder, loc, sizes, result));
    maps.push_back(builder.getMultiDimIdentityMap(rank));
  }
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      builder, loc, TypeRange(ValueRange(outs)), operands, outs, maps,
      iterators, [&](OpBuilder &b, Location l, ValueRange arguments) {
        ElementBuilder e{b, l};
        ValueRange read = arguments.take_front(operands.size());
        linalg::YieldOp::create(b, l, body(e, gather(e, inputs, read)));
      });
  SmallVector<Value> values;
  for (auto [value, result] : llvm::zip(generic.getResults(), results))
    values.push_back(emitTensorCast(builder, loc, value, type.clone(result)));
  return values;
}

void lowbit::carryId(Operation *from, Value to) {
  if (auto cast = to.getDefiningOp<tensor::CastOp>())
    to = cast.getSource();
  Operation *made = to.getDefiningOp();
  for (StringRef name : {LowbitDialect::kIdAttr, LowbitDialect::kIntegersAttr})
    if (Attribute attr = from->getAttr(name); made && attr)
      made->setAttr(name, attr);
}
