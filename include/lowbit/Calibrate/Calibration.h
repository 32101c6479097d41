//===- Calibration.h - run an observed model on data ------------*- C++ -*-===//
//
// Calibration as a library function: the model runs in a child process, so
// that whatever happens to it is one diagnostic here.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_CALIBRATION_H
#define LOWBIT_CALIBRATE_CALIBRATION_H

#include "lowbit/Table/CalibrationTable.h"

#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

struct CalibrationRun {
  /// What to run on.
  std::string data;
  /// 0 leaves the number to the machine.
  unsigned threads = 0;
  /// An input that says which positions are padding; empty for none.
  std::string mask;
  /// The table of an interrupted run to go on from; empty for none.
  std::string resume;
  /// Where to keep the table; empty to keep none. What was observed before an
  /// interruption or a bad sample is kept too.
  std::string saveTable;
  /// The most samples to hold out (lowbit/Data/HeldOut.h), which are not
  /// observed; 0 holds out none.
  unsigned heldOut = 0;
};

/// Runs `observed`, a module with `lowbit.observe`, on data. Emits the error.
/// Temporary files are removed in any case.
llvm::FailureOr<CalibrationTable> runCalibration(mlir::ModuleOp observed,
                                                 const CalibrationRun &run);

} // namespace lowbit

#endif // LOWBIT_CALIBRATE_CALIBRATION_H
