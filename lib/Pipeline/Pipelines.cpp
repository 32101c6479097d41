//===- Pipelines.cpp - the phases in order --------------------------------===//
//
// In: options. Out: a pass pipeline that ends with the phase asked for. Refused
// before anything runs: options that do not go together, words that this
// version does not know.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Pipeline/Pipelines.h"

#include "lowbit/Calibrate/Passes.h"
#include "lowbit/Codegen/CPU/Pipeline.h"
#include "lowbit/Convert/ImportModule.h"
#include "lowbit/Convert/Passes.h"
#include "lowbit/Data/HeldOut.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Evaluate/Passes.h"
#include "lowbit/Fold/Passes.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/Passes.h"
#include "lowbit/Lower/Passes.h"
#include "lowbit/Pipeline/Explain.h"
#include "lowbit/Prepare/Passes.h"
#include "lowbit/Quantize/Passes.h"
#include "lowbit/Search/Passes.h"
#include "lowbit/Select/Passes.h"
#include "lowbit/Select/Recipe.h"
#include "lowbit/Select/Settings.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace lowbit;

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

static constexpr std::pair<Phase, StringLiteral> kPhases[] = {
#define LOWBIT_PHASE(enumerator, name, sentence)                               \
  {Phase::enumerator, StringLiteral(name)},
#include "lowbit/Pipeline/Phases.def"
};

StringRef lowbit::phaseName(Phase phase) {
  return kPhases[static_cast<size_t>(phase)].second;
}

std::optional<Phase> lowbit::parsePhase(StringRef name) {
  for (auto [phase, text] : kPhases)
    if (text == name)
      return phase;
  return std::nullopt;
}

std::string lowbit::phaseNames() {
  std::string names;
  for (auto [phase, text] : kPhases)
    names += (names.empty() ? "" : ", ") + text.str();
  return names;
}

//===----------------------------------------------------------------------===//
// The pipeline
//===----------------------------------------------------------------------===//

namespace {
/// Says how to get static activations, once.
struct SuggestCalibration
    : PassWrapper<SuggestCalibration, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SuggestCalibration)
  void runOnOperation() override {
    markAllAnalysesPreserved();
    FailureOr<func::FuncOp> main = findMain(getOperation());
    bool isDynamic = false;
    getOperation().walk([&](ObserveOp op) { isDynamic |= op.isActivation(); });
    if (succeeded(main) && isDynamic)
      main->emitRemark(
          "activations are quantized dynamically, from the range that each "
          "run finds; for static ranges, which are faster, give inputs: "
          "--quantize-ptq=\"calibration-data=inputs.npz\"");
  }
};
} // namespace

namespace {
/// Brings modules that are quantized in other dialects, by `!quant.uniform` or
/// in TOSA, to lowbit.
struct ConvertQuantized
    : PassWrapper<ConvertQuantized, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConvertQuantized)
  ConvertQuantized() {
    fromQuant.addPass(createConvertFromQuant());
    fromTosa.addPass(createConvertFromTosa());
  }
  ConvertQuantized(const ConvertQuantized &) : ConvertQuantized() {}

  void getDependentDialects(DialectRegistry &registry) const override {
    fromQuant.getDependentDialects(registry);
    fromTosa.getDependentDialects(registry);
  }

  void runOnOperation() override {
    bool hasQuant = false, hasTosa = false;
    getOperation().walk([&](Operation *op) {
      StringRef dialect = op->getName().getDialectNamespace();
      hasQuant |= dialect == "quant";
      // What is float there is for another front end.
      hasTosa |= dialect == "tosa" && holdsIntegers(op);
    });
    // TOSA of quantized types keeps the casts at its borders.
    if (hasTosa && failed(runPipeline(fromTosa, getOperation())))
      return signalPassFailure();
    if (hasQuant && failed(runPipeline(fromQuant, getOperation())))
      return signalPassFailure();
  }

  static bool holdsIntegers(Operation *op) {
    return llvm::any_of(op->getResultTypes(), [](Type type) {
      Type element = getElementTypeOrSelf(type);
      return isa<quant::QuantizedType>(element) || element.isInteger(8) ||
             element.isInteger(16);
    });
  }

  OpPassManager fromQuant{ModuleOp::getOperationName()},
      fromTosa{ModuleOp::getOperationName()};
};
} // namespace

