//===- TensorOps.cpp - tensors made, asked and viewed in another shape ----===//
//
// arith.constant and the operations of tensor that move no part of a tensor:
// those are in Slices.cpp. Refused: indices out of bounds, reshapes that do not
// keep the number of elements, constants that cannot be read.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace lowbit::interpreter {

FailureOr<Tensor> readConstant(Machine &machine, Operation *op) {
  Attribute value = cast<arith::ConstantOp>(op).getValue();
  Type element = getElementTypeOrSelf(op->getResult(0).getType());
  if (!elementFormat(element))
    return op->emitOpError("has elements of type ")
           << element << ", which the interpreter does not know";
  auto scalarOf = [](Attribute attribute) {
    if (auto real = dyn_cast<FloatAttr>(attribute))
      return Scalar::ofFloat(real.getValueAsDouble());
    return Scalar::ofInt(
        cast<IntegerAttr>(attribute).getValue().getSExtValue());
  };
  if (isa<IntegerAttr, FloatAttr>(value))
    return Tensor::scalar(element, scalarOf(value));
  auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
  if (type && isConstantTensor(op->getResult(0)) && dtypeOf(element)) {
    auto bytes = machine.parameters.read(op->getResult(0));
    if (failed(bytes))
      return failure();
    return Tensor::view(element, type.getShape(), bytes->data, bytes->owned);
  }
  auto dense = dyn_cast<DenseElementsAttr>(value);
  if (!type || !dense)
    return op->emitOpError("cannot be read; write it as dense or, for types of "
                           "whole bytes, as dense_resource");
  FailureOr<Tensor> result = machine.allocate(op, element, type.getShape());
  if (succeeded(result))
    for (auto [i, attribute] : llvm::enumerate(dense.getValues<Attribute>()))
      result->set(i, scalarOf(attribute));
  return result;
}

namespace {
LogicalResult constant(Machine &m, arith::ConstantOp op) {
  FailureOr<Tensor> value = readConstant(m, op);
  return failed(value) ? failure() : m.set(op, *value);
}

/// The sizes of the result type, its dynamic ones taken from `sizes`.
SmallVector<int64_t> shapeWith(Machine &m, Type type, ValueRange sizes) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(type).getShape());
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size)) {
      size = m.getInt(sizes.front());
      sizes = sizes.drop_front();
    }
  return shape;
}

LogicalResult empty(Machine &m, tensor::EmptyOp op) {
  auto shape = shapeWith(m, op.getType(), op.getDynamicSizes());
  auto result = m.allocate(op, op.getType().getElementType(), shape);
  if (failed(result))
    return failure();
  result->markUndefined();
  return m.set(op, *result);
}

LogicalResult splat(Machine &m, tensor::SplatOp op) {
  auto shape = shapeWith(m, op.getType(), op.getDynamicSizes());
  auto result = m.allocate(op, op.getType().getElementType(), shape);
  if (failed(result))
    return failure();
  Scalar value = m.get(op.getInput()).value();
  for (int64_t i = 0; i < result->size(); ++i)
    result->set(i, value);
  return m.set(op, *result);
}

LogicalResult fromElements(Machine &m, tensor::FromElementsOp op) {
  auto result =
      m.allocate(op, op.getType().getElementType(), op.getType().getShape());
  if (failed(result))
    return failure();
  for (auto [i, element] : llvm::enumerate(op.getElements()))
    result->set(i, m.get(element).value());
  return m.set(op, *result);
}

LogicalResult generate(Machine &m, tensor::GenerateOp op) {
  auto shape = shapeWith(m, op.getType(), op.getDynamicExtents());
  auto result = m.allocate(op, op.getType().getElementType(), shape);
  if (failed(result))
    return failure();
  Block &block = op.getBody().front();
  auto body = Body::prepare(m, block, block.getTerminator()->getOperands());
  if (failed(body))
    return failure();
  int64_t offset = 0;
  LogicalResult done = forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    for (auto [dim, position] : llvm::enumerate(index))
      body->setArgument(dim, Scalar::ofInt(position));
    if (failed(body->evaluate(index)))
      return failure();
    result->set(offset++, body->result(0));
    return success();
  });
  return failed(done) ? failure() : m.set(op, *result);
}

/// The row-major offset of the indices.
FailureOr<int64_t> offsetOf(Machine &m, Operation *op, const Tensor &tensor,
                            ValueRange indices) {
  SmallVector<int64_t> strides = computeStrides(tensor.shape());
  SmallVector<int64_t> at;
  int64_t offset = 0;
  bool inside = true;
  for (auto [dim, index] : llvm::enumerate(indices)) {
    at.push_back(m.getInt(index));
    inside &= at.back() >= 0 && at.back() < tensor.shape()[dim];
    if (inside)
      offset += at.back() * strides[dim];
  }
  if (!inside)
    return op->emitOpError("index ")
           << indexString(at) << " is out of bounds of shape "
           << sizesString(tensor.shape());
  return offset;
}

