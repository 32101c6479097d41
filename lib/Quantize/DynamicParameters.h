//===- DynamicParameters.h - parameters at run time -------------*- C++ -*-===//
//
// Emits the operations that find a scale and a zero point.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_QUANTIZE_DYNAMICPARAMETERS_H
#define LOWBIT_LIB_QUANTIZE_DYNAMICPARAMETERS_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/Builders.h"

namespace lowbit {

struct DynamicParameters {
  mlir::Value scale;     // tensor<f32>
  mlir::Value zeroPoint; // tensor<i32>
};

/// Parameters for all of `input` in the per-tensor `format`.
DynamicParameters emitDynamicParameters(mlir::OpBuilder &builder,
                                        mlir::Location loc, mlir::Value input,
                                        AffineType format);

} // namespace lowbit

#endif // LOWBIT_LIB_QUANTIZE_DYNAMICPARAMETERS_H
