//===- PrivatizeResults.cpp - each result gets memory of its own ----------===//
//
// In:  return %x, %reshape_of_x
// Out: return %x, %copy_of_reshape
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

#include "mlir/Dialect/Bufferization/IR/Bufferization.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_PRIVATIZERESULTS
#include "lowbit/Codegen/Passes.h.inc"

namespace {
struct PrivatizeResults : impl::PrivatizeResultsBase<PrivatizeResults> {
  void runOnOperation() override {
    getOperation().walk([](func::ReturnOp op) {
      llvm::SmallPtrSet<Value, 4> returned;
      for (OpOperand &operand : op->getOpOperands()) {
        if (!isa<RankedTensorType>(operand.get().getType()))
          continue;
        bool computedHere =
            isa_and_nonnull<linalg::LinalgOp>(operand.get().getDefiningOp());
        if (computedHere && returned.insert(operand.get()).second)
          continue;
        OpBuilder builder(op);
        auto copy = bufferization::AllocTensorOp::create(
            builder, op.getLoc(),
            cast<RankedTensorType>(operand.get().getType()), ValueRange(),
            operand.get());
        operand.set(copy);
      }
    });
  }
};
} // namespace
} // namespace lowbit
