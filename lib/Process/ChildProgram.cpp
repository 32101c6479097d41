//===- ChildProgram.cpp - a module that runs in a child process -----------===//
//
// In: a module. Out: a file of bytecode; diagnostics. Refused: a file that
// cannot be written.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Process/ChildProgram.h"

#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/Support/FileSystem.h"

#include <thread>

using namespace mlir;
using namespace lowbit;

LogicalResult lowbit::writeChildProgram(ModuleOp program, StringRef path) {
  if (std::string store = storePath(program); !store.empty()) {
    SmallString<128> absolute(store);
    llvm::sys::fs::make_absolute(absolute);
    program->setAttr(LowbitDialect::kStoreAttr,
                     StringAttr::get(program.getContext(), absolute));
  }
  std::error_code code;
  llvm::raw_fd_ostream os(path, code);
  bool isWritten = !code && succeeded(writeBytecodeToFile(program, os));
  os.close();
  if (os.has_error())
    code = os.error();
  // Said below; the stream would end the process.
  os.clear_error();
  if (isWritten && !code)
    return success();
  InFlightDiagnostic error = program.emitError("cannot write the model to ")
                             << path;
  if (code)
    error << ": " << code.message();
  return error;
}

FailureOr<std::string> lowbit::findQuantRun(ModuleOp module, StringRef task) {
  std::string tool = findTool("quant-run");
  if (tool.empty())
    return module.emitError(task)
           << " needs the program quant-run, which is neither beside this one "
              "nor on the PATH; set LOWBIT_TOOLS to its folder";
  return tool;
}

std::string lowbit::threadsArgument(unsigned threads) {
  return std::to_string(
      threads ? threads : std::max(1u, std::thread::hardware_concurrency()));
}

/// What a line says after `label`, such as "error: ".
static std::optional<StringRef> textAfter(StringRef line, StringRef label) {
  size_t at = line.find(label);
  if (at == StringRef::npos)
    return std::nullopt;
  return line.drop_front(at + label.size());
}

LogicalResult
lowbit::emitChildError(ModuleOp module, StringRef task,
                       const ChildResult &child,
                       llvm::function_ref<StringRef(StringRef)> rewordNote) {
  if (child.status == -1)
    return module.emitError(task)
           << ": quant-run did not start: " << child.message;
  if (child.status == -2)
    return module.emitError(task)
           << ": the model crashed while it ran (" << child.message << ")";
  SmallVector<StringRef> lines;
  StringRef(child.errors).split(lines, '\n', -1, /*KeepEmpty=*/false);
  InFlightDiagnostic error = module.emitError(task) << ": ";
  bool said = false;
  for (StringRef line : lines) {
    if (auto text = textAfter(line, "error: "); text && !said) {
      error << *text;
      said = true;
    } else if (auto note = textAfter(line, "note: "); note && said) {
      error.attachNote() << (rewordNote ? rewordNote(*note) : *note);
    }
  }
  if (!said)
    error << "quant-run ended with status " << child.status
          << (lines.empty() ? StringRef() : StringRef(": "))
          << (lines.empty() ? StringRef() : lines.back());
  return error;
}
