//===- Trials.h - what a prepared model would be like -----------*- C++ -*-===//
//
// Copies of a module are prepared, observed and given their choices, so that
// preparations can be compared by the error at the model's output.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_TRIALS_H
#define LOWBIT_LIB_PREPARE_TRIALS_H

#include "lowbit/Evaluate/Evaluator.h"
#include "lowbit/Prepare/Preparations.h"
#include "lowbit/Search/MethodTrials.h"
#include "lowbit/Search/Search.h"

#include "mlir/IR/OwningOpRef.h"

namespace lowbit {

/// Observes `module` as the pipeline does, silently.
llvm::FailureOr<std::shared_ptr<CalibrationTable>>
observeTrial(mlir::ModuleOp module, const PreparationState &state);

/// What selection makes of a module; minmax stands for methods that are
/// searched only later.
llvm::FailureOr<Trial> selectTrial(mlir::ModuleOp module,
                                   const PreparationState &state,
                                   std::shared_ptr<CalibrationTable> table);

/// An evaluator of a copy, in which operations that the recipe keeps float read
/// no observer. It lives no longer than `copy`.
llvm::FailureOr<std::unique_ptr<Evaluator>>
startEvaluator(mlir::ModuleOp module, const PreparationState &state,
               mlir::OwningOpRef<mlir::ModuleOp> &copy);

/// The mean dB of each sample.
std::vector<double> bySample(const Quality &quality);

/// The outputs of a model with the choices of its selection.
llvm::FailureOr<std::vector<double>>
measureTrial(mlir::ModuleOp module, const PreparationState &state,
             std::shared_ptr<CalibrationTable> table);

/// A gain that no single sample makes.
bool isGain(llvm::ArrayRef<double> now, llvm::ArrayRef<double> before);

/// What the outputs say of one unit, the others being as they were chosen.
struct Outcome {
  /// The variant; 0 leaves the unit as it is.
  unsigned variant = 0;
  std::optional<double> withoutDb, withDb;
};

/// searchMethods, and then each unit once more without what was chosen for it:
/// only what raises the mean is kept. Starts from `start`, an assignment that
/// has been measured.
llvm::FailureOr<std::vector<Outcome>>
searchVariants(const SearchProblem &problem, Assignment start);

/// Why a unit is left as it is.
std::string refusalOf(std::optional<double> withoutDb,
                      std::optional<double> withDb);

/// Says that an evaluation that was asked for cannot be had. The pass by itself
/// has no options of selection.
llvm::LogicalResult requireEvaluation(mlir::ModuleOp module,
                                      const PreparationState &state,
                                      llvm::StringRef what);

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_TRIALS_H
