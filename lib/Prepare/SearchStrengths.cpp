//===- SearchStrengths.cpp - how much to move, by the output --------------===//
//
// In: a module with observers, its table, data. Out: a strength for each
// activation. A copy is smoothed with each strength and observed, which gives
// the choices of every activation and weight with it; smoothing one activation
// leaves the values of the others alone, so these can be combined freely. One
// more copy, whose factors are replaced at run time, is evaluated with the
// combinations: first all activations alike, then one after another, the worst
// first.
//
//===----------------------------------------------------------------------===//
#include "SearchStrengths.h"
#include "Smoother.h"
#include "Trials.h"

#include "lowbit/Import/TrialModule.h"
#include "lowbit/Search/Search.h"
#include "llvm/Support/Process.h"

using namespace mlir;
using namespace lowbit;

/// Beyond these all channels reach the end of the range at once, and whatever
/// calibration did not see is clipped in some channel: a few held-out samples
/// need not show it.
static constexpr double kStrengths[] = {0.4, 0.5, 0.6, 0.7};

/// Of a sample: the relative power of its noise, as a loss in dB around that of
/// `reference`. Its mean is the loss of the mean noise: unlike the mean of
/// decibels it does not trade a sample that is ruined for many that gain a
/// little, which is what too much smoothing offers.
static double scoreOf(double db, double reference) {
  return -10 / std::log(10.0) *
         std::exp2((reference - db) * std::log2(10.0) / 10);
}
/// The noise of a mean score, in dB.
static double dbOf(double score, double reference) {
  return reference - 10 * std::log10(-score * std::log(10.0) / 10);
}

namespace {
struct Unit {
  std::string id;
  /// The parameter that the activation is multiplied by.
  std::string factors;
  std::vector<std::string> weightIds;
  /// By strength, the first being none at all; empty where it cannot be.
  std::vector<std::vector<float>> scales;
};

class StrengthSearch {
public:
  StrengthSearch(ModuleOp module, const PreparationState &state)
      : module(module), state(state), copy(module), smoother(*copy) {}

  LogicalResult prepare();
  FailureOr<std::map<std::string, StrengthChoice>> search();

private:
  LogicalResult tryStrength(double strength);
  LogicalResult load(const Assignment &assignment);
  FailureOr<std::vector<double>> evaluate(const Assignment &assignment,
                                          size_t samples);

  ModuleOp module;
  const PreparationState &state;
  /// With a multiplication for each activation that can be smoothed.
  TrialModule copy;
  Smoother smoother;
  std::vector<Unit> units;
  /// The choices without any smoothing, and with each strength.
  std::vector<Trial> trials;
  OwningOpRef<ModuleOp> evaluated;
  std::unique_ptr<Evaluator> evaluator;
  Assignment loaded;
  /// The mean dB of what was measured first.
  std::optional<double> reference;
};
} // namespace

LogicalResult StrengthSearch::prepare() {
  if (failed(smoother.match(*state.table)))
    return failure();
  for (SmoothingGroup &group : smoother.groups) {
    Unit unit;
    unit.id = group.id();
    std::vector<float> ones(group.channels.channels, 1.0f);
    Value factors = smoother.apply(group, ones, /*asParameter=*/true);
    unit.factors = factors.getDefiningOp<GetParameterOp>().getParameter().str();
    for (SmoothedWeight &entry : group.weights)
      unit.weightIds.push_back(entry.weight.getId().str());
    unit.scales.emplace_back();
    units.push_back(std::move(unit));
  }
  if (units.empty())
    return success();
  auto trial = selectTrial(*copy, state, state.table);
  if (failed(trial))
    return failure();
  trials.push_back(std::move(*trial));
  for (double strength : kStrengths)
    if (failed(tryStrength(strength)))
      return failure();
  auto started = startEvaluator(*copy, state, evaluated);
  if (failed(started))
    return failure();
  evaluator = std::move(*started);
  loaded.assign(units.size(), 0);
  return success();
}

LogicalResult StrengthSearch::tryStrength(double strength) {
  TrialModule smoothed(module);
  Smoother other(*smoothed);
  if (failed(other.match(*state.table)))
    return failure();
  for (auto [unit, group] : llvm::zip_equal(units, other.groups)) {
    std::string reason;
    auto scales = other.scalesOf(group, strength, reason);
    // Copies of weights get the same ids as in the other copies.
    if (scales)
      other.apply(group, *scales);
    else
      other.isolate(group);
    unit.scales.push_back(scales ? std::move(*scales) : std::vector<float>());
  }
  auto table = observeTrial(*smoothed, state);
  auto trial = failed(table) ? FailureOr<Trial>(failure())
                             : selectTrial(*smoothed, state, *table);
  if (failed(trial))
    return failure();
  trials.push_back(std::move(*trial));
  return success();
}

