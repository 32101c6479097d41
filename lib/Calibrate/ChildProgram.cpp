//===- ChildProgram.cpp - a module for a child process --------------------===//
//
// In: a module. Out: a file of bytecode. Refused: a file that cannot be
// written.
//
//===----------------------------------------------------------------------===//
#include "lowbit/Calibrate/ChildProgram.h"

#include "lowbit/Import/ParameterAccess.h"

#include "mlir/Bytecode/BytecodeWriter.h"
#include "llvm/Support/FileSystem.h"

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
