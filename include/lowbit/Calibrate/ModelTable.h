//===- ModelTable.h - the table of a model ----------------------*- C++ -*-===//
//
// Reads a calibration table from a file and holds it against the observers of a
// module, whatever it was made with.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_MODELTABLE_H
#define LOWBIT_CALIBRATE_MODELTABLE_H

#include "lowbit/Table/CalibrationTable.h"

#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

/// The table at `path`, of the model `observed`. Refused, in one diagnostic: a
/// table of another model, one that lacks a value that is observed, and one
/// with a value that the model has not. A table of another tool has no
/// fingerprint, and may have values that the model has not: a warning lists
/// them, a remark those that nothing reads. The table of an interrupted run
/// gets a warning.
llvm::FailureOr<CalibrationTable> readModelTable(mlir::ModuleOp observed,
                                                 llvm::StringRef path);

/// Writes `count`, `min` and `max` on the observers. Refused: one whose value
/// was never computed.
llvm::LogicalResult applyTable(mlir::ModuleOp observed,
                               const CalibrationTable &table);

} // namespace lowbit

#endif // LOWBIT_CALIBRATE_MODELTABLE_H