/// Replaces the bytes of what differs from what is there.
LogicalResult StrengthSearch::load(const Assignment &assignment) {
  for (size_t i = 0; i < units.size(); ++i) {
    if (assignment[i] == loaded[i])
      continue;
    const Unit &unit = units[i];
    const std::vector<float> &scales = unit.scales[assignment[i]];
    std::vector<float> inverses = invert(scales);
    if (failed(evaluator->load(unit.factors, bytesOf(inverses))))
      return failure();
    for (auto [entry, id] :
         llvm::zip_equal(smoother.groups[i].weights, unit.weightIds)) {
      std::vector<float> values;
      if (!scales.empty())
        values = scaleChannels(
            entry.values,
            cast<RankedTensorType>(entry.weight.getType()).getShape(),
            entry.axis, scales);
      if (failed(evaluator->load(id, bytesOf(values))))
        return failure();
    }
    loaded[i] = assignment[i];
  }
  return success();
}

FailureOr<std::vector<double>>
StrengthSearch::evaluate(const Assignment &assignment, size_t samples) {
  if (failed(load(assignment)))
    return failure();
  ParametersById choices = trials.front().parameters;
  for (auto [unit, variant] : llvm::zip_equal(units, assignment)) {
    SmallVector<std::string> ids(unit.weightIds.begin(), unit.weightIds.end());
    ids.push_back(unit.id);
    for (const std::string &id : ids) {
      const ParametersById &chosen = trials[variant].parameters;
      if (auto it = chosen.find(id); it != chosen.end())
        choices[id] = it->second;
      else
        choices.erase(id);
    }
  }
  auto quality = evaluator->evaluate(choices, samples);
  if (failed(quality))
    return failure();
  if (!reference)
    reference = quality->meanDb;
  std::vector<double> scores;
  for (double db : bySample(*quality))
    scores.push_back(scoreOf(db, *reference));
  return scores;
}

FailureOr<std::map<std::string, StrengthChoice>> StrengthSearch::search() {
  std::map<std::string, StrengthChoice> result;
  if (units.empty())
    return result;
  SearchProblem problem;
  problem.samples = evaluator->samples();
  problem.evaluate = [this](const Assignment &assignment, size_t samples) {
    return evaluate(assignment, samples);
  };
  problem.progress = [](size_t done, size_t total) {
    if (llvm::sys::Process::GetEnv("LOWBIT_PROGRESS"))
      llvm::errs() << "progress: " << done << "/" << total
                   << " activations smoothed\n";
  };
  for (const Unit &unit : units) {
    SmallVector<unsigned> candidates{0};
    for (unsigned i = 1; i < unit.scales.size(); ++i)
      if (!unit.scales[i].empty())
        candidates.push_back(i);
    problem.candidates.push_back(std::move(candidates));
    const auto &db = trials.front().sqnrDb;
    auto known = db.find(unit.id);
    problem.priority.push_back(known == db.end() ? INFINITY : known->second);
  }
  // The best of all alike.
  Assignment start;
  double startDb = 0;
  for (unsigned variant = 0; variant < trials.size(); ++variant) {
    Assignment alike;
    for (const SmallVector<unsigned> &candidates : problem.candidates)
      alike.push_back(llvm::is_contained(candidates, variant) ? variant : 0);
    auto db = evaluate(alike, problem.samples);
    if (failed(db))
      return failure();
    if (start.empty() || meanOf(*db) > startDb) {
      start = alike;
      startDb = meanOf(*db);
    }
  }
  auto outcomes = searchVariants(problem, start);
  if (failed(outcomes))
    return failure();
  for (auto [unit, outcome] : llvm::zip_equal(units, *outcomes)) {
    StrengthChoice &choice = result[unit.id];
    if (outcome.variant > 0)
      choice.strength = kStrengths[outcome.variant - 1];
    if (outcome.withoutDb)
      choice.beforeDb = dbOf(*outcome.withoutDb, *reference);
    if (outcome.withDb)
      choice.afterDb = dbOf(*outcome.withDb, *reference);
  }
  return result;
}

FailureOr<std::map<std::string, StrengthChoice>>
lowbit::searchStrengths(ModuleOp module, const PreparationState &state) {
  StrengthSearch search(module, state);
  if (failed(search.prepare()))
    return failure();
  return search.search();
}
