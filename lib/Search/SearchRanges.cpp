//===- SearchRanges.cpp - method=auto -------------------------------------===//
//
// In: observers, the calibration table, data. Out: a method for each value
// whose method is `auto`, in the log that lowbit-select-ranges reads. Each is
// judged by the error at the model's output, on samples that were not observed
// unless there are too few to hold some out.
// Refused: no data, no table.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Search/MethodTrials.h"
#include "lowbit/Search/Passes.h"
#include "lowbit/Search/Search.h"

#include "lowbit/Select/Settings.h"

#include "llvm/ADT/IntEqClasses.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/Process.h"

using namespace mlir;
using namespace lowbit;
namespace json = llvm::json;

namespace lowbit {
#define GEN_PASS_DEF_SEARCHRANGES
#include "lowbit/Search/Passes.h.inc"
} // namespace lowbit

static constexpr StringLiteral kActivationMethods[] = {
    "minmax",           "moving-average",    "percentile:99",
    "percentile:99.5",  "percentile:99.9",   "percentile:99.97",
    "percentile:99.99", "percentile:99.999", "mse",
    "entropy",          "cross-entropy"};
static constexpr StringLiteral kWeightMethods[] = {"minmax", "percentile:99.9",
                                                   "percentile:99.99",
                                                   "percentile:99.999", "mse"};

/// Fewer held-out samples than these get a warning.
static constexpr int64_t kFewHeldOut = 8;

static std::vector<MethodSpec> parseAll(ArrayRef<StringLiteral> names) {
  std::vector<MethodSpec> methods;
  for (StringRef name : names)
    methods.push_back(llvm::cantFail(MethodSpec::parse(name)));
  return methods;
}

static void reportProgress(size_t done, size_t total) {
  if (llvm::sys::Process::GetEnv("LOWBIT_PROGRESS"))
    llvm::errs() << "progress: " << done << "/" << total
                 << " values searched\n";
}

namespace {
/// Values that have one choice: one, or those that share their parameters.
struct Unit {
  SmallVector<std::string> members;
  SmallVector<std::string> searched;
  bool isActivation = false;
};

/// A single method for all: its numbers in the two lists.
struct Pair {
  unsigned activations, weights;
};

class RangeSearch {
public:
  RangeSearch(ModuleOp module, MethodTrials &trials, Evaluator &evaluator,
              std::vector<SearchedValue> searched, bool isSeparate,
              SelectionLog &log)
      : module(module), trials(trials), evaluator(evaluator),
        values(std::move(searched)), isSeparate(isSeparate), log(log),
        hasActivations(llvm::any_of(
            values, [](const SearchedValue &v) { return v.isActivation; })),
        hasWeights(llvm::any_of(
            values, [](const SearchedValue &v) { return !v.isActivation; })) {}

  LogicalResult run();
  size_t evaluations() const { return numEvaluations; }

private:
  /// What each method chooses for all activations, and for all weights.
  LogicalResult tryMethods();
  FailureOr<double> measureSingle(Pair pair);
  FailureOr<Pair> findBestSingle();
  void makeUnits();
  std::string nameOf(Pair pair) const;
  const MethodSpec &methodOf(const Unit &unit, unsigned method) const {
    return (unit.isActivation ? activationMethods : weightMethods)[method];
  }
  const Trial &trialOf(const Unit &unit, unsigned method) const {
    return (unit.isActivation ? byActivations : byWeights)[method];
  }
  SearchProblem makeProblem(Pair start);
  MethodsById methodsOf(const Assignment &assignment) const;
  MethodsById methodsOf(Pair pair) const;
  LogicalResult accept(Pair start, const SearchResult &result);
  void note(Pair start, const SearchResult &result, double finalDb);

  ModuleOp module;
  MethodTrials &trials;
  Evaluator &evaluator;
  std::vector<SearchedValue> values;
  /// No sample that choices are judged on was observed.
  bool isSeparate;
  SelectionLog &log;
  bool hasActivations, hasWeights;

  std::vector<MethodSpec> activationMethods = parseAll(kActivationMethods),
                          weightMethods = parseAll(kWeightMethods);
  std::vector<Trial> byActivations, byWeights;
  std::vector<Unit> units;
  /// Single methods in the order in which they were measured.
  std::vector<std::pair<Pair, double>> singles;
  double startDb = 0;
  size_t numEvaluations = 0;
};
} // namespace

