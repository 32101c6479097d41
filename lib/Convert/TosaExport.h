//===- TosaExport.h - what TOSA can say -------------------------*- C++ -*-===//
//
// What ConvertToTosa.cpp and TosaExportContractions.cpp share. A conversion
// returns why it was not done; an empty reason is success, and without success
// nothing has changed.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CONVERT_TOSAEXPORT_H
#define LOWBIT_LIB_CONVERT_TOSAEXPORT_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/Builders.h"

namespace lowbit {

/// A tosa.const of one element.
mlir::Value tosaScalar(mlir::OpBuilder &b, mlir::Location loc,
                       mlir::Type element, int64_t value);
/// tosa.reshape to a static shape.
mlir::Value tosaReshape(mlir::OpBuilder &b, mlir::Location loc,
                        mlir::Value value, llvm::ArrayRef<int64_t> shape);

/// Why the requantize is no tosa.rescale of a value of rank `rank`. With
/// `assumeDefined` the accumulators are trusted to be in the range that TOSA
/// defines.
std::string whyNoRescale(RequantizeOp op, int64_t rank, bool assumeDefined);
/// tosa.rescale of `input` (of the op's integers), and the storage cast to its
/// format.
mlir::Value emitRescale(mlir::OpBuilder &b, RequantizeOp op, mlir::Value input);

std::string exportContraction(ContractOp op, bool assumeDefined);

} // namespace lowbit

#endif // LOWBIT_LIB_CONVERT_TOSAEXPORT_H
