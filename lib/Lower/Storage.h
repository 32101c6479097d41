//===- Storage.h - the integers that lowered code computes with -*- C++ -*-===//
//
// A value of a format becomes a tensor of carriers: i8 for elements of up to 8
// bits and for packed ones (bytes), i16 for longer ones. Vectors and memory of
// i3 or i12 are slow where they work at all; the integers of a format's own
// width appear only where a storage_cast asks for them.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_LOWER_STORAGE_H
#define LOWBIT_LIB_LOWER_STORAGE_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"

#include "mlir/IR/PatternMatch.h"

namespace lowbit {

/// Signed formats are extended by their sign, others by zeros.
bool isSignedFormat(QuantizedTypeInterface format);
mlir::IntegerType carrierElement(QuantizedTypeInterface format);
/// The carriers of a scalar or tensor: bytes along a packed dimension.
mlir::Type carrierType(mlir::Type quantized);

/// Casts that resolveCarriers takes away.
mlir::Value toCarrier(mlir::OpBuilder &builder, mlir::Value quantized);
mlir::Value fromCarrier(mlir::OpBuilder &builder, mlir::Location loc,
                        mlir::Value carrier, mlir::Type quantized);

/// storage_cast, and movement of quantized values, in terms of carriers.
void populateStorageCastPatterns(mlir::RewritePatternSet &patterns);
/// Whether `op` moves elements in a way that carriers can be moved in.
bool isMovementOfCarriers(mlir::Operation *op);

/// Loops and branches of scf carry carriers.
llvm::LogicalResult convertLoopsToCarriers(mlir::Operation *root);

/// Casts to carriers and back meet and vanish; those that have no partner, at
/// function borders and unknown operations, become storage_cast. Before the
/// last pass that lowers, those of carriers that no storage_cast has stay.
void resolveCarriers(mlir::Operation *root, bool isLast);

/// The bytes of a packed tensor from its codes, which are carriers without
/// packing, and back (rule N24 of docs/numerics.md).
mlir::Value emitPack(mlir::OpBuilder &builder, mlir::Operation *op,
                     mlir::Value codes, mlir::RankedTensorType quantized);
mlir::Value emitUnpack(mlir::OpBuilder &builder, mlir::Operation *op,
                       mlir::Value bytes, mlir::RankedTensorType quantized);

} // namespace lowbit

#endif // LOWBIT_LIB_LOWER_STORAGE_H