std::string RangeSearch::nameOf(Pair pair) const {
  std::string activations = activationMethods[pair.activations].text();
  std::string weights = weightMethods[pair.weights].text();
  if (!hasWeights)
    return activations;
  return hasActivations ? activations + ", weights " + weights
                        : "weights " + weights;
}

MethodsById RangeSearch::methodsOf(Pair pair) const {
  MethodsById methods;
  for (const SearchedValue &value : values)
    methods[value.id] = value.isActivation ? activationMethods[pair.activations]
                                           : weightMethods[pair.weights];
  return methods;
}

LogicalResult RangeSearch::tryMethods() {
  for (unsigned i = 0; i < activationMethods.size(); ++i) {
    if (i > 0 && !hasActivations)
      break;
    auto trial = trials.run(methodsOf(Pair{i, 0}));
    if (failed(trial))
      return failure();
    byActivations.push_back(std::move(*trial));
  }
  byWeights.push_back(byActivations.front());
  for (unsigned i = 1; hasWeights && i < weightMethods.size(); ++i) {
    auto trial = trials.run(methodsOf(Pair{0, i}));
    if (failed(trial))
      return failure();
    byWeights.push_back(std::move(*trial));
  }
  return success();
}

FailureOr<double> RangeSearch::measureSingle(Pair pair) {
  for (const auto &[known, db] : singles)
    if (known.activations == pair.activations && known.weights == pair.weights)
      return db;
  // Everything as the method for activations has it, but for searched weights.
  ParametersById choices = byActivations[pair.activations].parameters;
  for (const SearchedValue &value : values)
    if (!value.isActivation)
      choices[value.id] = byWeights[pair.weights].parameters.at(value.id);
  auto quality = evaluator.evaluate(choices);
  if (failed(quality))
    return failure();
  singles.emplace_back(pair, quality->meanDb);
  return quality->meanDb;
}

/// Every method for activations with weights by minmax, those that weights have
/// too for both, and all of weights with the best so far.
FailureOr<Pair> RangeSearch::findBestSingle() {
  std::vector<Pair> pairs;
  for (unsigned i = 0; i < byActivations.size(); ++i)
    pairs.push_back({i, 0});
  for (unsigned i = 0; i < byActivations.size(); ++i)
    for (unsigned j = 1; j < byWeights.size(); ++j)
      if (activationMethods[i].text() == weightMethods[j].text())
        pairs.push_back({i, j});
  Pair best{0, 0};
  auto measureAll = [&]() -> LogicalResult {
    for (Pair pair : pairs) {
      auto db = measureSingle(pair);
      if (failed(db))
        return failure();
      if (*db > startDb || singles.size() == 1) {
        startDb = *db;
        best = pair;
      }
    }
    return success();
  };
  if (failed(measureAll()))
    return failure();
  pairs.clear();
  for (unsigned j = 0; j < byWeights.size(); ++j)
    pairs.push_back({best.activations, j});
  if (failed(measureAll()))
    return failure();
  return best;
}

void RangeSearch::makeUnits() {
  // All values, the searched ones first and in order.
  std::vector<std::string> ids;
  std::map<std::string, unsigned> numbers;
  auto number = [&](const std::string &id) {
    auto [known, isNew] = numbers.try_emplace(id, ids.size());
    if (isNew)
      ids.push_back(id);
    return known->second;
  };
  for (const SearchedValue &value : values)
    number(value.id);
  SmallVector<std::pair<unsigned, unsigned>> shared;
  for (const auto &[id, others] : byActivations.front().sharedWith)
    for (const std::string &other : others)
      shared.emplace_back(number(id), number(other));
  llvm::IntEqClasses classes(ids.size());
  for (auto [left, right] : shared)
    classes.join(left, right);
  classes.compress();

  std::map<unsigned, size_t> unitOf;
  for (auto [i, value] : llvm::enumerate(values)) {
    auto [known, isNew] = unitOf.try_emplace(classes[i], units.size());
    if (isNew)
      units.emplace_back().isActivation = value.isActivation;
    units[known->second].searched.push_back(value.id);
  }
  for (auto [i, id] : llvm::enumerate(ids))
    if (auto it = unitOf.find(classes[i]); it != unitOf.end())
      units[it->second].members.push_back(id);
}

