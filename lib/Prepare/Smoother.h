//===- Smoother.h - activations whose range can be moved --------*- C++ -*-===//
//
// Finds the activations of a module that can be smoothed, and smooths them.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_SMOOTHER_H
#define LOWBIT_LIB_PREPARE_SMOOTHER_H

#include "ChannelReaders.h"
#include "ScaledWeights.h"

#include "lowbit/Table/CalibrationTable.h"

namespace lowbit {

/// A weight that the readers of one activation share, with its values.
struct SmoothedWeight {
  ObserveOp weight;
  int64_t axis = 0;
  llvm::DenseSet<mlir::OpOperand *> readers;
  llvm::ArrayRef<float> values;
};

/// An activation with the greatest magnitudes of its channels, and of the
/// weights that meet them.
struct SmoothingGroup {
  ChannelGroup channels;
  std::vector<float> magnitudes, weightMagnitudes;
  llvm::SmallVector<SmoothedWeight> weights;

  std::string id() const { return ObserveOp(channels.observer).getId().str(); }
};

class Smoother {
public:
  explicit Smoother(mlir::ModuleOp module) : module(module), editor(module) {}

  /// Finds what can be smoothed, in the order of the module.
  llvm::LogicalResult match(const CalibrationTable &table);

  std::vector<SmoothingGroup> groups;
  /// Ids of the others, with the reason.
  std::vector<std::pair<std::string, std::string>> refused;

  /// The scales of a strength; none, with the reason, where there is nothing to
  /// move or a weight would not be finite.
  std::optional<std::vector<float>> scalesOf(const SmoothingGroup &group,
                                             double strength,
                                             std::string &reason) const;
  /// Gives the weights of a group readers of their own.
  void isolate(SmoothingGroup &group);
  /// Divides the activation, multiplies the weights. Returns the constant that
  /// the activation is multiplied by: a parameter where `asParameter`.
  mlir::Value apply(SmoothingGroup &group, llvm::ArrayRef<float> scales,
                    bool asParameter = false);

private:
  llvm::LogicalResult matchWeights(SmoothingGroup &group, std::string &reason,
                                   bool &matched);

  mlir::ModuleOp module;
  WeightEditor editor;
};

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_SMOOTHER_H
