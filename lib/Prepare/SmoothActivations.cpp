//===- SmoothActivations.cpp - ranges move into the weights ---------------===//
//
// In: observers, and the calibration table with the ranges of the channels.
// Out: each activation that can be is smoothed (Smoother.h), with the strength
// given or with the best one for it. Refused: no table, a search without data.
// An activation that is left as it is has the reason in the log.
//
//===----------------------------------------------------------------------===//
#include "SearchStrengths.h"
#include "Smoother.h"
#include "Trials.h"

#include "lowbit/Prepare/Passes.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SMOOTHACTIVATIONS
#include "lowbit/Prepare/Passes.h.inc"
} // namespace lowbit

static constexpr StringLiteral kName = "smooth-quant";

namespace {
struct SmoothActivations
    : lowbit::impl::SmoothActivationsBase<SmoothActivations> {
  using SmoothActivationsBase::SmoothActivationsBase;
  SmoothActivations(SmoothActivationsOptions options,
                    std::shared_ptr<PreparationState> state)
      : SmoothActivationsBase(std::move(options)), state(std::move(state)) {}

  void runOnOperation() override {
    if (failed(smooth()))
      signalPassFailure();
  }

  LogicalResult smooth() {
    ModuleOp module = getOperation();
    if (std::string problem = checkStrength(strength); !problem.empty())
      return module.emitError(problem);
    bool isSearched = strength == "search";
    if (!state)
      state = std::make_shared<PreparationState>();
    if (failed(state->requireChannels(module, kName, tablePath)))
      return failure();
    std::map<std::string, StrengthChoice> found;
    if (isSearched) {
      if (failed(requireEvaluation(module, *state,
                                   "smooth-quant-strength=search")))
        return failure();
      auto searched = searchStrengths(module, *state);
      if (failed(searched))
        return failure();
      found = std::move(*searched);
    }
    Smoother smoother(module);
    if (failed(smoother.match(*state->table)))
      return failure();
    bool changed = false;
    for (SmoothingGroup &group : smoother.groups) {
      StrengthChoice choice;
      if (isSearched)
        choice = found[group.id()];
      else
        choice.strength = std::stod(strength);
      changed |= smoothGroup(smoother, group, choice);
    }
    for (const auto &[id, reason] : smoother.refused)
      state->note(kName, id, /*kept=*/false, reason);
    numRefused += smoother.refused.size();
    if (smoother.groups.empty() && !isSearched)
      module.emitWarning("smooth-quant changed nothing: none of ")
          << smoother.refused.size()
          << " activations is read only by contractions with constant weights "
             "that sum over its channels";
    state->isStale |= changed;
    return success();
  }

  bool smoothGroup(Smoother &smoother, SmoothingGroup &group,
                   const StrengthChoice &choice) {
    std::string reason = refusalOf(choice.beforeDb, choice.afterDb);
    std::optional<std::vector<float>> scales;
    if (choice.strength)
      scales = smoother.scalesOf(group, *choice.strength, reason);
    if (scales) {
      reason = describeGain(group.magnitudes, *scales, *choice.strength);
      smoother.apply(group, *scales);
      ++numSmoothed;
    } else {
      ++numRefused;
    }
    state->note(kName, group.id(), scales.has_value(), reason, choice.beforeDb,
                choice.afterDb);
    return scales.has_value();
  }

  /// How far apart the channels were, and are. Dead channels have no width.
  static std::string describeGain(const std::vector<float> &magnitudes,
                                  const std::vector<float> &scales,
                                  double strength) {
    auto spread = [](std::vector<float> values) {
      llvm::erase_if(values, [](float x) { return !(x > 0); });
      if (values.empty())
        return 1.0f;
      auto middle = values.begin() + values.size() / 2;
      std::nth_element(values.begin(), middle, values.end());
      float greatest = *std::max_element(values.begin(), values.end());
      return greatest / *middle;
    };
    std::vector<float> divided;
    for (auto [magnitude, scale] : llvm::zip(magnitudes, scales))
      divided.push_back(magnitude / scale);
    size_t dead = llvm::count_if(magnitudes, [](float x) { return !(x > 0); });
    std::string reason =
        llvm::formatv("strength {0:f2}: the widest channel was {1:f1} times "
                      "the median one, now {2:f1} times",
                      strength, spread(magnitudes), spread(divided));
    if (dead > 0)
      reason +=
          llvm::formatv("; {0} of {1} channels {2} dead and left out of "
                        "this",
                        dead, magnitudes.size(), dead == 1 ? "is" : "are");
    return reason;
  }

  std::shared_ptr<PreparationState> state;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createSmoothActivationsPass(const SmoothActivationsOptions &options,
                                    std::shared_ptr<PreparationState> state) {
  return std::make_unique<SmoothActivations>(options, std::move(state));
}
