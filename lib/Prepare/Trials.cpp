//===- Trials.cpp - what a prepared model would be like -------------------===//
//
// In: a copy of a module. Out: its calibration table, its choices, an evaluator
// of it. Warnings and remarks are those of the module itself, and come once.
//
//===----------------------------------------------------------------------===//
#include "Trials.h"

#include "lowbit/Select/Search.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace lowbit;

static auto ignoreRemarks() {
  return [](Diagnostic &diagnostic) {
    return success(diagnostic.getSeverity() != DiagnosticSeverity::Error);
  };
}

FailureOr<std::shared_ptr<CalibrationTable>>
lowbit::observeTrial(ModuleOp module, const PreparationState &state) {
  ScopedDiagnosticHandler quiet(module.getContext(), ignoreRemarks());
  auto table = std::make_shared<CalibrationTable>();
  PassManager pm(module.getContext());
  pm.addPass(createCalibratePass(state.recalibration(), table));
  if (failed(pm.run(module)))
    return failure();
  return table;
}

FailureOr<Trial> lowbit::selectTrial(ModuleOp module,
                                     const PreparationState &state,
                                     std::shared_ptr<CalibrationTable> table) {
  MethodsById methods;
  module.walk([&](ObserveOp op) { methods[op.getId().str()] = MethodSpec(); });
  MethodTrials trials(module, *state.select, std::move(table));
  return trials.run(methods);
}

FailureOr<std::unique_ptr<Evaluator>>
lowbit::startEvaluator(ModuleOp module, const PreparationState &state) {
  EvaluatorOptions options;
  options.data = state.calibrate.data;
  options.threads = state.calibrate.threads;
  if (state.calibrate.heldOut > 0)
    options.heldOut = state.calibrate.heldOut;
  return Evaluator::start(module, options);
}

std::vector<double> lowbit::bySample(const Quality &quality) {
  std::vector<double> db;
  for (const std::vector<double> &sample : quality.db)
    db.push_back(meanOf(sample));
  return db;
}

FailureOr<std::vector<double>>
lowbit::measureTrial(ModuleOp module, const PreparationState &state,
                     std::shared_ptr<CalibrationTable> table) {
  auto trial = selectTrial(module, state, std::move(table));
  if (failed(trial))
    return failure();
  auto evaluator = startEvaluator(module, state);
  if (failed(evaluator))
    return failure();
  auto quality = (*evaluator)->evaluate(trial->choices);
  if (failed(quality))
    return failure();
  return bySample(*quality);
}

bool lowbit::isGain(ArrayRef<double> now, ArrayRef<double> before) {
  auto [gain, error] = gainOf(now, before);
  return gain > std::max(kLeastGainDb, error);
}

void lowbit::dropOwnParameters(ModuleOp copy, ModuleOp original) {
  for (ParameterOp parameter : copy.getOps<ParameterOp>()) {
    auto value =
        dyn_cast_or_null<DenseResourceElementsAttr>(parameter.getValueAttr());
    if (value && !original.lookupSymbol(parameter.getSymName()))
      value.getRawHandle().getResource()->setBlob({});
  }
}

LogicalResult lowbit::requireEvaluation(ModuleOp module,
                                        const PreparationState &state,
                                        StringRef what) {
  if (!state.select)
    return module.emitError(what)
           << " compares the model's outputs, which only --quantize-ptq can: "
              "the pass by itself does not know how ranges will be selected";
  if (state.calibrate.data.empty())
    return module.emitError(what)
           << " compares the model's outputs on samples; give calibration-data";
  return success();
}