LogicalResult extract(Machine &m, tensor::ExtractOp op) {
  Tensor tensor = m.get(op.getTensor());
  FailureOr<int64_t> offset = offsetOf(m, op, tensor, op.getIndices());
  if (failed(offset))
    return failure();
  if (tensor.isUndefined())
    return op.emitOpError(
        "reads elements of tensor.empty, which are undefined");
  return m.set(op, Tensor::scalar(op.getType(), tensor.get(*offset)));
}

LogicalResult insert(Machine &m, tensor::InsertOp op) {
  auto written = m.clone(op, m.get(op.getDest()));
  if (failed(written))
    return failure();
  Tensor result = *written;
  FailureOr<int64_t> offset = offsetOf(m, op, result, op.getIndices());
  if (failed(offset))
    return failure();
  result.set(*offset, m.get(op.getScalar()).value());
  result.markUndefined(false);
  return m.set(op, result);
}

LogicalResult dim(Machine &m, tensor::DimOp op) {
  Tensor tensor = m.get(op.getSource());
  int64_t index = m.getInt(op.getIndex());
  if (index < 0 || index >= tensor.rank())
    return op.emitOpError("asks for dimension ")
           << index << " of a tensor of rank " << tensor.rank();
  return m.set(
      op, Tensor::scalar(op.getType(), Scalar::ofInt(tensor.shape()[index])));
}

LogicalResult rank(Machine &m, tensor::RankOp op) {
  return m.set(op, Tensor::scalar(op.getType(),
                                  Scalar::ofInt(m.get(op.getTensor()).rank())));
}

/// Another static shape for the same sizes, which `set` checks.
LogicalResult cast(Machine &m, tensor::CastOp op) {
  return m.set(op, m.get(op.getSource()));
}

LogicalResult bitcast(Machine &m, tensor::BitcastOp op) {
  Tensor source = m.get(op.getSource());
  auto allocated =
      m.allocate(op, op.getType().getElementType(), source.shape());
  if (failed(allocated))
    return failure();
  Tensor result = *allocated;
  for (int64_t i = 0; i < source.size(); ++i) {
    Tensor bits = Tensor::scalar(source.elementType(), source.get(i));
    result.set(i, Tensor::view(result.elementType(), {}, bits.bytes()).value());
  }
  return m.set(op, result);
}

LogicalResult setReshaped(Machine &m, Operation *op, const Tensor &source,
                          ArrayRef<int64_t> shape) {
  std::optional<int64_t> count = elementCount(shape);
  if (count != source.size())
    return op->emitOpError("cannot turn shape ")
           << sizesString(source.shape()) << " into " << sizesString(shape)
           << ", which has another number of elements";
  return m.set(op->getResult(0), source.reshaped(shape));
}

LogicalResult expand(Machine &m, tensor::ExpandShapeOp op) {
  Tensor source = m.get(op.getSrc());
  SmallVector<int64_t> shape = m.getInts(op.getMixedOutputShape());
  for (auto [dim, group] : llvm::enumerate(op.getReassociationIndices())) {
    int64_t size = 1;
    for (int64_t part : group)
      size *= shape[part];
    if (size != source.shape()[dim])
      return op.emitOpError("splits dimension ")
             << dim << " of size " << source.shape()[dim] << " into "
             << sizesString(ArrayRef(shape).slice(group.front(), group.size()));
  }
  return setReshaped(m, op, source, shape);
}

LogicalResult collapse(Machine &m, tensor::CollapseShapeOp op) {
  Tensor source = m.get(op.getSrc());
  SmallVector<int64_t> shape;
  for (ArrayRef<int64_t> group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t part : group)
      shape.back() *= source.shape()[part];
  }
  return setReshaped(m, op, source, shape);
}

LogicalResult reshape(Machine &m, tensor::ReshapeOp op) {
  Tensor sizes = m.get(op.getShape());
  SmallVector<int64_t> shape;
  for (int64_t i = 0; i < sizes.size(); ++i)
    shape.push_back(sizes.get(i).i);
  return setReshaped(m, op, m.get(op.getSource()), shape);
}
} // namespace

void addTensorHandlers(HandlerTable &table) {
  table.add<arith::ConstantOp>(constant);
  table.add<tensor::EmptyOp>(empty);
  table.add<tensor::SplatOp>(splat);
  table.add<tensor::FromElementsOp>(fromElements);
  table.add<tensor::GenerateOp>(generate);
  table.add<tensor::ExtractOp>(extract);
  table.add<tensor::InsertOp>(insert);
  table.add<tensor::DimOp>(dim);
  table.add<tensor::RankOp>(rank);
  table.add<tensor::CastOp>(cast);
  table.add<tensor::BitcastOp>(bitcast);
  table.add<tensor::ExpandShapeOp>(expand);
  table.add<tensor::CollapseShapeOp>(collapse);
  table.add<tensor::ReshapeOp>(reshape);
}
} // namespace lowbit::interpreter
