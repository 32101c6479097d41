//===- PrivatizeInits.cpp - each operation gets an init of its own --------===//
//
// In:  %e = tensor.empty; %f = linalg.fill outs(%e); a(outs %f); b(outs %f)
// Out: the same with an empty and a fill for each of a and b.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/Passes.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_PRIVATIZEINITS
#include "lowbit/Codegen/Passes.h.inc"

namespace {
struct PrivatizeInits : impl::PrivatizeInitsBase<PrivatizeInits> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> readers;
    getOperation().walk([&](linalg::LinalgOp op) { readers.push_back(op); });
    for (linalg::LinalgOp op : readers)
      for (OpOperand &init : op.getDpsInitsMutable()) {
        OpBuilder builder(op);
        init.set(copyOf(builder, init.get()));
      }
    // The originals that nothing reads any more: fills before their inits.
    SmallVector<Operation *> dead;
    getOperation().walk([&](Operation *op) {
      if (isa<tensor::EmptyOp, linalg::FillOp>(op))
        dead.push_back(op);
    });
    for (Operation *op : llvm::reverse(dead))
      if (op->use_empty())
        op->erase();
  }

  /// A fresh value where `value` is an empty tensor or a fill of one.
  Value copyOf(OpBuilder &builder, Value value) {
    Operation *op = value.getDefiningOp();
    if (isa_and_nonnull<tensor::EmptyOp>(op))
      return builder.clone(*op)->getResult(0);
    auto fill = dyn_cast_or_null<linalg::FillOp>(op);
    if (!fill || !fill.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>())
      return value;
    Value init = copyOf(builder, fill.getDpsInits()[0]);
    Operation *copy = builder.clone(*fill);
    cast<linalg::FillOp>(copy).getDpsInitsMutable()[0].set(init);
    return copy->getResult(0);
  }
};
} // namespace
} // namespace lowbit