static SelectRangesOptions selectOptions(const PtqOptions &options,
                                         StringRef mode) {
  SelectRangesOptions select;
  select.mode = mode.str();
  select.method = options.method;
  select.activations = options.activations;
  select.weights = options.weights;
  select.recipeFile = options.recipe;
  select.rules.assign(options.rules.begin(), options.rules.end());
  return select;
}

/// What has outputs compared on samples: the method of a value may be `auto`,
/// or a preparation is measured. Empty where nothing has.
static StringRef searchedBy(const PtqOptions &options) {
  if (llvm::is_contained(options.prepare, "auto"))
    return "the option prepare=auto";
  if (options.smoothQuantStrength == "search")
    return "the option smooth-quant-strength=search";
  auto method = MethodSpec::parse(options.method);
  if (!method)
    llvm::consumeError(method.takeError());
  else if (method->method == Method::Auto)
    return "the option method=auto";
  // What is wrong with the recipe is said where it is used.
  Recipe recipe;
  readRecipe(recipeOptionsOf(selectOptions(options, "static")), recipe,
             [](auto &&...) {});
  bool isRuled = llvm::any_of(recipe.rules(), [](const Rule &rule) {
    return rule.method && rule.method->method == Method::Auto;
  });
  return isRuled ? "the rule method=auto" : "";
}

namespace {
/// Writes the table that ranges were chosen from.
struct WriteTable : PassWrapper<WriteTable, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WriteTable)
  WriteTable(std::shared_ptr<const CalibrationTable> table, std::string path)
      : table(std::move(table)), path(std::move(path)) {}

  void runOnOperation() override {
    if (llvm::Error error = table->write(path)) {
      getOperation().emitError(llvm::toString(std::move(error)));
      signalPassFailure();
    }
  }

  std::shared_ptr<const CalibrationTable> table;
  std::string path;
};
} // namespace

/// What is wrong with the options; empty when nothing is. `searched`: see
/// searchedBy.
static std::string checkOptions(const PtqOptions &options, StringRef searched) {
  if (!parsePhase(options.compileTo))
    return "unknown phase '" + options.compileTo +
           "' in compile-to; the phases are " + phaseNames();
  if (!options.mode.empty())
    if (std::string problem = checkMode(options.mode); !problem.empty())
      return problem;
  auto method = MethodSpec::parse(options.method);
  if (!method)
    return llvm::toString(method.takeError());
  bool hasData = !options.calibrationData.empty();
  bool hasTable = !options.calibrationTable.empty();
  if (hasData && hasTable && searched.empty())
    return "calibration-data and calibration-table both give statistics; leave "
           "one of them out (the option method=auto takes both: it compares "
           "the outputs on the data)";
  if (hasTable && !hasData && !searched.empty())
    return searched.str() +
           " compares the outputs on samples: give calibration-data=<inputs> "
           "along with the table";
  if (hasTable && options.heldOut > 0)
    return "the option held-out leaves samples out of the table, which is "
           "there already; "
           "give it to the run that makes the table";
  for (auto [name, isGiven] :
       {std::pair("save-table", !options.saveTable.empty()),
        std::pair("resume", !options.resume.empty()),
        std::pair("mask", !options.mask.empty()),
        std::pair("held-out", options.heldOut > 0)})
    if (isGiven && !hasData)
      return "the option " + std::string(name) +
             " needs calibration-data=<inputs>";
  hasData |= hasTable;
  if (!options.selectionTable.empty() && !hasData)
    return "selection-table needs calibration-data=<inputs> or "
           "calibration-table=<file>";
  if (method->method != Method::MinMax && options.mode == "dynamic")
    return "the option mode=dynamic measures the range of every run, and the "
           "option method=" +
           options.method +
           " chooses one from calibration data; leave one of "
           "them out";
  if (method->method != Method::MinMax && !hasData)
    return "the option method=" + options.method +
           " chooses from calibration data; give calibration-data=<inputs>, or "
           "leave it out: ranges of a run are its least and greatest value";
  if ((options.mode == "static" || options.mode == "integer-only") && !hasData)
    return "mode=" + options.mode + " needs calibration-data=<inputs>";
  if ((options.mode == "dynamic" || options.mode == "weight-only") && hasData)
    return "mode=" + options.mode +
           (options.mode == "dynamic" ? " finds ranges at run time"
                                      : " leaves activations float") +
           " and takes no calibration-" + (hasTable ? "table" : "data") +
           "; leave one of them out";
  return "";
}

