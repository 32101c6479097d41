//===- Calibrate.cpp - statistics onto the observers ----------------------===//
//
// In: observers, and data or a table. Out: the calibration table, for whoever
// gave the pass one to fill, and `count`, `min` and `max` on the observers.
// Refused: neither data nor table, options that do not go together, a run that
// failed, a table of another model, an observer that saw nothing.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Analysis/Padding.h"
#include "lowbit/Calibrate/Calibration.h"
#include "lowbit/Calibrate/ModelTable.h"
#include "lowbit/Calibrate/Passes.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/MainFunction.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_CALIBRATE
#include "lowbit/Calibrate/Passes.h.inc"
} // namespace lowbit

namespace {
struct Calibrate : lowbit::impl::CalibrateBase<Calibrate> {
  using CalibrateBase::CalibrateBase;
  Calibrate(CalibrateOptions options, std::shared_ptr<CalibrationTable> result)
      : CalibrateBase(std::move(options)), result(std::move(result)) {}

  void runOnOperation() override {
    ModuleOp module = getOperation();
    if (std::string problem = checkOptions(); !problem.empty()) {
      module.emitError("lowbit-calibrate ") << problem;
      return signalPassFailure();
    }
    bool hasObservers = false;
    module.walk([&](ObserveOp op) { hasObservers |= !op.isConstant(); });
    if (!hasObservers)
      return;
    FailureOr<CalibrationTable> found =
        table.empty() ? observe(module) : readModelTable(module, table);
    if (failed(found) || failed(applyTable(module, *found)))
      return signalPassFailure();
    numSamples += found->samples;
    if (result)
      *result = std::move(*found);
  }

  FailureOr<CalibrationTable> observe(ModuleOp module) {
    if (!mask.empty()) {
      // What the child finds as well, with the places in this module.
      FailureOr<func::FuncOp> main = findMain(module);
      if (failed(main) || failed(analyzePadding(*main, mask)))
        return failure();
    }
    CalibrationRun run;
    run.data = data;
    run.threads = threads;
    run.mask = mask;
    run.resume = resume;
    run.saveTable = saveTable;
    run.heldOut = heldOut;
    return runCalibration(module, run);
  }

  /// What is wrong with the options; empty when nothing is.
  std::string checkOptions() {
    if (data.empty() == table.empty())
      return "needs one of the options data and table";
    if (data.empty() && !(mask.empty() && resume.empty() && saveTable.empty()))
      return "takes mask, resume and save-table with data, not with table";
    return "";
  }

  std::shared_ptr<CalibrationTable> result;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createCalibratePass(const CalibrateOptions &options,
                            std::shared_ptr<CalibrationTable> table) {
  return std::make_unique<Calibrate>(options, std::move(table));
}
