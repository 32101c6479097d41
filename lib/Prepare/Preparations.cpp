//===- Preparations.cpp - what preparations share -------------------------===//
//
// The words of `prepare=`, entries of the log, and the pass that observes the
// model again once it was changed: histograms of a scaled value are not those
// of the value, scaled. Refused: words that there are not, a change where there
// is a table and no data.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Prepare/Preparations.h"
#include "lowbit/Prepare/Passes.h"

#include "lowbit/Calibrate/ModelTable.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace lowbit;

CalibrateOptions PreparationState::recalibration() const {
  CalibrateOptions again = calibrate;
  again.table.clear();
  again.saveTable.clear();
  again.resume.clear();
  // The same samples as before are held out.
  if (table && table->heldOut)
    again.heldOut = table->heldOut->count;
  return again;
}

void PreparationState::note(StringRef name, StringRef target, bool kept,
                            StringRef reason, std::optional<double> beforeDb,
                            std::optional<double> afterDb) {
  if (!log)
    return;
  llvm::json::Object entry{{"name", name.str()},
                           {"target", target.str()},
                           {"kept", kept},
                           {"reason", reason.str()}};
  if (beforeDb)
    entry["before_db"] = *beforeDb;
  if (afterDb)
    entry["after_db"] = *afterDb;
  log->preparations.push_back(std::move(entry));
}

LogicalResult PreparationState::requireChannels(ModuleOp module, StringRef name,
                                                StringRef path) {
  if (table->values.empty()) {
    if (path.empty())
      return module.emitError(name)
             << " needs a calibration table with statistics of each channel; "
                "calibrate first, or name it with the option 'table'";
    FailureOr<CalibrationTable> found = readModelTable(module, path);
    if (failed(found))
      return failure();
    *table = std::move(*found);
  }
  bool wanted = false, there = false;
  module.walk([&](ObserveOp op) {
    if (!op.isActivation() || !op.getAxis())
      return;
    wanted = true;
    auto entry = table->values.find(op.getId().str());
    there |= entry != table->values.end() && entry->second.channels;
  });
  if (wanted && !there) {
    InFlightDiagnostic error =
        module.emitError("the calibration table has no statistics of each "
                         "channel, which ")
        << name << " needs";
    error.attachNote() << "calibrate with the option 'channels'";
    return error;
  }
  return success();
}

llvm::Expected<PreparationPlan>
PreparationPlan::parse(ArrayRef<std::string> names) {
  PreparationPlan plan;
  for (StringRef name : names) {
    if (name == "equalize")
      plan.equalize = true;
    else if (name == "smooth-quant")
      plan.smoothQuant = true;
    else if (name == "bias-correction")
      plan.biasCorrection = true;
    else if (name == "auto")
      plan.equalize = plan.smoothQuant = plan.biasCorrection = plan.measure =
          true;
    else
      return llvm::createStringError(
          "unknown preparation '" + name +
          "'; available: equalize, smooth-quant, bias-correction, auto");
  }
  return plan;
}

std::string lowbit::checkStrength(StringRef text) {
  double strength = 0;
  if (text == "search" ||
      (!text.getAsDouble(strength) && strength >= 0 && strength <= 1))
    return "";
  return "a strength is a number from 0 to 1 or 'search', found '" +
         text.str() + "'";
}

namespace {
struct Recalibrate : PassWrapper<Recalibrate, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(Recalibrate)
  Recalibrate(std::shared_ptr<PreparationState> state)
      : state(std::move(state)) {}

  void runOnOperation() override {
    if (!state->isStale)
      return;
    if (state->calibrate.data.empty()) {
      getOperation()
              .emitError("the preparation changed the values that the model "
                         "computes, and the calibration table has those from "
                         "before")
              .attachNote()
          << "give calibration data instead of the table; the prepared model "
             "is observed on it";
      return signalPassFailure();
    }
    OpPassManager pipeline(ModuleOp::getOperationName());
    pipeline.addPass(createCalibratePass(state->recalibration(), state->table));
    if (failed(runPipeline(pipeline, getOperation())))
      return signalPassFailure();
    state->isStale = false;
  }

  std::shared_ptr<PreparationState> state;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createRecalibratePass(std::shared_ptr<PreparationState> state) {
  return std::make_unique<Recalibrate>(std::move(state));
}

void lowbit::appendPreparations(OpPassManager &pm, const PreparationPlan &plan,
                                StringRef strength,
                                std::shared_ptr<PreparationState> state) {
  if (plan.equalize) {
    EqualizeLayersOptions equalization;
    equalization.measure = plan.measure;
    pm.addPass(createEqualizeLayersPass(equalization, state));
    pm.addPass(createRecalibratePass(state));
  }
  if (plan.smoothQuant) {
    SmoothActivationsOptions smoothing;
    smoothing.strength = plan.measure ? "search" : strength.str();
    pm.addPass(createSmoothActivationsPass(smoothing, state));
    pm.addPass(createRecalibratePass(state));
  }
}