SearchProblem RangeSearch::makeProblem(Pair start) {
  SearchProblem problem;
  problem.samples = evaluator.samples();
  problem.progress = reportProgress;
  for (const Unit &unit : units) {
    unsigned current = unit.isActivation ? start.activations : start.weights;
    SmallVector<unsigned> candidates{current};
    size_t count = unit.isActivation ? byActivations.size() : byWeights.size();
    auto isLike = [&](unsigned left, unsigned right) {
      return llvm::all_of(unit.members, [&](const std::string &id) {
        const ParametersById &a = trialOf(unit, left).parameters,
                             &b = trialOf(unit, right).parameters;
        auto x = a.find(id), y = b.find(id);
        return x == a.end() || y == b.end() ? (x == a.end()) == (y == b.end())
                                            : areAlike(x->second, y->second);
      });
    };
    for (unsigned method = 0; method < count; ++method)
      if (llvm::none_of(candidates,
                        [&](unsigned other) { return isLike(other, method); }))
        candidates.push_back(method);
    double worst = INFINITY;
    for (const std::string &id : unit.searched) {
      const std::map<std::string, double> &db = trialOf(unit, current).sqnrDb;
      if (auto it = db.find(id); it != db.end())
        worst = std::min(worst, it->second);
    }
    problem.priority.push_back(worst);
    problem.candidates.push_back(std::move(candidates));
  }
  problem.evaluate = [this,
                      start](const Assignment &assignment,
                             size_t samples) -> FailureOr<std::vector<double>> {
    ParametersById choices = byActivations[start.activations].parameters;
    for (auto [unit, method] : llvm::zip_equal(units, assignment))
      for (const std::string &id : unit.members) {
        const ParametersById &chosen = trialOf(unit, method).parameters;
        if (auto it = chosen.find(id); it != chosen.end())
          choices[id] = it->second;
      }
    auto quality = evaluator.evaluate(choices, samples);
    if (failed(quality))
      return failure();
    std::vector<double> db;
    for (const std::vector<double> &sample : quality->db)
      db.push_back(meanOf(sample));
    return db;
  };
  return problem;
}

MethodsById RangeSearch::methodsOf(const Assignment &assignment) const {
  MethodsById methods;
  for (auto [unit, method] : llvm::zip_equal(units, assignment))
    for (const std::string &id : unit.searched)
      methods[id] = methodOf(unit, method);
  return methods;
}

/// Measures what the selection really makes of the result, and keeps it where
/// it is as good as the start.
LogicalResult RangeSearch::accept(Pair start, const SearchResult &result) {
  auto trial = trials.run(methodsOf(result.methods));
  if (failed(trial))
    return failure();
  auto quality = evaluator.evaluate(trial->parameters);
  if (failed(quality))
    return failure();
  bool isKept = quality->meanDb >= startDb;
  for (auto &[id, method] :
       isKept ? methodsOf(result.methods) : methodsOf(start))
    log.found[id].method = method;
  for (auto [i, unit] : llvm::enumerate(units)) {
    unsigned before = unit.isActivation ? start.activations : start.weights;
    unsigned after = isKept ? result.methods[i] : before;
    for (const std::string &id : unit.searched) {
      SelectionLog::Found &found = log.found[id];
      for (auto [method, db] : result.tried[i])
        found.outputDb[methodOf(unit, method).text()] = db;
      found.reason =
          after == before
              ? "method of the best single choice (" + nameOf(start) +
                    "): what else was tried gains too little at the outputs to "
                    "be "
                    "told from chance"
              : llvm::formatv("{0} instead of {1} gains {2:f3} dB at the "
                              "outputs",
                              methodOf(unit, after).text(),
                              methodOf(unit, before).text(), result.gains[i])
                    .str();
    }
  }
  numEvaluations = singles.size() + result.evaluations + 1;
  note(start, result, isKept ? quality->meanDb : startDb);
  return success();
}

void RangeSearch::note(Pair start, const SearchResult &result, double finalDb) {
  json::Array list;
  for (auto [pair, db] : singles)
    list.push_back(json::Object{{"method", nameOf(pair)}, {"db", db}});
  unsigned changed = 0;
  for (auto [unit, method] : llvm::zip_equal(units, result.methods))
    changed +=
        method != (unit.isActivation ? start.activations : start.weights);
  log.heldOut = json::Object{{"samples", evaluator.samples()},
                             {"of", evaluator.total()},
                             {"separate", isSeparate},
                             {"singles", std::move(list)},
                             {"best_single", nameOf(start)},
                             {"best_single_db", startDb},
                             {"auto_db", finalDb},
                             {"values", int64_t(values.size())},
                             {"units", int64_t(units.size())},
                             {"changed", changed},
                             {"sweeps", result.sweeps},
                             {"evaluations", int64_t(numEvaluations)}};
  if (!evaluator.isHeldOut())
    module.emitWarning("method=auto judges its choices on the ")
        << evaluator.samples()
        << " samples that they were made from, for there are less than 4; "
           "give more calibration data";
  else if (evaluator.samples() < kFewHeldOut)
    module.emitWarning("method=auto judges its choices on ")
        << evaluator.samples()
        << " held-out samples, which may not be like the others; give more "
           "calibration data, of which a quarter is held out";
  if (evaluator.isHeldOut() && !isSeparate)
    module.emitWarning("method=auto judges its choices on ")
        << evaluator.samples()
        << " samples that may have been observed: the calibration table was "
           "not made with them held out; make it from the same data with "
           "the option held-out";
  module.emitRemark(llvm::formatv(
      "method=auto: {0:f3} dB at the outputs of {1} {2} samples, where the "
      "best "
      "single method ({3}) has {4:f3} dB; {5} of {6} values changed",
      finalDb, evaluator.samples(), isSeparate ? "held-out" : "calibration",
      nameOf(start), startDb, changed, units.size()));
}

