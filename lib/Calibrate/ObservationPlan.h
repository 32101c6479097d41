//===- ObservationPlan.h - what to observe ----------------------*- C++ -*-===//
//
// Splits the operations of a function into those to quantize and those that
// stay float, with the reason.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_CALIBRATE_OBSERVATIONPLAN_H
#define LOWBIT_LIB_CALIBRATE_OBSERVATIONPLAN_H

#include "lowbit/Import/Contractions.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace lowbit {

/// A constant and the look-ups that read it.
struct TableLookups {
  mlir::Value constant;
  llvm::SmallVector<mlir::tensor::ExtractOp> lookups;
};

struct ObservationPlan {
  llvm::SmallVector<Contraction> contractions;
  llvm::SmallVector<TableLookups> tables;
  /// Contractions that stay float, and why.
  llvm::SmallVector<std::pair<mlir::Operation *, std::string>> floats;
};

/// Whether the model has quantized `value` itself, behind data movement.
bool isQuantizedAlready(mlir::Value value);

ObservationPlan planObservation(mlir::func::FuncOp main);

} // namespace lowbit

#endif // LOWBIT_LIB_CALIBRATE_OBSERVATIONPLAN_H