static CalibrateOptions calibrateOptions(const PtqOptions &options,
                                         bool searching) {
  CalibrateOptions calibrate;
  // With a table, data and mask are there to compare outputs on.
  if (options.calibrationTable.empty()) {
    calibrate.data = options.calibrationData;
    calibrate.mask = options.mask;
  }
  calibrate.heldOut = options.heldOut;
  if (options.heldOut == 0 && searching)
    calibrate.heldOut = HeldOut::kMost;
  calibrate.table = options.calibrationTable;
  calibrate.saveTable = options.saveTable;
  calibrate.resume = options.resume;
  calibrate.threads = options.threads;
  return calibrate;
}

/// What is wrong with the preparations asked for; empty when nothing is.
static std::string checkPreparations(const PtqOptions &options) {
  auto plan = PreparationPlan::parse(options.prepare);
  if (!plan)
    return llvm::toString(plan.takeError());
  bool isStatic =
      !options.calibrationData.empty() || !options.calibrationTable.empty();
  if (plan->any() && !isStatic)
    return "the option prepare needs calibration-data=<inputs>: what it does "
           "is chosen "
           "from statistics";
  return checkStrength(options.smoothQuantStrength);
}

static SearchRangesOptions searchOptions(const PtqOptions &options) {
  SearchRangesOptions search;
  search.data = options.calibrationData;
  search.threads = options.threads;
  search.mask = options.mask;
  if (options.heldOut > 0)
    search.heldOut = options.heldOut;
  return search;
}

LogicalResult lowbit::buildPtqPipeline(
    OpPassManager &pm, const PtqOptions &options,
    llvm::function_ref<LogicalResult(const Twine &)> emitError) {
  StringRef searched = searchedBy(options);
  bool searching = !searched.empty();
  if (std::string problem = checkOptions(options, searched); !problem.empty())
    return emitError("quantize-ptq: " + problem);
  if (std::string problem = checkPreparations(options); !problem.empty())
    return emitError("quantize-ptq: " + problem);
  Phase last = *parsePhase(options.compileTo);
  bool isStatic =
      !options.calibrationData.empty() || !options.calibrationTable.empty();
  // Integer-only is static here.
  std::string mode = isStatic ? "static" : "dynamic";
  if (options.mode == "weight-only")
    mode = options.mode;
  bool isIntegerOnly = options.mode == "integer-only";
  auto table = std::make_shared<CalibrationTable>();
  auto log = std::make_shared<SelectionLog>();
  log->wantsCandidates = !options.explain.empty();
  PreparationPlan plan =
      llvm::cantFail(PreparationPlan::parse(options.prepare));
  auto preparation = std::make_shared<PreparationState>();
  preparation->table = table;
  preparation->log = log;
  preparation->calibrate = calibrateOptions(options, searching);
  preparation->calibrate.data = options.calibrationData;
  preparation->calibrate.mask = options.mask;
  preparation->select = selectOptions(options, mode);
  auto account = createAccount(
      {options.explain, options.mode.empty() ? mode : options.mode.getValue(),
       last >= Phase::Lower},
      log);

  auto appendPhase = [&](Phase phase) {
    switch (phase) {
    case Phase::Import:
      pm.addPass(std::make_unique<ConvertQuantized>());
      pm.addPass(createAttachWeights());
      buildImportPipeline(pm);
      // What nothing calls is not part of the model.
      pm.addPass(createSymbolDCEPass());
      if (!options.shape.empty())
        pm.addPass(createSpecializeShapes({options.shape}));
      pm.addPass(createAssignIds());
      pm.addPass(createVerifyFloatContract());
      pm.addPass(createRecordOperationsPass(account));
      // One get_parameter a weight, so that it has one observer.
      pm.addPass(createCSEPass());
      return;
    case Phase::Calibrate:
      // Where everything is integer, the ranges of all values are wanted.
      pm.addPass(createInsertObservers(
          {isIntegerOnly ? std::string("all") : options.observe.getValue(),
           isIntegerOnly ? "inputs"
           : isStatic    ? "operations"
                         : "none",
           options.channels || plan.needsChannels()}));
      if (isStatic)
        pm.addPass(
            createCalibratePass(calibrateOptions(options, searching), table));
      else if (options.mode.empty())
        pm.addPass(std::make_unique<SuggestCalibration>());
      return;
    case Phase::Select:
      appendPreparations(pm, plan, options.smoothQuantStrength, preparation);
      if (isStatic && !isIntegerOnly)
        pm.addPass(createPlaceBorders());
      if (isStatic)
        pm.addPass(createSearchRangesPass(
            searchOptions(options), selectOptions(options, mode), table, log));
      pm.addPass(
          createSelectRangesPass(selectOptions(options, mode), table, log));
      if (plan.biasCorrection) {
        CorrectBiasesOptions correction;
        correction.measure = plan.measure;
        pm.addPass(createCorrectBiasesPass(correction, preparation));
      }
      pm.addPass(createRecordValuesPass(account));
      if (!options.selectionTable.empty())
        pm.addPass(std::make_unique<WriteTable>(table, options.selectionTable));
      return;
    case Phase::Quantize:
      pm.addPass(createInsertQdq({/*ranges=*/isIntegerOnly}));
      return;
    case Phase::Fold:
      pm.addPass(createFoldQdq());
      pm.addPass(createFoldWeights());
      return;
    case Phase::Lower:
      pm.addPass(createSignOperands());
      pm.addPass(createLowerContractions());
      pm.addPass(createLowerPooling());
      pm.addPass(createLowerContract());
      // While formats still say which integers occur.
      pm.addPass(createAnalyzeAccumulators());
      if (isIntegerOnly)
        pm.addPass(createLowerToIntegers());
      pm.addPass(createLowerQdq());
      pm.addPass(createCanonicalizerPass());
      pm.addPass(createCSEPass());
      pm.addPass(createMergeEqual());
      pm.addPass(createFuseBodies());
      // Operands that were fused twice are one.
      pm.addPass(createCanonicalizerPass());
      pm.addPass(createTabulateBodies());
      pm.addPass(createCanonicalizerPass());
      pm.addPass(createCSEPass());
      pm.addPass(createVerifyIntegerContract());
      // Code has no names any more.
      pm.addPass(createAccountOperationsPass(account));
      return;
    case Phase::Codegen:
      buildCpuLoopPipeline(pm, {});
      buildCpuLLVMPipeline(pm, {});
      return;
    }
  };
  for (auto [phase, name] : kPhases)
    if (phase <= last)
      appendPhase(phase);
  if (last < Phase::Lower)
    pm.addPass(createAccountOperationsPass(account));
  return success();
}

