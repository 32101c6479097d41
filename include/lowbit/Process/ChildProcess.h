//===- ChildProcess.h - start a tool and wait for it ------------*- C++ -*-===//
//
// In: a program and its arguments. Out: how it ended, and what it said.
//
//===----------------------------------------------------------------------===//
#ifndef LOWBIT_PROCESS_CHILDPROCESS_H
#define LOWBIT_PROCESS_CHILDPROCESS_H

#include "lowbit/Process/Interruption.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace lowbit {

/// What a child process left behind.
struct ChildResult {
  /// The exit status, or -1 when it could not be started, -2 when it crashed.
  int status = 0;
  /// The name of the signal, or why it could not be started.
  std::string message;
  /// Standard error without lines of progress.
  std::string errors;
};

/// Runs a program and waits. Its standard error is collected; lines that start
/// with `progress: ` are passed on at once when LOWBIT_PROGRESS is 1. When
/// `interruption` is requested, the program gets SIGTERM, and time to end.
ChildResult runChild(llvm::StringRef program,
                     llvm::ArrayRef<std::string> arguments,
                     const Interruption *interruption = nullptr);

/// For the start of a tool: it ends when the process that started it does,
/// however that ends, if $LOWBIT_END_WITH_PARENT is set; and the tools that it
/// starts end with it. Only where the system is Linux.
void endWithParent();

/// A tool of the project: in $LOWBIT_TOOLS, beside the running program, where
/// the project was built, or on the PATH. Empty when it is nowhere.
std::string findTool(llvm::StringRef name);

} // namespace lowbit

#endif // LOWBIT_PROCESS_CHILDPROCESS_H
