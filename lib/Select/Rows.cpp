//===- Rows.cpp - scales for each row of an activation --------------------===//
//
// From each reader back to the observer: a dimension is whole where the reader
// sums over it, or where data movement puts it together with one that is. All
// readers see the same integers, so what is whole for one is so for all.
//
//===----------------------------------------------------------------------===//
#include "Rows.h"

#include "lowbit/Import/Contractions.h"
#include "lowbit/Import/DataMovement.h"

using namespace mlir;
using namespace lowbit;

static constexpr int64_t kWhole = GranularityAttr::kWhole;

/// The blocks that the reader's own operand may have.
static SmallVector<int64_t> blocksOfOperand(const Reader &reader) {
  auto type = cast<RankedTensorType>(reader.operand->get().getType());
  SmallVector<int64_t> blocks(type.getRank(), kWhole);
  auto c = matchFloatContraction(reader.op);
  if (!c)
    return blocks;
  for (auto [dim, expr] :
       llvm::enumerate(c->map(reader.operand->getOperandNumber()).getResults()))
    // The image of a convolution is read at sums of loops.
    if (auto loop = dyn_cast<AffineDimExpr>(expr))
      if (c->resultDim(loop.getPosition()))
        blocks[dim] = 1;
  return blocks;
}

GranularityAttr lowbit::rowGranularity(ObservedValue &value, std::string &why) {
  MLIRContext *context = value.op.getContext();
  auto type = cast<RankedTensorType>(value.op.getType());
  SmallVector<int64_t> blocks(type.getRank(), 1);
  for (const Reader &reader : value.readers) {
    SmallVector<int64_t> wanted = blocksOfOperand(reader);
    for (Operation *move : llvm::reverse(reader.moves))
      wanted = rowBlocksBefore(move, wanted);
    for (auto [block, other] : llvm::zip_equal(blocks, wanted))
      if (other == kWhole)
        block = kWhole;
  }
  // What one reader needs whole may cut through the dimensions of another.
  bool survives = llvm::all_of(value.readers, [&](const Reader &reader) {
    std::optional<SmallVector<int64_t>> after = blocks;
    for (Operation *move : reader.moves)
      if (after)
        after = rowBlocksAfter(move, *after);
    return after.has_value();
  });
  bool hasRows = false, isOneRow = false;
  for (auto [dim, block] : llvm::enumerate(blocks))
    (type.getDimSize(dim) == 1 ? isOneRow : hasRows) |= block == 1;
  if (survives && hasRows)
    return GranularityAttr::get(context, std::nullopt, blocks,
                                Float32Type::get(context));
  if (!survives)
    why = "data movement before its readers joins rows and what they sum over: "
          "one scale for the tensor";
  else if (!isOneRow)
    why = "its readers sum over all dimensions of it: one scale for the tensor";
  return GranularityAttr::get(context);
}
