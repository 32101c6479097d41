//===- Trials.cpp - what a prepared model would be like -------------------===//
//
// In: a copy of a module. Out: its calibration table, its choices, an evaluator
// of it. Warnings and remarks are those of the module itself, and come once.
//
//===----------------------------------------------------------------------===//
#include "Trials.h"

#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace lowbit;

FailureOr<std::shared_ptr<CalibrationTable>>
lowbit::observeTrial(ModuleOp module, const PreparationState &state) {
  ErrorsOnly quiet(module.getContext());
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
  SelectRangesOptions options = *state.select;
  // Borders are placed after preparations.
  options.isWhole = false;
  MethodTrials trials(module, std::move(options), std::move(table));
  return trials.run(methods);
}

FailureOr<std::unique_ptr<Evaluator>>
lowbit::startEvaluator(ModuleOp module, const PreparationState &state,
                       OwningOpRef<ModuleOp> &copy) {
  MethodTrials(module, *state.select, state.table).searched(copy);
  EvaluatorOptions options;
  options.data = state.calibrate.data;
  options.threads = state.calibrate.threads;
  options.mask = state.calibrate.mask;
  if (state.calibrate.heldOut > 0)
    options.heldOut = state.calibrate.heldOut;
  if (state.table->heldOut)
    options.heldOut = state.table->heldOut->count;
  // The remarks are the same each time.
  std::optional<ErrorsOnly> quiet;
  if (state.log && state.log->heldOut)
    quiet.emplace(module.getContext());
  auto evaluator = Evaluator::start(*copy, options);
  quiet.reset();
  if (succeeded(evaluator) && state.log && !state.log->heldOut) {
    bool isSeparate = (*evaluator)->isSeparateFrom(*state.table);
    state.log->heldOut =
        llvm::json::Object{{"samples", (*evaluator)->samples()},
                           {"of", (*evaluator)->total()},
                           {"separate", isSeparate}};
    if (!isSeparate)
      module.emitWarning("preparations are judged on ")
          << (*evaluator)->samples() << " samples that may have been observed: "
          << ((*evaluator)->isHeldOut()
                  ? "the calibration table was not made with them held out; "
                    "make it from the same data with the option held-out"
                  : "there are less than 4; give more calibration data");
  }
  return evaluator;
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
  OwningOpRef<ModuleOp> copy;
  auto evaluator = startEvaluator(module, state, copy);
  if (failed(evaluator))
    return failure();
  auto quality = (*evaluator)->evaluate(trial->parameters);
  if (failed(quality))
    return failure();
  return bySample(*quality);
}

bool lowbit::isGain(ArrayRef<double> now, ArrayRef<double> before) {
  auto [gain, error] = gainOf(now, before);
  return gain > std::max(kLeastGainDb, error);
}

FailureOr<std::vector<Outcome>>
lowbit::searchVariants(const SearchProblem &problem, Assignment start) {
  auto found = searchMethods(problem, std::move(start));
  if (failed(found))
    return failure();
  Assignment chosen = found->methods;
  double db = found->meanDb;
  std::vector<Outcome> outcomes(chosen.size());
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (chosen[i] == 0)
      continue;
    unsigned variant = std::exchange(chosen[i], 0);
    auto without = problem.evaluate(chosen, problem.samples);
    if (failed(without))
      return failure();
    outcomes[i].withoutDb = meanOf(*without);
    outcomes[i].withDb = db;
    if (db - meanOf(*without) > kLeastGainDb)
      chosen[i] = variant;
    else
      db = meanOf(*without);
  }
  for (size_t i = 0; i < chosen.size(); ++i) {
    outcomes[i].variant = chosen[i];
    if (outcomes[i].withDb)
      continue;
    // Never chosen: the best that was run on all samples.
    for (auto [variant, tried] : found->tried[i])
      (variant == 0 ? outcomes[i].withoutDb : outcomes[i].withDb) = std::max(
          tried, (variant == 0 ? outcomes[i].withoutDb : outcomes[i].withDb)
                     .value_or(tried));
  }
  return outcomes;
}

std::string lowbit::refusalOf(std::optional<double> withoutDb,
                              std::optional<double> withDb) {
  if (withoutDb && withDb && *withDb > *withoutDb)
    return "what it gains at the outputs is less than the samples differ";
  return "it does not help at the outputs";
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