void lowbit::registerAllLowbitPasses() {
  registerLowbitImportPasses();
  registerLowbitCalibratePasses();
  registerLowbitEvaluatePasses();
  registerLowbitPreparePasses();
  registerLowbitSearchPasses();
  registerLowbitSelectPasses();
  registerLowbitQuantizePasses();
  registerLowbitFoldPasses();
  registerLowbitLowerPasses();
  registerLowbitConvertPasses();
  registerPassPipeline(
      "lowbit-exit-upstream",
      "lowers what is left of lowbit and leaves the dialect",
      [](OpPassManager &pm, StringRef text,
         llvm::function_ref<LogicalResult(const Twine &)> emitError) {
        if (!text.empty())
          return emitError("lowbit-exit-upstream takes no options, found '" +
                           text + "'");
        pm.addPass(createLowerContract());
        pm.addPass(createLowerQdq());
        pm.addPass(createCanonicalizerPass());
        pm.addPass(createCSEPass());
        pm.addPass(createConvertToUpstream());
        return success();
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)>) {});
  registerPassPipeline(
      "lowbit-import-module",
      "brings a linalg or TOSA module to the forms of the float contract",
      [](OpPassManager &pm, StringRef text,
         llvm::function_ref<LogicalResult(const Twine &)> emitError) {
        if (!text.empty())
          return emitError("lowbit-import-module takes no options, found '" +
                           text + "'");
        buildImportPipeline(pm);
        return success();
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)>) {});
  registerPassPipeline(
      "quantize-ptq", "quantizes a float model after training: phases 1 to 6",
      [](OpPassManager &pm, StringRef text,
         llvm::function_ref<LogicalResult(const Twine &)> emitError) {
        PtqOptions options;
        std::string problem;
        llvm::raw_string_ostream os(problem);
        if (failed(options.parseFromString(text, os)))
          return emitError("quantize-ptq: " + StringRef(problem).trim());
        return buildPtqPipeline(pm, options, emitError);
      },
      [](llvm::function_ref<void(const mlir::detail::PassOptions &)> handler) {
        handler(PtqOptions());
      });
}
