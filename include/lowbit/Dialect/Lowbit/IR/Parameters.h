//===- Parameters.h - the parameters of quantization ------------*- C++ -*-===//
//
// Scale, zero point and tensor scale of an operation: each an attribute, an
// operand, or not there.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_DIALECT_LOWBIT_IR_PARAMETERS_H
#define LOWBIT_DIALECT_LOWBIT_IR_PARAMETERS_H

#include "lowbit/Dialect/Lowbit/IR/Elements.h"

#include "mlir/IR/Value.h"

namespace lowbit {
class GranularityAttr;
class QuantizationOpInterface;
class QuantizedTypeInterface;

/// Numbers. Scales are effective: the tensor scale is multiplied in, in f32.
/// Without zero points in the format there are none here.
struct KnownParameters {
  std::vector<float> scales;
  std::vector<int32_t> zeroPoints;

  int32_t zeroPoint(size_t index) const {
    return zeroPoints.empty() ? 0 : zeroPoints[index];
  }
};

struct QuantParameters {
  mlir::ElementsAttr scale, zeroPoint, tensorScale;
  mlir::Value dynamicScale, dynamicZeroPoint, dynamicTensorScale;

  static QuantParameters of(QuantizationOpInterface op);

  bool isStatic() const {
    return !dynamicScale && !dynamicZeroPoint && !dynamicTensorScale;
  }
  /// With the content of operands that are constants as attributes.
  QuantParameters withConstants() const;
  /// The same numbers, whether attribute or constant operand, or the same
  /// operands.
  bool equals(const QuantParameters &other) const;
  /// The numbers; none when some are not static or cannot be read.
  std::optional<KnownParameters> read() const;
};

/// Where the parameters of each element are: `index(i)` for the i-th element in
/// row-major order of a tensor of `shape`.
class ParameterIndex {
public:
  ParameterIndex(GranularityAttr granularity, llvm::ArrayRef<int64_t> shape);
  size_t operator()(int64_t element) const {
    size_t index = 0;
    for (const Dim &dim : dims)
      index += size_t(element / dim.stride % dim.size / dim.block) * dim.step;
    return index;
  }

private:
  struct Dim {
    int64_t stride, size, block;
    size_t step;
  };
  llvm::SmallVector<Dim, 2> dims;
};

namespace detail {
llvm::SmallVector<int64_t> storageShape(llvm::ArrayRef<int64_t> shape,
                                        std::optional<int64_t> pack,
                                        unsigned width);
/// Constraint P11.
mlir::LogicalResult verifyPackedShape(mlir::Operation *op,
                                      QuantizedTypeInterface format,
                                      llvm::ArrayRef<int64_t> shape);
/// Constraints P2 to P11 of the operations.
mlir::LogicalResult verifyParameters(mlir::Operation *op);
} // namespace detail

} // namespace lowbit

#endif // LOWBIT_DIALECT_LOWBIT_IR_PARAMETERS_H
