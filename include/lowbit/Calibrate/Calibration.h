//===- Calibration.h - run an observed model on data ------------*- C++ -*-===//
//
// Calibration as a library function: the model runs in a child process, so
// that whatever happens to it is one diagnostic here.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_CALIBRATE_CALIBRATION_H
#define LOWBIT_CALIBRATE_CALIBRATION_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace lowbit {

struct ObserverStats {
  /// How many elements it saw, and the least and the greatest of them.
  int64_t count = 0;
  float min = 0, max = 0;
};

struct CalibrationResult {
  int64_t samples = 0;
  llvm::StringMap<ObserverStats> observers;
};

/// Runs `observed`, a module with `lowbit.observe`, on `data`. `threads` 0
/// leaves the number to the machine. Emits the error. Temporary files are
/// removed in any case.
llvm::FailureOr<CalibrationResult>
runCalibration(mlir::ModuleOp observed, llvm::StringRef data, unsigned threads);

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
/// with `progress: ` are passed on at once when LOWBIT_PROGRESS is 1.
ChildResult runChild(llvm::StringRef program,
                     llvm::ArrayRef<std::string> arguments);

/// A tool of the project: in $LOWBIT_TOOLS, beside the running program, where
/// the project was built, or on the PATH. Empty when it is nowhere.
std::string findTool(llvm::StringRef name);

} // namespace lowbit

#endif // LOWBIT_CALIBRATE_CALIBRATION_H
