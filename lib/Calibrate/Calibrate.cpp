//===- Calibrate.cpp - statistics onto the observers ----------------------===//
//
// In: observers. Out: `count`, `min` and `max` on those of activations.
// Refused: no data, a run that failed, an observer that saw nothing.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/Calibration.h"
#include "lowbit/Calibrate/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CALIBRATE
#include "lowbit/Calibrate/Passes.h.inc"
} // namespace lowbit

namespace {
struct Calibrate : lowbit::impl::CalibrateBase<Calibrate> {
  using CalibrateBase::CalibrateBase;

  void runOnOperation() override {
    if (data.empty()) {
      getOperation().emitError("lowbit-calibrate needs the option 'data'");
      return signalPassFailure();
    }
    SmallVector<ObserveOp> observers;
    getOperation().walk([&](ObserveOp op) {
      if (op.isActivation())
        observers.push_back(op);
    });
    if (observers.empty())
      return;
    auto result = runCalibration(getOperation(), data, threads);
    if (failed(result))
      return signalPassFailure();
    numSamples += result->samples;
    Builder builder(&getContext());
    for (ObserveOp op : observers) {
      auto it = result->observers.find(op.getId());
      if (it == result->observers.end() || it->second.count == 0) {
        op.emitError("calibration: the value '")
            << op.getId() << "' was never computed on the calibration data";
        signalPassFailure();
        continue;
      }
      const ObserverStats &stats = it->second;
      op.setCountAttr(builder.getI64IntegerAttr(stats.count));
      op.setMinAttr(builder.getF32FloatAttr(stats.min));
      op.setMaxAttr(builder.getF32FloatAttr(stats.max));
    }
  }
};
} // namespace
