//===- EqualizeLayers.cpp - even channels between two layers --------------===//
//
//   relu(x W1 + b) W2  ->  relu(x (W1 / s) + b / s) (s W2)
//
// In: observers. Out: new weights and biases; ids stay. All pairs are gone
// through, again and again, until every scale is 1 up to kSettled, on the
// original weights with a factor for each of their channels, so that only one
// rounding is left in the end. A contraction without a partner is left as it
// is, with the reason in the log.
//
// Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and
// Bias Correction", 2019, section 4.1.
//
//===----------------------------------------------------------------------===//
#include "HomogeneousPaths.h"
#include "ScaledWeights.h"
#include "Trials.h"

#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/TrialModule.h"
#include "lowbit/Prepare/Passes.h"
#include "lowbit/Search/Search.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_EQUALIZELAYERS
#include "lowbit/Prepare/Passes.h.inc"
} // namespace lowbit

static constexpr StringLiteral kName = "equalize";
/// Rounds through all pairs: a chain of n settles in about n.
static constexpr unsigned kMostRounds = 100;
/// The greatest change of log2 of a scale that counts as none.
static constexpr double kSettled = 1e-3;
/// The log2 of a scale stays within this, so that nothing over- or underflows
/// where a channel is nearly dead.
static constexpr double kMostLog = 20;

namespace {
/// A weight with the log2 of a factor for each index of some dimensions.
struct EqualizedWeight {
  ObserveOp weight;
  ArrayRef<int64_t> shape;
  ArrayRef<float> values;
  /// By dimension.
  std::map<int64_t, std::vector<double>> logs;

  std::vector<double> &logsOf(int64_t axis) {
    auto [it, isNew] = logs.try_emplace(axis);
    if (isNew)
      it->second.assign(shape[axis], 0.0);
    return it->second;
  }

  /// Calls `act` with each element and what it is now.
  void forEach(llvm::function_ref<void(int64_t, double)> act) const {
    SmallVector<std::pair<ChannelView, ArrayRef<double>>> views;
    std::vector<std::vector<double>> factors;
    for (const auto &[axis, ofAxis] : logs) {
      factors.emplace_back();
      for (double log : ofAxis)
        factors.back().push_back(std::exp2(log));
    }
    for (auto [entry, ofAxis] : llvm::zip(logs, factors))
      views.emplace_back(ChannelView(shape, entry.first), ofAxis);
    for (int64_t i = 0, e = values.size(); i < e; ++i) {
      double value = values[i];
      for (const auto &[view, ofAxis] : views)
        value *= ofAxis[view.channelOf(i)];
      act(i, value);
    }
  }

  std::vector<double> magnitudes(int64_t axis) const {
    ChannelView view(shape, axis);
    std::vector<double> magnitudes(view.size, 0.0);
    forEach([&](int64_t i, double value) {
      double &magnitude = magnitudes[view.channelOf(i)];
      magnitude = std::max(magnitude, std::fabs(value));
    });
    return magnitudes;
  }
};

/// In the order of the program.
using Weights = llvm::MapVector<Operation *, EqualizedWeight>;

/// One run over one module.
class Equalizer {
public:
  Equalizer(ModuleOp module, PreparationState &state)
      : module(module), state(state), editor(module) {}

  LogicalResult run(func::FuncOp main);
  unsigned numPairs = 0, numRefused = 0;

private:
  /// The weights of a pair have no other readers.
  static bool isShared(const LayerPair &pair, std::string &reason) {
    auto readBy = [&](ObserveOp weight, Operation *op) {
      SmallVector<OpOperand *> readers;
      SmallVector<Operation *> others;
      collectContractionReaders(weight.getOutput(), readers, others);
      if (others.empty() && readers.size() == 1 &&
          readers.front()->getOwner() == op)
        return true;
      reason =
          "the weight '" + weight.getId().str() + "' has other readers too";
      return false;
    };
    return !readBy(pair.weight, pair.first.op) ||
           !llvm::all_of(pair.seconds, [&](const ChannelReader &second) {
             return readBy(second.weight, second.contraction.op);
           });
  }