LogicalResult RangeSearch::run() {
  if (failed(tryMethods()))
    return failure();
  FailureOr<Pair> start = findBestSingle();
  if (failed(start))
    return failure();
  makeUnits();
  Assignment assignment;
  for (const Unit &unit : units)
    assignment.push_back(unit.isActivation ? start->activations
                                           : start->weights);
  SearchProblem problem = makeProblem(*start);
  auto result = searchMethods(problem, std::move(assignment));
  if (failed(result))
    return failure();
  return accept(*start, *result);
}

namespace {
struct SearchRanges : lowbit::impl::SearchRangesBase<SearchRanges> {
  using SearchRangesBase::SearchRangesBase;
  SearchRanges(SearchRangesOptions options, SelectRangesOptions select,
               std::shared_ptr<CalibrationTable> table,
               std::shared_ptr<SelectionLog> log)
      : SearchRangesBase(std::move(options)), select(std::move(select)),
        table(std::move(table)), log(std::move(log)) {}

  void runOnOperation() override {
    bool isAlone = !log;
    if (isAlone && failed(prepareAlone()))
      return signalPassFailure();
    if (failed(search()))
      return signalPassFailure();
    if (!isAlone)
      return;
    OpPassManager pm(ModuleOp::getOperationName());
    pm.addPass(createSelectRangesPass(select, table, log));
    if (failed(runPipeline(pm, getOperation())))
      signalPassFailure();
  }

  LogicalResult prepareAlone() {
    log = std::make_shared<SelectionLog>();
    select.mode = "static";
    select.method = "auto";
    auto read = CalibrationTable::read(tablePath);
    if (!read)
      return getOperation().emitError(llvm::toString(read.takeError()));
    table = std::make_shared<CalibrationTable>(std::move(*read));
    return success();
  }

  LogicalResult search() {
    MethodTrials trials(getOperation(), select, table);
    OwningOpRef<ModuleOp> prepared;
    std::vector<SearchedValue> searched = trials.searched(prepared);
    if (searched.empty())
      return success();
    if (data.empty())
      return getOperation().emitError(
          "method=auto compares the outputs on calibration samples: give "
          "calibration-data=<inputs>, with a calibration table too");
    numSearched += searched.size();
    // The samples that the table was made without, where there are some.
    unsigned most = table->heldOut ? table->heldOut->count : heldOut;
    // Where a preparation has compared outputs, its remarks were the same.
    std::optional<ErrorsOnly> quiet;
    if (log->heldOut)
      quiet.emplace(&getContext());
    auto evaluator = Evaluator::start(*prepared, {data, threads, most, mask});
    quiet.reset();
    if (failed(evaluator))
      return failure();
    // What was prepared before may have been judged on observed samples.
    bool isSeparate = (*evaluator)->isSeparateFrom(*table);
    if (log->heldOut)
      isSeparate &= log->heldOut->getBoolean("separate").value_or(true);
    RangeSearch search(getOperation(), trials, **evaluator, std::move(searched),
                       isSeparate, *log);
    if (failed(search.run()))
      return failure();
    numEvaluations += search.evaluations();
    return success();
  }

  SelectRangesOptions select;
  std::shared_ptr<CalibrationTable> table;
  std::shared_ptr<SelectionLog> log;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createSearchRangesPass(SearchRangesOptions options,
                               SelectRangesOptions select,
                               std::shared_ptr<CalibrationTable> table,
                               std::shared_ptr<SelectionLog> log) {
  return std::make_unique<SearchRanges>(std::move(options), std::move(select),
                                        std::move(table), std::move(log));
}
