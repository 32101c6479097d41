//===- Calibration.cpp - run an observed model on data --------------------===//
//
// Writes the module as bytecode, runs `quant-run MODULE --observe TABLE
// --inputs DATA` and reads the table. Refused, in one diagnostic each: a
// missing quant-run, a failed run (with what it said), a crash, an
// interruption, a table that cannot be read.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/Calibration.h"

#include "lowbit/Calibrate/ChildProgram.h"
#include "lowbit/Calibrate/TemporaryFile.h"
#include "lowbit/Dialect/Lowbit/IR/LowbitDialect.h"
#include "lowbit/Import/MainFunction.h"

#include "mlir/IR/OwningOpRef.h"

#include <thread>

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

/// One diagnostic out of what the child said. Of a table that goes with the
/// temporary files, it says that nothing was kept.
static LogicalResult emitChildError(ModuleOp module, const ChildResult &child,
                                    const Interruption &interruption,
                                    StringRef temporaryTable) {
  SmallVector<StringRef> lines;
  StringRef(child.errors).split(lines, '\n', -1, /*KeepEmpty=*/false);
  if (child.status == -1)
    return module.emitError("calibration: quant-run did not start: ")
           << child.message;
  if (child.status == -2 && interruption.requested())
    return module.emitError(
        "calibration: interrupted before a sample was observed");
  if (child.status == -2)
    return module.emitError(
               "the model crashed while it ran on the calibration data (")
           << child.message << ")";
  InFlightDiagnostic error = module.emitError("calibration: ");
  bool said = false;
  for (StringRef line : lines) {
    size_t at = line.find("error: ");
    if (!said && at != StringRef::npos) {
      error << line.drop_front(at + StringRef("error: ").size());
      said = true;
    } else if (size_t note = line.find("note: ");
               said && note != StringRef::npos) {
      StringRef text = line.drop_front(note + StringRef("note: ").size());
      if (!temporaryTable.empty() && text.contains(temporaryTable))
        text = "what was observed before is lost; save the table to be able to "
               "resume";
      error.attachNote() << text;
    }
  }
  if (!said)
    error << "quant-run failed with status " << child.status
          << (lines.empty() ? StringRef() : StringRef(": "))
          << (lines.empty() ? StringRef() : lines.back());
  return error;
}

FailureOr<CalibrationTable> lowbit::runCalibration(ModuleOp observed,
                                                   const CalibrationRun &run) {
  std::string tool = findTool("quant-run");
  if (tool.empty())
    return observed.emitError(
        "calibration needs the program quant-run, which is neither beside this "
        "one nor on the PATH; set LOWBIT_TOOLS to its folder");
  TemporaryFile program("mlirbc"), unkept("json");
  if (program.code || unkept.code)
    return observed.emitError("calibration: no temporary file: ")
           << (program.code ? program.code : unkept.code).message();
  if (failed(writeObserved(observed, program.path)))
    return failure();
  unsigned threads = run.threads;
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  bool isKept = !run.saveTable.empty();
  std::string table = isKept ? run.saveTable : unkept.path.str().str();
  std::vector<std::string> arguments = {program.path.str().str(),
                                        "--observe",
                                        table,
                                        "--inputs",
                                        run.data,
                                        "--threads",
                                        std::to_string(threads)};
  if (!run.mask.empty())
    llvm::append_values(arguments, "--mask", run.mask);
  if (!run.resume.empty())
    llvm::append_values(arguments, "--resume", run.resume);
  if (run.heldOut > 0)
    llvm::append_values(arguments, "--held-out", std::to_string(run.heldOut));
  // The child brings its sample to an end and keeps what it has.
  Interruption interruption;
  ChildResult child = runChild(tool, arguments, &interruption);
  if (child.status != 0)
    return emitChildError(observed, child, interruption,
                          isKept ? StringRef() : StringRef(table));
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
