//===- SmoothActivations.cpp - ranges move into the weights ---------------===//
//
//   contract(observe(x), observe(w))
//     ->  contract(observe(x * (1/s)), observe(s * w))
//
// In: observers, and the calibration table with the ranges of the channels.
// Out: a multiplication before each observer that can be smoothed, new weights;
// ids stay. Refused: no table. An activation that cannot be smoothed is left as
// it is, with the reason in the log.
//
//===----------------------------------------------------------------------===//
#include "ChannelReaders.h"
#include "ScaledWeights.h"
#include "SmoothingScales.h"

#include "lowbit/Calibrate/ModelTable.h"
#include "lowbit/Prepare/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

namespace lowbit {
#define GEN_PASS_DEF_SMOOTHACTIVATIONS
#include "lowbit/Prepare/Passes.h.inc"
} // namespace lowbit

static constexpr StringLiteral kName = "smooth-quant";

namespace {
/// A weight that readers of one group share, with its new values.
struct WeightChange {
  ObserveOp weight;
  int64_t axis;
  llvm::DenseSet<OpOperand *> readers;
  ArrayRef<float> old;
};

struct Candidate {
  ChannelGroup group;
  std::vector<float> magnitudes, weightMagnitudes;
  SmallVector<WeightChange> weights;
};

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
    double share = 0;
    if (strength.empty() || StringRef(strength).getAsDouble(share) ||
        !(share >= 0 && share <= 1))
      return module.emitError("a strength is a number from 0 to 1, found '")
             << strength << "'";
    if (failed(readTable()))
      return failure();
    SmallVector<ObserveOp> observers;
    module.walk([&](ObserveOp op) {
      if (op.isActivation())
        observers.push_back(op);
    });
    WeightEditor editor(module);
    for (ObserveOp op : observers) {
      std::string reason;
      auto candidate = match(op, editor, reason);
      if (failed(candidate))
        return failure();
      if (!*candidate || !apply(**candidate, editor, share, reason)) {
        ++numRefused;
        state->note(kName, op.getId(), /*kept=*/false, reason);
        continue;
      }
      ++numSmoothed;
      state->isStale = true;
      state->note(kName, op.getId(), /*kept=*/true, reason);
    }
    if (numSmoothed == 0)
      module.emitWarning("smooth-quant changed nothing: none of ")
          << observers.size()
          << " activations is read only by contractions with constant weights "
             "that sum over its channels";
    return success();
  }

  LogicalResult readTable() {
    if (!state) {
      state = std::make_shared<PreparationState>();
      state->table = std::make_shared<CalibrationTable>();
    }
    if (!state->table->values.empty())
      return success();
    if (tablePath.empty())
      return getOperation().emitError(
          "smooth-quant needs a calibration table with statistics of each "
          "channel; calibrate first, or name it with the option 'table'");
    auto found = readModelTable(getOperation(), tablePath);
    if (failed(found))
      return failure();
    *state->table = std::move(*found);
    return success();
  }

  /// What could be smoothed; none with a reason where it cannot.
  FailureOr<std::optional<Candidate>> match(ObserveOp op, WeightEditor &editor,
                                            std::string &reason) {
    std::optional<Candidate> none;
    Candidate candidate;
    auto group = matchChannelGroup(op, reason);
    if (!group)
      return none;
    candidate.group = std::move(*group);
    auto found = state->table->values.find(op.getId().str());
    if (found == state->table->values.end() || !found->second.channels ||
        found->second.channels->axis != candidate.group.axis ||
        int64_t(found->second.channels->max.size()) !=
            candidate.group.channels) {
      reason = "the table has no statistics of its channels";
      return none;
    }
    const ChannelStatistics &channels = *found->second.channels;
    for (auto [min, max] : llvm::zip(channels.min, channels.max))
      candidate.magnitudes.push_back(std::max(std::fabs(min), std::fabs(max)));
    candidate.weightMagnitudes.assign(candidate.group.channels, 0.0f);
    for (ChannelReader &reader : candidate.group.readers)
      if (!addReader(candidate, reader)) {
        reason = "the weight '" + reader.weight.getId().str() +
                 "' is read along two dimensions";
        return none;
      }
    for (WeightChange &change : candidate.weights) {
      FailureOr<ArrayRef<float>> values = editor.read(change.weight);
      if (failed(values))
        return failure();
      if (!isFinite(*values)) {
        reason =
            "the weight '" + change.weight.getId().str() + "' is not finite";
        return none;
      }
      change.old = *values;
      std::vector<float> magnitudes = channelMagnitudes(
          *values, change.weight.getType().getShape(), change.axis);
      for (auto [all, one] : llvm::zip(candidate.weightMagnitudes, magnitudes))
        all = std::max(all, one);
    }
    return std::optional(std::move(candidate));
  }

  static bool addReader(Candidate &candidate, ChannelReader &reader) {
    OpOperand *use = &reader.contraction.op->getOpOperand(1 - reader.operand);
    for (WeightChange &change : candidate.weights)
      if (change.weight == reader.weight) {
        change.readers.insert(use);
        return change.axis == reader.weightAxis;
      }
    candidate.weights.push_back({reader.weight, reader.weightAxis, {use}, {}});
    return true;
  }

  /// False, and nothing is changed, where there is nothing to move.
  bool apply(Candidate &candidate, WeightEditor &editor, double share,
             std::string &reason) {
    std::vector<float> scales = smoothingScales(
        candidate.magnitudes, candidate.weightMagnitudes, share);
    if (llvm::all_of(scales, [](float s) { return s == 1; })) {
      reason = "nothing to move: its channels are even, or all zero";
      return false;
    }
    SmallVector<std::vector<float>> scaled;
    for (WeightChange &change : candidate.weights) {
      scaled.push_back(scaleChannels(
          change.old, change.weight.getType().getShape(), change.axis, scales));
      if (!isFinite(scaled.back())) {
        reason = "the weight '" + change.weight.getId().str() +
                 "' would not be finite any more";
        return false;
      }
    }
    for (auto [change, values] : llvm::zip(candidate.weights, scaled))
      editor.replace(editor.isolate(change.weight, change.readers), values);
    multiply(candidate.group, scales, editor);
    reason = describeGain(candidate.magnitudes, scales);
    return true;
  }

  /// How far apart the channels were, and are.
  std::string describeGain(const std::vector<float> &magnitudes,
                           const std::vector<float> &scales) {
    auto spread = [](std::vector<float> values) {
      auto middle = values.begin() + values.size() / 2;
      std::nth_element(values.begin(), middle, values.end());
      float greatest = *std::max_element(values.begin(), values.end());
      return *middle > 0 ? greatest / *middle : INFINITY;
    };
    std::vector<float> divided;
    for (auto [magnitude, scale] : llvm::zip(magnitudes, scales))
      divided.push_back(magnitude / scale);
    return llvm::formatv("strength {0}: the widest channel was {1:f1} times "
                         "the median one, now {2:f1} times",
                         strength, spread(magnitudes), spread(divided))
        .str();
  }

  /// x * (1/s) in front of the observer.
  void multiply(ChannelGroup &group, ArrayRef<float> scales,
                WeightEditor &editor) {
    ObserveOp op = group.observer;
    OpBuilder builder(op);
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getType());
    std::vector<float> inverses;
    for (float scale : scales)
      inverses.push_back(1.0f / scale);
    Value factors = editor.createConstant(
        builder, loc, op.getId().str() + ".smoothing",
        RankedTensorType::get({group.channels}, type.getElementType()),
        inverses);
    Value product = combineChannels(
        builder, loc, op.getInput(), factors, group.axis,
        [](OpBuilder &b, Location l, Value x, Value y) -> Value {
          return arith::MulFOp::create(b, l, x, y);
        });
    op.getInputMutable().assign(product);
  }

  std::shared_ptr<PreparationState> state;
};
} // namespace

std::unique_ptr<Pass>
lowbit::createSmoothActivationsPass(const SmoothActivationsOptions &options,
                                    std::shared_ptr<PreparationState> state) {
  return std::make_unique<SmoothActivations>(options, std::move(state));
}
