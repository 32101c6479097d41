//===- Passes.h - phase 2: observers and statistics -------------*- C++ -*-===//
//
// Declares the passes of Passes.td.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_PASSES_H
#define LOWBIT_CALIBRATE_PASSES_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Table/CalibrationTable.h"

#include "mlir/Pass/Pass.h"

namespace lowbit {
#define GEN_PASS_DECL
#include "lowbit/Calibrate/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "lowbit/Calibrate/Passes.h.inc"

/// lowbit-calibrate, which leaves the table in `table` for the passes after it.
std::unique_ptr<mlir::Pass>
createCalibratePass(const CalibrateOptions &options,
                    std::shared_ptr<CalibrationTable> table);
} // namespace lowbit

#endif // LOWBIT_CALIBRATE_PASSES_H
