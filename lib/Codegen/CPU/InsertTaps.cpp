//===- InsertTaps.cpp - hand values to the host program -------------------===//
//
// In:  a module of any phase, on tensors.
// Out: the same with lowbit.tap on the values that were asked for, and without
//      lowbit.observe (it is the identity).
//
//===----------------------------------------------------------------------===//
#include "lowbit/Codegen/CPU/TappedContractions.h"
#include "lowbit/Codegen/Passes.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

using namespace mlir;

namespace lowbit {
#define GEN_PASS_DEF_INSERTTAPS
#include "lowbit/Codegen/Passes.h.inc"

namespace {
struct InsertTaps : impl::InsertTapsBase<InsertTaps> {
  using InsertTapsBase::InsertTapsBase;

  void runOnOperation() override {
    if (what != "none" && what != "observers" && what != "values" &&
        what != "contractions") {
      getOperation().emitError()
          << "lowbit-insert-taps: what must be none, observers, values or "
             "contractions, found "
          << what;
      return signalPassFailure();
    }
    if (what == "values")
      tapValues();
    if (what == "contractions")
      tapContractions();
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) { observers.push_back(op); });
    for (ObserveOp op : observers) {
      OpBuilder builder(op);
      if (what == "observers" && !op.isConstant())
        TapOp::create(builder, op.getLoc(), op.getInput(), op.getId());
      op.getOutput().replaceAllUsesWith(op.getInput());
      op.erase();
    }
  }

  void tapValues() {
    SmallVector<Operation *> producers;
    getOperation().walk([&](Operation *op) {
      if (op->hasAttr(LowbitDialect::kIdAttr) && op->getNumResults() == 1)
        if (auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
            type && type.getElementType().isF32())
          producers.push_back(op);
    });
    for (Operation *op : producers) {
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(op);
      TapOp::create(builder, op->getLoc(), op->getResult(0),
                    op->getAttrOfType<StringAttr>(LowbitDialect::kIdAttr));
    }
  }

  void tapContractions() {
    for (auto [index, op] :
         llvm::enumerate(tappedContractions(getOperation()))) {
      OpBuilder builder(op);
      std::string number = std::to_string(index);
      TapOp::create(builder, op.getLoc(), op.getDpsInputs()[0],
                    builder.getStringAttr(number + ".lhs"));
      TapOp::create(builder, op.getLoc(), op.getDpsInputs()[1],
                    builder.getStringAttr(number + ".rhs"));
      builder.setInsertionPointAfter(op);
      TapOp::create(builder, op.getLoc(), op->getResult(0),
                    builder.getStringAttr(number + ".acc"));
    }
  }
};
} // namespace
} // namespace lowbit
