//===- ReuseInputs.cpp - elementwise operations in place ------------------===//
//
// In:  %y = linalg.generic ins(%x) outs(%empty), all loops parallel
// Out: %y = linalg.generic ins(%x) outs(%x)
// where %x and %y have one type and one indexing map, and this is the only
// reader of %x. Arguments of the function are never written.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_REUSEINPUTS
#include "lowbit/Codegen/Passes.h.inc"

/// The input that `init` can share a buffer with, or null.
static OpOperand *findReusable(linalg::GenericOp op, OpOperand &init) {
  if (!init.get().getDefiningOp<tensor::EmptyOp>() ||
      op.payloadUsesValueFromOperand(&init))
    return nullptr;
  AffineMap map = op.getMatchingIndexingMap(&init);
  if (!map.isPermutation())
    return nullptr;
  for (OpOperand *input : op.getDpsInputOperands()) {
    Operation *producer = input->get().getDefiningOp();
    // Whatever is not computed here (a slice, a reshape, a constant) may share
    // its memory with something that is still read.
    if (isa_and_nonnull<linalg::LinalgOp>(producer) &&
        input->get().hasOneUse() &&
        input->get().getType() == init.get().getType() &&
        op.getMatchingIndexingMap(input) == map)
      return input;
  }
  return nullptr;
}

namespace {
struct ReuseInputs : impl::ReuseInputsBase<ReuseInputs> {
  void runOnOperation() override {
    getOperation().walk([](linalg::GenericOp op) {
      if (op.getNumParallelLoops() != op.getNumLoops() ||
          op.getNumDpsInits() != 1)
        return;
      OpOperand &init = op.getDpsInitsMutable()[0];
      if (OpOperand *input = findReusable(op, init))
        init.set(input->get());
    });
  }
};
} // namespace
} // namespace lowbit
