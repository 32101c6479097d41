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

#include "lowbit/Store/NearestName.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace lowbit;

void PreparationState::note(StringRef name, StringRef target, bool kept,
                            StringRef reason) {
  if (log)
    log->preparations.push_back(llvm::json::Object{{"name", name},
                                                   {"target", target},
                                                   {"kept", kept},
                                                   {"reason", reason}});
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
  Recalibrate(CalibrateOptions options, std::shared_ptr<PreparationState> state)
      : options(std::move(options)), state(std::move(state)) {}

  void runOnOperation() override {
    if (!state->isStale)
      return;
    if (options.data.empty()) {
      getOperation()
              .emitError("the preparation changed the values that the model "
                         "computes, and the calibration table has those from "
                         "before")
              .attachNote()
          << "give calibration data, which the prepared model is observed on";
      return signalPassFailure();
    }
    OpPassManager pipeline(ModuleOp::getOperationName());
    pipeline.addPass(createCalibratePass(options, state->table));
    if (failed(runPipeline(pipeline, getOperation())))
      return signalPassFailure();
    state->isStale = false;
  }

  CalibrateOptions options;
  std::shared_ptr<PreparationState> state;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createRecalibratePass(const CalibrateOptions &options,
                              std::shared_ptr<PreparationState> state) {
  CalibrateOptions again = options;
  // The table to keep is that of the model as it came.
  again.saveTable.clear();
  again.resume.clear();
  return std::make_unique<Recalibrate>(std::move(again), std::move(state));
}

void lowbit::appendPreparations(OpPassManager &pm, const PreparationPlan &plan,
                                const PreparationOptions &options,
                                std::shared_ptr<PreparationState> state) {
  if (plan.equalize) {
    pm.addPass(createEqualizeLayersPass(state));
    pm.addPass(createRecalibratePass(options.calibrate, state));
  }
  if (plan.smoothQuant) {
    SmoothActivationsOptions smoothing;
    smoothing.strength = options.smoothQuantStrength;
    pm.addPass(createSmoothActivationsPass(smoothing, state));
    pm.addPass(createRecalibratePass(options.calibrate, state));
  }
}
