//===- Preparations.h - what preparations share -----------------*- C++ -*-===//
//
// The names of the preparations, and what their passes hand to each other.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PREPARE_PREPARATIONS_H
#define LOWBIT_PREPARE_PREPARATIONS_H

#include "lowbit/Calibrate/Passes.h"
#include "lowbit/Select/Passes.h"
#include "lowbit/Table/CalibrationTable.h"

namespace lowbit {

struct PreparationState {
  std::shared_ptr<CalibrationTable> table =
      std::make_shared<CalibrationTable>();
  std::shared_ptr<SelectionLog> log;
  /// How the model was calibrated. The data is there with a table too.
  CalibrateOptions calibrate;
  /// How ranges will be selected; none where a pass runs by itself.
  std::optional<SelectRangesOptions> select;
  /// The model computes other values between its layers than the table says.
  bool isStale = false;

  /// Reads the table at `path` where no pass before made one. Refused: neither,
  /// and a table without statistics of channels. `name` is the preparation.
  llvm::LogicalResult requireChannels(mlir::ModuleOp module,
                                      llvm::StringRef name,
                                      llvm::StringRef path);
  /// How to observe the model again: nothing is saved, for the table to keep is
  /// that of the model as it came.
  CalibrateOptions recalibration() const;
  /// An entry of the log, with what was measured at the outputs without it and
  /// with it.
  void note(llvm::StringRef name, llvm::StringRef target, bool kept,
            llvm::StringRef reason, std::optional<double> beforeDb = {},
            std::optional<double> afterDb = {});
};

/// What `prepare=` asks for.
struct PreparationPlan {
  bool equalize = false, smoothQuant = false, biasCorrection = false;
  /// `auto`: each is kept only where it measurably helps.
  bool measure = false;

  /// Of `equalize`, `smooth-quant`, `bias-correction`, `auto` (all three,
  /// measured). The error names what there is.
  static llvm::Expected<PreparationPlan>
  parse(llvm::ArrayRef<std::string> names);
  bool any() const { return equalize || smoothQuant || biasCorrection; }
  /// True where statistics of each channel have to be gathered.
  bool needsChannels() const { return smoothQuant || biasCorrection; }
};

/// What is wrong with a strength of smoothing: a number from 0 to 1 or
/// `search`. Empty when nothing is.
std::string checkStrength(llvm::StringRef text);

/// Runs calibration again where a preparation changed what is observed.
/// Refused: no data.
std::unique_ptr<mlir::Pass>
createRecalibratePass(std::shared_ptr<PreparationState> state);

} // namespace lowbit

#endif // LOWBIT_PREPARE_PREPARATIONS_H
