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
  mlir::Value scale;     // f32, of the shape of the format's parameters
  mlir::Value zeroPoint; // i32
};

/// Parameters for all of `input`, or for each row, in `format`.
DynamicParameters emitDynamicParameters(mlir::OpBuilder &builder,
                                        mlir::Location loc, mlir::Value input,
                                        AffineType format);

} // namespace lowbit

#endif // LOWBIT_LIB_QUANTIZE_DYNAMICPARAMETERS_H
