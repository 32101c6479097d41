//===- UniformTypes.h - formats as upstream writes them ---------*- C++ -*-===//
//
// `!quant.uniform` holds a format and its parameters in one type; here the type
// is the format and the parameters belong to operations. This says one as the
// other, or why it cannot.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CONVERT_UNIFORMTYPES_H
#define LOWBIT_CONVERT_UNIFORMTYPES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/Dialect/Quant/IR/QuantTypes.h"

namespace lowbit {

/// Function argument and result attributes: the parameters of a quantized
/// value that no operation of the module quantizes or dequantizes.
inline constexpr llvm::StringLiteral kScaleAttr = "lowbit.scale";
inline constexpr llvm::StringLiteral kZeroPointAttr = "lowbit.zero_point";

struct UniformFormat {
  AffineType format;
  mlir::ElementsAttr scale, zeroPoint;
};

/// The format and parameters of an upstream type. Without one, `problem` says
/// why.
std::optional<UniformFormat> fromUniform(mlir::quant::QuantizedType type,
                                         std::string &problem);

/// The upstream type of a format with these parameters, for tensors of `shape`
/// (a scalar's is empty). Null when there is none; `problem` says why.
mlir::quant::QuantizedType toUniform(QuantizedTypeInterface format,
                                     const KnownParameters &parameters,
                                     llvm::ArrayRef<int64_t> shape,
                                     std::string &problem);

/// Whether the operation moves, selects or hands on elements without reading
/// them as numbers, so that any format may go through it.
bool movesQuantizedValues(mlir::Operation *op);

} // namespace lowbit

#endif // LOWBIT_CONVERT_UNIFORMTYPES_H
