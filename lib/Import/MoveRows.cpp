//===- MoveRows.cpp - where data movement takes rows ----------------------===//
//
// The blocks of parameters that are 1 or whole in each dimension, before and
// after data movement. Dimensions of size 1 may count as either.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

static constexpr int64_t kWhole = GranularityAttr::kWhole;

static ArrayRef<int64_t> shapeOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getShape();
}

/// The block of a dimension that stands for `group`: none when some are whole
/// and some are not.
static std::optional<int64_t> blockOfGroup(ArrayRef<int64_t> group,
                                           ArrayRef<int64_t> blocks,
                                           ArrayRef<int64_t> shape) {
  std::optional<int64_t> found;
  for (int64_t dim : group) {
    if (shape[dim] == 1)
      continue;
    if (found && *found != blocks[dim])
      return std::nullopt;
    found = blocks[dim];
  }
  return found.value_or(group.empty() ? kWhole : blocks[group.front()]);
}

SmallVector<int64_t> lowbit::rowBlocksBefore(Operation *op,
                                             ArrayRef<int64_t> blocks) {
  Value source = movedOperand(op)->get();
  SmallVector<int64_t> before(shapeOf(source).size(), 1);
  auto take = [&](int64_t dim, int64_t block) {
    if (block == kWhole)
      before[dim] = kWhole;
  };
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    ArrayRef<int64_t> shape = shapeOf(expand.getResult());
    for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices()))
      for (int64_t inner : group)
        if (shape[inner] != 1 || group.size() == 1)
          take(dim, blocks[inner]);
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (auto [dim, group] :
         llvm::enumerate(collapse.getReassociationIndices()))
      for (int64_t inner : group)
        take(inner, blocks[dim]);
  } else if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    unsigned next = 0;
    for (size_t dim = 0; dim < before.size(); ++dim)
      if (!dropped.test(dim))
        take(dim, blocks[next++]);
  } else if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    for (size_t dim = 0; dim < before.size(); ++dim) {
      bool pads = pad.getStaticLow()[dim] != 0 || pad.getStaticHigh()[dim] != 0;
      take(dim, pads ? kWhole : blocks[dim]);
    }
  } else if (isa<tensor::CastOp>(op)) {
    before.assign(blocks.begin(), blocks.end());
  } else {
    auto maps = cast<linalg::LinalgOp>(op).getIndexingMapsArray();
    for (auto [dim, expr] : llvm::enumerate(maps[0].getResults()))
      take(dim, blocks[*maps[1].getResultPosition(expr)]);
  }
  return before;
}

std::optional<SmallVector<int64_t>>
lowbit::rowBlocksAfter(Operation *op, ArrayRef<int64_t> blocks) {
  Value source = movedOperand(op)->get();
  SmallVector<int64_t> after;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (auto [dim, group] : llvm::enumerate(expand.getReassociationIndices()))
      after.append(group.size(), blocks[dim]);
    return after;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    for (const ReassociationIndices &group :
         collapse.getReassociationIndices()) {
      auto block = blockOfGroup(group, blocks, shapeOf(source));
      if (!block)
        return std::nullopt;
      after.push_back(*block);
    }
    return after;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (auto [dim, block] : llvm::enumerate(blocks))
      if (!dropped.test(dim))
        after.push_back(block);
    return after;
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    for (auto [dim, block] : llvm::enumerate(blocks))
      if (block == 1 &&
          (pad.getStaticLow()[dim] != 0 || pad.getStaticHigh()[dim] != 0))
        return std::nullopt;
  if (isa<tensor::PadOp, tensor::CastOp>(op))
    return llvm::to_vector(blocks);
  auto maps = cast<linalg::LinalgOp>(op).getIndexingMapsArray();
  for (AffineExpr expr : maps[1].getResults()) {
    auto dim = maps[0].getResultPosition(expr);
    after.push_back(dim ? blocks[*dim] : kWhole);
  }
  return after;
}
