//===- ScaledWeights.h - constants with scaled channels ---------*- C++ -*-===//
//
// Weights and biases read, scaled along a dimension, and put back: where a
// weight has other readers, they keep the old one.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_SCALEDWEIGHTS_H
#define LOWBIT_LIB_PREPARE_SCALEDWEIGHTS_H

#include "ChannelReaders.h"

#include "lowbit/Import/ParameterAccess.h"

#include <set>

namespace lowbit {

/// A constant f32 tensor as an array: [outer, size, inner] around a dimension.
struct ChannelView {
  ChannelView(llvm::ArrayRef<int64_t> shape, int64_t axis);
  int64_t channelOf(int64_t element) const { return element / inner % size; }
  int64_t size = 1, inner = 1;
};

/// The greatest magnitude for each index of dimension `axis`.
std::vector<float> channelMagnitudes(llvm::ArrayRef<float> values,
                                     llvm::ArrayRef<int64_t> shape,
                                     int64_t axis);
/// Element by element the product with the scale of its channel.
std::vector<float> scaleChannels(llvm::ArrayRef<float> values,
                                 llvm::ArrayRef<int64_t> shape, int64_t axis,
                                 llvm::ArrayRef<float> scales);
/// 1 / scale of each.
std::vector<float> invert(llvm::ArrayRef<float> scales);
bool isFinite(llvm::ArrayRef<float> values);

/// combine(x, channels) element by element, where `channels` is indexed by
/// dimension `axis` of x.
mlir::Value combineChannels(
    mlir::OpBuilder &builder, mlir::Location loc, mlir::Value x,
    mlir::Value channels, int64_t axis,
    llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                   mlir::Value, mlir::Value)>
        combine);

/// The bytes of floats, as stores hold them.
llvm::ArrayRef<char> bytesOf(llvm::ArrayRef<float> values);

class WeightEditor {
public:
  explicit WeightEditor(mlir::ModuleOp module);

  /// The values of a constant, or of the constant that is observed; emits the
  /// error. They live until the editor does.
  llvm::FailureOr<llvm::ArrayRef<float>> read(mlir::Value constant);

  /// An observer that only `mine` read: `weight`, or a copy of it where it has
  /// other readers, with an id of its own.
  ObserveOp isolate(ObserveOp weight,
                    const llvm::DenseSet<mlir::OpOperand *> &mine);
  /// Observes other values of the same type.
  void replace(ObserveOp weight, llvm::ArrayRef<float> values);
  /// The operand reads other values of the type of `like`.
  void replace(mlir::OpOperand &operand, llvm::ArrayRef<float> values);

  mlir::Value createConstant(mlir::OpBuilder &builder, mlir::Location loc,
                             llvm::StringRef name, mlir::RankedTensorType type,
                             llvm::ArrayRef<float> values);

  /// The same as a parameter, however small.
  mlir::Value createParameter(mlir::OpBuilder &builder, mlir::Location loc,
                              llvm::StringRef name, mlir::RankedTensorType type,
                              llvm::ArrayRef<float> values);

private:
  mlir::ModuleOp module;
  ParameterReader reader;
  /// What was read has to stay.
  std::vector<std::unique_ptr<ConstantBytes>> kept;
  std::set<std::string> ids;
};

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_SCALEDWEIGHTS_H
