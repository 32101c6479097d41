//===- FixReductionOrders.cpp - the order of sums goes into the IR --------===//
//
// In:  linalg operations, as a model or an earlier phase wrote them.
// Out: linalg.generic, acc + a * b        ==> math.fma
//      linalg.generic, other reductions   ==> lowbit.reduction_order, where the
//                                             order makes a difference
// Named operations keep their body, and with it their order.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/ReductionOrder.h"
#include "lowbit/Codegen/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_FIXREDUCTIONORDERS
#include "lowbit/Codegen/Passes.h.inc"

/// Sums of integers are the same in any order, whatever the body is.
static bool reducesFloats(linalg::GenericOp op) {
  return llvm::any_of(op.getRegionOutputArgs(), [](BlockArgument output) {
    return isa<FloatType>(output.getType());
  });
}

static void fixOrder(RewriterBase &rewriter, linalg::GenericOp op) {
  if (std::optional<MultiplyAdd> found = matchMultiplyAdd(op))
    return fuseMultiplyAdd(rewriter, op, *found);
  ReductionOrder order = reductionOrder(op);
  if (order == ReductionOrder::Free || !reducesFloats(op))
    return;
  StringRef name = order == ReductionOrder::Lanes ? "lanes" : "sequential";
  op->setAttr(kReductionOrderAttr, rewriter.getStringAttr(name));
}

namespace {
struct FixReductionOrders : impl::FixReductionOrdersBase<FixReductionOrders> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation().walk([&](linalg::GenericOp op) { fixOrder(rewriter, op); });
  }
};
} // namespace
} // namespace lowbit
