//===- IntegerBody.h - float bodies in fixed point --------------*- C++ -*-===//
//
// One linalg.generic on real numbers becomes one on integers: each float of the
// body is a number in fixed point (FixedPoint.h), each constant is folded into
// scales or counted in steps.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_INTEGERBODY_H
#define LOWBIT_LIB_LOWER_INTEGERBODY_H

#include "FixedPoint.h"
#include "IntegerRanges.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace lowbit {

/// The elements of an f32 tensor as integers: (ints - zero) * scale, where the
/// scale runs along a dimension of the tensor; or a function of ints - zero.
struct IntegerTensor {
  mlir::Value ints;
  /// Of the integers less the zero point.
  Interval range;
  int64_t zero = 0;
  LoopFactor scale;
  /// What the elements are at the points of SampleGrid(range), where they are
  /// no multiples of a scale.
  std::shared_ptr<const std::vector<float>> samples;
  /// What the elements were on the data that the model was observed on.
  std::optional<RealRange> expected;
  /// The ids of the operations that the samples are of.
  llvm::SmallVector<mlir::Attribute> tabled;
};

/// What an f32 operand of a generic is: integers, or a constant.
struct RealOperand {
  std::optional<IntegerTensor> ints;
  /// The elements of a constant, row-major.
  llvm::ArrayRef<float> constant;
};

struct IntegerBodyOptions {
  /// Asked for each f32 operand; none where it is neither.
  llvm::function_ref<std::optional<RealOperand>(mlir::Value)> operand;
  /// What a result holds on the data that the model was observed on.
  llvm::function_ref<std::optional<RealRange>(mlir::Value)> hint;
  /// Where all readers of the only result quantize: what is beyond becomes the
  /// ends of their formats.
  std::optional<RealRange> bounds;
};

/// `op` on integers: of each f32 result what its elements are, of others, which
/// are integers already, only `ints`. None, with `reason` set, where its body
/// has no integer form; nothing is left behind then.
std::optional<llvm::SmallVector<IntegerTensor>>
emitIntegerBody(mlir::OpBuilder &builder, mlir::linalg::GenericOp op,
                const IntegerBodyOptions &options, ParameterReader &reader,
                IntegerRanges &ranges, std::string &reason);

/// The integers of a format, saturated: storage of `width` bits.
mlir::Value emitIntegerQuantize(mlir::OpBuilder &builder, mlir::Operation *op,
                                const IntegerTensor &tensor,
                                mlir::RankedTensorType type, float scale,
                                int32_t zeroPoint, Interval range);

/// The same elements, rounded to multiples of `scale`; without one, of a scale
/// that suits them.
IntegerTensor emitRescaled(mlir::OpBuilder &builder, mlir::Operation *op,
                           const IntegerTensor &tensor,
                           std::optional<double> scale = std::nullopt);

/// The greatest magnitude of an element.
double magnitudeOf(const IntegerTensor &tensor);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_INTEGERBODY_H
