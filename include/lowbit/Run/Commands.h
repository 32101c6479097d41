//===- Commands.h - what quant-run does -------------------------*- C++ -*-===//
//
// One function a mode of quant-run. Each returns an error to print, or writes
// its result: files appear whole or not at all.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_RUN_COMMANDS_H
#define LOWBIT_RUN_COMMANDS_H

#include "mlir/IR/MLIRContext.h"
#include "llvm/Support/Error.h"
#include <string>

namespace lowbit {
struct RunOptions {
  std::string model;
  /// Data: .npz, .npy, a directory, a list file, or `random`.
  std::string inputs;
  std::string isa = "auto";
  /// Sizes of dynamic dimensions: "batch=1,seq=128".
  std::string shape;
  unsigned threads = 1;
  /// Interpret instead of compiling.
  bool interpret = false;
  /// Evaluate: the most samples to hold out (HeldOut.h).
  unsigned heldOut = 32;
  /// Bench: seconds to measure for.
  double seconds = 2.0;
};

/// Prints the signature as JSON.
llvm::Error printSignature(mlir::MLIRContext &context,
                           const RunOptions &options);
/// Runs on the inputs and writes the outputs, joined, to an .npz file.
llvm::Error runModel(mlir::MLIRContext &context, const RunOptions &options,
                     llvm::StringRef outputPath);
struct ObserveOptions {
  /// An input that says which positions are padding; empty for none.
  std::string mask;
  /// The table of an interrupted run to go on from; empty for none.
  std::string resume;
  /// The most samples to hold out, which are not observed; 0 holds out none.
  unsigned heldOut = 0;
  /// The table is written after as many seconds each, for whatever ends the
  /// process without a word.
  double checkpointSeconds = 60;
};

/// Runs on the inputs, a sample at a time, and writes the statistics of the
/// observers as a calibration table. A run that is interrupted, or fails at a
/// sample, writes the table of the samples before.
llvm::Error observeModel(mlir::MLIRContext &context, const RunOptions &options,
                         const ObserveOptions &observe,
                         llvm::StringRef tablePath);
/// Writes the calibration table of the samples of all `paths`, at least one.
llvm::Error mergeTables(llvm::ArrayRef<std::string> paths,
                        llvm::StringRef outputPath);
/// Answers requests about the error of choices (Evaluation.h). `mask` is as in
/// ObserveOptions.
llvm::Error evaluateModel(mlir::MLIRContext &context, const RunOptions &options,
                          llvm::StringRef mask);
/// Runs once and writes every named float value to an .npz file.
llvm::Error dumpValues(mlir::MLIRContext &context, const RunOptions &options,
                       llvm::StringRef outputPath);
/// Runs once and prints the outputs as MLIR prints constants.
llvm::Error printOutputs(mlir::MLIRContext &context, const RunOptions &options);
/// Runs once and checks every integer contraction; prints what was checked.
llvm::Error verifyContractions(mlir::MLIRContext &context,
                               const RunOptions &options);
/// Times the model and prints the figures as JSON.
llvm::Error benchModel(mlir::MLIRContext &context, const RunOptions &options);
/// Times each step of the compiled code and prints them, longest first.
llvm::Error profileModel(mlir::MLIRContext &context, const RunOptions &options);
} // namespace lowbit

#endif // LOWBIT_RUN_COMMANDS_H
