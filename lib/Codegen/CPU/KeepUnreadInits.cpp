//===- KeepUnreadInits.cpp - a reduction of nothing is its init -----------===//
//
// In:  a linalg operation that reduces over what may be empty, and whose body
//      does not read a result's init
// Out: the body yields it where a loop's index is negative, which is never
//
// Upstream's fusion and bufferization take an init that no body reads for one
// of no content, and an empty reduction would give whatever the memory held.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_KEEPUNREADINITS
#include "lowbit/Codegen/Passes.h.inc"

static bool mayReduceNothing(linalg::LinalgOp op) {
  SmallVector<unsigned> loops;
  op.getReductionDims(loops);
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  return llvm::any_of(loops, [&](unsigned loop) {
    return sizes[loop] == 0 || ShapedType::isDynamic(sizes[loop]);
  });
}

static void readInit(linalg::LinalgOp op, BlockArgument init) {
  Operation *yield = op.getBlock()->getTerminator();
  OpBuilder b(yield);
  Location loc = op.getLoc();
  Value index = linalg::IndexOp::create(b, loc, 0);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value isNever =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, index, zero);
  OpOperand &yielded =
      yield->getOpOperand(init.getArgNumber() - op.getNumDpsInputs());
  yielded.set(arith::SelectOp::create(b, loc, isNever, init, yielded.get()));
}

namespace {
struct KeepUnreadInits : impl::KeepUnreadInitsBase<KeepUnreadInits> {
  void runOnOperation() override {
    getOperation().walk([](linalg::LinalgOp op) {
      if (!mayReduceNothing(op))
        return;
      for (auto [argument, init] :
           llvm::zip_equal(op.getRegionOutputArgs(), op.getDpsInits()))
        if (argument.use_empty() && !init.getDefiningOp<tensor::EmptyOp>())
          readInit(op, argument);
    });
  }
};
} // namespace
} // namespace lowbit
