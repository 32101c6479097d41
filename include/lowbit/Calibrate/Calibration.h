//===- Calibration.h - run an observed model on data ------------*- C++ -*-===//
//
// Calibration as a library function: the model runs in a child process, so
// that whatever happens to it is one diagnostic here.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_CALIBRATION_H
#define LOWBIT_CALIBRATE_CALIBRATION_H

#include "lowbit/Calibrate/Interruption.h"
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

/// What a child process left behind.
struct ChildResult {
  /// The exit status, or -1 when it could not be started, -2 when it crashed.
  int status = 0;
  /// The name of the signal, or why it could not be started.
  std::string message;
  /// Standard error without lines of progress.
  std::string errors;
};

/// Runs a program and waits. Its standard error is collected; lines that start
/// with `progress: ` are passed on at once when LOWBIT_PROGRESS is 1. When
/// `interruption` is requested, the program gets SIGTERM, and time to end.
ChildResult runChild(llvm::StringRef program,
                     llvm::ArrayRef<std::string> arguments,
                     const Interruption *interruption = nullptr);

/// A tool of the project: in $LOWBIT_TOOLS, beside the running program, where
/// the project was built, or on the PATH. Empty when it is nowhere.
std::string findTool(llvm::StringRef name);

} // namespace lowbit

#endif // LOWBIT_CALIBRATE_CALIBRATION_H
