//===- Calibration.cpp - run an observed model on data --------------------===//
//
// Writes the module as bytecode, runs `quant-run MODULE --observe TABLE
// --inputs DATA` and reads the table. Refused, in one diagnostic each: a
// missing quant-run, a failed run (with what it said), a crash, an
// interruption, a table that cannot be read.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/Calibration.h"

#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/MainFunction.h"
#include "lowbit/Process/ChildProgram.h"
#include "lowbit/Process/TemporaryFile.h"

#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace lowbit;

/// The module as a program to run: its function is @main, and only activations
/// are observed.
static LogicalResult writeObserved(ModuleOp observed, StringRef path) {
  OwningOpRef<ModuleOp> program(observed.clone());
  FailureOr<func::FuncOp> main = findMain(*program);
  if (failed(main))
    return failure();
  main->setName("main");
  main->walk([](ObserveOp op) {
    if (!op.isConstant())
      return;
    op.getOutput().replaceAllUsesWith(op.getInput());
    op.erase();
  });
  return writeChildProgram(*program, path);
}

static constexpr StringLiteral kTask = "calibration";

/// When a file was written last.
static std::optional<llvm::sys::TimePoint<>> lastWrite(StringRef path) {
  llvm::sys::fs::file_status status;
  if (path.empty() || llvm::sys::fs::status(path, status))
    return std::nullopt;
  return status.getLastModificationTime();
}

/// The child could not say what it kept.
static LogicalResult emitCrash(ModuleOp module, const ChildResult &child,
                               StringRef table,
                               std::optional<llvm::sys::TimePoint<>> before) {
  if (lastWrite(table) == before)
    return emitChildError(module, kTask, child);
  auto kept = CalibrationTable::read(table);
  if (!kept) {
    llvm::consumeError(kept.takeError());
    return emitChildError(module, kTask, child);
  }
  std::string note = llvm::formatv(
      "'{0}' has the {1} of {2} samples that were observed until "
      "a minute before; resume from it to go on",
      table, kept->samples, kept->interruptedOf.value_or(kept->samples));
  return emitChildError(module, kTask, child, note);
}

FailureOr<CalibrationTable> lowbit::runCalibration(ModuleOp observed,
                                                   const CalibrationRun &run) {
  FailureOr<std::string> tool = findQuantRun(observed, kTask);
  if (failed(tool))
    return failure();
  TemporaryFile program("mlirbc"), unkept("json");
  if (program.code || unkept.code)
    return observed.emitError("calibration: no temporary file: ")
           << (program.code ? program.code : unkept.code).message();
  if (failed(writeObserved(observed, program.path)))
    return failure();
  bool isKept = !run.saveTable.empty();
  std::string table = isKept ? run.saveTable : unkept.path.str().str();
  std::vector<std::string> arguments = {program.path.str().str(),
                                        "--observe",
                                        table,
                                        "--inputs",
                                        run.data,
                                        "--threads",
                                        threadsArgument(run.threads)};
  if (!run.mask.empty())
    llvm::append_values(arguments, "--mask", run.mask);
  if (!run.resume.empty())
    llvm::append_values(arguments, "--resume", run.resume);
  if (run.heldOut > 0)
    llvm::append_values(arguments, "--held-out", std::to_string(run.heldOut));
  std::optional<llvm::sys::TimePoint<>> before = lastWrite(run.saveTable);
  // The child brings its sample to an end and keeps what it has.
  Interruption interruption;
  ChildResult child = runChild(*tool, arguments, &interruption);
  if (child.status == -2 && interruption.requested())
    return observed.emitError(
        "calibration: interrupted before a sample was observed");
  if (child.status == -2)
    return emitCrash(observed, child, run.saveTable, before);
  if (child.status != 0)
    return emitChildError(observed, kTask, child, "", [&](StringRef note) {
      // The table goes with the temporary files.
      return !isKept && note.contains(table)
                 ? StringRef("what was observed before is lost; save the table "
                             "to be able to resume")
                 : note;
    });
  // A signal that came when all samples were done.
  if (interruption.requested()) {
    auto error = observed.emitError("calibration: interrupted");
    if (isKept)
      error.attachNote() << "'" << table << "' has all samples";
    return error;
  }
  auto result = CalibrationTable::read(table);
  if (!result)
    return observed.emitError("calibration: ")
           << llvm::toString(result.takeError());
  return std::move(*result);
}
