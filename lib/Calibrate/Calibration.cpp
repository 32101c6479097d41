//===- Calibration.cpp - run an observed model on data --------------------===//
//
// Writes the module as bytecode, runs `quant-run MODULE --observe STATS
// --inputs DATA` and reads the statistics. Refused, in one diagnostic each: a
// missing quant-run, a failed run (with what it said), a crash, statistics
// that cannot be read.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/Calibration.h"

#include "lowbit/Import/MainFunction.h"
#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Signals.h"

#include <thread>

using namespace mlir;
using namespace lowbit;

namespace {
/// A temporary file that goes when this object does, or when the program is
/// interrupted.
class TemporaryFile {
public:
  TemporaryFile(StringRef suffix) {
    code = llvm::sys::fs::createTemporaryFile("lowbit", suffix, path);
    if (!code)
      llvm::sys::RemoveFileOnSignal(path);
  }
  ~TemporaryFile() {
    if (code)
      return;
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }
  std::error_code code;
  SmallString<128> path;
};
} // namespace

/// The module as a program to run: its function is @main, its store is found
/// from anywhere, and only activations are observed.
static LogicalResult writeProgram(ModuleOp observed, StringRef path) {
  OwningOpRef<ModuleOp> program(observed.clone());
  if (std::string store = storePath(*program); !store.empty()) {
    SmallString<128> absolute(store);
    llvm::sys::fs::make_absolute(absolute);
    (*program)->setAttr(LowbitDialect::kStoreAttr,
                        StringAttr::get(observed.getContext(), absolute));
  }
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
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  if (code || failed(writeBytecodeToFile(*program, os)))
    return observed.emitError("cannot write the model to ") << path;
  os.close();
  if (os.has_error()) {
    os.clear_error();
    return observed.emitError("cannot write the model to ")
           << path << ": " << os.error().message();
  }
  return success();
}

/// One diagnostic out of what the child said.
static LogicalResult emitChildError(ModuleOp module, const ChildResult &child) {
  SmallVector<StringRef> lines;
  StringRef(child.errors).split(lines, '\n', -1, /*KeepEmpty=*/false);
  if (child.status == -1)
    return module.emitError("calibration: quant-run did not start: ")
           << child.message;
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
    } else if (size_t note = line.find("note: "); note != StringRef::npos) {
      error.attachNote() << line.drop_front(note + StringRef("note: ").size());
    }
  }
  if (!said)
    error << "quant-run failed with status " << child.status
          << (lines.empty() ? StringRef() : StringRef(": "))
          << (lines.empty() ? StringRef() : lines.back());
  return error;
}

static FailureOr<CalibrationResult> readStats(ModuleOp module, StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return module.emitError("calibration: quant-run wrote no statistics");
  auto json = llvm::json::parse((*buffer)->getBuffer());
  const llvm::json::Object *top = json ? json->getAsObject() : nullptr;
  const llvm::json::Array *list = top ? top->getArray("observers") : nullptr;
  if (!list) {
    if (!json)
      llvm::consumeError(json.takeError());
    return module.emitError("calibration: the statistics cannot be read");
  }
  CalibrationResult result;
  result.samples = top->getInteger("samples").value_or(0);
  for (const llvm::json::Value &entry : *list) {
    const llvm::json::Object *object = entry.getAsObject();
    auto id = object ? object->getString("id") : std::nullopt;
    if (!id)
      return module.emitError("calibration: the statistics cannot be read");
    ObserverStats &stats = result.observers[*id];
    stats.count = object->getInteger("count").value_or(0);
    stats.min = object->getNumber("min").value_or(0);
    stats.max = object->getNumber("max").value_or(0);
  }
  return result;
}

FailureOr<CalibrationResult>
lowbit::runCalibration(ModuleOp observed, StringRef data, unsigned threads) {
  std::string tool = findTool("quant-run");
  if (tool.empty())
    return observed.emitError(
        "calibration needs the program quant-run, which is neither beside this "
        "one nor on the PATH; set LOWBIT_TOOLS to its folder");
  TemporaryFile program("mlirbc"), stats("json");
  if (program.code || stats.code)
    return observed.emitError("calibration: no temporary file: ")
           << (program.code ? program.code : stats.code).message();
  if (failed(writeProgram(observed, program.path)))
    return failure();
  if (threads == 0)
    threads = std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::string> arguments = {program.path.str().str(),
                                        "--observe",
                                        stats.path.str().str(),
                                        "--inputs",
                                        data.str(),
                                        "--threads",
                                        std::to_string(threads)};
  ChildResult child = runChild(tool, arguments);
  if (child.status != 0) {
    (void)emitChildError(observed, child);
    return failure();
  }
  return readStats(observed, stats.path);
}