  FailureOr<bool> readWeights(const LayerPair &pair, Weights &weights,
                              std::string &reason) {
    SmallVector<ObserveOp> needed{pair.weight};
    for (const ChannelReader &second : pair.seconds)
      needed.push_back(second.weight);
    for (ObserveOp weight : needed) {
      FailureOr<ArrayRef<float>> values = editor.read(weight);
      if (failed(values))
        return failure();
      if (!isFinite(*values)) {
        reason = "the weight '" + weight.getId().str() + "' is not finite";
        return false;
      }
      weights[weight] = {weight,
                         cast<RankedTensorType>(weight.getType()).getShape(),
                         *values,
                         {}};
    }
    return true;
  }

  /// Moves the factors until both sides of each pair have one range.
  static void settle(ArrayRef<LayerPair> pairs, Weights &weights) {
    for (unsigned round = 0; round < kMostRounds; ++round) {
      double greatest = 0;
      for (const LayerPair &pair : pairs) {
        EqualizedWeight &first = weights[pair.weight];
        std::vector<double> before = first.magnitudes(pair.weightAxis),
                            after(pair.channels, 0.0);
        for (const ChannelReader &second : pair.seconds)
          for (auto [all, one] : llvm::zip(
                   after, weights[second.weight].magnitudes(second.weightAxis)))
            all = std::max(all, one);
        std::vector<double> &logs = first.logsOf(pair.weightAxis);
        for (int64_t k = 0; k < pair.channels; ++k) {
          // A dead channel has nothing to even out.
          if (before[k] == 0 || after[k] == 0)
            continue;
          double step = (std::log2(before[k]) - std::log2(after[k])) / 2;
          double log = std::clamp(logs[k] - step, -kMostLog, kMostLog);
          step = logs[k] - log;
          logs[k] = log;
          for (const ChannelReader &second : pair.seconds)
            weights[second.weight].logsOf(second.weightAxis)[k] += step;
          greatest = std::max(greatest, std::fabs(step));
        }
      }
      if (greatest < kSettled)
        return;
    }
  }

  LogicalResult apply(ArrayRef<LayerPair> pairs, Weights &weights) {
    // Everything is made before anything is put in place.
    std::vector<std::pair<OpOperand *, std::vector<float>>> changes;
    for (auto &entry : weights) {
      EqualizedWeight &weight = entry.second;
      std::vector<float> values(weight.values.size());
      weight.forEach([&](int64_t i, double value) {
        values[i] = static_cast<float>(value);
      });
      changes.emplace_back(&weight.weight.getInputMutable(), std::move(values));
    }
    for (const LayerPair &pair : pairs) {
      std::vector<float> factors;
      for (double log : weights[pair.weight].logsOf(pair.weightAxis))
        factors.push_back(static_cast<float>(std::exp2(log)));
      for (const AddedConstant &constant : pair.constants) {
        FailureOr<ArrayRef<float>> values =
            editor.read(constant.operand->get());
        if (failed(values))
          return failure();
        auto type = cast<RankedTensorType>(constant.operand->get().getType());
        changes.emplace_back(
            constant.operand,
            scaleChannels(*values, type.getShape(), constant.axis, factors));
      }
    }
    for (auto &[operand, values] : changes)
      if (!isFinite(values))
        return module.emitError("equalize: '")
               << valueName(operand->get())
               << "' would not be finite any more; leave equalize out";
    for (auto &[operand, values] : changes)
      editor.replace(*operand, values);
    for (const LayerPair &pair : pairs)
      noteGain(pair, weights[pair.weight].logsOf(pair.weightAxis));
    numPairs += pairs.size();
    state.isStale = true;
    return success();
  }

