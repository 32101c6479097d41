//===- SearchStrengths.h - how much to move, by the output ------*- C++ -*-===//
//
// A strength for each activation that can be smoothed, or none, by the error at
// the model's output.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_SEARCHSTRENGTHS_H
#define LOWBIT_LIB_PREPARE_SEARCHSTRENGTHS_H

#include "lowbit/Prepare/Preparations.h"

#include "mlir/IR/BuiltinOps.h"

namespace lowbit {

struct StrengthChoice {
  /// None: it is better as it is.
  std::optional<double> strength;
  /// The mean dB at the outputs without it and with it (with the best strength,
  /// where none was chosen).
  std::optional<double> beforeDb, afterDb;
};

/// By id of the activation; the module stays as it is.
llvm::FailureOr<std::map<std::string, StrengthChoice>>
searchStrengths(mlir::ModuleOp module, const PreparationState &state);

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_SEARCHSTRENGTHS_H
