//===- Evaluator.h - what choices cost at the model's output ----*- C++ -*-===//
//
// Runs a model on held-out samples with any choice of parameters, compiled
// once. The measure is the mean over samples and outputs of the signal-to-noise
// ratio in dB against float (lowbit/Run/OutputError.h): a mean of logarithms,
// so that no single sample decides. The model runs in a child process: whatever
// happens to it is one diagnostic here.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_EVALUATE_EVALUATOR_H
#define LOWBIT_EVALUATE_EVALUATOR_H

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Evaluate/Probes.h"
#include "lowbit/Table/CalibrationTable.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <map>

namespace lowbit {

/// By value id; a value that is not there is float.
using ParametersById = std::map<std::string, ValueParameters>;

/// What phase 3 has written on an observer; no parameters where there is no
/// affine format or where its parameters are found at run time.
ValueParameters parametersOf(ObserveOp op);
/// The same for all observers that have some.
ParametersById parametersOf(mlir::ModuleOp module);

/// The greater the better.
struct Quality {
  double meanDb = 0;
  /// By sample, then by output that has a number there (OutputError.h).
  std::vector<std::vector<double>> db;
};

struct EvaluatorOptions {
  /// The data, as for calibration.
  std::string data;
  /// 0 leaves it to the machine.
  unsigned threads = 0;
  /// The most samples to evaluate on (lowbit/Data/HeldOut.h).
  unsigned heldOut = 32;
  /// An input that says which positions are padding, which is left out of the
  /// errors of outputs; empty for none.
  std::string mask;
};

class Evaluator {
public:
  /// Compiles `observed`, a module with observers, and runs it in float. Emits
  /// the error, as all functions here do; remarks tell of outputs that are
  /// compared with their padding, and of samples that are left out. The module
  /// is not changed.
  static llvm::FailureOr<std::unique_ptr<Evaluator>>
  start(mlir::ModuleOp observed, const EvaluatorOptions &options);
  ~Evaluator();

  /// How many samples it evaluates on, and of how many.
  int64_t samples() const { return sampleCount; }
  int64_t total() const { return totalCount; }
  /// False when there are too few samples to hold some out: all are used.
  bool isHeldOut() const { return heldOut; }
  /// Whether it holds out just what the run that made the table held out: else
  /// what it evaluates on may have been observed.
  bool isSeparateFrom(const CalibrationTable &table) const {
    return heldOut &&
           table.heldOut == SampleSet{uint64_t(sampleCount), heldOutHash};
  }

  /// Runs the first `samples` samples, 0 being all.
  llvm::FailureOr<Quality> evaluate(const ParametersById &choices,
                                    unsigned samples = 0);
  /// Puts other bytes in place of those of a weight, by id, or of a parameter
  /// of the module, as many as it has; none: its own again. What is evaluated
  /// afterwards quantizes the new ones.
  llvm::LogicalResult load(llvm::StringRef name, llvm::ArrayRef<char> bytes);

private:
  class Child;
  Evaluator(mlir::ModuleOp module, std::unique_ptr<Child> child);
  llvm::LogicalResult greet();
  llvm::FailureOr<llvm::json::Object> ask(llvm::json::Object request);

  mlir::ModuleOp module;
  std::unique_ptr<Child> child;
  int64_t sampleCount = 0, totalCount = 0;
  bool heldOut = true;
  uint64_t heldOutHash = 0;
  /// What the child has.
  ParametersById current;
};

} // namespace lowbit

#endif // LOWBIT_EVALUATE_EVALUATOR_H
