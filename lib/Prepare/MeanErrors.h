//===- MeanErrors.h - by how much quantized weights shift -------*- C++ -*-===//
//
// The mean error of each output channel of a contraction, from the means of
// what it reads: E[dw x] = dw E[x].
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_LIB_PREPARE_MEANERRORS_H
#define LOWBIT_LIB_PREPARE_MEANERRORS_H

#include "ScaledWeights.h"

#include "lowbit/Table/CalibrationTable.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace lowbit {

/// A contraction with all that its mean error is computed from.
struct Correction {
  Contraction contraction;
  ObserveOp weight;
  /// Of the weight: output channels, and channels of the activation.
  int64_t outputAxis = 0, inputAxis = 0;
  std::vector<double> means;
  /// The dimension of the result that has the output channels.
  unsigned resultDim = 0;
  /// dw E[x], by output channel.
  std::vector<double> shifts;
};

class CorrectionFinder {
public:
  CorrectionFinder(mlir::ModuleOp module, const CalibrationTable &table)
      : module(module), table(table), editor(module) {}

  /// Finds what can be corrected, in the order of the program.
  llvm::LogicalResult run(mlir::func::FuncOp main);

  std::vector<Correction> corrections;
  /// The others, with the reason.
  std::vector<std::pair<std::string, std::string>> refused;

private:
  std::optional<Correction> match(const Contraction &c, std::string &reason);
  bool matchParts(Correction &found, unsigned operand, std::string &reason);
  bool matchMeans(Correction &found, unsigned operand,
                  llvm::ArrayRef<int64_t> extents, std::string &reason);
  bool readMeans(Correction &found, ObserveOp observer, std::string &reason);
  llvm::LogicalResult computeShifts(Correction &found);

  mlir::ModuleOp module;
  const CalibrationTable &table;
  WeightEditor editor;
};

} // namespace lowbit

#endif // LOWBIT_LIB_PREPARE_MEANERRORS_H
