//===- DataMovement.cpp - operations that keep values ---------------------===//
//
// Which operations move values, and where they take an axis.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Import/DataMovement.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace lowbit;

bool lowbit::isLinalgCopy(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  if (!linalgOp || linalgOp.getNumDpsInputs() != 1 ||
      linalgOp.getNumDpsInits() != 1 || op->getNumResults() != 1 ||
      !linalgOp.hasPureTensorSemantics())
    return false;
  Block *body = linalgOp.getBlock();
  if (!isa<RankedTensorType>(op->getOperand(0).getType()) ||
      body->getTerminator()->getOperand(0) != body->getArgument(0))
    return false;
  SmallVector<AffineMap> maps = linalgOp.getIndexingMapsArray();
  return maps[0].isProjectedPermutation() && maps[1].isPermutation();
}

OpOperand *lowbit::movedOperand(Operation *op) {
  if (!op)
    return nullptr;
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          tensor::ExtractSliceOp>(op) ||
      isLinalgCopy(op))
    return &op->getOpOperand(0);
  if (isa<tensor::CastOp>(op) &&
      isa<RankedTensorType>(op->getOperand(0).getType()) &&
      isa<RankedTensorType>(op->getResult(0).getType()))
    return &op->getOpOperand(0);
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    Value value = pad.getConstantPaddingValue();
    if (value && matchPattern(value, m_PosZeroFloat()))
      return &op->getOpOperand(0);
  }
  return nullptr;
}

/// The only dimension of `group` that is not 1, or the only dimension.
static std::optional<int64_t> longDim(ArrayRef<int64_t> group,
                                      ArrayRef<int64_t> shape) {
  std::optional<int64_t> found;
  for (int64_t dim : group)
    if (shape[dim] != 1) {
      if (found)
        return std::nullopt;
      found = dim;
    }
  if (!found && group.size() == 1)
    return group.front();
  return found;
}

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// From the side with fewer dimensions to the one with more, and back.
static std::optional<int64_t> splitAxis(ArrayRef<ReassociationIndices> groups,
                                        ArrayRef<int64_t> wideShape,
                                        int64_t narrowAxis) {
  return longDim(groups[narrowAxis], wideShape);
}
static std::optional<int64_t> mergeAxis(ArrayRef<ReassociationIndices> groups,
                                        ArrayRef<int64_t> wideShape,
                                        int64_t wideAxis) {
  for (auto [narrowAxis, group] : llvm::enumerate(groups))
    if (llvm::is_contained(group, wideAxis) &&
        longDim(group, wideShape) == wideAxis)
      return narrowAxis;
  return std::nullopt;
}

/// For each dimension of the source, that of the slice; -1 where it is dropped.
static SmallVector<int64_t> sliceDims(tensor::ExtractSliceOp slice) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  SmallVector<int64_t> dims;
  int64_t next = 0;
  for (int64_t i = 0, e = slice.getSourceType().getRank(); i < e; ++i)
    dims.push_back(dropped.test(i) ? -1 : next++);
  return dims;
}

/// The whole of dimension `dim` of the source, in order.
static bool keepsDim(tensor::ExtractSliceOp slice, int64_t dim) {
  return slice.getStaticOffsets()[dim] == 0 &&
         slice.getStaticStrides()[dim] == 1 &&
         !ShapedType::isDynamic(slice.getStaticSizes()[dim]) &&
         slice.getStaticSizes()[dim] == slice.getSourceType().getDimSize(dim);
}

static bool padsDim(tensor::PadOp pad, int64_t dim) {
  return pad.getStaticLow()[dim] != 0 || pad.getStaticHigh()[dim] != 0;
}

/// Where an axis of the result is in the operand, or one of the operand in the
/// result.
static std::optional<int64_t> moveAxis(Operation *op, int64_t axis,
                                       bool toOperand) {
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    auto move = toOperand ? mergeAxis : splitAxis;
    return move(expand.getReassociationIndices(), shapeOf(expand.getResult()),
                axis);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    auto move = toOperand ? splitAxis : mergeAxis;
    return move(collapse.getReassociationIndices(), shapeOf(collapse.getSrc()),
                axis);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    SmallVector<int64_t> dims = sliceDims(slice);
    for (int64_t before = 0, e = dims.size(); before < e; ++before)
      if (int64_t after = dims[before]; after >= 0 &&
                                        (toOperand ? after : before) == axis &&
                                        keepsDim(slice, before))
        return toOperand ? before : after;
    return std::nullopt;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return padsDim(pad, axis) ? std::nullopt : std::optional<int64_t>(axis);
  if (isa<tensor::CastOp>(op))
    return axis;
  SmallVector<AffineMap> maps =
      cast<linalg::LinalgOp>(op).getIndexingMapsArray();
  AffineMap from = maps[toOperand ? 1 : 0], to = maps[toOperand ? 0 : 1];
  if (auto dim = to.getResultPosition(from.getResult(axis)))
    return *dim;
  return std::nullopt;
}

std::optional<int64_t> lowbit::axisBefore(Operation *op, int64_t axis) {
  return moveAxis(op, axis, /*toOperand=*/true);
}

std::optional<int64_t> lowbit::axisAfter(Operation *op, int64_t axis) {
  return moveAxis(op, axis, /*toOperand=*/false);
}
