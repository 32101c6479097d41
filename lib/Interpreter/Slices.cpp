//===- Slices.cpp - parts of tensors copied -------------------------------===//
//
// extract_slice, insert_slice, pad and concat. Refused: a part that does not
// lie within its tensor, negative padding, parts that do not fit together.
//
//===----------------------------------------------------------------------===//
#include "Body.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;

namespace lowbit::interpreter {
namespace {
struct Slice {
  SmallVector<int64_t> offsets, sizes, strides;

  /// The row-major offset, in a tensor of `shape`, of an element of the slice.
  int64_t offsetOf(ArrayRef<int64_t> shape, ArrayRef<int64_t> index) const {
    int64_t offset = 0;
    for (size_t dim = 0; dim < shape.size(); ++dim)
      offset = offset * shape[dim] + offsets[dim] + index[dim] * strides[dim];
    return offset;
  }

  /// The sizes that are not of dropped dimensions.
  SmallVector<int64_t> shapeWithout(const llvm::SmallBitVector &dropped) const {
    SmallVector<int64_t> shape;
    for (auto [dim, size] : llvm::enumerate(sizes))
      if (!dropped.test(dim))
        shape.push_back(size);
    return shape;
  }
};

/// Reads the slice and checks that it lies within `whole`.
FailureOr<Slice> readSlice(Machine &m, OffsetSizeAndStrideOpInterface op,
                           const Tensor &whole) {
  Slice slice{m.getInts(op.getMixedOffsets()), m.getInts(op.getMixedSizes()),
              m.getInts(op.getMixedStrides())};
  for (auto [dim, size] : llvm::enumerate(whole.shape())) {
    int64_t first = slice.offsets[dim], count = slice.sizes[dim];
    int64_t span, last;
    bool inside = first >= 0 && count >= 0 && first <= size &&
                  !llvm::MulOverflow(count - 1, slice.strides[dim], span) &&
                  !llvm::AddOverflow(first, span, last) &&
                  (count == 0 || (first < size && last >= 0 && last < size));
    if (!inside)
      return op->emitOpError("takes ")
             << count << " elements from " << first << " on in steps of "
             << slice.strides[dim] << ", which is out of bounds of dimension "
             << dim << " of shape " << sizesString(whole.shape());
  }
  return slice;
}

LogicalResult extractSlice(Machine &m, tensor::ExtractSliceOp op) {
  Tensor source = m.get(op.getSource());
  auto slice = readSlice(m, op, source);
  if (failed(slice))
    return failure();
  SmallVector<int64_t> shape = slice->shapeWithout(op.getDroppedDims());
  auto allocated = m.allocate(op, source.elementType(), shape);
  if (failed(allocated))
    return failure();
  Tensor result = *allocated;
  int64_t next = 0;
  (void)forEachIndex(slice->sizes, [&](ArrayRef<int64_t> index) {
    result.set(next++, source.get(slice->offsetOf(source.shape(), index)));
    return success();
  });
  result.markUndefined(source.isUndefined());
  return m.set(op, result);
}

LogicalResult insertSlice(Machine &m, tensor::InsertSliceOp op) {
  Tensor source = m.get(op.getSource());
  auto written = m.clone(op, m.get(op.getDest()));
  if (failed(written))
    return failure();
  Tensor result = *written;
  auto slice = readSlice(m, op, result);
  if (failed(slice))
    return failure();
  SmallVector<int64_t> shape = slice->shapeWithout(op.getDroppedDims());
  if (source.shape() != ArrayRef<int64_t>(shape))
    return op.emitOpError("puts a tensor of shape ")
           << sizesString(source.shape()) << " into a slice of shape "
           << sizesString(shape);
  int64_t next = 0;
  (void)forEachIndex(slice->sizes, [&](ArrayRef<int64_t> index) {
    result.set(slice->offsetOf(result.shape(), index), source.get(next++));
    return success();
  });
  if (!source.isUndefined())
    result.markUndefined(false);
  return m.set(op, result);
}

LogicalResult pad(Machine &m, tensor::PadOp op) {
  Tensor source = m.get(op.getSource());
  SmallVector<int64_t> low = m.getInts(op.getMixedLowPad());
  SmallVector<int64_t> high = m.getInts(op.getMixedHighPad());
  SmallVector<int64_t> shape;
  for (auto [dim, size] : llvm::enumerate(source.shape())) {
    if (low[dim] < 0 || high[dim] < 0)
      return op.emitOpError("pads dimension ")
             << dim << " by " << low[dim] << " and " << high[dim]
             << ", and padding must not be negative";
    shape.push_back(low[dim] + size + high[dim]);
  }
  if (source.isUndefined() && source.size() != 0)
    return op.emitOpError("reads elements of tensor.empty, which are "
                          "undefined");
  auto result = m.allocate(op, source.elementType(), shape);
  Block &block = op.getRegion().front();
  auto body = Body::prepare(m, block, block.getTerminator()->getOperands());
  if (failed(result) || failed(body))
    return failure();
  SmallVector<int64_t> strides = computeStrides(source.shape());
  int64_t next = 0;
  LogicalResult done = forEachIndex(shape, [&](ArrayRef<int64_t> index) {
    bool inside = true;
    int64_t offset = 0;
    for (auto [dim, size] : llvm::enumerate(source.shape())) {
      int64_t position = index[dim] - low[dim];
      inside &= position >= 0 && position < size;
      offset += position * strides[dim];
      body->setArgument(dim, Scalar::ofInt(index[dim]));
    }
    if (inside) {
      result->set(next++, source.get(offset));
      return success();
    }
    if (failed(body->evaluate(index)))
      return failure();
    result->set(next++, body->result(0));
    return success();
  });
  return failed(done) ? failure() : m.set(op, *result);
}

LogicalResult concat(Machine &m, tensor::ConcatOp op) {
  int64_t along = op.getDim();
  SmallVector<Tensor> parts;
  for (Value input : op.getInputs())
    parts.push_back(m.get(input));
  SmallVector<int64_t> shape(parts.front().shape());
  shape[along] = 0;
  for (const Tensor &part : parts) {
    for (auto [dim, size] : llvm::enumerate(part.shape()))
      if (int64_t(dim) != along && size != shape[dim])
        return op.emitOpError("joins shapes ")
               << sizesString(parts.front().shape()) << " and "
               << sizesString(part.shape()) << " along dimension " << along;
    if (part.isUndefined() && part.size() != 0)
      return op.emitOpError("reads elements of tensor.empty, which are "
                            "undefined");
    shape[along] += part.shape()[along];
  }
  auto result = m.allocate(op, parts.front().elementType(), shape);
  if (failed(result))
    return failure();
  SmallVector<int64_t> strides = computeStrides(shape);
  int64_t begin = 0;
  for (const Tensor &part : parts) {
    int64_t next = 0;
    (void)forEachIndex(part.shape(), [&](ArrayRef<int64_t> index) {
      int64_t offset = begin * strides[along];
      for (auto [position, stride] : llvm::zip_equal(index, strides))
        offset += position * stride;
      result->set(offset, part.get(next++));
      return success();
    });
    begin += part.shape()[along];
  }
  return m.set(op, *result);
}
} // namespace

void addSliceHandlers(HandlerTable &table) {
  table.add<tensor::ExtractSliceOp>(extractSlice);
  table.add<tensor::InsertSliceOp>(insertSlice);
  table.add<tensor::PadOp>(pad);
  table.add<tensor::ConcatOp>(concat);
}
} // namespace lowbit::interpreter