  void noteGain(const LayerPair &pair, ArrayRef<double> logs) {
    std::string target = describe(pair.first.op) + " ->";
    for (const ChannelReader &second : pair.seconds)
      target += " " + describe(second.contraction.op);
    state.note(kName, target, /*kept=*/true,
               llvm::formatv("channels scaled by {0:g3} to {1:g3}",
                             std::exp2(*llvm::min_element(logs)),
                             std::exp2(*llvm::max_element(logs)))
                   .str());
  }

  ModuleOp module;
  PreparationState &state;
  WeightEditor editor;
};

struct EqualizeLayers : lowbit::impl::EqualizeLayersBase<EqualizeLayers> {
  using EqualizeLayersBase::EqualizeLayersBase;
  EqualizeLayers(EqualizeLayersOptions options,
                 std::shared_ptr<PreparationState> state)
      : EqualizeLayersBase(std::move(options)), state(std::move(state)) {}

  void runOnOperation() override {
    if (!state)
      state = std::make_shared<PreparationState>();
    FailureOr<func::FuncOp> main = findMain(getOperation());
    FailureOr<bool> helps = true;
    if (succeeded(main) && measure)
      helps = tryOut();
    if (failed(main) || failed(helps))
      return signalPassFailure();
    if (!*helps)
      return;
    Equalizer equalizer(getOperation(), *state);
    if (failed(equalizer.run(*main)))
      return signalPassFailure();
    numPairs += equalizer.numPairs;
    numRefused += equalizer.numRefused;
    if (equalizer.numPairs == 0 && !measure)
      getOperation().emitWarning("equalize changed nothing: none of ")
          << equalizer.numRefused
          << " contractions is followed only by contractions with constant "
             "weights, through operations that keep a factor";
  }

  /// Compares the outputs of a copy that is equalized with those as it is.
  FailureOr<bool> tryOut() {
    ModuleOp module = getOperation();
    if (failed(requireEvaluation(module, *state, "prepare=auto")))
      return failure();
    TrialModule copy(module);
    FailureOr<func::FuncOp> main = findMain(*copy);
    PreparationState other = *state;
    other.log = nullptr;
    Equalizer equalizer(*copy, other);
    if (failed(main) || failed(equalizer.run(*main)))
      return failure();
    if (equalizer.numPairs == 0)
      return true; // Only says why.
    auto table = observeTrial(*copy, *state);
    auto after = failed(table) ? FailureOr<std::vector<double>>(failure())
                               : measureTrial(*copy, *state, *table);
    if (failed(after))
      return failure();
    auto before = measureTrial(module, *state, state->table);
    if (failed(before))
      return failure();
    bool helps = isGain(*after, *before);
    state->note(kName, "all pairs", helps,
                helps ? "the error at the outputs falls"
                      : "the error at the outputs does not fall",
                meanOf(*before), meanOf(*after));
    return helps;
  }

  std::shared_ptr<PreparationState> state;
};
} // namespace

LogicalResult Equalizer::run(func::FuncOp main) {
  std::vector<LayerPair> pairs;
  Weights weights;
  WalkResult walked = main.walk([&](linalg::LinalgOp op) {
    auto contraction = matchFloatContraction(op);
    if (!contraction)
      return WalkResult::advance();
    std::string reason;
    auto pair = matchLayerPair(*contraction, reason);
    if (pair && isShared(*pair, reason))
      pair = std::nullopt;
    if (pair) {
      FailureOr<bool> usable = readWeights(*pair, weights, reason);
      if (failed(usable))
        return WalkResult::interrupt();
      if (*usable) {
        pairs.push_back(std::move(*pair));
        return WalkResult::advance();
      }
    }
    ++numRefused;
    state.note(kName, describe(op), /*kept=*/false, reason);
    return WalkResult::advance();
  });
  if (walked.wasInterrupted())
    return failure();
  if (pairs.empty())
    return success();
  settle(pairs, weights);
  return apply(pairs, weights);
}

std::unique_ptr<Pass>
lowbit::createEqualizeLayersPass(const EqualizeLayersOptions &options,
                                 std::shared_ptr<PreparationState> state) {
  return std::make_unique<EqualizeLayers>(options, std::move(state));
}
