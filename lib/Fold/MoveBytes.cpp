//===- MoveBytes.cpp - data movement at compile time ----------------------===//
//
// Each movement is a walk over the result with one stride of the source for
// each dimension.
//
//===----------------------------------------------------------------------===//
#include "MoveBytes.h"

#include "lowbit/Import/DataMovement.h"

#include "mlir/Dialect/Utils/IndexingUtils.h"

using namespace mlir;
using namespace lowbit;

/// Reads `bytes` at `offset` plus the strides of each index of `shape`.
static std::vector<char> gather(ArrayRef<char> bytes, int64_t offset,
                                ArrayRef<int64_t> shape,
                                ArrayRef<int64_t> strides) {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  std::vector<char> out;
  out.reserve(count);
  SmallVector<int64_t> index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    out.push_back(bytes[offset]);
    for (int64_t d = int64_t(shape.size()) - 1; d >= 0; --d) {
      offset += strides[d];
      if (++index[d] < shape[d])
        break;
      offset -= strides[d] * shape[d];
      index[d] = 0;
    }
  }
  return out;
}

std::optional<std::vector<char>> lowbit::moveBytes(Operation *op,
                                                   ArrayRef<char> bytes) {
  auto source = cast<RankedTensorType>(movedOperand(op)->get().getType());
  auto result = cast<RankedTensorType>(op->getResult(0).getType());
  if (!result.hasStaticShape() ||
      result.getNumElements() > source.getNumElements())
    return std::nullopt;
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(op))
    return std::vector<char>(bytes.begin(), bytes.end());
  SmallVector<int64_t> from = computeStrides(source.getShape());
  SmallVector<int64_t> strides(result.getRank(), 0);
  if (isLinalgCopy(op)) {
    SmallVector<AffineMap> maps =
        cast<linalg::LinalgOp>(op).getIndexingMapsArray();
    for (auto [i, expr] : llvm::enumerate(maps[1].getResults()))
      if (auto position = maps[0].getResultPosition(expr))
        strides[i] = from[*position];
    return gather(bytes, 0, result.getShape(), strides);
  }
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  if (!slice || llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic) ||
      llvm::any_of(slice.getStaticStrides(), ShapedType::isDynamic))
    return std::nullopt;
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  int64_t offset = 0, next = 0;
  for (auto [i, stride] : llvm::enumerate(from)) {
    offset += slice.getStaticOffsets()[i] * stride;
    if (!dropped.test(i))
      strides[next++] = slice.getStaticStrides()[i] * stride;
  }
  return gather(bytes, offset, result.getShape(), strides);
}
