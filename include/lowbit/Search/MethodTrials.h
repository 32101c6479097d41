//===- MethodTrials.h - what every method would choose ----------*- C++ -*-===//
//
// Runs lowbit-select-ranges on copies of a module, with a method in place of
// `auto`, and keeps what it chose: so the search knows what the selection does
// with each method, recipes and shared parameters included. What it does with a
// mixture of them takes a run of its own.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_SEARCH_METHODTRIALS_H
#define LOWBIT_SEARCH_METHODTRIALS_H

#include "lowbit/Evaluate/Evaluator.h"
#include "lowbit/Select/Passes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"

namespace lowbit {

/// While it lives, only errors are said: the remarks and warnings of a copy are
/// those of the module, which come once.
struct ErrorsOnly : mlir::ScopedDiagnosticHandler {
  explicit ErrorsOnly(mlir::MLIRContext *context)
      : ScopedDiagnosticHandler(context, [](mlir::Diagnostic &diagnostic) {
          return mlir::success(diagnostic.getSeverity() !=
                               mlir::DiagnosticSeverity::Error);
        }) {}
};

/// Method by value id.
using MethodsById = std::map<std::string, MethodSpec>;

/// A value that is to be searched.
struct SearchedValue {
  std::string id;
  bool isActivation;
};

struct Trial {
  ParametersById parameters;
  /// By value id: the signal-to-noise ratio of the value itself, in dB.
  std::map<std::string, double> sqnrDb;
  /// By value id: those that it shares its parameters with.
  std::map<std::string, std::vector<std::string>> sharedWith;
};

class MethodTrials {
public:
  /// `module` has observers and stays as it is.
  MethodTrials(mlir::ModuleOp module, SelectRangesOptions options,
               std::shared_ptr<CalibrationTable> table)
      : module(module), options(std::move(options)), table(std::move(table)) {}

  /// The values whose method is `auto`, in the module's order; none where the
  /// options are wrong, which the selection says. In `prepared`, a copy of the
  /// module, operations that the recipe keeps float read no observer.
  std::vector<SearchedValue>
  searched(mlir::OwningOpRef<mlir::ModuleOp> &prepared);
  /// Emits the errors of the selection. Its remarks and warnings come with the
  /// selection that the search ends in.
  llvm::FailureOr<Trial> run(const MethodsById &methods);

private:
  mlir::ModuleOp module;
  SelectRangesOptions options;
  std::shared_ptr<CalibrationTable> table;
};

/// Whether the real ranges of all blocks are the same but for a hundredth of
/// their width.
bool areAlike(const ValueParameters &left, const ValueParameters &right);

} // namespace lowbit

#endif // LOWBIT_SEARCH_METHODTRIALS_H
