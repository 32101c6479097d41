//===- Smoother.cpp - activations whose range can be moved ----------------===//
//
//   contract(observe(x), observe(w))
//     ->  contract(observe(x * (1/s)), observe(s * w))
//
// In: observers, and the calibration table with the ranges of the channels.
// Out: a multiplication before an observer, new weights; ids stay. Refused,
// with the reason: other readers, weights that are not finite, no statistics.
//
//===----------------------------------------------------------------------===//
#include "Smoother.h"
#include "SmoothingScales.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace lowbit;

static ArrayRef<int64_t> shapeOf(ObserveOp op) {
  return cast<RankedTensorType>(op.getType()).getShape();
}

/// The greatest magnitude of each channel; empty without statistics of them.
static std::vector<float> magnitudesOf(const CalibrationTable &table,
                                       const ChannelGroup &group) {
  std::vector<float> magnitudes;
  auto found = table.values.find(ObserveOp(group.observer).getId().str());
  if (found == table.values.end() || !found->second.channels ||
      found->second.channels->axis != group.axis ||
      int64_t(found->second.channels->max.size()) != group.channels)
    return magnitudes;
  const ChannelStatistics &channels = *found->second.channels;
  for (auto [min, max] : llvm::zip(channels.min, channels.max))
    magnitudes.push_back(std::max(std::fabs(min), std::fabs(max)));
  return magnitudes;
}

LogicalResult Smoother::match(const CalibrationTable &table) {
  SmallVector<ObserveOp> observers;
  module.walk([&](ObserveOp op) {
    if (op.isActivation())
      observers.push_back(op);
  });
  for (ObserveOp op : observers) {
    std::string reason;
    bool matched = false;
    SmoothingGroup group;
    if (auto channels = matchChannelGroup(op, reason)) {
      group.channels = std::move(*channels);
      group.magnitudes = magnitudesOf(table, group.channels);
      if (group.magnitudes.empty())
        reason = "the table has no statistics of its channels";
      else if (failed(matchWeights(group, reason, matched)))
        return failure();
    }
    if (matched)
      groups.push_back(std::move(group));
    else
      refused.emplace_back(op.getId().str(), reason);
  }
  return success();
}

LogicalResult Smoother::matchWeights(SmoothingGroup &group, std::string &reason,
                                     bool &matched) {
  for (ChannelReader &reader : group.channels.readers) {
    OpOperand *use = &reader.contraction.op->getOpOperand(1 - reader.operand);
    auto known = llvm::find_if(group.weights, [&](const SmoothedWeight &w) {
      return w.weight == reader.weight;
    });
    if (known == group.weights.end()) {
      group.weights.push_back({reader.weight, reader.weightAxis, {use}, {}});
      continue;
    }
    known->readers.insert(use);
    if (known->axis != reader.weightAxis) {
      reason = "the weight '" + reader.weight.getId().str() +
               "' is read along two dimensions";
      return success();
    }
  }
  group.weightMagnitudes.assign(group.channels.channels, 0.0f);
  for (SmoothedWeight &entry : group.weights) {
    FailureOr<ArrayRef<float>> values = editor.read(entry.weight);
    if (failed(values))
      return failure();
    if (!isFinite(*values)) {
      reason = "the weight '" + entry.weight.getId().str() + "' is not finite";
      return success();
    }
    entry.values = *values;
    std::vector<float> magnitudes =
        channelMagnitudes(*values, shapeOf(entry.weight), entry.axis);
    for (auto [all, one] : llvm::zip(group.weightMagnitudes, magnitudes))
      all = std::max(all, one);
  }
  matched = true;
  return success();
}

std::optional<std::vector<float>>
Smoother::scalesOf(const SmoothingGroup &group, double strength,
                   std::string &reason) const {
  std::vector<float> scales =
      smoothingScales(group.magnitudes, group.weightMagnitudes, strength);
  if (llvm::all_of(scales, [](float scale) { return scale == 1; })) {
    reason = "nothing to move: its channels are even, or all zero";
    return std::nullopt;
  }
  for (const SmoothedWeight &entry : group.weights)
    if (!isFinite(scaleChannels(entry.values, shapeOf(entry.weight), entry.axis,
                                scales))) {
      reason = "the weight '" + ObserveOp(entry.weight).getId().str() +
               "' would not be finite any more";
      return std::nullopt;
    }
  return scales;
}

void Smoother::isolate(SmoothingGroup &group) {
  for (SmoothedWeight &entry : group.weights)
    entry.weight = editor.isolate(entry.weight, entry.readers);
}

Value Smoother::apply(SmoothingGroup &group, ArrayRef<float> scales,
                      bool asParameter) {
  isolate(group);
  for (SmoothedWeight &entry : group.weights)
    editor.replace(
        entry.weight,
        scaleChannels(entry.values, shapeOf(entry.weight), entry.axis, scales));
  ObserveOp op = group.channels.observer;
  OpBuilder builder(op);
  Location loc = op.getLoc();
  std::vector<float> inverses = invert(scales);
  std::string name = op.getId().str() + ".smoothing";
  auto type = RankedTensorType::get(
      {group.channels.channels},
      cast<RankedTensorType>(op.getType()).getElementType());
  Value factors =
      asParameter ? editor.createParameter(builder, loc, name, type, inverses)
                  : editor.createConstant(builder, loc, name, type, inverses);
  Value product =
      combineChannels(builder, loc, op.getInput(), factors, group.channels.axis,
                      [](OpBuilder &b, Location l, Value x, Value y) -> Value {
                        return arith::MulFOp::create(b, l, x, y);
                      });
  op.getInputMutable().assign(product);
  return factors;
}
